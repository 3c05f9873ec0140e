"""Do-not-message marks: set and taken away by a person, and by nothing else.

They stand in a table of their own that no import, source or answer of Telegram's ever writes to,
and they hold at every resolving of a message's people, see `policy`.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, false, func, insert, or_, select

from hsl import audit, database, models
from hsl.acting import Permission, needs
from hsl.audience import columns
from hsl.errors import PlainError
from hsl.models import MAX_USER_ID
from hsl.words import _

Marks, People = models.suppressions, models.users
IDS_AT_ONCE = 500  # values of one IN list


class SuppressionError(PlainError, ValueError):
    """A mark cannot be set or taken away as asked; nothing was changed."""


@dataclass(frozen=True)
class Mark:
    """A person who must not be written to, why, by whom and since when."""

    user_id: int
    name: str
    reason: str
    marked_by: str
    marked_at: datetime


@needs(Permission.SEND)
def add(connection: Connection, user_ids: Sequence[int], *, reason: str, actor: str) -> list[int]:
    """Mark these people, with the audit entry of it; the ids that were not marked before.

    Whoever is marked already keeps the first reason. An id may be of somebody who is not in the
    database yet: the mark holds when they come. Raises SuppressionError.
    """
    if not reason.strip():
        raise SuppressionError(_("A do-not-message mark needs a reason, such as “asked by phone”."))
    wrong = [number for number in user_ids if not 0 < number <= MAX_USER_ID]
    if wrong:
        raise SuppressionError(
            _("{number} is no Telegram id. Nobody was marked.", number=str(wrong[0]))
        )
    wanted = list(dict.fromkeys(user_ids))
    there = _marked_among(connection, wanted)
    new = [number for number in wanted if number not in there]
    if not new:
        return []
    now = models.utc_now()
    connection.execute(
        insert(Marks),
        [
            {"user_id": i, "reason": reason.strip(), "marked_by": actor, "marked_at": now}
            for i in new
        ],
    )
    _record(connection, "suppressed", new, actor, reason=reason.strip())
    return new


@needs(Permission.SEND)
def remove(engine: Engine, user_ids: Sequence[int], *, actor: str) -> int:
    """Take marks away, with the audit entry of it; how many. Raises SuppressionError for none."""
    with engine.begin() as connection:
        there = _marked_among(connection, list(dict.fromkeys(user_ids)))
        if not there:
            raise SuppressionError(
                _(
                    "{names}: no such do-not-message mark. `python -m hsl suppress --list` shows "
                    "them.",
                    names=", ".join(map(str, user_ids)),
                )
            )
        for batch in _batches(sorted(there)):
            connection.execute(delete(Marks).where(Marks.c.user_id.in_(batch)))
        _record(connection, "unsuppressed", sorted(there), actor)
    return len(there)


def read_ids(path: Path) -> list[int]:
    """The ids of a CSV file: its column user_id, or the only column that it has.

    Raises SuppressionError for a line that is no id, and names it.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except UnicodeDecodeError:
        raise SuppressionError(
            _("{name} is not UTF-8. Save it as “CSV UTF-8”. Nobody was marked.", name=path.name)
        ) from None
    except csv.Error as fault:
        raise SuppressionError(
            _("{name} is not CSV: {fault}. Nobody was marked.", name=path.name, fault=fault)
        ) from None
    if not rows:
        raise SuppressionError(_("{name} is empty. Nobody was marked.", name=path.name))
    place, first = _ids_begin(path.name, rows)
    ids = []
    for line, row in enumerate(rows[first:], start=first + 1):
        words = row[place].strip() if place < len(row) else ""
        number = _telegram_id(words)
        if number is None:
            raise SuppressionError(
                _(
                    "{name}, line {line}: “{word}” is no Telegram id. Nobody was marked.",
                    name=path.name,
                    line=line,
                    word=words[:40],
                )
            )
        ids.append(number)
    return ids


def _ids_begin(name: str, rows: list[list[str]]) -> tuple[int, int]:
    """The place of the ids in each row, and the first row that has one."""
    try:
        column = columns.id_column(rows[0], name)
    except columns.ImportRefused as refused:
        raise SuppressionError(_("{refused} Nobody was marked.", refused=refused)) from None
    if column is not None:
        return rows[0].index(column), 1
    if max(map(len, rows)) > 1:
        raise SuppressionError(
            _(
                "{name} has more than one column, and none is named user_id. Name the one of "
                "Telegram ids so in the first line. Nobody was marked.",
                name=name,
            )
        )
    # A number in whatever form is no header, so that it is refused rather than left out.
    head = rows[0][0].strip().replace(" ", "").replace("_", "")
    return 0, 1 if head.isalpha() else 0


def _telegram_id(words: str) -> int | None:
    """The Telegram id that the words are, if they are one."""
    if not (words.isascii() and words.isdigit() and len(words) < 20):
        return None
    return int(words) if 0 < int(words) <= MAX_USER_ID else None


@needs(Permission.NAMES)
def listing(
    engine: Engine, *, words: str = "", offset: int = 0, limit: int = 50
) -> tuple[list[Mark], int]:
    """Marks that fit the words (an id, or the beginning of a name), the last first; how many."""
    joined = Marks.outerjoin(People, People.c.user_id == Marks.c.user_id)
    fits = []
    if words.strip():
        wanted = words.strip().removeprefix("@")
        number = _telegram_id(wanted)
        fits.append(
            or_(
                People.c.username.istartswith(wanted, autoescape=True),
                People.c.first_name.startswith(wanted, autoescape=True),
                false() if number is None else Marks.c.user_id == number,
            )
        )
    with database.read_only(engine).begin() as connection:
        total = connection.execute(
            select(func.count()).select_from(joined).where(*fits)
        ).scalar_one()
        rows = connection.execute(
            select(Marks, People.c.first_name, People.c.last_name, People.c.username)
            .select_from(joined)
            .where(*fits)
            .order_by(Marks.c.marked_at.desc(), Marks.c.user_id)
            .offset(offset)
            .limit(limit)
        ).all()
    return [_mark(row) for row in rows], int(total)


def of_people(connection: Connection, user_ids: Sequence[int]) -> dict[int, Mark]:
    """The marks of these people, by id; of those who have one."""
    rows = connection.execute(
        select(Marks, People.c.first_name, People.c.last_name, People.c.username)
        .select_from(Marks.outerjoin(People, People.c.user_id == Marks.c.user_id))
        .where(Marks.c.user_id.in_(user_ids))
    )
    return {row.user_id: _mark(row) for row in rows}


def _mark(row: Any) -> Mark:
    name = " ".join(part for part in (row.first_name, row.last_name) if part)
    handle = f"@{row.username}" if row.username else ""
    return Mark(row.user_id, name or handle, row.reason, row.marked_by, row.marked_at)


def _marked_among(connection: Connection, user_ids: list[int]) -> set[int]:
    found: set[int] = set()
    for batch in _batches(user_ids):
        rows = connection.execute(select(Marks.c.user_id).where(Marks.c.user_id.in_(batch)))
        found.update(row.user_id for row in rows)
    return found


def _batches(user_ids: list[int]) -> list[list[int]]:
    return [user_ids[i : i + IDS_AT_ONCE] for i in range(0, len(user_ids), IDS_AT_ONCE)]


def _record(
    connection: Connection, action: str, user_ids: list[int], actor: str, **details: Any
) -> None:
    one = len(user_ids) == 1
    audit.record(
        connection,
        actor=actor,
        action=action,
        object_type="person" if one else "people",
        object_id=user_ids[0] if one else None,
        details={"people": len(user_ids), "user_ids": user_ids[:1000], **details},
    )
