"""The outbox: messages and the changes of their state, each in one transaction with its audit.

Locks are always taken in the order bot_pace, message_history, message_recipients.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Select,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from hsl import audit, database, models
from hsl.archive import catalogue
from hsl.delivery import preparing, sums, trouble
from hsl.message.content import Content
from hsl.models import (
    Action,
    AudienceMode,
    DeliveryStatus,
    MessageStatus,
    RecipientType,
)

History = models.message_history
Recipients = models.message_recipients
COUNTERS = {
    DeliveryStatus.SENT: "successful_deliveries",
    DeliveryStatus.FAILED: "failed_deliveries",
    DeliveryStatus.UNCERTAIN: "uncertain_deliveries",
    DeliveryStatus.CANCELLED: "cancelled_deliveries",
    DeliveryStatus.DELETED: "deleted_deliveries",
}
LATE_LIMIT = 3600.0  # seconds
LARGE = 20_000  # recipients from which a message is written in steps
Resolve = Callable[[Mapping[str, Any]], Select[Any]]


class OutboxError(ValueError):
    """A message cannot be made or changed as asked; nothing was changed."""


@dataclass(frozen=True)
class NewMessage:
    """A message to be made. `people` selects user_id and username.

    Without `scheduled_at` it is due at once. If it can start only more than `late_limit` seconds
    after its time, it is paused and asks. `cohort` is the audience as it was filtered, and
    `recipient_group` says it in words. With `keep_quiet` nobody gets it in their sleep.
    """

    content: Content
    people: Select[Any]
    author: str
    bot_id: int
    recipient_type: RecipientType
    scheduled_at: datetime | None = None
    recipient_group: str | None = None
    cohort: Mapping[str, Any] | None = None
    audience_mode: AudienceMode = AudienceMode.FROZEN
    follows_message_id: int | None = None
    rule_id: int | None = None
    late_limit: float | None = LATE_LIMIT
    keep_quiet: bool = False


def create(engine: Engine, new: NewMessage, *, draft_id: int | None = None) -> int:
    """Make a message and its recipients in one transaction, and return its id.

    `draft_id` names the draft that it was written in: it goes with the transaction, so that a
    second click finds none. Raises OutboxError, and then nothing was made.
    """
    _check_new(new, models.utc_now())
    with contextlib.ExitStack() as stack:
        prepared = None
        if new.audience_mode is AudienceMode.FROZEN and _is_large(engine, new.people):
            prepared = stack.enter_context(preparing.prepared(engine, new.people))
        with engine.begin() as connection:
            finish_draft(connection, draft_id)
            return add(connection, new, prepared=prepared)


def _is_large(engine: Engine, people: Select[Any]) -> bool:
    some = people.order_by(None).limit(LARGE + 1).subquery()
    with database.read_only(engine).begin() as connection:
        return connection.execute(select(func.count()).select_from(some)).scalar_one() > LARGE


def add(connection: Connection, new: NewMessage, *, prepared: int | None = None) -> int:
    """What `create` does, within the caller's transaction.

    A rule's message may have nobody yet: its group is chosen when it starts. `prepared` is the id
    whose recipients are written already, see `preparing`.
    """
    now = models.utc_now()
    _check_new(new, now)
    total = _total(connection, new, prepared)
    live = new.audience_mode is AudienceMode.LIVE
    message_id: int = connection.execute(
        insert(History).returning(History.c.id),
        {
            **({} if prepared is None else {"id": prepared}),
            "message_text": new.content.text,
            "message_type": new.content.message_type,
            "file_id": new.content.file_id,
            "buttons": new.content.buttons_json(),
            "options": {},
            "author": new.author,
            "bot_id": new.bot_id,
            "status": MessageStatus.SCHEDULED,
            "recipient_type": new.recipient_type,
            "recipient_group": new.recipient_group,
            "audience": None if new.cohort is None else dict(new.cohort),
            "audience_mode": new.audience_mode,
            "audience_at_creation": total,
            "follows_message_id": new.follows_message_id,
            "rule_id": new.rule_id,
            "created_at": now,
            "scheduled_at": new.scheduled_at or now,
            "late_limit": new.late_limit,
            "keep_quiet": new.keep_quiet,
            "version": 1,
            "action": Action.SEND,
            **dict.fromkeys(COUNTERS.values(), 0),
            "total_recipients": 0 if live else total,
        },
    ).scalar_one()
    if not live and prepared is None:
        _add_recipients(connection, message_id, new.people)
    audit.record(
        connection,
        actor=new.author,
        action="message_scheduled" if new.scheduled_at else "message_created",
        object_type="message",
        object_id=message_id,
        details={
            "recipients": total,
            "group": new.recipient_group,
            "preview": new.content.text[:200],
            "type": new.content.message_type,
            "buttons": sum(len(line) for line in new.content.buttons),
            "scheduled_at": (new.scheduled_at or now).isoformat(),
            "audience_mode": new.audience_mode,
            **({} if new.rule_id is None else {"rule": new.rule_id}),
        },
    )
    return message_id


def _total(connection: Connection, new: NewMessage, prepared: int | None) -> int:
    if prepared is None:
        found = new.people.order_by(None).subquery()
        count = select(func.count()).select_from(found)
    else:
        if not preparing.finish(connection, prepared):
            raise OutboxError("Writing the recipients took too long. Nothing was sent; try again.")
        count = select(func.count()).where(Recipients.c.message_id == prepared)
    total = int(connection.execute(count).scalar_one())
    if total == 0 and new.rule_id is None:
        raise OutboxError("Nobody is chosen. Choose people on the Audience page first.")
    return total


def finish_draft(connection: Connection, draft_id: int | None) -> None:
    """Take the draft away with what it became; a second click finds none and raises OutboxError."""
    if draft_id is None:
        return
    taken = connection.execute(delete(models.drafts).where(models.drafts.c.id == draft_id))
    if taken.rowcount != 1:
        raise OutboxError("This draft was sent or discarded before. Nothing was sent twice.")


def _check_new(new: NewMessage, now: datetime) -> None:
    problems, scheduled_at = new.content.check(), new.scheduled_at
    if problems:
        raise OutboxError(f"Nothing was sent: {problems[0].message}")
    if scheduled_at is not None:
        if scheduled_at.tzinfo is None:
            raise OutboxError(f"{scheduled_at} has no time zone. Add one, such as +03:00.")
        if scheduled_at <= now:
            raise OutboxError(f"{scheduled_at.isoformat()} is in the past. Choose a later time.")
        if new.content.message_type is not models.MessageType.TEXT:
            raise OutboxError(
                "Videos and documents cannot be scheduled: their file_id may lapse. Send it now."
            )
    if new.audience_mode is AudienceMode.LIVE and (scheduled_at is None or new.cohort is None):
        raise OutboxError("Only a scheduled message to a filtered group can choose people later.")


def _add_recipients(connection: Connection, message_id: int, people: Select[Any]) -> int:
    found = people.order_by(None).subquery()
    connection.execute(
        insert(Recipients).from_select(
            ["message_id", "user_id", "username", "delivery_status", "attempts"],
            select(
                literal(message_id, models.RowId),
                found.c.user_id,
                found.c.username,
                literal(DeliveryStatus.PENDING.value),
                literal(0),
            ),
        )
    )
    # PostgreSQL's driver does not tell how many rows an INSERT … SELECT added.
    added = select(func.count()).where(Recipients.c.message_id == message_id)
    return int(connection.execute(added).scalar_one())


def start_due(engine: Engine, *, now: datetime, resolve: Resolve) -> list[int]:
    """Start every scheduled message whose time has come, and return their ids.

    A live audience is resolved here; a large one in steps before the transaction that starts it.
    One that is later than its limit, as nothing ran at its time, is paused instead.
    """
    due = select(History).where(
        History.c.status == MessageStatus.SCHEDULED, History.c.scheduled_at <= now
    )
    with database.read_only(engine).begin() as connection:
        live = connection.execute(due.where(History.c.audience_mode == AudienceMode.LIVE)).all()
    in_time = [row for row in live if not _is_too_late(row, now)]
    large = {row.id: row for row in in_time if _is_large(engine, resolve(row.audience))}
    started: list[int] = []
    for row in large.values():
        with (
            contextlib.suppress(preparing.PreparationError),
            preparing.prepared(engine, resolve(row.audience), message_id=row.id),
            engine.begin() as connection,
        ):
            started += _start_prepared(connection, row.id, now)
    with engine.begin() as connection:
        for row in connection.execute(
            due.where(History.c.id.not_in(large))
            .order_by(History.c.id)
            .with_for_update(skip_locked=True)
        ).all():
            if _is_too_late(row, now):
                _hold_back(connection, row, (now - row.scheduled_at).total_seconds())
                continue
            total = row.total_recipients
            if row.audience_mode == AudienceMode.LIVE:
                total = _add_recipients(connection, row.id, resolve(row.audience))
            _start(connection, row.id, now, total)
            started.append(row.id)
        finish_complete(connection, started, now=now)
    return started


def _start_prepared(connection: Connection, message_id: int, now: datetime) -> list[int]:
    """Start a message whose recipients were written in steps, if it still waits for that."""
    row = connection.execute(
        select(History).where(History.c.id == message_id).with_for_update()
    ).one()
    if row.status != MessageStatus.SCHEDULED or not preparing.finish(connection, message_id):
        return []
    rows = select(func.count()).where(Recipients.c.message_id == message_id)
    _start(connection, message_id, now, int(connection.execute(rows).scalar_one()))
    return [message_id]


def _start(connection: Connection, message_id: int, now: datetime, total: int) -> None:
    connection.execute(
        update(History)
        .where(History.c.id == message_id)
        .values(status=MessageStatus.SENDING, started_at=now, total_recipients=total)
    )


def _is_too_late(row: Row[Any], now: datetime) -> bool:
    late = (now - row.scheduled_at).total_seconds()
    return row.late_limit is not None and late > row.late_limit


def _hold_back(connection: Connection, row: Row[Any], late: float) -> None:
    reason = (
        f"Nothing was running at its time, and now it is {late / 60:,.0f} minutes late. "
        "Resume it to send it all the same, or cancel it."
    )
    set_status(connection, row, MessageStatus.PAUSED, reason, "scheduler", "message_too_late")


def finish_complete(connection: Connection, message_ids: list[int], *, now: datetime) -> list[int]:
    """End those of these sending messages whose every recipient has an outcome."""
    settled = sum((History.c[name] for name in COUNTERS.values()), start=literal(0))
    finished = connection.execute(
        update(History)
        .where(
            History.c.id.in_(message_ids),
            History.c.status == MessageStatus.SENDING,
            History.c.total_recipients == settled,
        )
        .values(status=MessageStatus.SENT, finished_at=now, sent_at=now, status_reason=None)
        .returning(History)
    ).all()
    for row in finished:
        _record_result(connection, row)
    return [row.id for row in finished]


def _record_result(connection: Connection, row: Row[Any]) -> None:
    scheduled = row.scheduled_at > row.created_at
    audit.record(
        connection,
        actor="scheduler",
        action="scheduled_message_sent" if scheduled else "message_send_production",
        object_type="message",
        object_id=row.id,
        details={
            "author": row.author,
            "recipients": row.total_recipients,
            "group": row.recipient_group,
            "preview": row.message_text[:200],
            "result": row.status,
            "statistics": {status.value: getattr(row, name) for status, name in COUNTERS.items()},
            "seconds": (
                (row.finished_at - row.started_at).total_seconds() if row.started_at else None
            ),
        },
    )


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
        row = locked(connection, message_id, {MessageStatus.PAUSED}, "message_resumed")
        status = MessageStatus.SENDING if row.started_at else MessageStatus.SCHEDULED
        # Who resumes a late message has seen that it is late.
        connection.execute(
            update(History).where(History.c.id == message_id).values(late_limit=None)
        )
        set_status(connection, row, status, None, actor, "message_resumed")
        # Whoever resumes says that the bot's trouble is over; if not, its next answer tells.
        trouble.end(connection, row.bot_id)
        finish_complete(connection, [message_id], now=models.utc_now())


def cancel(engine: Engine, message_id: int, *, actor: str) -> int:
    """Cancel for everybody who has not been sent to, and return how many those are."""
    with engine.begin() as connection:
        return cancel_within(connection, message_id, actor=actor)


def cancel_within(connection: Connection, message_id: int, *, actor: str) -> int:
    """What `cancel` does, within the caller's transaction."""
    allowed = {MessageStatus.SCHEDULED, MessageStatus.SENDING, MessageStatus.PAUSED}
    row = locked(connection, message_id, allowed, "message_cancelled")
    stopped = connection.execute(
        update(Recipients)
        .where(
            Recipients.c.message_id == message_id,
            Recipients.c.delivery_status == DeliveryStatus.PENDING,
        )
        .values(delivery_status=DeliveryStatus.CANCELLED, next_attempt_at=None)
    ).rowcount
    connection.execute(
        update(History)
        .where(History.c.id == message_id)
        .values(
            cancelled_deliveries=History.c.cancelled_deliveries + stopped,
            finished_at=models.utc_now(),
        )
    )
    reason = f"Cancelled by {actor}"
    set_status(
        connection,
        row,
        MessageStatus.CANCELLED,
        reason,
        actor,
        "message_cancelled",
        cancelled=stopped,
    )
    return stopped


def retry_failed(
    engine: Engine, message_id: int, *, actor: str, reasons: tuple[str, ...] = ()
) -> int:
    """Put failed recipients back (only those of `reasons` if given); return how many.

    Those `uncertain` are never among them. Also goes on with the untried rest of a failed message.
    """
    with engine.begin() as connection:
        allowed = {MessageStatus.SENT, MessageStatus.FAILED}
        row = locked(connection, message_id, allowed, "message_retried")
        failed = update(Recipients).where(
            Recipients.c.message_id == message_id,
            Recipients.c.delivery_status == DeliveryStatus.FAILED,
        )
        if reasons:
            failed = failed.where(Recipients.c.reason.in_(reasons))
        back = connection.execute(
            failed.values(
                delivery_status=DeliveryStatus.PENDING,
                reason=None,
                error_code=None,
                error_description=None,
                next_attempt_at=None,
            )
        ).rowcount
        if back == 0 and row.status == MessageStatus.SENT:
            raise OutboxError(f"Message {message_id} has no failed recipients to try again.")
        connection.execute(
            update(History)
            .where(History.c.id == message_id)
            .values(failed_deliveries=History.c.failed_deliveries - back, finished_at=None)
        )
        set_status(
            connection, row, MessageStatus.SENDING, None, actor, "message_retried", people=back
        )
        finish_complete(connection, [message_id], now=models.utc_now())
    return back


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
    engine: Engine, message_id: int, *, actor: str, user_ids: tuple[int, ...] = ()
) -> int:
    """Send to uncertain recipients (all, or these) once more, as a person says so; how many.

    This is the only way that anybody may get a message twice.
    """
    return _settle_uncertain(
        engine,
        message_id,
        actor=actor,
        action="uncertain_sent_again",
        user_ids=user_ids,
        status=DeliveryStatus.PENDING,
    )


def _settle_uncertain(
    engine: Engine,
    message_id: int,
    *,
    actor: str,
    action: str,
    user_ids: tuple[int, ...],
    status: DeliveryStatus,
) -> int:
    with engine.begin() as connection:
        allowed = set(MessageStatus) - {MessageStatus.SCHEDULED}
        row = locked(connection, message_id, allowed, action)
        if status is DeliveryStatus.PENDING and row.status == MessageStatus.CANCELLED:
            raise OutboxError(f"Message {message_id} is cancelled: nobody gets it any more.")
        chosen = update(Recipients).where(
            Recipients.c.message_id == message_id,
            Recipients.c.delivery_status == DeliveryStatus.UNCERTAIN,
        )
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
        if settled == 0:
            raise OutboxError(f"Message {message_id} has no such uncertain recipients.")
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
        set_status(connection, row, after, row.status_reason, actor, action, people=settled)
        finish_complete(connection, [message_id], now=models.utc_now())
    return settled


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
        row = locked(connection, message_id, allowed, action)
        set_status(connection, row, status, status_reason, actor, action)


def locked(
    connection: Connection, message_id: int, allowed: set[MessageStatus], action: str
) -> Row[Any]:
    """The message's row, locked. Raises OutboxError where its status does not allow `action`."""
    row = connection.execute(
        select(History).where(History.c.id == message_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise OutboxError(f"There is no message {message_id}. `hsl status` lists them.")
    if preparing.is_going_on(connection, message_id):
        raise OutboxError(f"Message {message_id} is just starting. Try again in a few seconds.")
    if row.status not in allowed:
        verb = action.removeprefix("message_")
        wanted = ", ".join(sorted(allowed))
        raise OutboxError(
            f"Message {message_id} is {row.status} and cannot be {verb}; it must be {wanted}."
        )
    if row.archived_at is not None:
        month = catalogue.month_of(row.started_at)
        raise OutboxError(
            f"Message {message_id} is archived, so nothing about its recipients can change. Bring "
            f"them back first: python -m hsl archive --restore {month}"
        )
    return row


def set_status(
    connection: Connection,
    row: Row[Any],
    status: MessageStatus,
    reason: str | None,
    actor: str,
    action: str,
    **details: object,
) -> None:
    """Move the locked message to `status`, with its audit entry."""
    connection.execute(
        update(History).where(History.c.id == row.id).values(status=status, status_reason=reason)
    )
    audit.record(
        connection,
        actor=actor,
        action=action,
        object_type="message",
        object_id=row.id,
        details={
            "before": row.status,
            "after": status,
            "sum": sums.closing_sum(connection, row.id).sentence(),
            **details,
        },
    )
