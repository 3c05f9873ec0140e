"""The row of filters over the results; all of it is kept in the page's address."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from hsl import insights
from hsl.models import MessageType, utc_now
from hsl.order import naturally
from hsl.words import N_, _
from pages.parts import addressed, shell

OWN = "from … to …"
# As the address names them, with their days; the first is the default.
PERIODS: Mapping[str, int | None] = {
    "30 days": 30, "7 days": 7, "90 days": 90, "a year": 365, "all time": None, OWN: None,
}  # fmt: skip
ANY_TIME = ("all time", "7 days", "30 days", "90 days", "a year", OWN)
PERIOD_WORDS = {
    "30 days": N_("30 days"),
    "7 days": N_("7 days"),
    "90 days": N_("90 days"),
    "a year": N_("a year"),
    "all time": N_("all time"),
    OWN: N_("from … to …"),
}
KINDS = {
    "": N_("any"),
    MessageType.TEXT.value: N_("text"),
    MessageType.VIDEO.value: N_("video"),
    MessageType.DOCUMENT.value: N_("document"),
}
STEPS = {"as fits": N_("as fits"), "by day": N_("by day"), "by week": N_("by week")}
DAYS_BY_DAY = 60  # a longer period is shown by weeks, unless somebody wishes otherwise


def chosen() -> insights.Filter:
    """The filter that the page's address says, and the widgets that change it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = _streams()
        since, until = period()
        addressed.one("type", list(KINDS))
        what = st.selectbox(
            _("Type"), list(KINDS), key="type", format_func=lambda kind: _(KINDS[kind]), width=140
        )
        authors = ["", *insights.authors(shell.store())]
        addressed.one("author", authors)
        who = st.selectbox(
            _("Author"), authors, key="author", width=140,
            format_func=lambda name: name or _("anybody"),
        )  # fmt: skip
    return insights.Filter(
        since=since,
        until=until,
        streams=tuple(names),
        message_type=what or None,
        author=who or None,
    )


def _streams() -> list[str]:
    wanted = addressed.several("stream")
    known = naturally({*shell.people().facets.streams, *wanted})
    return list(
        st.multiselect(_("Streams"), known, key="stream", placeholder=_("All streams"), width=240)
    )


def step(wanted: insights.Filter) -> insights.Step:
    """By day, or by week where the period is long; the viewer may say otherwise."""
    until = wanted.until or utc_now()
    is_long = wanted.since is None or until - wanted.since > timedelta(days=DAYS_BY_DAY)
    fitting: insights.Step = "week" if is_long else "day"
    addressed.one("by", list(STEPS))
    said = st.segmented_control(
        _("Counted"), list(STEPS), required=True, key="by", label_visibility="collapsed",
        format_func=lambda way: _(STEPS[way]),
    )  # fmt: skip
    steps: Mapping[str, insights.Step] = {"by day": "day", "by week": "week"}
    return steps.get(said or "", fitting)


def period(order: Sequence[str] = tuple(PERIODS)) -> tuple[datetime | None, datetime | None]:
    """The widgets of a period; its beginning and end, of local days, in UTC.

    `order` is that of PERIODS' names; the first is the default.
    """
    zone = shell.zone()
    addressed.one("period", order)
    length = st.selectbox(
        _("Period"), list(order), key="period", width=156,
        format_func=lambda name: _(PERIOD_WORDS[name]),
    )  # fmt: skip
    today = utc_now().astimezone(zone).date()
    if length != OWN:
        days = PERIODS[length]
        return (_midnight(today - timedelta(days=days - 1), zone) if days else None), None
    since = st.date_input(_("From"), None, key="since", bind="query-params", width=150)
    until = st.date_input(_("To, and with it"), None, key="to", bind="query-params", width=150)
    return (
        _midnight(since, zone) if isinstance(since, date) else None,
        _midnight(until + timedelta(days=1), zone) if isinstance(until, date) else None,
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
