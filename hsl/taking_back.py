"""Taking back what was sent a moment ago: nobody gets it, and its draft is there again.

A message that is to go now stands in the outbox like a scheduled one for a few seconds. Taking it
back is one transaction against the one that starts it: whoever comes second finds it changed.
"""

from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from hsl import database, models
from hsl.acting import Permission, needs
from hsl.audience import selection
from hsl.audience.cohort import Audience
from hsl.delivery import outbox, steering
from hsl.models import MessageStatus
from hsl.words import _

History, Drafts = models.message_history, models.drafts


@needs(Permission.SEND)
def take_back(engine: Engine, message_id: int, *, actor: str) -> int | None:
    """Let nobody get the message, and return the id of its draft, made anew as it was.

    The arms of an experiment go back together. None where it was written in no draft. Raises
    OutboxError where it cannot be taken back (any more): then nothing is changed.
    """
    tray = selection.audience(engine, actor)
    with engine.begin() as connection:
        rows = [_held(connection, number) for number in _together(connection, message_id)]
        now = models.utc_now()
        connection.execute(
            update(History)
            .where(History.c.id.in_([row.id for row in rows]))
            .values(taken_back_at=now, finished_at=now, written_as=None)
        )
        for row in rows:
            outbox.set_status(
                connection,
                row,
                MessageStatus.CANCELLED,
                f"Taken back by {actor}",
                actor,
                "message_taken_back",
            )
        draft_id = _reopen(connection, rows[0], tray)
    steering.settle_cancelled(engine)
    return draft_id


def _together(connection: Connection, message_id: int) -> list[int]:
    """The ids that go back with it, in the order in which everybody locks them."""
    experiment = select(History.c.experiment_id).where(History.c.id == message_id)
    found = connection.execute(
        select(History.c.id)
        .where(History.c.experiment_id == experiment.scalar_subquery())
        .order_by(History.c.id)
    ).all()
    return [row.id for row in found] or [message_id]


def _held(connection: Connection, message_id: int) -> Row[Any]:
    row = outbox.locked(connection, message_id, set(MessageStatus), "message_taken_back")
    number = str(message_id)
    if row.taken_back_at is not None:
        raise outbox.OutboxError(_("Message {number} was taken back already.", number=number))
    waits = row.status in {MessageStatus.SCHEDULED, MessageStatus.PAUSED}
    if row.take_back_until is None or row.started_at is not None or not waits:
        raise outbox.OutboxError(
            _(
                "Message {number} cannot be taken back any more: it has begun or ended. "
                "Cancel it to stop the rest.",
                number=number,
            )
        )
    return row


def _reopen(connection: Connection, row: Row[Any], tray: Audience) -> int | None:
    """The draft as it was; its audience is named where the tray that it went to is another now."""
    kept = row.written_as
    if kept is None:
        return None
    audience = kept["audience"]
    if audience is None:
        meant = _meant(connection, row).model_copy(update={"ignore_cap": ""})
        if meant != tray:
            audience = meant.model_dump(mode="json")
    number: int = connection.execute(
        insert(Drafts)
        .values(
            author=kept["author"],
            content=kept["content"],
            audience=audience,
            plan=kept["plan"],
            follows_message_id=kept["follows_message_id"],
            revision=0,
            updated_at=models.utc_now(),
        )
        .returning(Drafts.c.id)
    ).scalar_one()
    return number


def _meant(connection: Connection, row: Row[Any]) -> Audience:
    """Whom it was written to; an arm's message knows only its own part of them."""
    whole = row.audience
    if row.experiment_id is not None:
        experiments = models.experiments.c
        whole = connection.execute(
            select(experiments.audience).where(experiments.id == row.experiment_id)
        ).scalar_one()
    return Audience.model_validate(whole or {})


def waiting(engine: Engine, experiment_id: int) -> int | None:
    """The id of an arm's message by which a whole experiment can be taken back still, else None."""
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(
            select(History.c.id, History.c.take_back_until, History.c.started_at).where(
                History.c.experiment_id == experiment_id, History.c.taken_back_at.is_(None)
            )
        ).all()
    if not rows or any(row.started_at or row.take_back_until is None for row in rows):
        return None
    return int(rows[0].id)
