"""What a person does with a message: pause, resume, cancel, retry, settle the uncertain."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, func, literal, select, update

from hsl import database, models
from hsl.delivery import outbox, preparing, trouble
from hsl.delivery.outbox import History, Recipients
from hsl.models import Action, DeliveryStatus, MessageStatus

# By rule: selects of user_id of those who must not be sent to, whatever is asked for them.
Excluded = Callable[[Connection], list[tuple[str, Select[Any]]]]


def nobody(_connection: Connection) -> list[tuple[str, Select[Any]]]:
    """No exclusion lists."""
    return []


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
        # Whoever resumes says that the bot's trouble is over; if not, its next answer tells.
        trouble.end(connection, row.bot_id)
        outbox.finish_complete(connection, [message_id], now=models.utc_now())


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


def retry_failed(
    engine: Engine,
    message_id: int,
    *,
    actor: str,
    reasons: tuple[str, ...] = (),
    excluded: Excluded = nobody,
) -> int:
    """Put failed recipients back (only those of `reasons` if given); return how many.

    Those `uncertain` are never among them, nor those `excluded`. Also goes on with the untried rest
    of a failed message. Many are put back in steps, each person once.
    """
    chosen = _failed(message_id, reasons)
    back, last = _retry_some(engine, message_id, chosen, actor, excluded, after=None)
    total = back
    while back == preparing.AT_ONCE:
        time.sleep(preparing.BREATH)
        back, last = _retry_some(engine, message_id, chosen, actor, excluded, after=last)
        total += back
    return total


def _failed(message_id: int, reasons: tuple[str, ...]) -> Select[Any]:
    chosen = select(Recipients.c.id).where(
        Recipients.c.message_id == message_id,
        Recipients.c.delivery_status == DeliveryStatus.FAILED,
    )
    return chosen.where(Recipients.c.reason.in_(reasons)) if reasons else chosen


def _retry_some(
    engine: Engine,
    message_id: int,
    chosen: Select[Any],
    actor: str,
    excluded: Excluded,
    *,
    after: int | None,
) -> tuple[int, int]:
    """One step, of recipients with an id over `after`; how many, and the last one's id."""
    chosen = chosen.where(Recipients.c.id > (after or 0))
    first = after is None
    allowed = {MessageStatus.SENT, MessageStatus.FAILED}
    with engine.begin() as connection:
        more = set() if first else {MessageStatus.SENDING, MessageStatus.PAUSED}
        row = outbox.locked(connection, message_id, allowed | more, "message_retried")
        chosen = chosen.where(*_may_be_sent_to(connection, row, excluded))
        people = chosen.order_by(Recipients.c.id).limit(preparing.AT_ONCE)
        ids = [found.id for found in connection.execute(people)]
        if not ids and first and row.status == MessageStatus.SENT:
            raise outbox.OutboxError(f"Message {message_id} has no failed recipients to try again.")
        if not ids and not first:
            return 0, after or 0
        total = len(ids)
        if first and total == preparing.AT_ONCE:
            whole = select(func.count()).select_from(chosen.subquery())
            total = connection.execute(whole).scalar_one()
        connection.execute(
            update(Recipients)
            .where(Recipients.c.id.in_(ids))
            .values(
                delivery_status=DeliveryStatus.PENDING,
                reason=None,
                error_code=None,
                error_description=None,
                next_attempt_at=None,
            )
        )
        excluded(connection)  # an archive run may have taken from a list what it stands on
        paused = row.status == MessageStatus.PAUSED
        status = MessageStatus.PAUSED if paused else MessageStatus.SENDING
        connection.execute(
            update(History)
            .where(History.c.id == message_id)
            .values(
                failed_deliveries=History.c.failed_deliveries - len(ids),
                finished_at=None,
                status=status,
            )
        )
        if first:
            outbox.set_status(connection, row, status, None, actor, "message_retried", people=total)
        outbox.finish_complete(connection, [message_id], now=models.utc_now())
    return len(ids), ids[-1] if ids else 0


def mark_delivered(
    engine: Engine, message_id: int, *, actor: str, user_ids: tuple[int, ...] = ()
) -> int:
    """Take uncertain recipients (all, or these) for delivered, as a person says so; how many."""
    return _settle_uncertain(
        engine,
        message_id,
        actor=actor,
        action="uncertain_marked_delivered",
        user_ids=user_ids,
        status=DeliveryStatus.SENT,
    )


def send_again(
    engine: Engine,
    message_id: int,
    *,
    actor: str,
    user_ids: tuple[int, ...] = (),
    excluded: Excluded = nobody,
) -> int:
    """Send to uncertain recipients (all, or these) once more, as a person says so; how many.

    Nobody `excluded` is among them. This is the only way that anybody may get a message twice.
    """
    return _settle_uncertain(
        engine,
        message_id,
        actor=actor,
        action="uncertain_sent_again",
        user_ids=user_ids,
        status=DeliveryStatus.PENDING,
        excluded=excluded,
    )


def _settle_uncertain(
    engine: Engine,
    message_id: int,
    *,
    actor: str,
    action: str,
    user_ids: tuple[int, ...],
    status: DeliveryStatus,
    excluded: Excluded = nobody,
) -> int:
    with engine.begin() as connection:
        allowed = set(MessageStatus) - {MessageStatus.SCHEDULED}
        row = outbox.locked(connection, message_id, allowed, action)
        if status is DeliveryStatus.PENDING and row.status == MessageStatus.CANCELLED:
            raise outbox.OutboxError(f"Message {message_id} is cancelled: nobody gets it any more.")
        chosen = update(Recipients).where(
            Recipients.c.message_id == message_id,
            Recipients.c.delivery_status == DeliveryStatus.UNCERTAIN,
        )
        if status is DeliveryStatus.PENDING:
            chosen = chosen.where(*_may_be_sent_to(connection, row, excluded))
        if user_ids:
            chosen = chosen.where(Recipients.c.user_id.in_(user_ids))
        # A late answer to the first request must not settle the second: the row has no owner now.
        settled = connection.execute(
            chosen.values(
                delivery_status=status,
                reason="marked" if status is DeliveryStatus.SENT else None,
                lease_owner=None,
                next_attempt_at=None,
            )
        ).rowcount
        excluded(connection)
        if settled == 0:
            raise outbox.OutboxError(f"Message {message_id} has no such uncertain recipients.")
        moved = {"uncertain_deliveries": History.c.uncertain_deliveries - settled}
        if status is DeliveryStatus.SENT:
            moved["successful_deliveries"] = History.c.successful_deliveries + settled
        connection.execute(update(History).where(History.c.id == message_id).values(moved))
        after = MessageStatus(row.status)
        if status is DeliveryStatus.PENDING and after is not MessageStatus.PAUSED:
            after = MessageStatus.SENDING
            connection.execute(
                update(History).where(History.c.id == message_id).values(finished_at=None)
            )
        outbox.set_status(connection, row, after, row.status_reason, actor, action, people=settled)
        outbox.finish_complete(connection, [message_id], now=models.utc_now())
    return settled


def _may_be_sent_to(
    connection: Connection, message: Row[Any], excluded: Excluded
) -> list[ColumnElement[bool]]:
    """Of this message's recipients, those without a mark and on no list; these forbid no edits."""
    if message.action != Action.SEND:
        return []
    rules = [select(models.suppressions.c.user_id)]
    rules += [people for _rule, people in excluded(connection)]
    return [Recipients.c.user_id.not_in(people) for people in rules]


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
