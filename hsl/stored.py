"""A sentence that was stored in English, said again in the reader's language.

A run of a source, a fault of the bot and the audit keep what was said in English, once for all
readers. The catalogue knows the same sentences: each is taken for a form, and what stands in the
places of its values is said again too where it is a sentence of ours. What has no form is shown
as it is. Only sentences are looked for: a short word may be somebody's name.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from hsl import words

FEWEST = 12  # letters of its own that a form has, so that it does not fit anything
DEEP = 3  # sentences within sentences
KEPT = 2048  # sentences
_PLACE = re.compile(r"\\\{(\w+)(!r)?\\\}")
_COUNT = re.compile(r"\d{1,3}(,\d{3})+|\d+")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class _Form:
    pattern: "re.Pattern[str]"
    text: str
    plural: tuple[str, str] | None
    letters: int


def said(english: str) -> str:
    """The sentence in the reader's language; as it is where no form fits it."""
    language = words.language()
    return english if language == "en" else _said(english, language, DEEP)


@lru_cache(maxsize=KEPT)
def _said(english: str, language: str, deep: int) -> str:
    if not deep or " " not in english:
        return english
    for form in _forms(language):
        found = form.pattern.fullmatch(english)
        if found is not None:
            return _filled(form, found.groupdict(), language, deep)
    return english


def _filled(form: _Form, values: dict[str, str], language: str, deep: int) -> str:
    given: dict[str, Any] = {}
    for name, value in values.items():
        # With its separators it was a count; without, it may be what names a message.
        is_count = _COUNT.fullmatch(value) and "," in value
        counted = int(value.replace(",", "")) if is_count else None
        given[name] = _said(value, language, deep - 1) if counted is None else counted
    if form.plural is None:
        return words._(form.text, **given)
    n = values.get("n", "1").replace(",", "")
    if not n.isdigit():
        return words._(form.text, **given)
    given.pop("n", None)
    return words.plural(*form.plural, int(n), **given)


@cache
def _forms(language: str) -> tuple[_Form, ...]:
    """What sentences look like, those with the most letters of their own first."""
    found = []
    for message in words.catalogue(language):
        if not message.id or message.context:
            continue
        both = message.id if isinstance(message.id, tuple) else None
        for text in both or (message.id,):
            form = _form(str(text), (str(both[0]), str(both[1])) if both else None)
            if form is not None:
                found.append(form)
    return tuple(sorted(found, key=lambda form: -form.letters))


def _form(text: str, both: tuple[str, str] | None) -> _Form | None:
    letters = len(_LETTER.findall(re.sub(r"\{[^}]*\}", "", text)))
    if letters < FEWEST or " " not in text:
        return None
    seen: set[str] = set()

    def place(found: "re.Match[str]") -> str:
        name = found[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"['\"](?P<{name}>.*)['\"]" if found[2] else f"(?P<{name}>.+)"

    pattern = _PLACE.sub(place, re.escape(text))
    if r"\{" in pattern:  # a place of another kind, which nothing here fills
        return None
    return _Form(re.compile(pattern, re.DOTALL), text, both, letters)
