"""The words that people read, in their own language: gettext over `hsl/locale/LANGUAGE/*.po`.

Source strings are English. `_("Nobody fits.")` is one sentence; values stand in it by name and
come with it, `_("Message {number} is paused.", number="7")`, so that a language may put them
elsewhere. A whole number that is given as one is a count and gets the viewer's separators; what
names something (a message's id, a year) is given as text. `plural` chooses the form by `n`.
`N_` marks a string that is kept in a constant and translated where it is shown, by `_(constant)`.

Who reads is asked of a source that the pages set (`read_by`); the terminal reads English.
"""

import decimal
import gettext
import io
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

FOLDER = Path(__file__).parent / "locale"
LANGUAGES = {"en": "English", "ru": "Русский"}
DEFAULT = "en_GB"
LONGEST_NUMBER = 400  # digits; the largest float has 309

_forced: ContextVar[str | None] = ContextVar("hsl_forced_locale", default=None)
_source: Callable[[], str | None] | None = None


def read_by(source: Callable[[], str | None]) -> None:
    """Set where the reader's locale comes from, such as "ru-RU"; None means the default."""
    global _source
    _source = source


@contextmanager
def spoken_as(tag: str) -> Iterator[None]:
    """Within it all is said in this locale, whoever reads, such as in a file made beside a page."""
    token = _forced.set(tag)
    try:
        yield
    finally:
        _forced.reset(token)


@contextmanager
def in_english() -> Iterator[None]:
    """Within it all is said in English, whoever reads: for what is stored, such as the audit."""
    with spoken_as(DEFAULT):
        yield


def locale() -> Locale:
    """The reader's locale, for dates and numbers; one whose language we write."""
    if (forced := _forced.get()) is not None:
        return _locale(forced)
    return _locale((_source() if _source is not None else None) or DEFAULT)


def language() -> str:
    """The reader's language, one of `LANGUAGES`."""
    return str(locale().language)


@cache
def _locale(tag: str) -> Locale:
    try:
        found = Locale.parse(tag.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale.parse(DEFAULT)
    return found if found.language in LANGUAGES else Locale.parse(DEFAULT)


def catalogue(language: str) -> Catalog:
    """All translations into a language: its files, one a room of the house, as one catalogue."""
    whole = Catalog(locale=language)
    for path in sorted((FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            part = read_po(file, locale=language)
        for message in part:
            if message.id:
                whole[message.id] = message
    return whole


@cache
def _translations(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


class _Values(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, int) and not isinstance(value, bool) and not format_spec:
            return number(value)
        return str(super().format_field(value, format_spec))


_values = _Values()


def _(text: str, **values: Any) -> str:
    """The sentence in the reader's language, with its values."""
    said = _translations(language()).gettext(text) if text else text
    return _values.vformat(said, (), values) if values else said


def p_(context: str, text: str, **values: Any) -> str:
    """The same where one English word has several translations; `context` tells which is meant."""
    said = _translations(language()).pgettext(context, text)
    return _values.vformat(said, (), values) if values else said


def plural(one: str, many: str, n: int, **values: Any) -> str:
    """The form that goes with `n`, which stands in it as `{n}`."""
    said = _translations(language()).ngettext(one, many, n)
    return _values.vformat(said, (), {"n": n, **values})


def N_(text: str) -> str:  # noqa: N802 - gettext's name for it
    """Mark a string as one to translate where it is shown."""
    return text


def number(value: float, *, decimals: int = 0) -> str:
    """A number with the reader's separators."""
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    with decimal.localcontext(prec=LONGEST_NUMBER):
        return str(format_decimal(value, format=pattern, locale=locale()))
