"""Moving a scheduled message to another time."""

from datetime import UTC, datetime

from sqlalchemy import Engine, update

from hsl import models
from hsl.acting import Permission, needs
from hsl.delivery import approving, outbox
from hsl.delivery.outbox import History
from hsl.models import MessageStatus
from hsl.words import _


@needs(Permission.SEND)
def reschedule(engine: Engine, message_id: int, moment: datetime, *, actor: str) -> datetime:
    """Let a scheduled message go at `moment` instead; returns when it was to go, in UTC.

    Its people stay those who were chosen, and what is chosen at its start is chosen then. Raises
    OutboxError where it is not scheduled (any more), or the time has no zone or is past.
    """
    if moment.tzinfo is None:
        raise outbox.OutboxError(
            _("{time} has no time zone. Add one, such as +03:00.", time=str(moment))
        )
    with engine.begin() as connection:
        row = outbox.locked(connection, message_id, set(MessageStatus), "message_rescheduled")
        if row.status != MessageStatus.SCHEDULED:
            raise outbox.OutboxError(
                _(
                    "Message {number} is {status} by now. Only a scheduled message can be moved.",
                    number=str(message_id),
                    status=_(str(row.status)),
                )
            )
        if moment <= models.utc_now():
            raise outbox.OutboxError(
                _(
                    "{time} is in the past. Choose a later time.",
                    time=moment.isoformat(" ", "minutes"),
                )
            )
        # A message that was given a time is a scheduled one, whatever it was before.
        connection.execute(
            update(History)
            .where(History.c.id == message_id)
            .values(scheduled_at=moment, take_back_until=None, written_as=None)
        )
        outbox.set_status(
            connection,
            row,
            MessageStatus.SCHEDULED,
            row.status_reason,
            actor,
            "message_rescheduled",
            was=row.scheduled_at.isoformat(),
            scheduled_at=moment.astimezone(UTC).isoformat(),
        )
        approving.hold_if_many(connection, message_id, by=actor)
    was: datetime = row.scheduled_at
    return was
