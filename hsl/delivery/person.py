"""What one person got: every message that was meant for them, archived ones too."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select

from hsl import database, models
from hsl.acting import Permission, needs
from hsl.message import html
from hsl.models import Action
from hsl.words import _

History, Recipients = models.message_history, models.message_recipients


@dataclass(frozen=True)
class Received:
    """What became of one message for the person; `at` is when it left, or else was to start."""

    message_id: int
    title: str
    status: str
    reason: str | None
    error_description: str | None
    at: datetime
    archived: bool


@needs(Permission.NAMES)
def of_person(engine: Engine, user_id: int) -> list[Received]:
    """All messages that were meant for this person, the last one first.

    Archived ones are read from their files; raises ArchiveError where one is not there.
    """
    from hsl.archive import reading

    with database.read_only(engine).begin() as connection:
        here = connection.execute(
            select(Recipients)
            .join(History, History.c.id == Recipients.c.message_id)
            .where(Recipients.c.user_id == user_id, History.c.archived_at.is_(None))
        ).all()
        rows = [dict(row._mapping) for row in here] + reading.of_person(connection, user_id)
        messages = connection.execute(
            select(
                History.c.id,
                History.c.message_text,
                History.c.message_type,
                History.c.scheduled_at,
                History.c.archived_at,
            ).where(
                History.c.id.in_([row["message_id"] for row in rows]),
                History.c.action == Action.SEND,
            )
        ).all()
    return _joined(rows, messages)


def _joined(rows: Iterable[dict[str, Any]], messages: Iterable[Any]) -> list[Received]:
    known = {message.id: message for message in messages}
    found = [
        Received(
            row["message_id"],
            title_of(message),
            str(row["delivery_status"]),
            row["reason"],
            row["error_description"],
            row["sent_at"] or row["sending_at"] or message.scheduled_at,
            message.archived_at is not None,
        )
        for row in rows
        if (message := known.get(row["message_id"])) is not None
    ]
    return sorted(found, key=lambda one: (one.at, one.message_id), reverse=True)


def title_of(message: Any) -> str:
    """A message's first line as Telegram shows it, or its kind where it has no text."""
    first = html.first_line(message.message_text)
    return first[:90] or without_caption(str(message.message_type))


def without_caption(kind: str) -> str:
    """What a message is called that says nothing."""
    return {
        "photo": _("Photo without a caption"),
        "video": _("Video without a caption"),
        "document": _("Document without a caption"),
    }.get(kind, _("Message without a text"))
