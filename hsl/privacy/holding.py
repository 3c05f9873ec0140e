"""Everything that is held about a person, for whoever asks for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, select

from hsl import audit, database, models
from hsl.acting import Permission, needs
from hsl.archive import reading

# By the name in the export: what is of one person by `user_id`.
HELD: dict[str, Table] = {
    "streams": models.enrollments,
    "told_by_sources": models.source_places,
    "do_not_message": models.suppressions,
    "segments": models.segment_members,
    "test_recipient_of": models.test_recipients,
    "presses": models.button_presses,
}
OF_MESSAGE = (
    "id",
    "action",
    "message_type",
    "message_text",
    "translations",
    "buttons",
    "file_id",
    "author",
    "bot_id",
    "scheduled_at",
)
ENTRIES = 100_000  # of the audit, at most
Users, Recipients, History = models.users, models.message_recipients, models.message_history


@needs(Permission.NAMES)
def held_about(engine: Engine, user_id: int) -> dict[str, Any]:
    """What JSON can say: profile, streams, marks, deliveries with their texts, presses, audit.

    Texts are those of the message; placeholders are filled as it leaves and are kept nowhere.
    Raises ArchiveError where an archived row cannot be read.
    """
    with database.one_moment(engine) as connection:
        profile = _rows(connection, Users, user_id)
        found: dict[str, Any] = {
            "user_id": user_id,
            "profile": profile[0] if profile else None,
            **{name: _rows(connection, table, user_id) for name, table in HELD.items()},
            "deliveries": _deliveries(connection, user_id),
        }
    entries, _total = audit.entries(engine, person=user_id, limit=ENTRIES)
    found["audit"] = [plain(entry.__dict__) for entry in entries]
    return found


def _rows(connection: Connection, table: Table, user_id: int) -> list[dict[str, Any]]:
    rows = connection.execute(select(table).where(table.c.user_id == user_id)).mappings()
    return [plain(row) for row in rows]


def _deliveries(connection: Connection, user_id: int) -> list[dict[str, Any]]:
    here: list[dict[str, Any]] = [
        {**row, "archived": False}
        for row in connection.execute(
            select(Recipients).where(Recipients.c.user_id == user_id)
        ).mappings()
    ]
    kept = [{**row, "archived": True} for row in reading.of_person(connection, user_id)]
    rows = sorted([*here, *kept], key=lambda row: row["message_id"])
    messages = _messages(connection, [row["message_id"] for row in rows])
    return [{**plain(row), "message": messages.get(row["message_id"])} for row in rows]


def _messages(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    wanted = select(*(History.c[name] for name in OF_MESSAGE)).where(
        database.among(connection, History.c.id, ids)
    )
    return {row["id"]: plain(row) for row in connection.execute(wanted).mappings()}


def plain(row: Any) -> dict[str, Any]:
    """A row as JSON can say it."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }
