"""The append-only record of who did what, written in the transaction that does it."""

from collections.abc import Mapping
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
    insert,
    or_,
    select,
)

from hsl import database, models, table
from hsl.acting import Permission, current, needs, require
from hsl.table import Column, Format, Kind, Table
from hsl.words import N_, _

# Who works here, and what works here by itself, as they sign; others have names.
ACTORS = {
    "analyst": N_("analyst"),
    "operator": N_("operator"),
    "sample": N_("sample"),
    "scheduler": N_("scheduler"),
}
# Details of an entry that name people.
NAMING = frozenset({"user_ids", "user_id"})


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
    """Add one entry inside the caller's transaction; `details` is JSON with no secret in it."""
    connection.execute(
        insert(models.AuditLog).values(
            at=models.utc_now(),
            actor=actor,
            action=action,
            object_type=object_type,
            object_id=None if object_id is None else str(object_id),
            details=dict(details or {}),
        )
    )


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


@needs(Permission.LOOK)
def entries(
    engine: Engine,
    *,
    actor: str | None = None,
    action: str | None = None,
    object_type: str | None = None,
    object_id: str | None = None,
    person: int | None = None,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[Entry], int]:
    """Entries that fit, the last first, and how many fit in all.

    `person` is a user id: what was done to this person, and to the messages meant for them. Who may
    not see names gets entries that name nobody.
    """
    log = models.audit_log
    fits = _fits(engine, actor, action, object_type, object_id, person)
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
    told = {name: value for name, value in entry.details.items() if name not in NAMING}
    who = None if entry.object_type == "person" else entry.object_id
    return replace(entry, object_id=who, details=told)


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
        named = log.c.details.contains({"user_ids": [person]})
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


COLUMNS = (
    Column("id", Kind.INTEGER),
    Column("at", Kind.TIME),
    Column("actor"),
    Column("action"),
    Column("object_type"),
    Column("object_id"),
    Column("details", Kind.JSON),
)
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
) -> IO[bytes]:
    """All entries that fit as a file, the first first."""
    log = models.audit_log
    fits = _fits(engine, actor, action, object_type, object_id, person)
    found = select(*(log.c[column.name] for column in COLUMNS)).where(*fits).order_by(log.c.id)
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(found, execution_options={"yield_per": EXPORT_AT_ONCE})
        shown = (_shown(Entry(**row._mapping)) for row in rows)
        return table.as_file(Table(COLUMNS, map(_in_columns, shown)), form)


def _in_columns(entry: Entry) -> tuple[Any, ...]:
    return tuple(getattr(entry, column.name) for column in COLUMNS)
