"""A message's text over its people: what fills its placeholders, in each of its languages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection, Select

from hsl.audience import spoken, values
from hsl.message import html, placeholders
from hsl.message.content import Content, Problem
from hsl.words import _, plural

SAMPLES = 3  # people's messages side by side


@dataclass(frozen=True)
class Text:
    """A content in one of its languages, and what those who get it can fill into it."""

    content: Content
    people: int
    filled: values.Filling | None

    @property
    def longest(self) -> dict[str, Any] | None:
        """Who gets the longest text; None where it is the same for everybody."""
        return self.filled.longest if self.filled else None

    def problems(self, whole: Content) -> list[Problem]:
        """What forbids sending it, each with its language where `whole` has several."""
        if self.filled is None:
            return []
        code = self.content.default_language
        own = "" if code == whole.default_language else code
        found = _unfillable(self._parts, self.filled) + _too_long(self.content, self.longest)
        return [
            replace(one, message=whole.in_its_language(one.message, code), language=own)
            for one in found
        ]

    def warnings(self, whole: Content) -> list[str]:
        """What is odd about it."""
        code = self.content.default_language
        found = _gaps(self._parts, self.filled, self.people) if self.filled else []
        if self.people == 0 and code != whole.default_language:
            found = [_("Nobody here reads it: this text reaches nobody.")]
        return [whole.in_its_language(words, code) for words in found]

    @property
    def _parts(self) -> tuple[tuple[str, str], ...]:
        return placeholders.parts(self.content.text)


def texts(connection: Connection, content: Content, people: Select[Any]) -> list[Text]:
    """The content in each of its languages, with what its people (`people`) can fill in."""
    counts = spoken.counted(connection, people, content.languages)
    found = []
    for code in content.languages:
        said = content.for_language(code or None)
        parts = placeholders.parts(said.text)
        theirs = spoken.only(people, content.languages, code)
        filled = values.filling(connection, theirs, parts) if parts and counts[code] else None
        found.append(Text(said, counts[code], filled))
    return found


def samples(texts: Sequence[Text]) -> tuple[values.Sample, ...]:
    """Whose messages to look at: of each language by turns, three, or one of each."""
    kinds = [text.filled.samples for text in texts if text.filled is not None]
    by_turns = [one for turn in zip_longest(*kinds) for one in turn if one is not None]
    return tuple(by_turns[: max(SAMPLES, len(kinds))])


def _unfillable(parts: tuple[tuple[str, str], ...], filled: values.Filling) -> list[Problem]:
    names = dict.fromkeys(name for name, back in parts if not back and not filled.filled[name])
    return [
        Problem(
            "text",
            _(
                "Nobody here has a value for {placeholder}. Mend its name, or add words to fall "
                "back on: {example}.",
                placeholder=f"{{{name}}}",
                example=f"{{{name}|friend}}",
            ),
        )
        for name in names
    ]


def _too_long(content: Content, longest: dict[str, Any] | None) -> list[Problem]:
    if longest is None:
        return []
    try:
        length = html.parse(placeholders.render(content.text, longest)).length
    except html.HtmlError:
        return []  # named by the content's own check
    if length <= content.limit:
        return []
    who = longest.get("first_name") or longest["user_id"]
    return [
        Problem(
            "text",
            _(
                "For {who} the text is {length} characters long, over Telegram's limit of "
                "{limit}. Shorten it by {over}.",
                who=str(who),
                length=length,
                limit=content.limit,
                over=length - content.limit,
            ),
        )
    ]


def _gaps(parts: tuple[tuple[str, str], ...], filled: values.Filling, total: int) -> list[str]:
    names = dict.fromkeys(name for name, back in parts if not back)
    return [
        plural(
            "{n} person has no {name}: nothing will stand there.",
            "{n} people have no {name}: nothing will stand there.",
            total - filled.filled[name],
            name=name,
        )
        for name in names
        if 0 < filled.filled[name] < total
    ]
