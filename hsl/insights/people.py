"""The people behind a mark of a chart, as cohorts that can be written to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hsl.audience.cohort import Cohort
from hsl.insights.filters import GOT, Filter, Readable, read
from hsl.insights.reach import BLOCKED, BLOCKS, LOADS
from hsl.insights.reasons import FAILED, NAMED, OTHERS
from hsl.insights.retention import LOST

MOST_NAMED = 10_000  # people of whom a cohort holds the ids
ARRIVED = f"delivery_status IN {GOT}"
KEY = "|"  # between the values of one mark's key
INSIDE = "user_id IN (SELECT user_id FROM enrollments WHERE course_stream = ?)"
WITHIN = "sending_at >= ? AND sending_at < ?"


@dataclass(frozen=True)
class Mark:
    """What was clicked: a figure's name (see SETS), its filter and zone, and the mark's key.

    A key is text: a stream, a message's id, a day such as 2026-11-24, a weekday and an hour as
    "0|19", a reason, a day and a reason, a status and a reason, a load such as "10–19", a month
    and a week.
    """

    figure: str
    chosen: Filter
    zone: ZoneInfo
    key: str


@dataclass(frozen=True)
class Door:
    """Some of the people behind a mark: how they are called, how many, and who; None where they
    are too many to be named and no condition says who they are."""

    words: str
    people: int
    cohort: Cohort | None


@dataclass(frozen=True)
class _Set:
    """People of a mark, as a select of user_id over `tried`, its values, and their cohort where a
    condition says exactly the same."""

    words: str
    sql: str
    values: tuple[object, ...] = ()
    cohort: Cohort | None = None


def people_behind(store: Readable, mark: Mark) -> list[Door]:
    """The sets of people behind a mark, those of nobody left out.

    Raises KeyError for a figure that has none, ValueError for a key that is not of its kind.
    """
    sets = SETS[mark.figure](mark)
    return [door for found in sets if (door := _door(store, mark.chosen, found)).people]


def _door(store: Readable, chosen: Filter, found: _Set) -> Door:
    if found.cohort is not None:
        count = read(store, chosen, f"SELECT count(*) AS n FROM ({found.sql})", *found.values)
        return Door(found.words, int(count["n"].iloc[0]), found.cohort)
    # One more than may be named tells that there are more; their number is counted then.
    rows = read(
        store,
        chosen,
        f"SELECT user_id, count(*) OVER () AS n FROM ({found.sql}) ORDER BY user_id "
        f"LIMIT {MOST_NAMED + 1}",
        *found.values,
    )
    people = int(rows["n"].iloc[0]) if len(rows) else 0
    if people > MOST_NAMED:
        return Door(found.words, people, None)
    return Door(found.words, people, Cohort(user_ids=tuple(int(i) for i in rows["user_id"])))


def _arrived_or_not(where: str, *values: object) -> list[_Set]:
    base = f"SELECT DISTINCT user_id FROM tried WHERE {where}"
    return [
        _Set("whom a message did not reach", f"{base} AND {FAILED}", values),
        _Set("who got a message", f"{base} AND got", values),
    ]


def _stream(mark: Mark) -> list[_Set]:
    return _arrived_or_not(INSIDE, mark.key)


def _reachable(mark: Mark) -> list[_Set]:
    base = """SELECT user_id FROM users WHERE unreachable_reason IS {} AND user_id IN
        (SELECT user_id FROM enrollments WHERE course_stream = ?)"""
    return [
        _Set(
            f"who {'can' if can else 'cannot'} be reached",
            base.format("NULL" if can else "NOT NULL"),
            (mark.key,),
            Cohort(streams=(mark.key,), reachable=can),
        )
        for can in (False, True)
    ]


def _blocked(mark: Mark) -> list[_Set]:
    base = f"SELECT DISTINCT user_id FROM tried WHERE {BLOCKED} AND {INSIDE}"
    return [_Set("who had blocked the bot", base, (mark.key,))]


def _message(mark: Mark) -> list[_Set]:
    number = int(mark.key)
    base = "SELECT user_id FROM tried WHERE message_id = ?"
    missed = _Set("whom it did not reach", f"{base} AND {FAILED}", (number,))
    if mark.chosen.streams:
        return [missed, _Set("who got it", f"{base} AND got", (number,))]
    # Without a filter by stream a condition says the same, and stays true later.
    everybody = f"SELECT user_id FROM message_recipients WHERE message_id = ? AND {ARRIVED}"
    return [missed, _Set("who got it", everybody, (number,), Cohort(got_message=number))]


def _period(days: int) -> Callable[[Mark], list[_Set]]:
    def sets(mark: Mark) -> list[_Set]:
        return _arrived_or_not(WITHIN, *_span(mark, mark.key, days))

    return sets


def _hour(mark: Mark) -> list[_Set]:
    weekday, hour = (int(part) for part in _parts(mark.key, 2))
    where = "isodow(timezone(?, sending_at)) = ? AND hour(timezone(?, sending_at)) = ?"
    return _arrived_or_not(where, mark.zone.key, weekday + 1, mark.zone.key, hour)


def _reason(mark: Mark) -> list[_Set]:
    base = f"SELECT DISTINCT user_id FROM tried WHERE {FAILED} AND {NAMED} = ?"
    return [_Set("who were not reached for this reason", base, (mark.key,))]


def _reason_in(days: int) -> Callable[[Mark], list[_Set]]:
    def sets(mark: Mark) -> list[_Set]:
        day, reason = _parts(mark.key, 2)
        span = _span(mark, day, days)
        base = f"SELECT DISTINCT user_id FROM tried WHERE {FAILED} AND {WITHIN}"
        if reason == OTHERS:
            return [_Set("whom it did not reach, for any reason", base, span)]
        return [
            _Set("who were not reached for this reason", f"{base} AND {NAMED} = ?", (*span, reason))
        ]

    return sets


def _end(mark: Mark) -> list[_Set]:
    """How one message ended for people: the key is a delivery status and a reason, or no reason."""
    status, reason = _parts(mark.key, 2)
    if status == "people":
        chosen = "SELECT user_id FROM message_recipients WHERE message_id = ?"
        return [_Set("who were chosen", chosen, (mark.chosen.message_id,))]
    if status == "sent":
        return [_Set("who got it", "SELECT user_id FROM tried WHERE got")]
    waiting = ("pending", "sending")
    return [
        _Set(
            ENDS[status],
            f"""SELECT user_id FROM message_recipients
            WHERE message_id = ? AND CAST(delivery_status AS VARCHAR) IN (?, ?)
                AND (? = '' OR {NAMED} = ?)""",
            (
                mark.chosen.message_id,
                *(waiting if status == "pending" else (status, status)),
                reason,
                reason,
            ),
        )
    ]


def _reach(mark: Mark) -> list[_Set]:
    base = "SELECT user_id FROM enrollments WHERE course_stream = ? AND user_id"
    got = "(SELECT user_id FROM tried WHERE got)"
    known = "AND user_id IN (SELECT user_id FROM users)"
    return [
        _Set("who got none of the messages", f"{base} NOT IN {got} {known}", (mark.key,)),
        _Set("who got at least one", f"{base} IN {got} {known}", (mark.key,)),
    ]


def _churn(mark: Mark) -> list[_Set]:
    # A CTE of its own, as the set stands within a FROM.
    inside, values = mark.chosen.people()
    sql = f"WITH {BLOCKS} SELECT user_id FROM lost_after WHERE message_id = ? AND {inside}"
    return [_Set("who blocked the bot after it", sql, (int(mark.key), *values))]


def _load(mark: Mark) -> list[_Set]:
    bounds = {name: (least, most) for name, least, most in LOADS}
    if mark.key not in bounds:
        raise ValueError(f"{mark.key} is no number of messages; there are {', '.join(bounds)}.")
    least, most = bounds[mark.key]
    if most == 0:
        inside, values = mark.chosen.people()
        sql = f"SELECT user_id FROM users WHERE {inside}"
        tried = "(SELECT user_id FROM tried)"
        return [_Set("to whom none was sent", f"{sql} AND user_id NOT IN {tried}", tuple(values))]
    upper = "" if most is None else f"AND count(*) <= {most}"
    sql = f"SELECT user_id FROM tried GROUP BY user_id HAVING count(*) >= {least} {upper}"
    return [_Set("to whom so many were sent", sql)]


def _retention(mark: Mark) -> list[_Set]:
    month, week = _parts(mark.key, 2)
    inside, values = mark.chosen.people()
    sql = f"""SELECT user_id FROM users WHERE {inside}
        AND date_trunc('month', timezone(?, registered_at)) = CAST(? AS TIMESTAMP)"""
    of_month = (*values, mark.zone.key, datetime.combine(_day(month), time()))
    lost = f"{sql} AND {LOST} < ?"
    return [
        _Set("who could not be reached any more by then", lost, (*of_month, int(week))),
        _Set("who registered in this month", sql, of_month),
    ]


def _span(mark: Mark, day: str, days: int) -> tuple[datetime, datetime]:
    """The beginning and the end of local days, in UTC."""
    first = _day(day)
    start, end = (
        datetime.combine(when, time(), mark.zone).astimezone(UTC)
        for when in (first, first + timedelta(days=days))
    )
    return start, end


def _day(words: str) -> date:
    return date.fromisoformat(words[:10])


def _parts(key: str, count: int) -> Sequence[str]:
    parts = key.split(KEY)
    if len(parts) != count:
        raise ValueError(f"{key} is no key of {count} values.")
    return parts


ENDS = {
    "failed": "who were not reached for this reason",
    "uncertain": "who may or may not have got it",
    "cancelled": "for whom it was cancelled",
    "pending": "who are still to come",
    "deleted": "from whose chat it was deleted",
}
SETS: dict[str, Callable[[Mark], list[_Set]]] = {
    "stream": _stream,
    "reachable": _reachable,
    "blocked": _blocked,
    "message": _message,
    "day": _period(1),
    "week": _period(7),
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
