"""The tags of a text and how they nest, by the rules of Telegram's parser."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TAG = re.compile(r"<(/?)([^\s>]*)((?:\s(?:[^>\"']|\"[^\"]*\"|'[^']*')*)?)>")
BLOCKS = frozenset({"blockquote", "pre"})


@dataclass(frozen=True)
class Tag:
    """A tag from `start` to `end`, in code points; `name` is in lower case."""

    start: int
    end: int
    name: str
    closes: bool
    raw: str

    @property
    def shown(self) -> str:
        """The tag without its attributes, to name it."""
        return f"</{self.name}>" if self.closes else f"<{self.name}>"


def read(text: str) -> Iterator[Tag]:
    """All whole tags, in order."""
    for match in _TAG.finditer(text):
        yield _tag(match)


def at(text: str, place: int) -> Tag | None:
    """The whole tag that begins at a place."""
    match = _TAG.match(text, place)
    return None if match is None else _tag(match)


def open_at(text: str, place: int) -> list[Tag]:
    """The tags that are open before a place, the innermost last."""
    opened: list[Tag] = []
    for tag in read(text[:place]):
        if not tag.closes:
            opened.append(tag)
        elif opened:
            opened.pop()
    return opened


def close_of_open(text: str, name: str, after: int) -> Tag | None:
    """The end tag that would close a `name` opened before `after`; None where there is none."""
    depth = 0
    for match in _TAG.finditer(text, after):
        tag = _tag(match)
        if tag.name != name:
            continue
        if not tag.closes:
            depth += 1
        elif depth == 0:
            return tag
        else:
            depth -= 1
    return None


def natural_end(text: str, tag: Tag) -> int:
    """Where a person would close a tag that is open at the text's end: its line's, or paragraph's.

    The text's end where other tags reach over that place.
    """
    line = text.find("\n\n" if tag.name in BLOCKS else "\n", tag.end)
    ends = [line] if line >= 0 else []
    for end in [*ends, len(text)]:
        end = max(tag.end, len(text[:end].rstrip()))
        above = open_at(text, end)
        if above and above[-1].start == tag.start and not _is_within(text, end):
            return end
    return len(text)


def _is_within(text: str, place: int) -> bool:
    return any(tag.start < place < tag.end for tag in read(text))


def _tag(match: re.Match[str]) -> Tag:
    return Tag(match.start(), match.end(), match[2].lower(), match[1] == "/", match[0])
