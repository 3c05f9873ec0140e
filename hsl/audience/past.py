"""What people got, were sent and pressed: selects of their ids, alike on all three engines."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, not_, select

from hsl import models
from hsl.audience import conditions as c
from hsl.audience.compared import ORDERED
from hsl.models import Action, DeliveryStatus

Recipients, Messages, Presses = (
    models.message_recipients, models.message_history, models.button_presses,
)  # fmt: skip
GOT = (DeliveryStatus.SENT, DeliveryStatus.DELETED)
TRIED = (*GOT, DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN)
# Who is uncertain may have got it: neither among those who did nor among those who did not.
MISSED = (DeliveryStatus.FAILED, DeliveryStatus.CANCELLED, DeliveryStatus.PENDING)
OUTCOMES: dict[c.Outcome, tuple[DeliveryStatus, ...]] = {
    "sent": TRIED,
    "got": GOT,
    "failed": (DeliveryStatus.FAILED,),
    "missed": MISSED,
    "uncertain": (DeliveryStatus.UNCERTAIN,),
}
Among = Callable[[Select[Any]], ColumnElement[bool]]


def outcome(condition: c.MessageOutcome) -> Select[Any]:
    """Those for whom the message came out so."""
    chosen = select(Recipients.c.user_id).where(
        Recipients.c.message_id == condition.message_id, _is(OUTCOMES[condition.outcome])
    )
    if condition.reasons:
        chosen = chosen.where(Recipients.c.reason.in_(condition.reasons))
    return chosen


def pressed(condition: c.Pressed) -> Select[Any]:
    """Those who pressed such a button."""
    chosen = select(Presses.c.user_id)
    if condition.message_id is not None:
        chosen = chosen.where(Presses.c.message_id == condition.message_id)
    if condition.button is not None:
        chosen = chosen.where(Presses.c.button == condition.button)
    return chosen


def count(condition: c.MessageCount, now: datetime, among: Among) -> ColumnElement[bool]:
    """That so many messages came out so for a person; who stands in none of them has 0."""
    chosen = _counted(condition, now)
    compare = ORDERED[condition.op]
    if _holds_for_none(condition):
        return not_(among(_with(chosen, not_(compare(func.count(), condition.count)), condition)))
    return among(_with(chosen, compare(func.count(), condition.count), condition))


def last_messages(most: int) -> Select[Any]:
    """The ids of the messages to a group that started last."""
    return (
        select(Messages.c.id)
        .where(
            Messages.c.action == Action.SEND,
            Messages.c.started_at.is_not(None),
            Messages.c.recipient_group.is_not(None),
        )
        .order_by(Messages.c.started_at.desc(), Messages.c.id.desc())
        .limit(most)
    )


def _with(
    chosen: Select[Any], enough: ColumnElement[bool], condition: c.MessageCount
) -> Select[Any]:
    at_least_one = (condition.op, condition.count) in (("eq", 0), ("lt", 1), ("le", 0), ("ge", 1),
                                                       ("gt", 0), ("ne", 0))  # fmt: skip
    return chosen if at_least_one else chosen.group_by(Recipients.c.user_id).having(enough)


def _counted(condition: c.MessageCount, now: datetime) -> Select[Any]:
    moment = Recipients.c.sent_at if condition.what == "got" else Recipients.c.sending_at
    statuses = {"got": GOT, "sent": TRIED, "failed": (DeliveryStatus.FAILED,)}[condition.what]
    chosen = select(Recipients.c.user_id).where(_is(statuses))
    sends = select(Messages.c.id).where(Messages.c.action == Action.SEND)
    if condition.days is not None:
        chosen = chosen.where(moment >= now - timedelta(days=condition.days))
    if condition.last is not None:
        sends = last_messages(condition.last)
    return chosen.where(Recipients.c.message_id.in_(sends))


def _holds_for_none(condition: c.MessageCount) -> bool:
    number = condition.count
    return {
        "eq": number == 0, "ne": number != 0, "lt": number > 0,
        "le": True, "gt": False, "ge": number == 0,
    }[condition.op]  # fmt: skip


def _is(statuses: tuple[DeliveryStatus, ...]) -> ColumnElement[bool]:
    # Written out, so that DuckDB compares its enum and not a text made of it, row by row.
    return Recipients.c.delivery_status.in_([literal_column(f"'{s.value}'") for s in statuses])
