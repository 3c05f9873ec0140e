"""Telegram's HTML, read by Telegram's own parser (`tdjson`), without network or client."""

import json
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock
from typing import Any

import tdjson

from hsl.words import N_, _

MAX_RAW_BYTES = 32_768  # refused before parsing, tdlib/telegram-bot-api
MAX_ENTITIES = 100  # more are dropped in silence

# What Telegram's parser says, by the beginning of its words, as a sentence.
SAID = {
    "Can't find end tag": N_("a tag is not closed"),
    "Unmatched end tag": N_("tags are closed in another order than they were opened"),
    "Unexpected end tag": N_("a tag is closed that was never opened"),
    "Unclosed end tag": N_("an end tag lacks its >"),
    "Unclosed start tag": N_("a tag lacks its >"),
    "Unsupported start tag": N_("this is no tag of Telegram's"),
    'Tag "span"': N_("Telegram takes a span for spoilers alone"),
    "the text is over": N_("the text is over 32,768 bytes"),
    "the text holds half": N_("the text holds half a character"),
}

_lock = Lock()
_ready = False


class HtmlError(ValueError):
    """The text is not Telegram's HTML; `line` and `column` count from 1 in the raw text.

    `message` is what the parser said, in English; as a string it is a sentence for the reader.
    """

    def __init__(self, message: str, line: int, column: int, remedy: str) -> None:
        super().__init__(
            _(
                "Line {line}, column {column}: {fault}. {remedy}",
                line=str(line),
                column=str(column),
                fault=_sentence(message),
                remedy=remedy,
            )
        )
        self.message = message
        self.line = line
        self.column = column
        self.remedy = remedy


@dataclass(frozen=True)
class Entity:
    """A formatted range; `offset` and `length` are in UTF-16 units of the parsed text."""

    type: str
    offset: int
    length: int
    url: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class Parsed:
    """What Telegram makes of a raw text; `length` is in code points, trimmed as the server does."""

    text: str
    entities: tuple[Entity, ...]
    length: int

    def trimmed(self) -> "Parsed":
        """As the server sends it: without white space around, the entities moved along."""
        lead = len(self.text) - len(self.text.lstrip())
        shift = len(self.text[:lead].encode("utf-16-le")) // 2
        text = self.text.strip()
        end = len(text.encode("utf-16-le")) // 2
        moved = []
        for entity in self.entities:
            first = max(entity.offset - shift, 0)
            last = min(entity.offset - shift + entity.length, end)
            if first < last:
                moved.append(replace(entity, offset=first, length=last - first))
        return Parsed(text, tuple(moved), self.length)


def _execute(request: dict[str, Any]) -> dict[str, Any]:
    global _ready
    with _lock:
        if not _ready:
            quiet = {"@type": "setLogVerbosityLevel", "new_verbosity_level": 0}
            tdjson.td_execute(json.dumps(quiet).encode())
            _ready = True
    answer = tdjson.td_execute(json.dumps(request).encode()) or b"{}"
    parsed: dict[str, Any] = json.loads(answer)
    return parsed


@lru_cache(maxsize=2048)
def parse(raw: str) -> Parsed:
    """Parse `raw`. Raises HtmlError with the place in `raw` and what to do."""
    if len(raw.encode("utf-8", "surrogatepass")) > MAX_RAW_BYTES:
        raise HtmlError("the text is over 32,768 bytes", 1, 1, _("Shorten it."))
    if any("\ud800" <= character <= "\udfff" for character in raw):
        raise HtmlError("the text holds half a character", 1, 1, _("Type the emoji again."))
    answer = _execute(
        {
            "@type": "parseTextEntities",
            "text": raw,
            "parse_mode": {"@type": "textParseModeHTML"},
        }
    )
    if answer["@type"] == "error":
        raise _error(raw, str(answer["message"]))
    text = str(answer["text"])
    entities = tuple(_entity(found) for found in answer["entities"])
    return Parsed(text=text, entities=entities, length=len(text.strip()))


def _entity(found: dict[str, Any]) -> Entity:
    kind = found["type"]
    name = str(kind["@type"]).removeprefix("textEntityType")
    return Entity(name, found["offset"], found["length"], kind.get("url"), kind.get("language"))


def _error(raw: str, words: str) -> HtmlError:
    words = words.removeprefix("Can't parse entities: ").rstrip(".")
    at = re.search(r"byte offset (\d+)", words)
    opened = re.search(r'start tag "([^"]*)"', words)
    if at is not None:
        place = len(raw.encode()[: int(at[1])].decode("utf-8", "ignore"))
    elif opened is not None:
        place = max(raw.lower().rfind(f"<{opened[1].lower()}"), 0)
    else:
        place = max(len(raw) - 1, 0)
    line = raw.count("\n", 0, place) + 1
    column = place - (raw.rfind("\n", 0, place) + 1) + 1
    words = re.sub(r" at byte offset \d+", "", words)
    return HtmlError(words, line, column, _remedy(words, opened[1] if opened else ""))


def _sentence(words: str) -> str:
    found = next((said for begin, said in SAID.items() if words.startswith(begin)), None)
    return words if found is None else _(found)


def _remedy(words: str, tag: str) -> str:
    if words.startswith("Can't find end tag"):
        return _("Close it with {tag}.", tag=f"</{tag}>")
    if words.startswith("Unsupported start tag"):
        if tag:
            return _("Take {tag} out, or write &lt; for a <.", tag=f"<{tag}>")
        return _("Write &lt; for a <.")
    expected = re.search(r'expected "(</[^"]+>)"', words)
    if expected is not None:
        return _("Close the tags in order: first {tag}.", tag=expected[1])
    return _("Write &lt; for a < that is no tag.")


def first_line(raw: str) -> str:
    """The first line as Telegram shows it; as it was typed where it cannot be parsed."""
    try:
        shown = parse(raw).text
    except HtmlError:
        shown = raw
    return (shown.strip().splitlines() or [""])[0]


def dropped_links(raw: str) -> tuple[str, ...]:
    """Addresses of `<a>` tags that Telegram drops in silence, as they are not valid."""
    wanted = re.findall(r"<a\s[^>]*?href\s*=\s*[\"']?([^\"'>\s]*)", raw, re.IGNORECASE)
    kept = sum(entity.type in {"TextUrl", "MentionName", "Url"} for entity in parse(raw).entities)
    if len(wanted) <= kept:
        return ()
    return tuple(address for address in wanted if not _is_kept(address))


def _is_kept(address: str) -> bool:
    link = f'<a href="{address}">x</a>'
    try:
        return bool(parse(link).entities)
    except HtmlError:
        return False


@lru_cache(maxsize=512)
def bare_links(shown: str) -> tuple[str, ...]:
    """Addresses that Telegram makes links of itself, as they stand in a text as it is shown."""
    if any("\ud800" <= character <= "\udfff" for character in shown):
        return ()
    found = _execute({"@type": "getTextEntities", "text": shown}).get("entities", [])
    entities = [_entity(one) for one in found]
    units = shown.encode("utf-16-le")
    return tuple(
        units[2 * one.offset : 2 * (one.offset + one.length)].decode("utf-16-le")
        for one in entities
        if one.type == "Url"
    )
