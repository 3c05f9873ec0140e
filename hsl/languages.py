"""Codes of languages, such as Telegram's `language_code`: which text of several a person gets.

Codes are BCP 47 tags in lower case, such as "ru" or "pt-br". A person gets the text of their exact
code, else of the longest beginning of it that there is ("lookup", RFC 4647, section 3.4).
"""

import re
from collections.abc import Collection

from babel import Locale, UnknownLocaleError

from hsl import words

CODE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*")
OFFERED = ("en", "ru", "uk", "kk", "es", "pt", "de", "fr", "it", "tr", "ar", "fa", "ka", "zh")


def normalised(code: str | None) -> str:
    """A code as it is compared: "ru_RU" and " RU-ru" are "ru-ru"; empty for None."""
    return (code or "").strip().lower().replace("_", "-")


def is_code(code: str) -> bool:
    """True for what may be a language's code, such as "ru" or "pt-br"."""
    return CODE.fullmatch(code) is not None


def lookup(codes: Collection[str], wanted: str | None) -> str | None:
    """That of `codes` (normalised) which a person with the code `wanted` reads; None for none."""
    rest = normalised(wanted)
    while rest:
        if rest in codes:
            return rest
        rest = rest.rpartition("-")[0]
    return None


def name(code: str) -> str:
    """The language's name in the reader's language, such as "Russian"; the code if it has none."""
    try:
        found = Locale.parse(code, sep="-").get_display_name(words.locale())
    except (ValueError, UnknownLocaleError):
        return code
    return f"{found[0].upper()}{found[1:]}" if found else code
