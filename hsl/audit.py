"""The append-only record of who did what, written in the transaction that does it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert

from hsl import models


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
