"""What people got, were sent and pressed: selects of their ids, alike on all three engines.

The main databases count recipients' rows. DuckDB looks into `histories`, which holds each person's
moments by the newest (hsl/warehouse/histories.py).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, not_, select, true

from hsl import models
from hsl.audience import conditions as c
from hsl.audience.compared import ORDERED
from hsl.models import GOT, TRIED, Action, DeliveryStatus
from hsl.warehouse import histories

Recipients, Messages, Presses = (
    models.message_recipients, models.message_history, models.button_presses,
)  # fmt: skip
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


def count(
    condition: c.MessageCount, now: datetime, among: Among, target: str
) -> ColumnElement[bool]:
    """That so many messages came out so for a person; who stands in none of them has 0."""
    if target == "duckdb" and condition.last is None:
        return _by_moments(condition, now, among)
    chosen = _counted(condition, now)
    compare = ORDERED[condition.op]
    if _holds_for_none(condition):
        return not_(among(_with(chosen, not_(compare(func.count(), condition.count)), condition)))
    return among(_with(chosen, compare(func.count(), condition.count), condition))


def last_messages(most: int) -> Select[Any]:
    """The ids of the messages to a group that started last; a test's arms are one message."""
    # Two numberings, kept apart: ids of experiments become negative.
    one = func.coalesce(-Messages.c.experiment_id, Messages.c.id)
    to_a_group = (
        Messages.c.action == Action.SEND,
        Messages.c.started_at.is_not(None),
        Messages.c.recipient_group.is_not(None),
    )
    last = (
        select(one.label("one"))
        .where(*to_a_group)
        .group_by(one)
        .order_by(func.max(Messages.c.started_at).desc(), func.max(Messages.c.id).desc())
        .limit(most)
        .subquery()
    )
    return select(Messages.c.id).where(*to_a_group, one.in_(select(last.c.one)))


def _by_moments(condition: c.MessageCount, now: datetime, among: Among) -> ColumnElement[bool]:
    """The same, where each person's moments are at hand."""
    since = None if condition.days is None else now - timedelta(days=condition.days)

    def at_least(number: int) -> ColumnElement[bool]:
        return true() if number < 1 else among(histories.at_least(number, condition.what, since))

    at_most, number = not_(at_least(condition.count + 1)), condition.count
    exactly = and_(at_least(number), at_most)
    return {
        "ge": at_least(number), "gt": not_(at_most), "lt": not_(at_least(number)),
        "le": at_most, "eq": exactly, "ne": not_(exactly),
    }[condition.op]  # fmt: skip


def _with(
    chosen: Select[Any], enough: ColumnElement[bool], condition: c.MessageCount
) -> Select[Any]:
    at_least_one = (condition.op, condition.count) in (("eq", 0), ("lt", 1), ("le", 0), ("ge", 1),
                                                       ("gt", 0), ("ne", 0))  # fmt: skip
    return chosen if at_least_one else chosen.group_by(Recipients.c.user_id).having(enough)


def _counted(condition: c.MessageCount, now: datetime) -> Select[Any]:
    chosen = select(Recipients.c.user_id).where(_is(histories.COUNTED[condition.what]))
    sends = select(Messages.c.id).where(Messages.c.action == Action.SEND)
    if condition.days is not None:
        since = now - timedelta(days=condition.days)
        chosen = chosen.where(_moment(condition.what) >= since)
    if condition.last is not None:
        sends = last_messages(condition.last)
    return chosen.where(Recipients.c.message_id.in_(sends))


def _moment(what: c.Counted) -> ColumnElement[Any]:
    names = histories.MOMENTS[what]
    columns = [Recipients.c[name] for name in names]
    return func.coalesce(*columns) if len(columns) > 1 else columns[0]


def _holds_for_none(condition: c.MessageCount) -> bool:
    number = condition.count
    return {
        "eq": number == 0, "ne": number != 0, "lt": number > 0,
        "le": True, "gt": False, "ge": number == 0,
    }[condition.op]  # fmt: skip


def _is(statuses: tuple[DeliveryStatus, ...]) -> ColumnElement[bool]:
    # Written out, so that DuckDB compares its enum and not a text made of it, row by row.
    return Recipients.c.delivery_status.in_([literal_column(f"'{s.value}'") for s in statuses])
