"""The append-only record of who did what, written in the transaction that does it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select

from hsl import database, models, table


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


def entries(
    engine: Engine,
    *,
    actor: str | None = None,
    action: str | None = None,
    object_type: str | None = None,
    object_id: str | None = None,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[Entry], int]:
    """Entries that fit, the last first, and how many fit in all."""
    log = models.audit_log
    wanted = {"actor": actor, "action": action, "object_type": object_type, "object_id": object_id}
    fits = [log.c[name] == value for name, value in wanted.items() if value]
    with database.read_only(engine).begin() as connection:
        total = connection.execute(select(func.count()).select_from(log).where(*fits)).scalar_one()
        rows = connection.execute(
            select(log).where(*fits).order_by(log.c.id.desc()).offset(offset).limit(limit)
        ).all()
    return [Entry(**row._mapping) for row in rows], int(total)


def kinds(engine: Engine) -> tuple[list[str], list[str]]:
    """The actors and the actions that there are, for filters."""
    log = models.audit_log.c
    with database.read_only(engine).begin() as connection:
        actors = connection.execute(select(log.actor).distinct().order_by(log.actor)).all()
        actions = connection.execute(select(log.action).distinct().order_by(log.action)).all()
    return [row.actor for row in actors], [row.action for row in actions]


def export(engine: Engine, *, actor: str | None = None, action: str | None = None) -> bytes:
    """All entries that fit as CSV, the first first."""
    log = models.audit_log
    wanted = {"actor": actor, "action": action}
    fits = [log.c[name] == value for name, value in wanted.items() if value]
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(select(log).where(*fits).order_by(log.c.id)).all()
    columns = [column.name for column in log.columns]
    return table.as_csv(
        columns,
        (
            [json.dumps(v, ensure_ascii=False) if isinstance(v, dict) else v for v in row]
            for row in rows
        ),
    )
