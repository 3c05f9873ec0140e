"""What waits to go to people who must not be written to any more, taken back."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, select, update

from hsl import audit, database, models
from hsl.delivery import outbox
from hsl.models import DeliveryStatus

History, Recipients = models.message_history, models.message_recipients
IDS_AT_ONCE = 500  # values of one IN list


def withdraw(connection: Connection, user_ids: Sequence[int], *, actor: str) -> int:
    """Cancel what still waits to go to these people, and return how many recipients that were.

    They must not be written to any more; edits and deletions in their chats go on. Recipients that
    are just being written are left to whoever writes them, and archived ones to their file.
    """
    waiting = Recipients.c.delivery_status == DeliveryStatus.PENDING
    at_hand = (
        History.c.action.in_(models.SENDS),
        History.c.archived_at.is_(None),
        History.c.id.not_in(select(models.message_preparations.c.message_id)),
    )
    ids = sorted(set(user_ids))
    chunks = [ids[start : start + IDS_AT_ONCE] for start in range(0, len(ids), IDS_AT_ONCE)]
    messages: set[int] = set()
    for chunk in chunks:
        theirs = select(Recipients.c.message_id).where(waiting, Recipients.c.user_id.in_(chunk))
        found = select(History.c.id).where(History.c.id.in_(theirs), *at_hand)
        messages.update(connection.execute(found).scalars())
    # Locked in the order in which everybody locks them, and looked at again then.
    held: Sequence[int] = (
        connection.execute(
            select(History.c.id)
            .where(database.among(connection, History.c.id, messages), *at_hand)
            .order_by(History.c.id)
            .with_for_update()
        )
        .scalars()
        .all()
    )
    of_held = database.among(connection, Recipients.c.message_id, held)
    withdrawn: Counter[int] = Counter()
    for chunk in chunks if held else ():
        withdrawn += _cancelled(connection, and_(waiting, of_held, Recipients.c.user_id.in_(chunk)))
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
            reason=models.DO_NOT_MESSAGE,
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
            details={"people": people, "reason": models.DO_NOT_MESSAGE},
        )
    outbox.finish_complete(connection, list(withdrawn), now=models.utc_now())
