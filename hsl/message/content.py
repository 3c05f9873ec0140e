"""A message's content and its checks, by Telegram's limits (core.telegram.org/bots/api)."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from hsl.message import html, links, placeholders
from hsl.models import MessageType
from hsl.words import N_, _

MAX_TEXT = 4096  # code points after parsing
MAX_CAPTION = 1024  # code points after parsing
MAX_BUTTONS = 100
MAX_BUTTONS_A_ROW = 8
MAX_CALLBACK_BYTES = 64
MAX_COPY_TEXT = 256
MAX_MARKUP_BYTES = 10_000
FILE_ID = re.compile(r"[A-Za-z0-9_-]+")
NO_FILE = {
    MessageType.PHOTO: N_("There is no photo yet. Drop one, or choose one from the library."),
    MessageType.VIDEO: N_("There is no video yet. Drop one, or choose one from the library."),
    MessageType.DOCUMENT: N_("There is no document yet. Drop one, or choose one from the library."),
}


@dataclass(frozen=True)
class Problem:
    """What is wrong where: `field` is text, file_id, or buttons.ROW.PLACE (from 0)."""

    field: str
    message: str
    line: int | None = None
    column: int | None = None


class Button(BaseModel):
    """An inline button with exactly one action."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    url: str | None = None
    callback_data: str | None = None
    copy_text: str | None = None

    def problem(self) -> str | None:
        """What Telegram would refuse, as a sentence; None when it is fine."""
        actions = [self.url, self.callback_data, self.copy_text]
        if not self.text.strip():
            return _("A button needs a text.")
        if sum(action is not None for action in actions) != 1:
            return _(
                "Button “{name}” needs exactly one action: a link, data or a text to copy.",
                name=self.text,
            )
        if self.url is not None:
            problem = links.destination(self.url).problem
            return problem and _("“{name}”: {said}", name=self.text, said=problem)
        if self.callback_data is not None:
            size = len(self.callback_data.encode("utf-8", "surrogatepass"))
            if not 1 <= size <= MAX_CALLBACK_BYTES:
                return _(
                    "Button “{name}”: its data has {size} bytes; Telegram takes 1 to {most}.",
                    name=self.text,
                    size=size,
                    most=MAX_CALLBACK_BYTES,
                )
        if self.copy_text is not None and not 1 <= len(self.copy_text) <= MAX_COPY_TEXT:
            return _(
                "Button “{name}”: its text to copy has {size} characters; Telegram takes 1 to "
                "{most}.",
                name=self.text,
                size=len(self.copy_text),
                most=MAX_COPY_TEXT,
            )
        return None

    def warning(self) -> str | None:
        """What is odd about a button that Telegram takes; None where nothing is."""
        if placeholders.names(f"{self.text} {self.url or ''} {self.copy_text or ''}"):
            return _("A name in braces is filled in in the message only: it stays as it is here.")
        return None if self.url is None else links.destination(self.url).warning


class Content(BaseModel):
    """What is sent: `text` is Telegram's HTML, and the caption where there is a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    message_type: MessageType = MessageType.TEXT
    text: str = ""
    file_id: str | None = None
    buttons: tuple[tuple[Button, ...], ...] = ()

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Content":
        """The content that `model_dump(mode="json")` made."""
        return cls.model_validate(value)

    @property
    def limit(self) -> int:
        """The most code points that the text may have after parsing."""
        return MAX_TEXT if self.message_type is MessageType.TEXT else MAX_CAPTION

    def buttons_json(self) -> list[list[dict[str, Any]]]:
        """The buttons as rows of objects: `text` and the one action."""
        return [[button.model_dump(exclude_none=True) for button in row] for row in self.buttons]

    def check(self) -> tuple[Problem, ...]:
        """Everything that Telegram would refuse, in the order of the page."""
        return (*self._text_problems(), *self._file_problems(), *self._button_problems())

    def link_warnings(self) -> tuple[str, ...]:
        """What is odd about its links and buttons, though Telegram takes them."""
        said = dict.fromkeys(links.warnings_of(self.text))
        for row in self.buttons:
            for button in row:
                warning = button.warning() if button.problem() is None else None
                if warning is not None:
                    said[_("“{name}”: {said}", name=button.text, said=warning)] = None
        return tuple(said)

    def _text_problems(self) -> Iterator[Problem]:
        # Values are escaped, so they bring no mark-up: a name stands for each of them.
        sample = {name: name for name in placeholders.names(self.text)}
        shown = placeholders.render(self.text, sample)
        try:
            html.parse(self.text)
            parsed = html.parse(shown)
        except html.HtmlError as error:
            yield Problem("text", str(error), error.line, error.column)
            return
        if self.message_type is MessageType.TEXT and parsed.length == 0:
            yield Problem("text", "The message is empty. Write a text.")
        if parsed.length > self.limit:
            over = parsed.length - self.limit
            yield Problem(
                "text", f"The text is {over:,} characters over Telegram's limit of {self.limit:,}."
            )
        if len(parsed.entities) >= html.MAX_ENTITIES:
            yield Problem("text", "Telegram keeps 100 formatted places and drops the rest.")
        for address in html.dropped_links(shown):
            yield Problem("text", f"The link {address} is not valid and would be dropped. Mend it.")

    def _file_problems(self) -> Iterator[Problem]:
        if self.message_type is MessageType.TEXT:
            return
        if not (self.file_id or "").strip():
            yield Problem("file_id", _(NO_FILE[self.message_type]))
        elif not FILE_ID.fullmatch(self.file_id or ""):
            yield Problem("file_id", _("{file_id} is not a file_id.", file_id=str(self.file_id)))

    def _button_problems(self) -> Iterator[Problem]:
        if sum(len(row) for row in self.buttons) > MAX_BUTTONS:
            yield Problem("buttons", _("Telegram takes {most} buttons at most.", most=MAX_BUTTONS))
        if len(json.dumps(self.buttons_json()).encode()) > MAX_MARKUP_BYTES:
            yield Problem("buttons", _("The buttons are over 10 kB together. Shorten them."))
        for line, row in enumerate(self.buttons):
            if len(row) > MAX_BUTTONS_A_ROW:
                over = _("Row {row} has over {most} buttons.", row=line + 1, most=MAX_BUTTONS_A_ROW)
                yield Problem(f"buttons.{line}", over)
            for place, button in enumerate(row):
                problem = button.problem()
                if problem is not None:
                    yield Problem(f"buttons.{line}.{place}", problem)
