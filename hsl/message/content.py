"""A message's content and its checks, by Telegram's limits (core.telegram.org/bots/api)."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from hsl import languages
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
    """What is wrong where: `field` is text, file_id, translations or buttons.ROW.PLACE (from 0).

    `language` is the translation that has it; empty for the default's text.
    """

    field: str
    message: str
    line: int | None = None
    column: int | None = None
    language: str = ""


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
                name=links.in_short(self.text),
            )
        if self.url is not None:
            problem = links.destination(self.url).problem
            return problem and _("“{name}”: {said}", name=links.in_short(self.text), said=problem)
        if self.callback_data is not None:
            size = len(self.callback_data.encode("utf-8", "surrogatepass"))
            if not 1 <= size <= MAX_CALLBACK_BYTES:
                return _(
                    "Button “{name}”: its data has {size} bytes; Telegram takes 1 to {most}.",
                    name=links.in_short(self.text),
                    size=size,
                    most=MAX_CALLBACK_BYTES,
                )
        if self.copy_text is not None and not 1 <= len(self.copy_text) <= MAX_COPY_TEXT:
            return _(
                "Button “{name}”: its text to copy has {size} characters; Telegram takes 1 to "
                "{most}.",
                name=links.in_short(self.text),
                size=len(self.copy_text),
                most=MAX_COPY_TEXT,
            )
        return None

    def warning(self) -> str | None:
        """What is odd about a button that Telegram takes; None where nothing is."""
        if placeholders.names(f"{self.text} {self.url or ''} {self.copy_text or ''}"):
            return _("A name in braces is filled in in the message only: it stays as it is here.")
        return None if self.url is None else links.destination(self.url).warning


class Translation(BaseModel):
    """A content's text in one more language; without `buttons` it has the default's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = ""
    buttons: tuple[tuple[Button, ...], ...] | None = None


class Content(BaseModel):
    """What is sent: `text` is Telegram's HTML, and the caption where there is a file.

    `text` and `buttons` are in the default language. Who reads one of the `translations` gets that;
    everybody else, and whose language is unknown, gets the default: see `for_language`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    message_type: MessageType = MessageType.TEXT
    text: str = ""
    file_id: str | None = None
    buttons: tuple[tuple[Button, ...], ...] = ()
    default_language: str = ""  # the code of `text`; empty where nobody said it
    translations: dict[str, Translation] = {}  # by code

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Content":
        """The content that `model_dump(mode="json")` made."""
        return cls.model_validate(value)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Content":
        """The content of a row of `message_history`."""
        return cls(
            message_type=MessageType(row["message_type"]),
            text=row["message_text"],
            file_id=row["file_id"],
            buttons=row["buttons"],
            **(row["translations"] or {}),
        )

    def as_row(self) -> dict[str, Any]:
        """The content as columns of `message_history`."""
        said = self.model_dump(mode="json", include={"default_language", "translations"})
        return {
            "message_text": self.text,
            "message_type": self.message_type,
            "file_id": self.file_id,
            "buttons": self.buttons_json(),
            "translations": said if any(said.values()) else None,
        }

    @field_validator("default_language")
    @classmethod
    def _normalised(cls, code: str) -> str:
        return languages.normalised(code)

    @field_validator("translations")
    @classmethod
    def _normalised_keys(cls, given: dict[str, Translation]) -> dict[str, Translation]:
        return {languages.normalised(code): given[code] for code in sorted(given)}

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of its languages, the default's first (empty where nobody said it)."""
        return (self.default_language, *self.translations)

    def language_for(self, code: str | None) -> str:
        """Which of `languages` a person with this `language_code` gets."""
        found = languages.lookup([one for one in self.languages if one], code)
        return self.default_language if found is None else found

    def for_language(self, code: str | None) -> "Content":
        """What a person with this `language_code` gets: the content in that one language alone."""
        if not self.translations:
            return self
        language = self.language_for(code)
        said = self.translations.get(language, Translation(text=self.text))
        return self.model_copy(
            update={
                "text": said.text,
                "buttons": self.buttons if said.buttons is None else said.buttons,
                "default_language": language,
                "translations": {},
            }
        )

    @property
    def limit(self) -> int:
        """The most code points that the text may have after parsing."""
        return MAX_TEXT if self.message_type is MessageType.TEXT else MAX_CAPTION

    def buttons_json(self) -> list[list[dict[str, Any]]]:
        """The buttons as rows of objects: `text` and the one action."""
        return [[button.model_dump(exclude_none=True) for button in row] for row in self.buttons]

    def check(self) -> tuple[Problem, ...]:
        """Everything that Telegram would refuse, in the order of the page.

        With translations, each sentence begins with the language that it is about.
        """
        own = (*self._text_problems(), *self._file_problems(), *self._button_problems())
        if not self.translations:
            return own
        found = [replace(one, message=self.in_its_language(one.message, "")) for one in own]
        for code, said in self.translations.items():
            if not languages.is_code(code):
                words = _("{code} is no language's code. Write it as ru or pt-br.", code=code)
                found.append(Problem("translations", words, language=code))
                continue
            if code == self.default_language:
                words = _("{code} is written twice: as the default, and beside it.", code=code)
                found.append(Problem("translations", words, language=code))
                continue
            written = self.for_language(code)
            theirs = list(written._text_problems())
            theirs += [] if said.buttons is None else list(written._button_problems())
            found += [
                replace(one, message=self.in_its_language(one.message, code), language=code)
                for one in theirs
            ]
        return tuple(found)

    def in_its_language(self, problem: str, code: str) -> str:
        """A problem's sentence with the language it is about; `code` is empty for the default."""
        if not self.translations:
            return problem
        code = code or self.default_language
        return f"{languages.name(code) if code else _('Default')}: {problem}"

    def link_warnings(self) -> tuple[str, ...]:
        """What is odd about its links and buttons in any language, though Telegram takes them."""
        said: dict[str, None] = {}
        for text in (self.text, *(one.text for one in self.translations.values())):
            said |= dict.fromkeys(links.warnings_of(text))
        for rows in (self.buttons, *(one.buttons or () for one in self.translations.values())):
            for button in (button for row in rows for button in row):
                warning = button.warning() if button.problem() is None else None
                if warning is not None:
                    said[_("“{name}”: {said}", name=links.in_short(button.text), said=warning)] = (
                        None
                    )
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
            yield Problem("text", _("The message is empty. Write a text."))
        if parsed.length > self.limit:
            over = parsed.length - self.limit
            yield Problem(
                "text",
                _(
                    "The text is {over} characters over Telegram's limit of {limit}.",
                    over=over,
                    limit=self.limit,
                ),
            )
        if len(parsed.entities) >= html.MAX_ENTITIES:
            yield Problem("text", _("Telegram keeps 100 formatted places and drops the rest."))
        for address in html.dropped_links(shown):
            yield Problem(
                "text",
                _(
                    "The link {address} is not valid and would be dropped. Mend it.",
                    address=address,
                ),
            )

    def _file_problems(self) -> Iterator[Problem]:
        if self.message_type is MessageType.TEXT:
            return
        if not (self.file_id or "").strip():
            yield Problem("file_id", _(NO_FILE[self.message_type]))
        elif not FILE_ID.fullmatch(self.file_id or ""):
            yield Problem(
                "file_id",
                _("{file_id} is not a file_id.", file_id=links.in_short(str(self.file_id))),
            )

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
