"""What waits to go to people who must not be written to any more, taken back."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, select, update

from hsl import audit, models
from hsl.delivery import choosing, outbox
from hsl.models import Action, DeliveryStatus

History, Recipients = models.message_history, models.message_recipients
IDS_AT_ONCE = 500  # values of one IN list


def withdraw(connection: Connection, user_ids: Sequence[int], *, actor: str) -> int:
    """Cancel what still waits to go to these people, and return how many recipients that were.

    They must not be written to any more; edits and deletions in their chats go on.
    """
    waiting = and_(
        Recipients.c.delivery_status == DeliveryStatus.PENDING,
        Recipients.c.message_id.in_(select(History.c.id).where(History.c.action == Action.SEND)),
    )
    withdrawn: Counter[int] = Counter()
    for start in range(0, len(user_ids), IDS_AT_ONCE):
        theirs = and_(waiting, Recipients.c.user_id.in_(user_ids[start : start + IDS_AT_ONCE]))
        messages = select(Recipients.c.message_id).where(theirs)
        connection.execute(
            select(History.c.id)
            .where(History.c.id.in_(messages))
            .order_by(History.c.id)
            .with_for_update()
        ).all()
        withdrawn += _cancelled(connection, theirs)
    _record(connection, withdrawn, actor=actor)
    return withdrawn.total()


def take_back(connection: Connection, ids: Sequence[int], *, actor: str) -> None:
    """Cancel these recipients, whose intent the caller's transaction has only just written."""
    withdrawn = _cancelled(
        connection,
        Recipients.c.id.in_(ids),
        sending_at=None,
        lease_owner=None,
        version=None,
        attempts=Recipients.c.attempts - 1,
    )
    _record(connection, withdrawn, actor=actor)


def _cancelled(connection: Connection, which: ColumnElement[bool], **more: Any) -> Counter[int]:
    """Cancel recipients, and return how many of each message."""
    rows = connection.execute(
        update(Recipients)
        .where(which)
        .values(
            delivery_status=DeliveryStatus.CANCELLED,
            reason=choosing.MARKED,
            next_attempt_at=None,
            **more,
        )
        .returning(Recipients.c.message_id)
    )
    return Counter(row.message_id for row in rows)


def _record(connection: Connection, withdrawn: Counter[int], *, actor: str) -> None:
    if not withdrawn:
        return
    connection.execute(
        update(History)
        .where(History.c.id == bindparam("number"))
        .values(cancelled_deliveries=History.c.cancelled_deliveries + bindparam("people")),
        [{"number": number, "people": people} for number, people in withdrawn.items()],
    )
    for number, people in withdrawn.items():
        audit.record(
            connection,
            actor=actor,
            action="message_withdrawn",
            object_type="message",
            object_id=number,
            details={"people": people, "reason": choosing.MARKED},
        )
    outbox.finish_complete(connection, list(withdrawn), now=models.utc_now())
