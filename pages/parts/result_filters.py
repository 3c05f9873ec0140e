"""The row of filters over the results; all of it is kept in the page's address."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from hsl import insights
from hsl.models import MessageType, utc_now
from pages.parts import shell

OWN = "from … to …"
PERIODS: Mapping[str, int | None] = {
    "7 days": 7, "30 days": 30, "90 days": 90, "a year": 365, "all time": None, OWN: None,
}  # fmt: skip
DAYS_BY_DAY = 60  # a longer period is shown by weeks, unless somebody wishes otherwise


def chosen() -> insights.Filter:
    """The filter that the page's address says, and the widgets that change it."""
    streams, period, kind, author = st.columns([4, 2, 2, 2])
    names = streams.multiselect(
        "Streams", list(shell.people().facets.streams), key="stream", bind="query-params",
        placeholder="All streams",
    )  # fmt: skip
    length = period.selectbox("Period", list(PERIODS), index=1, key="period", bind="query-params")
    what = kind.selectbox(
        "Type", ["any", *[t.value for t in MessageType]], key="type", bind="query-params"
    )
    who = author.selectbox(
        "Author", ["anybody", *insights.authors(shell.store())], key="author", bind="query-params"
    )
    since, until = _period(length or "30 days", shell.zone())
    return insights.Filter(
        since=since,
        until=until,
        streams=tuple(names),
        message_type=None if what in {None, "any"} else what,
        author=None if who in {None, "anybody"} else who,
    )


def step(wanted: insights.Filter) -> insights.Step:
    """By day, or by week where the period is long; the viewer may say otherwise."""
    until = wanted.until or utc_now()
    is_long = wanted.since is None or until - wanted.since > timedelta(days=DAYS_BY_DAY)
    fitting: insights.Step = "week" if is_long else "day"
    said = st.segmented_control(
        "Counted", ["as fits", "by day", "by week"], default="as fits", required=True, key="by",
        bind="query-params", label_visibility="collapsed",
    )  # fmt: skip
    return {"by day": "day", "by week": "week"}.get(said, fitting)


def _period(length: str, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """The beginning and end of local days, in UTC."""
    today = utc_now().astimezone(zone).date()
    if length != OWN:
        days = PERIODS[length]
        return (_midnight(today - timedelta(days=days - 1), zone) if days else None), None
    first, last, _ = st.columns([2, 2, 6])
    since = first.date_input("From", None, key="since", bind="query-params")
    until = last.date_input("To, and with it", None, key="to", bind="query-params")
    return (
        _midnight(since, zone) if isinstance(since, date) else None,
        _midnight(until + timedelta(days=1), zone) if isinstance(until, date) else None,
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
