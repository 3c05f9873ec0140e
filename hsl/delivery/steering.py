"""What a person does with a message: pause, resume, cancel, take the uncertain for delivered."""

import time
from collections import Counter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, literal, select, update

from hsl import database, models
from hsl.acting import Permission, needs
from hsl.delivery import approving, outbox, preparing, trouble
from hsl.delivery.outbox import History, Recipients
from hsl.models import DeliveryStatus, MessageStatus
from hsl.words import _


@needs(Permission.SEND)
def pause(engine: Engine, message_id: int, *, actor: str, reason: str | None = None) -> None:
    """Stop sending until `resume`; nobody leaves after this transaction."""
    _change(
        engine,
        message_id,
        actor=actor,
        action="message_paused",
        allowed={MessageStatus.SCHEDULED, MessageStatus.SENDING},
        status=MessageStatus.PAUSED,
        status_reason=reason or f"Paused by {actor}",
    )


@needs(Permission.SEND)
def resume(engine: Engine, message_id: int, *, actor: str) -> None:
    """Go on with a paused message: at its time if that is still to come, else at once."""
    with engine.begin() as connection:
        bot = select(History.c.bot_id).where(History.c.id == message_id).scalar_subquery()
        connection.execute(
            select(models.bot_pace.c.bot_id)
            .where(models.bot_pace.c.bot_id == bot)
            .with_for_update()
        ).one_or_none()
        row = outbox.locked(connection, message_id, {MessageStatus.PAUSED}, "message_resumed")
        status = MessageStatus.SENDING if row.started_at else MessageStatus.SCHEDULED
        if row.started_at is None and row.scheduled_at <= models.utc_now():
            # Who resumes a late message has seen that it is late.
            connection.execute(
                update(History).where(History.c.id == message_id).values(late_limit=None)
            )
        outbox.set_status(connection, row, status, None, actor, "message_resumed")
        approving.hold_if_many(connection, message_id, by=actor)
        # Whoever resumes says that the bot's trouble is over; if not, its next answer tells.
        trouble.end(connection, row.bot_id)
        outbox.finish_complete(connection, [message_id], now=models.utc_now())


@needs(Permission.SEND)
def cancel(engine: Engine, message_id: int, *, actor: str) -> int:
    """Cancel for everybody who has not been sent to, and return how many those are.

    It holds from the first transaction on; the rows of a large message follow in steps, so that
    others are sent to meanwhile. `settle_cancelled` does what a dead process left of that.
    """
    with engine.begin() as connection:
        _mark_cancelled(connection, message_id, actor=actor)
    return _settle(engine, message_id)


def settle_cancelled(engine: Engine) -> int:
    """Settle rows that still wait in cancelled messages, and return how many there were."""
    settled = sum((History.c[name] for name in outbox.COUNTERS.values()), start=literal(0))
    unsettled = select(History.c.id).where(
        History.c.status == MessageStatus.CANCELLED, History.c.total_recipients > settled
    )
    with database.read_only(engine).begin() as connection:
        found = connection.execute(unsettled).all()
    return sum(_settle(engine, row.id) for row in found)


def cancel_within(connection: Connection, message_id: int, *, actor: str) -> int:
    """What `cancel` does, within the caller's transaction; for a small message."""
    _mark_cancelled(connection, message_id, actor=actor)
    stopped = 0
    while some := _cancel_some(connection, message_id):
        stopped += some
    return stopped


def cancel_rows(connection: Connection, ids: list[int], message_ids: list[int]) -> None:
    """Settle these recipients, of these messages, as cancelled; none of them has an outcome."""
    if not ids:
        return
    connection.execute(
        update(Recipients)
        .where(Recipients.c.id.in_(ids))
        .values(delivery_status=DeliveryStatus.CANCELLED, next_attempt_at=None)
    )
    for message_id, people in Counter(message_ids).items():
        connection.execute(
            update(History)
            .where(History.c.id == message_id)
            .values(cancelled_deliveries=History.c.cancelled_deliveries + people)
        )


def _mark_cancelled(connection: Connection, message_id: int, *, actor: str) -> None:
    allowed = {MessageStatus.SCHEDULED, MessageStatus.SENDING, MessageStatus.PAUSED}
    row = outbox.locked(connection, message_id, allowed, "message_cancelled")
    connection.execute(
        update(History).where(History.c.id == message_id).values(finished_at=models.utc_now())
    )
    reason = f"Cancelled by {actor}"
    outbox.set_status(connection, row, MessageStatus.CANCELLED, reason, actor, "message_cancelled")


def _settle(engine: Engine, message_id: int) -> int:
    stopped = 0
    while True:
        with engine.begin() as connection:
            some = _cancel_some(connection, message_id)
        if not some:
            return stopped
        stopped += some
        time.sleep(preparing.BREATH if some == preparing.AT_ONCE else 0.0)


def _cancel_some(connection: Connection, message_id: int) -> int:
    """Cancel some who wait in a cancelled message; its row is locked first, as everywhere."""
    row = connection.execute(
        select(History.c.status).where(History.c.id == message_id).with_for_update()
    ).one()
    if row.status != MessageStatus.CANCELLED:
        return 0
    waiting = connection.execute(
        select(Recipients.c.id)
        .where(
            Recipients.c.message_id == message_id,
            Recipients.c.delivery_status == DeliveryStatus.PENDING,
        )
        .limit(preparing.AT_ONCE)
    ).all()
    ids = [recipient.id for recipient in waiting]
    cancel_rows(connection, ids, [message_id] * len(ids))
    return len(ids)


@needs(Permission.SEND)
def mark_delivered(
    engine: Engine, message_id: int, *, actor: str, user_ids: tuple[int, ...] = ()
) -> int:
    """Take uncertain recipients (all, or these) for delivered, as a person says so; how many."""
    action = "uncertain_marked_delivered"
    with engine.begin() as connection:
        row = lock_for_uncertain(connection, message_id, action)
        settled = connection.execute(
            update(Recipients)
            .where(*uncertain(message_id, user_ids))
            .values(
                delivery_status=DeliveryStatus.SENT,
                reason="marked",
                lease_owner=None,
                next_attempt_at=None,
            )
        ).rowcount
        require_uncertain(settled, message_id)
        connection.execute(
            update(History)
            .where(History.c.id == message_id)
            .values(
                uncertain_deliveries=History.c.uncertain_deliveries - settled,
                successful_deliveries=History.c.successful_deliveries + settled,
            )
        )
        status = MessageStatus(row.status)
        outbox.set_status(connection, row, status, row.status_reason, actor, action, people=settled)
        outbox.finish_complete(connection, [message_id], now=models.utc_now())
    return settled


def uncertain(message_id: int, user_ids: tuple[int, ...]) -> list[ColumnElement[bool]]:
    """That a recipient is one of the message's uncertain ones, and of these people if given."""
    chosen = [
        Recipients.c.message_id == message_id,
        Recipients.c.delivery_status == DeliveryStatus.UNCERTAIN,
    ]
    return [*chosen, Recipients.c.user_id.in_(user_ids)] if user_ids else chosen


def lock_for_uncertain(connection: Connection, message_id: int, action: str) -> Row[Any]:
    """The locked row of a message that may have uncertain recipients. Raises OutboxError."""
    allowed = set(MessageStatus) - {MessageStatus.SCHEDULED}
    return outbox.locked(connection, message_id, allowed, action)


def require_uncertain(settled: int, message_id: int) -> None:
    """Raises OutboxError where nobody was settled."""
    if settled == 0:
        raise outbox.OutboxError(
            _("Message {number} has no such uncertain recipients.", number=str(message_id))
        )


def _change(
    engine: Engine,
    message_id: int,
    *,
    actor: str,
    action: str,
    allowed: set[MessageStatus],
    status: MessageStatus,
    status_reason: str,
) -> None:
    with engine.begin() as connection:
        row = outbox.locked(connection, message_id, allowed, action)
        outbox.set_status(connection, row, status, status_reason, actor, action)
