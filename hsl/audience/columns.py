"""What the columns of a file of people are: ours, an attribute, or left out."""

import re
from collections.abc import Mapping, Sequence

from hsl.errors import PlainError
from hsl.words import _

KNOWN = (
    "user_id",
    "username",
    "first_name",
    "last_name",
    "language_code",
    "registered_at",
    "stream",
    "status",
    "enrolled_at",
)
TELEGRAM_ID = r"(telegram|tg|chat)_?(user_?)?id"
PLATFORM_ID = "id"  # Telegram's only where no other column is
ALIASES = {"course_stream": "stream"}
MOST_COLUMNS = 1_000


class ImportRefused(PlainError, ValueError):  # noqa: N818 - the house's word for it
    """The file cannot be read as a table of people; nothing was changed."""


def columns_of(
    found: Sequence[str], where: str, mapping: Mapping[str, str]
) -> dict[str, str | None]:
    """Our column for each of theirs, None where it is left out. Raises ImportRefused."""
    _refuse_unusable(found, where)
    wanted = {plain(theirs): plain(ours) for theirs, ours in mapping.items()}
    there = [plain(original) for original in found]
    for theirs in wanted:
        if theirs not in there:
            raise ImportRefused(
                _(
                    "{where} has no column {theirs}, which is mapped; found: {names}. Correct the "
                    "mapping.",
                    where=where,
                    theirs=theirs,
                    names=", ".join(found)[:200],
                )
            )
    unmapped = [name for name in there if name not in wanted]
    ids = None if "user_id" in wanted.values() else id_column(unmapped, where)
    columns: dict[str, str | None] = {}
    for original, name in zip(found, there, strict=True):
        if name in wanted:
            columns[original] = wanted[name] or None
        elif name == ids:
            columns[original] = "user_id"
        elif ALIASES.get(name) in wanted.values():
            columns[original] = name  # another column is that already
        else:
            columns[original] = ALIASES.get(name, name)
    ours = [column for column in columns.values() if column is not None]
    if "user_id" not in ours:
        raise ImportRefused(
            _(
                "{where} has no column user_id; found: {names}. Name the column of Telegram ids "
                "user_id.",
                where=where,
                names=", ".join(found)[:200],
            )
        )
    twice = sorted({column for column in ours if ours.count(column) > 1})
    if twice:
        raise ImportRefused(
            _(
                "{where} has two columns for {names}. Rename one of them.",
                where=where,
                names=twice[0],
            )
        )
    return columns


def id_column(found: Sequence[str], where: str) -> str | None:
    """The column of Telegram's ids by its name, None where there is none.

    A platform's own `id` is none beside one that is said to be Telegram's. Raises ImportRefused
    where two may be: a guess would write to other people.
    """
    names = [plain(name) for name in found]
    telegrams = [
        original
        for original, name in zip(found, names, strict=True)
        if re.fullmatch(TELEGRAM_ID, name) or name == "user_id"
    ]
    if len(telegrams) > 1:
        raise ImportRefused(
            _(
                "{where} has the columns {one} and {other}, and both may be Telegram's id. "
                "Name the right one user_id, and take the other one out or rename it.",
                where=where,
                one=telegrams[0].strip(),
                other=telegrams[1].strip(),
            )
        )
    if telegrams:
        return telegrams[0]
    return found[names.index(PLATFORM_ID)] if PLATFORM_ID in names else None


def attributes_of(columns: Mapping[str, str | None]) -> list[str]:
    """Those of our columns that are attributes."""
    return [c for c in dict.fromkeys(columns.values()) if c is not None and c not in KNOWN]


def plain(column: str) -> str:
    """A column's name without what does not count: a byte order mark, spaces, upper case."""
    return column.lstrip("\ufeff").strip().lower()


def letters(place: int) -> str:
    """A column without a name as spreadsheets call it: A for place 0."""
    words = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        words = chr(ord("A") + rest) + words
    return words


def _refuse_unusable(found: Sequence[str], where: str) -> None:
    if len(found) > MOST_COLUMNS:
        raise ImportRefused(
            _(
                "{where} has {count} columns. At most {most_columns} are taken: leave out those "
                "that are not needed.",
                where=where,
                count=len(found),
                most_columns=MOST_COLUMNS,
            )
        )
    names = [plain(name) for name in found]
    for place, name in enumerate(names):
        if not name:
            raise ImportRefused(
                _(
                    "{where}: column {letters} has no name. Name it in the first row, or take it "
                    "out.",
                    where=where,
                    letters=letters(place),
                )
            )
        if "\0" in name:
            raise ImportRefused(
                _(
                    "{where}: the name of column {letters} has a NUL character. Rename it.",
                    where=where,
                    letters=letters(place),
                )
            )
        if name in names[:place]:
            raise ImportRefused(
                _(
                    "{where} has two columns named {name}. Rename one of them.",
                    where=where,
                    name=name,
                )
            )
