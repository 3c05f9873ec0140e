"""Sending again, as a person says so: to those who failed, and to those who are uncertain.

Exclusion lists may take long to look up, so they are asked once, before the steps that write.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, select, update

from hsl import audit, database, models
from hsl.acting import Permission, needs
from hsl.delivery import approving, outbox, preparing, steering
from hsl.delivery.outbox import History, Recipients
from hsl.models import Action, DeliveryStatus, MessageStatus
from hsl.words import _

# By rule: selects of user_id of those who must not be sent to, whatever is asked for them.
Excluded = Callable[[Connection], list[tuple[str, Select[Any]]]]


@dataclass(frozen=True)
class _Again:
    """Ids of recipients: who is sent to again, and by list who waits and must not get it.

    `left_out` is None where the message has not failed, so that its rest is not asked about.
    """

    back: list[int]
    left_out: dict[str, list[int]] | None = None


@needs(Permission.SEND)
def retry_failed(
    engine: Engine,
    message_id: int,
    *,
    actor: str,
    excluded: Excluded,
    reasons: tuple[str, ...] = (),
) -> int:
    """Put failed recipients back (only those of `reasons` if given); return how many.

    Those `uncertain` are never among them, nor those `excluded` as it begins. Also goes on with the
    untried rest of a failed message, but for those `excluded`. Many are put back in steps, each
    person once.
    """
    chosen = _in_state(message_id, DeliveryStatus.FAILED)
    if reasons:
        chosen.append(Recipients.c.reason.in_(reasons))
    again = _planned(engine, message_id, chosen, excluded)
    _leave_out(engine, message_id, again, actor=actor, action="message_retried")
    back = _retry_first(engine, message_id, again, actor=actor)
    for some in list(_steps(again.back))[1:]:
        time.sleep(preparing.BREATH)
        back += _retry_more(engine, message_id, some)
    return back


@needs(Permission.SEND)
def send_again(
    engine: Engine,
    message_id: int,
    *,
    actor: str,
    excluded: Excluded,
    user_ids: tuple[int, ...] = (),
) -> int:
    """Send to uncertain recipients (all, or these) once more, as a person says so; how many.

    Nobody `excluded` as it begins is among them, nor among the untried rest of a failed message,
    which goes on too. This is the only way that anybody may get a message twice.
    """
    action = "uncertain_sent_again"
    uncertain = steering.uncertain(message_id, user_ids)
    again = _planned(engine, message_id, uncertain, excluded)
    if again.back:
        _leave_out(engine, message_id, again, actor=actor, action=action)
    with engine.begin() as connection:
        row = steering.lock_for_uncertain(connection, message_id, action)
        _require_asked(row, again)
        if row.status == MessageStatus.CANCELLED:
            raise outbox.OutboxError(
                _(
                    "Message {number} is cancelled: nobody gets it any more.",
                    number=str(message_id),
                )
            )
        may = [*uncertain, *_unmarked(row)]
        settled = 0
        for some in _steps(again.back):
            # A late answer to the first request must not settle the second: it has no owner now.
            settled += connection.execute(
                update(Recipients)
                .where(Recipients.c.id.in_(some), *may)
                .values(
                    delivery_status=DeliveryStatus.PENDING,
                    reason=None,
                    lease_owner=None,
                    next_attempt_at=None,
                )
            ).rowcount
        steering.require_uncertain(settled, message_id)
        status = _going(row)
        _set_going(connection, row, status, uncertain_deliveries=-settled)
        outbox.set_status(connection, row, status, row.status_reason, actor, action, people=settled)
        approving.hold_if_many(connection, message_id, by=actor, anew=True)
        outbox.finish_complete(connection, [message_id], now=models.utc_now())
    return settled


def _in_state(message_id: int, status: DeliveryStatus) -> list[ColumnElement[bool]]:
    return [Recipients.c.message_id == message_id, Recipients.c.delivery_status == status]


def _planned(
    engine: Engine, message_id: int, chosen: list[ColumnElement[bool]], excluded: Excluded
) -> _Again:
    """Who of those chosen may be sent to, and who of a failed message's rest must not be.

    The lists are asked here, as they may take long and every step holds SQLite's write lock.
    """
    with database.one_moment(engine) as connection:
        message = connection.execute(select(History).where(History.c.id == message_id)).first()
        if message is None or message.archived_at is not None:
            return _Again([])  # the step refuses it
        lists = excluded(connection) if message.action == Action.SEND else []
        may = [Recipients.c.user_id.not_in(people) for _name, people in lists]
        ids = select(Recipients.c.id).order_by(Recipients.c.id)
        back = _ids(connection, ids.where(*chosen, *_unmarked(message), *may))
        if message.status != MessageStatus.FAILED:
            return _Again(back)
        waiting = ids.where(*_in_state(message_id, DeliveryStatus.PENDING))
        left_out = {
            name: _ids(connection, waiting.where(Recipients.c.user_id.in_(people)))
            for name, people in lists
        }
    return _Again(back, left_out)


def _ids(connection: Connection, found: Select[Any]) -> list[int]:
    return [row.id for row in connection.execute(found)]


def _unmarked(message: Row[Any]) -> list[ColumnElement[bool]]:
    """That a recipient is somebody without a mark; marks forbid no edits in the chats."""
    somebody = Recipients.c.user_id < models.FIRST_PSEUDONYM
    if message.action not in models.SENDS:
        return [somebody]
    return [somebody, Recipients.c.user_id.not_in(select(models.suppressions.c.user_id))]


def _leave_out(engine: Engine, message_id: int, again: _Again, *, actor: str, action: str) -> None:
    """Cancel for those who must not get it, in steps, while the message still stands as failed."""
    for rule, ids in (again.left_out or {}).items():
        for some in _steps(ids):
            with engine.begin() as connection:
                outbox.locked(connection, message_id, {MessageStatus.FAILED}, action)
                _cancel_for(connection, message_id, some, rule, actor)
            time.sleep(preparing.BREATH)


def _require_asked(row: Row[Any], again: _Again) -> None:
    """Raises OutboxError where the message has failed since it was looked at."""
    if row.status == MessageStatus.FAILED and again.left_out is None:
        raise outbox.OutboxError(
            _("Message {number} has only just failed. Try again.", number=str(row.id))
        )


def _cancel_for(
    connection: Connection, message_id: int, ids: list[int], rule: str, actor: str
) -> None:
    """Cancel those of these who still wait, as left out by `rule`."""
    people = connection.execute(
        update(Recipients)
        .where(Recipients.c.id.in_(ids), *_in_state(message_id, DeliveryStatus.PENDING))
        .values(delivery_status=DeliveryStatus.CANCELLED, reason=rule, next_attempt_at=None)
    ).rowcount
    if people == 0:
        return  # another rule had them all
    connection.execute(
        update(History)
        .where(History.c.id == message_id)
        .values(cancelled_deliveries=History.c.cancelled_deliveries + people)
    )
    audit.record(
        connection,
        actor=actor,
        action="message_withdrawn",
        object_type="message",
        object_id=message_id,
        details={"people": people, "reason": rule},
    )


def _retry_first(engine: Engine, message_id: int, again: _Again, *, actor: str) -> int:
    """The step that sets the message going, and tells how many it and the further ones put back."""
    ids, later = again.back[: preparing.AT_ONCE], again.back[preparing.AT_ONCE :]
    status = MessageStatus.SENDING
    with engine.begin() as connection:
        allowed = {MessageStatus.SENT, MessageStatus.FAILED}
        row = outbox.locked(connection, message_id, allowed, "message_retried")
        _require_asked(row, again)
        back = _put_back(connection, row, ids)
        if back == 0 and row.status == MessageStatus.SENT:
            raise outbox.OutboxError(
                _(
                    "Message {number} has no failed recipients to try again.",
                    number=str(message_id),
                )
            )
        _set_going(connection, row, status, failed_deliveries=-back)
        people = back + len(later)
        outbox.set_status(connection, row, status, None, actor, "message_retried", people=people)
        approving.hold_if_many(connection, message_id, by=actor, anew=True, more=len(later))
        outbox.finish_complete(connection, [message_id], now=models.utc_now())
    return back


def _retry_more(engine: Engine, message_id: int, ids: list[int]) -> int:
    with engine.begin() as connection:
        allowed = set(MessageStatus) - {MessageStatus.SCHEDULED, MessageStatus.CANCELLED}
        row = outbox.locked(connection, message_id, allowed, "message_retried")
        back = _put_back(connection, row, ids)
        if back:
            _set_going(connection, row, _going(row), failed_deliveries=-back)
            outbox.finish_complete(connection, [message_id], now=models.utc_now())
    return back


def _put_back(connection: Connection, row: Row[Any], ids: list[int]) -> int:
    """Let those of these wait who still are failed, and have no mark by now; how many."""
    failed = _in_state(row.id, DeliveryStatus.FAILED)
    return connection.execute(
        update(Recipients)
        .where(Recipients.c.id.in_(ids), *failed, *_unmarked(row))
        .values(
            delivery_status=DeliveryStatus.PENDING,
            reason=None,
            error_code=None,
            error_description=None,
            next_attempt_at=None,
        )
    ).rowcount


def _going(row: Row[Any]) -> MessageStatus:
    """What a message is whose recipients wait again: what is paused stays so."""
    paused = row.status == MessageStatus.PAUSED
    return MessageStatus.PAUSED if paused else MessageStatus.SENDING


def _set_going(connection: Connection, row: Row[Any], status: MessageStatus, **moved: int) -> None:
    """Give the locked message this status, no end, and counters changed by `moved`."""
    counters = {name: History.c[name] + by for name, by in moved.items()}
    connection.execute(
        update(History)
        .where(History.c.id == row.id)
        .values(status=status, finished_at=None, **counters)
    )


def _steps(ids: list[int]) -> Iterator[list[int]]:
    """As many as one transaction takes, each time."""
    for start in range(0, len(ids), preparing.AT_ONCE):
        yield ids[start : start + preparing.AT_ONCE]
