"""Which sets of people stand behind a mark of each figure, as statements."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from hsl.audience.cohort import Cohort
from hsl.insights.filters import GOT, Filter
from hsl.insights.reach import BLOCKS, LOADS
from hsl.insights.reasons import FAILED, NAMED, OTHERS, drawn
from hsl.insights.retention import AGE, LOST
from hsl.insights.shares import LOCAL, QUARTER
from hsl.quoting import literal
from hsl.warehouse.streams import PLACES
from hsl.words import N_

KEY = "|"  # between the values of one mark's key
ARRIVED = f"delivery_status IN {GOT}"
INSIDE = f"user_id IN (SELECT user_id FROM {PLACES} WHERE course_stream = ?)"
WITHIN = "sending_at >= ? AND sending_at < ?"
STATES = {"got": ARRIVED, "failed": FAILED, "uncertain": "delivery_status = 'uncertain'"}
ENDS = {
    "failed": N_("who were not reached for this reason"),
    "sent": N_("who got it"),
    "uncertain": N_("who may or may not have got it"),
    "cancelled": N_("for whom it was cancelled"),
    "pending": N_("who are still to come"),
    "deleted": N_("from whose chat it was deleted"),
}


@dataclass(frozen=True)
class Mark:
    """What was clicked: a figure's name (see SETS), its filter and zone, the mark's key, and the
    moment (aware) of which the figure is.

    A key is text: a stream, a message's id, a day such as 2026-11-24, a weekday and an hour as
    "0|19", a reason, a day and a reason, a status and a reason, a load such as "10–19", a month
    and a week.
    """

    figure: str
    chosen: Filter
    zone: ZoneInfo
    key: str
    now: datetime


@dataclass(frozen=True)
class Alike:
    """Deliveries of `tried` that came out alike: within a mark, and for a reason where named."""

    within: str
    values: tuple[object, ...]
    outcome: Literal["got", "failed", "uncertain"]
    reasons: tuple[str, ...] = ()
    stream: str | None = None  # that `within` names

    @property
    def state(self) -> str:
        """The condition on one delivery, apart from the mark."""
        named = ", ".join(literal(reason) for reason in self.reasons)
        return STATES[self.outcome] + (f" AND reason IN ({named})" if named else "")


@dataclass(frozen=True)
class Behind:
    """A set of people of a mark: a select of user_id over `tried`, and its values.

    `words` are English, to be translated where they are shown, as they also name the set.
    `cohort` says exactly the same, where it is known beforehand; `alike` lets one be looked for.
    """

    words: str
    sql: str
    values: tuple[object, ...] = ()
    cohort: Cohort | None = None
    alike: Alike | None = None


def _deliveries(words: str, alike: Alike) -> Behind:
    sql = f"SELECT DISTINCT user_id FROM tried WHERE {alike.within} AND {alike.state}"
    return Behind(words, sql, alike.values, alike=alike)


def _arrived_or_not(within: str, *values: object, stream: str | None = None) -> list[Behind]:
    return [
        _deliveries(
            N_("whom a message did not reach"), Alike(within, values, "failed", stream=stream)
        ),
        _deliveries(N_("who got a message"), Alike(within, values, "got", stream=stream)),
    ]


def _stream(mark: Mark) -> list[Behind]:
    return _arrived_or_not(INSIDE, mark.key, stream=mark.key)


def _message(mark: Mark) -> list[Behind]:
    values = (int(mark.key),)
    return [
        _deliveries(N_("whom it did not reach"), Alike("message_id = ?", values, "failed")),
        _deliveries(N_("who got it"), Alike("message_id = ?", values, "got")),
    ]


def _days(count: int) -> Callable[[Mark], list[Behind]]:
    return lambda mark: _arrived_or_not(WITHIN, *_span(mark, mark.key, count))


def _hour(mark: Mark) -> list[Behind]:
    weekday, hour = (int(part) for part in _parts(mark.key, 2))
    # Some thousand quarters of an hour are turned into local time, and not ten million moments.
    within = f"""epoch_us(sending_at) // {QUARTER} IN (
        SELECT quarter FROM (SELECT unnest(range(first, last + 1)) AS quarter FROM (
            SELECT min(epoch_us(sending_at)) // {QUARTER} AS first,
                max(epoch_us(sending_at)) // {QUARTER} AS last FROM message_recipients))
        WHERE isodow({LOCAL}) = ? AND hour({LOCAL}) = ?)"""
    return _arrived_or_not(within, mark.zone.key, weekday + 1, mark.zone.key, hour)


def _for_reason(reason: str, within: str, *values: object) -> list[Behind]:
    words = N_("who were not reached for this reason")
    if reason == "other":
        # Failures without a reason are among them, and no condition names these.
        sql = f"SELECT DISTINCT user_id FROM tried WHERE {within} AND {FAILED} AND {NAMED} = ?"
        return [Behind(words, sql, (*values, reason))]
    return [_deliveries(words, Alike(within, values, "failed", (reason,)))]


def _for_the_rest(within: str, *values: object) -> Behind:
    """For any of the reasons that are drawn as one; failures without a reason may be among them."""
    failures = f"(SELECT {NAMED} AS reason, 1 AS people FROM tried WHERE {FAILED})"
    sql = f"""SELECT DISTINCT user_id FROM tried WHERE {within} AND {FAILED}
        AND {NAMED} NOT IN ({drawn(failures)})"""
    return Behind(N_("who were not reached for these reasons"), sql, values)


def _reason(mark: Mark) -> list[Behind]:
    return _for_reason(mark.key, "true")


def _reason_in(count: int) -> Callable[[Mark], list[Behind]]:
    def sets(mark: Mark) -> list[Behind]:
        day, reason = _parts(mark.key, 2)
        span = _span(mark, day, count)
        if reason == OTHERS:
            return [_for_the_rest(WITHIN, *span)]
        return _for_reason(reason, WITHIN, *span)

    return sets


def _end(mark: Mark) -> list[Behind]:
    """How one message ended for people: the key is a delivery status and a reason, or no reason."""
    status, reason = _parts(mark.key, 2)
    every = "SELECT user_id FROM message_recipients WHERE message_id = ?"
    message = (mark.chosen.message_id,)
    if status == "people":
        return [Behind(N_("who were chosen"), every, message)]
    if status == "failed":
        return _for_reason(reason, "true")
    if status in ("sent", "uncertain"):
        outcome: Literal["got", "uncertain"] = "got" if status == "sent" else "uncertain"
        return [_deliveries(ENDS[status], Alike("true", (), outcome))]
    words = ENDS[_known(status)]
    waiting = "delivery_status IN ('pending', 'sending')"
    state = waiting if status == "pending" else f"delivery_status = '{status}'"
    return [Behind(words, f"{every} AND {state}", message)]


def _reachable(mark: Mark) -> list[Behind]:
    base = f"SELECT user_id FROM users WHERE unreachable_reason IS {{}} AND {INSIDE}"
    return [
        Behind(
            N_("who can be reached") if can else N_("who cannot be reached"),
            base.format("NULL" if can else "NOT NULL"),
            (mark.key,),
            Cohort(streams=(mark.key,), reachable=can),
        )
        for can in (False, True)
    ]


def _blocked(mark: Mark) -> list[Behind]:
    alike = Alike(INSIDE, (mark.key,), "failed", ("blocked",), stream=mark.key)
    return [_deliveries(N_("who had blocked the bot"), alike)]


def _reach(mark: Mark) -> list[Behind]:
    base = f"SELECT user_id FROM users WHERE {INSIDE} AND user_id"
    got = "(SELECT user_id FROM tried WHERE got)"
    return [
        Behind(N_("who got none of the messages"), f"{base} NOT IN {got}", (mark.key,)),
        Behind(N_("who got at least one"), f"{base} IN {got}", (mark.key,)),
    ]


def _churn(mark: Mark) -> list[Behind]:
    inside, values = mark.chosen.people()
    # Its tables are those of a statement of its own, as the set stands within a FROM.
    sql = f"WITH {BLOCKS} SELECT user_id FROM lost_after WHERE message_id = ? AND {inside}"
    return [Behind(N_("who blocked the bot after it"), sql, (int(mark.key), *values))]


def _load(mark: Mark) -> list[Behind]:
    bounds = {name: (least, most) for name, least, most in LOADS}
    if mark.key not in bounds:
        raise ValueError(f"{mark.key} is no number of messages; there are {', '.join(bounds)}.")
    least, most = bounds[mark.key]
    if most == 0:
        inside, values = mark.chosen.people()
        sql = f"SELECT user_id FROM users WHERE {inside}"
        tried = "(SELECT user_id FROM tried)"
        return [
            Behind(N_("to whom none was sent"), f"{sql} AND user_id NOT IN {tried}", tuple(values))
        ]
    upper = "" if most is None else f"AND count(*) <= {most}"
    sql = f"SELECT user_id FROM tried GROUP BY user_id HAVING count(*) >= {least} {upper}"
    return [Behind(N_("to whom so many were sent"), sql)]


def _retention(mark: Mark) -> list[Behind]:
    month, week = _parts(mark.key, 2)
    weeks = int(week)
    inside, values = mark.chosen.people()
    sql = f"""SELECT user_id FROM users WHERE {inside} AND {AGE} >= ? AND registered_at <= ?
        AND date_trunc('month', timezone(?, registered_at)) = CAST(? AS TIMESTAMP)"""
    first = datetime.combine(_day(month), time())
    old_enough = (*values, mark.now, weeks, mark.now, mark.zone.key, first)
    return [
        Behind(
            N_("who could not be reached any more by then"),
            f"{sql} AND {LOST} < ?",
            (*old_enough, weeks),
        ),
        Behind(
            N_("who registered in this month, at least so many weeks ago")
            if weeks
            else N_("who registered in this month"),
            sql,
            old_enough,
        ),
    ]


def _span(mark: Mark, day: str, count: int) -> tuple[datetime, datetime]:
    """The beginning and the end of local days, in UTC."""
    first = _day(day)
    start, end = (
        datetime.combine(when, time(), mark.zone).astimezone(UTC)
        for when in (first, first + timedelta(days=count))
    )
    return start, end


def _day(words: str) -> date:
    return date.fromisoformat(words[:10])


def _parts(key: str, count: int) -> Sequence[str]:
    parts = key.split(KEY)
    if len(parts) != count:
        raise ValueError(f"{key} is no key of {count} values.")
    return parts


def _known(status: str) -> str:
    if status not in ENDS:
        raise ValueError(f"{status} is no end of a delivery; there are {', '.join(ENDS)}.")
    return status


SETS: dict[str, Callable[[Mark], list[Behind]]] = {
    "stream": _stream,
    "reachable": _reachable,
    "blocked": _blocked,
    "message": _message,
    "day": _days(1),
    "week": _days(7),
    "hour": _hour,
    "reason": _reason,
    "reason_day": _reason_in(1),
    "reason_week": _reason_in(7),
    "end": _end,
    "reach": _reach,
    "churn": _churn,
    "load": _load,
    "retention": _retention,
}
