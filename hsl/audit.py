"""The append-only record of who did what, written in the transaction that does it.

Its entries are a chain (`hsl.audit_chain`), which is prolonged just before the commit.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO, Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Text,
    and_,
    cast,
    exists,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB

from hsl import acting, audit_chain, database, models, table
from hsl.acting import Permission, current, needs, require
from hsl.table import Column, Format, Kind, Table
from hsl.words import N_, _

# Who works here, and what works here by itself, as they sign; others have names.
ACTORS = {
    "analyst": N_("analyst"),
    "nobody": N_("nobody"),
    "operator": N_("operator"),
    "sample": N_("sample"),
    "scheduler": N_("scheduler"),
}
# Details of an entry that name people; `ids` are those whom a cohort names.
NAMING = frozenset({"user_ids", "user_id", "ids"})


def signed(actor: str) -> str:
    """Who did something, in the reader's language; a person's name stays as it is."""
    return _(ACTORS[actor]) if actor in ACTORS else actor


def record(
    connection: Connection,
    *,
    actor: str,
    action: str,
    object_type: str | None = None,
    object_id: str | int | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add one entry at the end of the caller's transaction, with from where it was done.

    `details` is JSON with no secret and nobody's name in it: an entry is never changed again, so
    that a person can only be forgotten where their id alone is here.
    """
    acts = acting.current()
    entry = audit_chain.NewEntry(
        at=models.utc_now(),
        actor=actor,
        action=action,
        object_type=object_type,
        object_id=None if object_id is None else str(object_id),
        details=dict(details or {}),
        way=acts.way.value,
        address=acts.address,
        account_id=acts.account_id,
    )
    database.at_the_end(connection, lambda: audit_chain.add(connection, entry))
    if (witness := _witness.get()) is not None:
        witness(
            connection,
            {
                "action": action,
                "object_type": object_type,
                "object_id": None if object_id is None else str(object_id),
                "details": dict(details or {}),
            },
        )


Witness = Callable[[Connection, dict[str, Any]], None]
_witness: ContextVar[Witness | None] = ContextVar("hsl_audit_witness", default=None)


@contextmanager
def witnessed(by: Witness) -> Iterator[None]:
    """Within it, `by` is told of every entry in the entry's own transaction.

    What it writes there holds exactly when the deed does; where it raises, the deed does not.
    """
    token = _witness.set(by)
    try:
        yield
    finally:
        _witness.reset(token)


@dataclass(frozen=True)
class Entry:
    """One entry as it was written."""

    id: int
    at: datetime
    actor: str
    action: str
    object_type: str | None
    object_id: str | None
    details: dict[str, Any]
    way: str | None = None
    address: str | None = None
    account_id: int | None = None
    previous_hash: str = ""
    hash: str = ""


@needs(Permission.LOOK)
def entries(
    engine: Engine,
    *,
    actor: str | None = None,
    action: str | None = None,
    object_type: str | None = None,
    object_id: str | None = None,
    person: int | None = None,
    before: int | None = None,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[Entry], int]:
    """Entries that fit, the last first, and how many fit in all.

    `person` is a user id: what was done to this person, and to the messages meant for them. Who may
    not see names gets entries that name nobody. `before` is an entry's id: only those that were
    written before it.
    """
    log = models.audit_log
    fits = _fits(engine, actor, action, object_type, object_id, person)
    fits += [] if before is None else [log.c.id < before]
    with database.read_only(engine).begin() as connection:
        total = connection.execute(select(func.count()).select_from(log).where(*fits)).scalar_one()
        rows = connection.execute(
            select(log).where(*fits).order_by(log.c.id.desc()).offset(offset).limit(limit)
        ).all()
    return [_shown(Entry(**row._mapping)) for row in rows], int(total)


def _shown(entry: Entry) -> Entry:
    """The entry as whoever reads it may see it."""
    if current().may(Permission.NAMES):
        return entry
    who = None if entry.object_type == "person" else entry.object_id
    return replace(entry, object_id=who, details=_nameless(entry.details))


def _nameless(value: Any) -> Any:
    """Details without those that name people, at any depth."""
    if isinstance(value, dict):
        return {name: _nameless(one) for name, one in value.items() if name not in NAMING}
    return [_nameless(one) for one in value] if isinstance(value, list) else value


def _fits(
    engine: Engine,
    actor: str | None,
    action: str | None,
    object_type: str | None,
    object_id: str | None,
    person: int | None,
) -> list[ColumnElement[bool]]:
    log = models.audit_log
    wanted = {"actor": actor, "action": action, "object_type": object_type, "object_id": object_id}
    fits = [log.c[name] == value for name, value in wanted.items() if value]
    if person is None and object_type != "person":
        return fits
    require(Permission.NAMES)
    return fits if person is None else [*fits, _concerns(engine, person)]


def _concerns(engine: Engine, person: int) -> ColumnElement[bool]:
    """Whether an entry is of this person, of a list that names them, or of a message to them."""
    log, recipients = models.audit_log, models.message_recipients
    messages = select(cast(recipients.c.message_id, Text)).where(recipients.c.user_id == person)
    if engine.dialect.name == "postgresql":
        named = type_coerce(log.c.details, JSONB).contains({"user_ids": [person]})
    else:
        listed = func.json_each(log.c.details, "$.user_ids").table_valued("value")
        named = exists().where(listed.c.value == person)
    return or_(
        and_(log.c.object_type == "person", log.c.object_id == str(person)),
        and_(log.c.object_type == "people", named),
        and_(log.c.object_type == "message", log.c.object_id.in_(messages)),
    )


def kinds(engine: Engine) -> tuple[list[str], list[str]]:
    """The actors and the actions that there are, for filters."""
    log = models.audit_log.c
    with database.read_only(engine).begin() as connection:
        actors = connection.execute(select(log.actor).distinct().order_by(log.actor)).all()
        actions = connection.execute(select(log.action).distinct().order_by(log.action)).all()
    return [row.actor for row in actors], [row.action for row in actions]


@needs(Permission.NAMES)
def rows(engine: Engine) -> Iterator[dict[str, Any]]:
    """All entries as they are kept, the first first, read as they are asked for."""
    log = models.audit_log
    with database.read_only(engine).begin() as connection:
        found = connection.execute(
            select(log).order_by(log.c.id), execution_options={"yield_per": EXPORT_AT_ONCE}
        )
        for row in found.mappings():
            yield {**row, "at": row["at"].isoformat()}


COLUMNS = (
    Column("id", Kind.INTEGER),
    Column("at", Kind.TIME),
    Column("actor"),
    Column("action"),
    Column("object_type"),
    Column("object_id"),
    Column("details", Kind.JSON),
    Column("way"),
    Column("address"),
    Column("account_id", Kind.INTEGER),
    Column("previous_hash"),
    Column("hash"),
)
IN_WORDS = "in_words"
EXPORT_AT_ONCE = 5_000  # entries


@needs(Permission.LOOK)
def export(
    engine: Engine,
    form: Format = Format.CSV,
    *,
    actor: str | None = None,
    action: str | None = None,
    object_type: str | None = None,
    object_id: str | None = None,
    person: int | None = None,
    words: Callable[[Entry], str] | None = None,
) -> IO[bytes]:
    """All entries that fit as a file, the first first.

    `words` says what an entry is about in the reader's language, for a column of its own.
    """
    log = models.audit_log
    fits = _fits(engine, actor, action, object_type, object_id, person)
    found = select(*(log.c[column.name] for column in COLUMNS)).where(*fits).order_by(log.c.id)
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(found, execution_options={"yield_per": EXPORT_AT_ONCE})
        shown = (_shown(Entry(**row._mapping)) for row in rows)
        if words is None:
            return table.as_file(Table(COLUMNS, map(_in_columns, shown)), form)
        told = ((*_in_columns(entry), words(entry)) for entry in shown)
        return table.as_file(Table((*COLUMNS, Column(IN_WORDS)), told), form)


def _in_columns(entry: Entry) -> tuple[Any, ...]:
    return tuple(getattr(entry, column.name) for column in COLUMNS)
