"""Delivery: whom we reach, when, and why the rest was not reached."""

from datetime import UTC, datetime, time, timedelta

import pandas as pd
import streamlit as st

from hsl import insights
from hsl.models import MessageType, utc_now
from pages.parts import bot_words, charts, shell, show

PERIODS = {"7 days": 7, "30 days": 30, "90 days": 90, "a year": 365, "all time": None}


def chosen() -> insights.Filter:
    streams, period, kind = st.columns([4, 3, 2])
    names = streams.multiselect(
        "Streams", list(shell.people().facets.streams), key="stream", bind="query-params",
        placeholder="All streams",
    )  # fmt: skip
    length = period.selectbox("Period", list(PERIODS), index=1, key="period", bind="query-params")
    what = kind.selectbox(
        "Type", ["any", *[t.value for t in MessageType]], key="type", bind="query-params"
    )
    days = PERIODS[length or "30 days"]
    midnight = datetime.combine(utc_now().astimezone(shell.zone()).date(), time(), shell.zone())
    return insights.Filter(
        since=(midnight - timedelta(days=days - 1)).astimezone(UTC) if days else None,
        streams=tuple(names),
        message_type=None if what in {None, "any"} else what,
    )


def sums_in_words(frame: pd.DataFrame) -> str:
    got = frame.loc[frame["status"].isin([str(s) for s in insights.GOT]), "people"].sum()
    return f"{show.share(got, frame['people'].sum())} deliveries tried arrived."


def present_pace() -> None:
    found = shell.standing_of_bot()
    held = "" if found.trouble else bot_words.hold(found, shell.zone())
    st.caption(f"{bot_words.pace(found)} {held}")


st.title("Delivery")
wanted = chosen()
# While it is held or climbs back, the figure changes by itself.
found = shell.standing_of_bot()
steady = found.is_well and found.rate == found.full_rate
st.fragment(present_pace, run_every=None if steady else 2.0)()
with st.spinner("Counting deliveries …"):
    frame = shell.ledger().deliveries(wanted)
if frame.empty:
    st.info("Nothing was delivered in this period. Choose a longer one, or send a message.")
    if st.button("Write a message"):
        st.switch_page("pages/compose.py")
    st.stop()
total = sums_in_words(frame)
streams = insights.by_stream(frame, wanted.streams)
by_message = insights.by_message(shell.engine(), frame)
days = insights.over_time(frame, shell.zone())
hours = insights.by_hour(frame, shell.zone())
reasons = insights.reasons(frame)
left, right = st.columns(2, gap="large")
with left:
    charts.draw("Does it arrive?", charts.over_time(days), days, total)
    charts.draw(
        "Why do messages fail?",
        charts.people(reasons, "reason", colour=charts.RED),
        reasons,
        f"{show.number(reasons['people'].sum())} deliveries failed."
        if not reasons.empty
        else "None failed.",
    )
    charts.draw(
        "When does it arrive best?",
        charts.hours(hours),
        hours,
        f"By hour of the day in {shell.zone().key}.",
    )
with right:
    charts.draw(
        "Which stream do we reach?",
        charts.shares(streams, "stream"),
        streams,
        "By stream of today; who is in two counts in both. Grey: fewer than 30 people.",
    )
    charts.draw(
        "How did each message do?",
        charts.shares(by_message, "title", order="-y"),
        by_message,
        f"The last {len(by_message):,} messages. Lines: where the true share lies with 95 %.",
    )
