"""Moving from SQLite to PostgreSQL: everything, in ranges that are copied, compared and resumable.

Each range of a table is read on both sides; one that is equal is left alone, any other is copied
anew in one transaction. So a move that was interrupted goes on, and a second pass over all rows is
its own proof. The source is only read.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Table,
    delete,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel

from hsl import database, models, outward
from hsl.acting import Permission, needs
from hsl.archive import ArchiveError, catalogue
from hsl.errors import PlainError

AT_ONCE = 20_000  # rows
MARK = "hsl_move"  # a table in the target while a move is not finished
# Heartbeats are of processes on the old database; without one, rows on the way become uncertain.
# Who is signed in there signs in anew; requests of the API are over when its pages stopped, as they
# have to.
LEFT_BEHIND = {
    "workers",
    "draft_presence",
    "account_sessions",
    "sign_in_attempts",
    outward.api_answers.name,
}
Progress = Callable[[str, int], None]


class MoveError(PlainError, RuntimeError):
    """The move cannot be made or did not come out equal; the message says what to do."""


@dataclass(frozen=True)
class Moved:
    """One table, as it is on both sides: its rows and their checksum."""

    name: str
    rows: int
    checksum: str


@needs(Permission.MANAGE)
def move(source: Engine, target: Engine, progress: Progress = lambda _table, _rows: None) -> list[
    Moved
]:  # fmt: skip
    """Copy all tables, compare every row on both sides, and return what was moved.

    Raises MoveError; what was copied by then stays, and the next call goes on from there.
    """
    _check_source(source)
    _check_archive(source)
    _prepare(target)
    with database.read_only(source).begin() as old:  # one snapshot for the whole move
        before = _written(old)
        for table in _tables():
            _copy(old, target, table, progress)
            _set_next_id(old, target, table)
        moved = [_compare(old, target, table, progress) for table in _tables()]
    with database.read_only(source).begin() as old:
        if _written(old) != before:
            raise MoveError(
                "Somebody wrote into the old database during the move. Stop the pages and the "
                "schedulers that use it, then run the same command again; it goes on from here."
            )
    with target.begin() as new:
        new.execute(text(f"DROP TABLE {MARK}"))
    return moved


def _tables() -> list[Table]:
    return [t for t in SQLModel.metadata.sorted_tables if t.name not in LEFT_BEHIND]


def _check_source(source: Engine) -> None:
    if not database.is_current(source):
        raise MoveError(
            "The old database has an older schema. Run `python -m hsl status` on it once, which "
            "brings it to this program's version, then move."
        )
    beats = models.workers.c.beat_at
    with database.read_only(source).begin() as old:
        last: datetime | None = old.execute(select(func.max(beats))).scalar_one()
    if last is not None and (models.utc_now() - last).total_seconds() < 30:
        raise MoveError(
            "A scheduler is at work on the old database. Stop it, wait half a minute, then move."
        )


def _check_archive(source: Engine) -> None:
    """The archive's files stay where they are; they must be whole, or their rows would be lost."""
    with database.read_only(source).begin() as old:
        files = catalogue.listed(old)
    try:
        for file in files:
            file.check()
    except ArchiveError as fault:
        raise MoveError(f"{fault} Nothing was copied.") from fault


def _prepare(target: Engine) -> None:
    database.migrate(target)
    with target.begin() as new:
        if inspect(new).has_table(MARK):
            return
        for table in _tables():
            if new.execute(select(table).limit(1)).first() is not None:
                raise MoveError(
                    f"The new database already has rows in {table.name}. Name an empty database; "
                    "nothing was changed in this one."
                )
        new.execute(text(f"CREATE TABLE {MARK} (begun_at timestamptz DEFAULT now())"))


def _written(old: Connection) -> tuple[Any, ...]:
    """A value that differs once anybody has changed the people or messages."""
    audit, users, history = models.audit_log.c, models.users.c, models.message_history
    return tuple(
        old.execute(statement).scalar_one()
        for statement in (
            select(func.max(audit.id)),
            select(func.max(users.updated_at)),
            select(func.count()).select_from(history),
            select(func.sum(history.c.successful_deliveries + history.c.failed_deliveries)),
        )
    )


def _ranges(old: Connection, table: Table) -> Iterator[tuple[int | None, int | None]]:
    """Ranges (above, up to) of the first key column that cover every possible row."""
    key = _key(table)
    above: int | None = None
    while True:
        some = select(key).order_by(key).limit(AT_ONCE)
        if above is not None:
            some = some.where(key > above)
        found = some.subquery()
        last = old.execute(select(func.max(found.c[0]), func.count())).one()
        if last[1] < AT_ONCE:
            yield above, None
            return
        yield above, int(last[0])
        above = int(last[0])


def _key(table: Table) -> Column[Any]:
    return next(iter(table.primary_key.columns))


def _rows(
    connection: Connection, table: Table, above: int | None, up_to: int | None
) -> list[tuple[Any, ...]]:
    key = _key(table)
    statement = select(table)
    if above is not None:
        statement = statement.where(key > above)
    if up_to is not None:
        statement = statement.where(key <= up_to)
    rows = [tuple(row) for row in connection.execute(statement)]
    places = [list(table.columns).index(column) for column in table.primary_key.columns]
    # Databases sort text by different rules, so that the order is made here.
    return sorted(rows, key=lambda row: tuple(row[place] for place in places))


def _copy(old: Connection, target: Engine, table: Table, progress: Progress) -> None:
    for above, up_to in _ranges(old, table):
        rows = _rows(old, table, above, up_to)
        with target.begin() as new:
            there = _rows(new, table, above, up_to)
            if _digest(there) != _digest(rows):
                _replace(new, table, above, up_to, rows)
        progress(table.name, len(rows))


def _replace(
    new: Connection,
    table: Table,
    above: int | None,
    up_to: int | None,
    rows: list[tuple[Any, ...]],
) -> None:
    key = _key(table)
    old_rows = delete(table)
    if above is not None:
        old_rows = old_rows.where(key > above)
    if up_to is not None:
        old_rows = old_rows.where(key <= up_to)
    with _changeable(new, table):
        new.execute(old_rows)
    processors = [
        column.type.dialect_impl(new.dialect).bind_processor(new.dialect)
        for column in table.columns
    ]
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    try:
        # COPY takes a tenth of the time of INSERT here.
        driver = new.connection.driver_connection
        if driver is None:
            raise MoveError("The connection to the new database is lost. Run the command again.")
        with driver.cursor().copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(
                    value if process is None or value is None else process(value)
                    for process, value in zip(processors, row, strict=True)
                )
    except (psycopg.Error, SQLAlchemyError, ValueError) as fault:
        where = f"{_key(table).name} {rows[0][0]} to {rows[-1][0]}" if rows else "an empty range"
        raise MoveError(
            f"PostgreSQL refuses rows of {table.name} ({where}): {str(fault).splitlines()[0]}. "
            "Mend them in the old database, then run the command again."
        ) from fault


@contextmanager
def _changeable(new: Connection, table: Table) -> Iterator[None]:
    """Within it the audit's rows can be taken back, as they are until a move is over."""
    if table.name not in ("audit_log", "audit_head"):
        yield
        return
    new.execute(text(f"ALTER TABLE {table.name} DISABLE TRIGGER USER"))
    yield
    new.execute(text(f"ALTER TABLE {table.name} ENABLE TRIGGER USER"))


def _set_next_id(old: Connection, target: Engine, table: Table) -> None:
    """New rows get ids that were never given before, also not to rows that are gone."""
    key = _key(table)
    if key.name != "id":
        return
    given = old.execute(
        text("SELECT max(seq) FROM sqlite_sequence WHERE name = :name"), {"name": table.name}
    ).scalar()
    highest = max(given or 0, old.execute(select(func.max(key))).scalar() or 0)
    if highest:
        with target.begin() as new:
            new.execute(
                text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :highest)"),
                {"name": table.name, "highest": highest},
            )


def _compare(old: Connection, target: Engine, table: Table, progress: Progress) -> Moved:
    total, checksum = 0, hashlib.blake2b(digest_size=8)
    for above, up_to in _ranges(old, table):
        rows = _rows(old, table, above, up_to)
        with database.read_only(target).begin() as new:
            there = _rows(new, table, above, up_to)
        if _digest(rows) != _digest(there):
            differing = next(
                (a for a, b in zip(rows, there, strict=False) if _plain(a) != _plain(b)),
                (rows or there)[-1],
            )
            raise MoveError(
                f"{table.name} differs at {_key(table).name} {differing[0]}: {len(rows):,} rows in "
                f"the old database, {len(there):,} in the new one. Run the command again; it "
                "copies anew what differs."
            )
        total += len(rows)
        checksum.update(_digest(rows))
        progress(table.name, len(rows))
    return Moved(table.name, total, checksum.hexdigest())


def _digest(rows: list[tuple[Any, ...]]) -> bytes:
    found = hashlib.blake2b(digest_size=16)
    for row in rows:
        found.update(_plain(row).encode("utf-8", "surrogatepass"))
    return found.digest()


def _plain(row: tuple[Any, ...]) -> str:
    return json.dumps(row, default=_word, sort_keys=True, ensure_ascii=False)


def _word(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no plain form")
