"""Buttons as lines of text, `1:Join=https://example.org`: for the terminal and for pasting.

A line is `[ROW:]TEXT=ACTION`; ACTION is an address, `callback:DATA` or `copy:TEXT`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hsl.message import links
from hsl.message.content import Button

MOST_LINES = 200  # twice what a keyboard holds; what is pasted by mistake is not read to its end
NUMBERED = re.compile(r"(?P<row>\d+):(?P<text>[^=]+)=(?P<action>.+)", re.DOTALL)
# As people write lists of links: "Join = …", "Join - https://…", or two cells of a sheet.
_LOOSE = re.compile(
    r"(?P<text>[^=\t]+?)\s*(?:=|\t|\s[-–—→]\s|:\s)\s*(?P<action>(?:https?|tg|ton|tonsite)://\S+)"
    r"|(?P<text2>[^=\t]+?)\s*[=\t]\s*(?P<action2>\S.*)"
)
# Between buttons of one row on one line; an address may hold a bar of its own.
_BESIDE = re.compile(r"\s+\|\s+|\|(?=[^|=]+=)")


class LineError(ValueError):
    """A line is no button."""


@dataclass(frozen=True)
class Pasted:
    """What was read from a text: rows of buttons, and the lines that are none."""

    rows: tuple[tuple[Button, ...], ...]
    refused: tuple[str, ...]


def numbered_rows(lines: Sequence[str]) -> tuple[tuple[Button, ...], ...]:
    """Rows of buttons from `ROW:TEXT=ACTION`; raises LineError with the line that is none."""
    rows: dict[int, list[Button]] = {}
    for line in lines:
        match = NUMBERED.fullmatch(line)
        if match is None:
            raise LineError(line)
        rows.setdefault(int(match["row"]), []).append(button(match["text"], match["action"]))
    return tuple(tuple(rows[row]) for row in sorted(rows))


def read(text: str) -> Pasted:
    """Buttons from pasted lines: a row each, or as they are numbered or parted by bars."""
    lines = [line.strip() for line in text.splitlines()[:MOST_LINES] if line.strip()]
    # "10:00 = …" begins with a time; numbers are rows only where all have one, from 1 on.
    if lines and lines[0].startswith("1:") and all(NUMBERED.fullmatch(line) for line in lines):
        return Pasted(_tidy(numbered_rows(lines)), ())
    rows, refused = [], []
    for line in lines:
        row = [_loose(part.strip()) for part in _BESIDE.split(line)]
        if any(found is None for found in row):
            refused.append(line)
        else:
            rows.append(tuple(found for found in row if found is not None))
    return Pasted(tuple(rows), tuple(refused))


def line(one: Button) -> str:
    """A button as a line without its row, such as `Join=https://example.org`."""
    if one.callback_data is not None:
        return f"{one.text}=callback:{one.callback_data}"
    if one.copy_text is not None:
        return f"{one.text}=copy:{one.copy_text}"
    return f"{one.text}={one.url or ''}"


def button(text: str, action: str) -> Button:
    """A button from its text and the words of its action."""
    if action.startswith("callback:"):
        return Button(text=text, callback_data=action.removeprefix("callback:"))
    if action.startswith("copy:"):
        return Button(text=text, copy_text=action.removeprefix("copy:"))
    return Button(text=text, url=action)


def _loose(words: str) -> Button | None:
    match = _LOOSE.fullmatch(words)
    if match is not None:
        text, action = match["text"] or match["text2"], match["action"] or match["action2"]
        return button(text.strip(), action.strip())
    found = links.destination(words)
    if found.problem is None and found.host:
        return Button(text=found.host, url=words)
    return None


def _tidy(rows: tuple[tuple[Button, ...], ...]) -> tuple[tuple[Button, ...], ...]:
    return tuple(
        tuple(one.model_copy(update={"text": one.text.strip()}) for one in row) for row in rows
    )
