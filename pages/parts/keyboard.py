"""The buttons under a message, edited where they appear: rows of keys, as Telegram lays them out.

The component keeps the keys while they are edited and tells Python after a short pause, and at
once when it is left. Python answers with what is wrong with each, and where its link leads.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from hsl.message import button_lines, content, links
from hsl.message.content import Button, Content
from hsl.words import N_, _
from pages.parts import show

FOLDER = Path(__file__).parent / "keyboard_editor"
# Together one module, in this order.
SCRIPTS = (
    "rows.js", "notes.js", "drag.js", "board.js", "panel.js", "pasting.js", "keyboard.js",
)  # fmt: skip
KINDS = ("url", "callback_data", "copy_text")
EXAMPLE = "https://example.org"
LIMITS = {
    "row": content.MAX_BUTTONS_A_ROW,
    "all": content.MAX_BUTTONS,
    "callback_data": content.MAX_CALLBACK_BYTES,
    "copy_text": content.MAX_COPY_TEXT,
}
WORDS = {
    "group": N_("Buttons under the message"),
    "row": N_("Row {row}"),
    "key": N_("{text}: {kind}, place {place} of {count}"),
    "said": N_("“{name}”: {said}"),
    "unnamed": N_("No text yet"),
    "url": N_("Link"),
    "callback_data": N_("Data"),
    "copy_text": N_("Copy text"),
    "first": N_("Add a button"),
    "beside": N_("Add a button beside"),
    "below": N_("Add a row"),
    "hint": N_("Drag to move, or Alt and an arrow. Delete removes, Ctrl+D copies."),
    "empty": N_("No buttons yet. Lines such as “Text = https://…” can be pasted here."),
    "text": N_("Text on the button"),
    "kind": N_("When it is pressed"),
    "url_value": N_("Opens the link"),
    "callback_data_value": N_("Sends this data to the bot"),
    "copy_text_value": N_("Copies this text"),
    "callback_data_example": N_("such as lesson:5:yes"),
    "copy_text_example": N_("such as a promo code"),
    "counter_data": N_("{size} of {most} bytes"),
    "counter_copy": N_("{size} of {most} characters"),
    "open": N_("Open"),
    "open_hint": N_("Opens in a new tab"),
    "leads": N_("Leads to:"),
    "written": N_("In plain letters:"),
    "mend": N_("Write {address}"),
    "left": N_("Move left"),
    "right": N_("Move right"),
    "up": N_("Move up"),
    "down": N_("Move down"),
    "copy": N_("Copy the button"),
    "remove": N_("Remove the button"),
    "done": N_("Done"),
    "undo": N_("Undo"),
    "added": N_("A button was added to row {row}."),
    "moved": N_("“{text}” is now in row {row}, place {place} of {count}."),
    "copied": N_("“{text}” was copied to row {row}."),
    "removed": N_("“{text}” was removed."),
    "dropped": N_("The empty button was removed."),
    "undone": N_("Undone."),
    "edge": N_("It cannot be moved further."),
    "full_row": N_("Row {row} is full: Telegram takes {most} buttons a row."),
    "full": N_("Telegram takes {most} buttons at most."),
    "pasted": N_("Buttons pasted: {count}."),
    "refused": N_("Not a button: “{line}”. Write a line as “Text = https://…”."),
}

_editor = st.components.v2.component(
    "hsl_keyboard",
    html=(FOLDER / "keyboard.html").read_text("utf-8"),
    css=(FOLDER / "keyboard.css").read_text("utf-8"),
    js="\n".join((FOLDER / name).read_text("utf-8") for name in SCRIPTS),
)

Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True)
class Key:
    """One button in the editor: `uid` is its own while it moves; `value` is that of its kind."""

    uid: str
    text: str = ""
    kind: str = "url"
    value: str = ""

    def button(self) -> Button:
        """The button that it makes; an action that is not filled in yet stays away."""
        action: dict[str, Any] = {self.kind: self.value.strip() or None}
        return Button(text=self.text, **action)


def edit(key: str, buttons: Rows) -> Rows:
    """The buttons as they stand in the editor now; `buttons` is what it begins with.

    Other buttons, such as those of another draft, need another `key`.
    """
    held = st.session_state.get(key) or {}
    begun = held.get("rows")
    rows = keys_of(buttons) if begun is None else _read(begun)
    found = _editor(
        key=key,
        data={
            "load": key,
            "rows": [[_told(one) for one in row] for row in rows],
            "checks": _checks(rows),
            "whole": _whole(rows),
            "pasted": _pasted(held.get("asked")),
            "limits": LIMITS,
            "words": {"url_example": EXAMPLE} | {name: _(words) for name, words in WORDS.items()},
        },
        default={"rows": None, "asked": None},
        on_rows_change=lambda: None,
        on_asked_change=lambda: None,
    )
    rows = rows if found.rows is None else _read(found.rows)
    return tuple(tuple(one.button() for one in row) for row in rows)


def keys_of(buttons: Rows) -> list[list[Key]]:
    """Buttons as keys, named by the place where they begin."""
    return [
        [_key(f"{row}.{place}", button) for place, button in enumerate(line)]
        for row, line in enumerate(buttons)
    ]


def _key(uid: str, button: Button) -> Key:
    for kind in KINDS:
        value = getattr(button, kind)
        if value is not None:
            return Key(uid, button.text, kind, str(value))
    return Key(uid, button.text)


def _read(told: Any) -> list[list[Key]]:
    """Keys from what the browser told; what is none is left out."""
    if not isinstance(told, list):
        return []
    rows = [
        [
            Key(str(one["uid"]), str(one["text"]), str(one["kind"]), str(one["value"]))
            for one in row
            if isinstance(one, dict) and one.get("kind") in KINDS and {"uid", "text"} <= one.keys()
        ]
        for row in told
        if isinstance(row, list)
    ]
    return [row for row in rows if row]


def _told(one: Key) -> dict[str, str]:
    return {"uid": one.uid, "text": one.text, "kind": one.kind, "value": one.value}


def _checks(rows: list[list[Key]]) -> dict[str, dict[str, Any]]:
    """What is to be said about each key, and of which words it is said."""
    return {one.uid: {"of": _told(one), **_check(one.button())} for row in rows for one in row}


def _check(button: Button) -> dict[str, Any]:
    problem = button.problem()
    said: dict[str, Any] = {
        "problem": problem,
        "warning": None if problem else button.warning(),
        "line": button_lines.line(button),
    }
    if button.url is None:
        return said
    leads = links.destination(button.url)
    opens = leads.problem is None and leads.kind is not links.Kind.UNKNOWN and bool(leads.host)
    return {
        **said,
        "mended": leads.mended,
        "explained": leads.explained,
        "host": leads.host,
        "ascii": leads.ascii_host if leads.ascii_host != leads.host else "",
        "path": leads.path,
        "href": button.url if opens and button.url.lower().startswith("http") else None,
    }


def _whole(rows: list[list[Key]]) -> dict[str, str]:
    """What is wrong with all of them ("buttons") or with a row ("buttons.2", from 0)."""
    buttons = tuple(tuple(one.button() for one in row) for row in rows)
    problems = Content(text="-", buttons=buttons).check()
    return {p.field: p.message for p in problems if p.field.count(".") < 2}


def _pasted(asked: Any) -> dict[str, Any] | None:
    """The keys that pasted lines make; `id` tells which paste they answer."""
    if not isinstance(asked, dict):
        return None
    found = button_lines.read(str(asked.get("text", "")))
    said = {"line": found.refused[0][:60]} if found.refused else None
    return {
        "id": str(asked.get("id", "")),
        "rows": [[_told(one) for one in row] for row in keys_of(found.rows)],
        "count": show.number(sum(len(row) for row in found.rows)),
        "refused": _(WORDS["refused"], **said) if said else "",
    }
