"""How a text is read as a number, a date, a yes or a list: the same on all three engines.

Attributes come from files and other databases, mostly as text. PostgreSQL and DuckDB read them by
the patterns here; SQLite, which has no patterns, by the functions here, under names that begin with
`hsl_`. The patterns keep to what Python, PostgreSQL and RE2 (DuckDB) understand alike.
"""

import hashlib
import json
import re
import sqlite3

_FRACTION = r"(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?"
NUMBER = rf"-?[0-9]{{1,30}}{_FRACTION}"
# By which an attribute is taken for one of numbers: with leading zeros it is a code, such as 007.
NUMBER_NO_CODE = rf"-?(0|[1-9][0-9]{{0,29}}){_FRACTION}"
_LEAP_YEAR = r"([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)"
_DAY = (
    r"([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    r"|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    rf"|{_LEAP_YEAR}-02-29)"
)
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:([0-5][0-9]|60)(\.[0-9]+)?)?"
_ZONE = r" ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?"
DATE = rf"{_DAY}([T ]{_TIME}{_ZONE})?"
DATE_LENGTH = len("2026-11-24")
TRUE = ("true", "t", "yes", "y", "1")
FALSE = ("false", "f", "no", "n", "0")
BUCKETS = 10_000  # into which people are parted by a hash
HASH_DIGITS = 8  # hex digits of the hash that are used

# Only what PostgreSQL certainly takes as JSON, so that its cast cannot fail: no \u0000, no halves.
_ESCAPED = (
    r"\\u(000[1-9A-Fa-f]|00[1-9A-Fa-f][0-9A-Fa-f]|0[1-9A-Fa-f][0-9A-Fa-f]{2}"
    r"|[1-9A-CEFa-cef][0-9A-Fa-f]{3}|[Dd][0-7][0-9A-Fa-f]{2})"
)
_STRING = rf'"([^"\\\x01-\x1f]|\\["\\/bfnrt]|{_ESCAPED})*"'
_ITEM = rf"({_STRING}|-?(0|[1-9][0-9]{{0,29}})(\.[0-9]{{1,30}})?|true|false|null)"
LIST = rf"\[[ \t\n\r]*({_ITEM}[ \t\n\r]*(,[ \t\n\r]*{_ITEM}[ \t\n\r]*)*)?\]"

# What somebody would call a list though it is none of the above, such as one of lists: each engine
# writes it with other spaces, so it is no text. "[VIP]" is one.
_SCALAR = r"(-?[0-9][0-9.eE+-]*|true|false|null)[ \t\n\r]*"
LISTLIKE = rf"\[[ \t\n\r]*(([\"\[{{](.|\n)*)|{_SCALAR}(,(.|\n)*)?)?\]"

_NUMBER, _DATE, _LIST, _LISTLIKE = (
    re.compile(pattern) for pattern in (NUMBER, DATE, LIST, LISTLIKE)
)


def lower(words: str | None) -> str | None:
    """Letter by letter, as PostgreSQL and DuckDB do it; Python's own looks at the neighbours."""
    return None if words is None else words.replace("İ", "i").replace("Σ", "σ").lower()


def number(words: str | None) -> float | None:
    """The number that a text is, or None."""
    return float(words) if words is not None and _NUMBER.fullmatch(words) else None


def day(words: str | None) -> str | None:
    """The date that a text is or begins with, such as "2026-11-24", or None."""
    return words[:DATE_LENGTH] if words is not None and _DATE.fullmatch(words) else None


def items(words: str | None) -> list[str]:
    """The texts in a JSON list; none where it is no flat list."""
    if words is None or not _LIST.fullmatch(words):
        return []
    found = json.loads(words, parse_float=str, parse_int=str)
    return [json.dumps(i) if isinstance(i, bool) else i for i in found if i is not None]


def is_listlike(words: str | None) -> bool:
    """True for what looks like a JSON list."""
    return bool(words and _LISTLIKE.fullmatch(words))


def hashed(user_id: int, salt: str) -> str:
    """Eight hex digits that are a person's own for each salt."""
    digest = hashlib.md5(f"{user_id}:{salt}".encode(), usedforsecurity=False).hexdigest()
    return digest[:HASH_DIGITS]


def begins_bucket(number: int) -> str:
    """The hash with which a bucket begins, from 0 to 9,999; for 10,000, a text after all hashes."""
    if number >= BUCKETS:
        return "g"
    hashes = 16**HASH_DIGITS
    return f"{-(-number * hashes // BUCKETS):0{HASH_DIGITS}x}"


def _has(words: str | None, wanted: str) -> bool:
    return bool(words and not set(json.loads(wanted)).isdisjoint(items(words)))


def add_functions(connection: sqlite3.Connection) -> None:
    """Give a connection of SQLite what the other engines can by themselves."""
    for name, arguments, function in (
        ("hsl_lower", 1, lower),
        ("hsl_number", 1, number),
        ("hsl_day", 1, day),
        ("hsl_has", 2, _has),
        ("hsl_listlike", 1, is_listlike),
        ("hsl_hashed", 2, hashed),
    ):
        connection.create_function(name, arguments, function, deterministic=True)
