"""The charts: each has n, its interval where it is a share, and the numbers behind it."""

import altair as alt
import pandas as pd
import streamlit as st

BLUE, GREY, RED = "#0072B2", "#8A8F98", "#D55E00"
INTERVAL = "#7A8591"  # seen on light, on dark, and on the bars
HEIGHT = 240  # pixels
STEP = 26  # pixels a bar
_SHARE = alt.Y("share:Q", title="delivered", axis=alt.Axis(format="%"), scale=alt.Scale(zero=False))
_FACTS = [
    alt.Tooltip("share:Q", title="delivered", format=".1%"),
    alt.Tooltip("low:Q", title="from", format=".1%"),
    alt.Tooltip("high:Q", title="to", format=".1%"),
    alt.Tooltip("tried:Q", title="of", format=","),
]
_NAMES = alt.Axis(labelLimit=260, labelOverlap=False)
_COLOUR = alt.condition("datum.small", alt.value(GREY), alt.value(BLUE))


def over_time(frame: pd.DataFrame) -> alt.LayerChart:
    """Shares by day as a line in its interval."""
    days = alt.X("day:T", title=None, axis=alt.Axis(format="%d %b"))
    base = alt.Chart(frame.assign(day=pd.to_datetime(frame["day"]))).encode(x=days)
    band = base.mark_area(opacity=0.2, color=BLUE).encode(
        y=alt.Y("low:Q", title="delivered"), y2="high:Q"
    )
    line = base.mark_line(color=BLUE).encode(y=_SHARE)
    dots = base.mark_circle(size=60, opacity=1).encode(
        y=_SHARE, color=_COLOUR, tooltip=[alt.Tooltip("day:T"), *_FACTS]
    )
    spans = _spans(base).encode(y=alt.Y("low:Q", title="delivered"), y2="high:Q")
    return (band + spans + line + dots).properties(height=HEIGHT)


def shares(frame: pd.DataFrame, name: str, *, order: str | None = None) -> alt.LayerChart:
    """Shares of each `name` as bars with their intervals."""
    side = alt.Y(
        f"{name}:N",
        title=None,
        sort=order or "ascending",
        axis=alt.Axis(labelLimit=260, labelOverlap=False),
    )
    base = alt.Chart(frame).encode(y=side)
    width = alt.X(
        "share:Q", title="delivered", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])
    )
    bars = base.mark_bar().encode(x=width, color=_COLOUR, tooltip=[name, *_FACTS])
    rule = base.mark_rule(strokeWidth=3, color=INTERVAL).encode(
        x=alt.X("low:Q", title="delivered"), x2="high:Q"
    )
    return (bars + rule).properties(height=alt.Step(STEP))


def hours(frame: pd.DataFrame) -> alt.LayerChart:
    """Shares by hour of the day."""
    base = alt.Chart(frame).encode(
        x=alt.X("hour_of_day:O", title="hour", axis=alt.Axis(labelAngle=0))
    )
    bars = base.mark_bar().encode(
        y=alt.Y("share:Q", title="delivered", axis=alt.Axis(format="%")),
        color=_COLOUR,
        tooltip=[alt.Tooltip("hour_of_day:O", title="hour"), *_FACTS],
    )
    rule = base.mark_rule(strokeWidth=3, color=INTERVAL).encode(
        y=alt.Y("low:Q", title="delivered"), y2="high:Q"
    )
    return (bars + rule).properties(height=HEIGHT)


def _spans(base: alt.Chart) -> alt.Chart:
    return base.mark_rule(strokeWidth=3, color=INTERVAL)


def people(frame: pd.DataFrame, name: str, *, colour: str = BLUE) -> alt.Chart:
    """Numbers of people of each `name` as bars."""
    return (
        alt.Chart(frame)
        .mark_bar(color=colour)
        .encode(
            y=alt.Y(f"{name}:N", title=None, sort="-x", axis=_NAMES),
            x=alt.X("people:Q", title="people", axis=alt.Axis(format=",d", tickMinStep=1)),
            tooltip=[name, alt.Tooltip("people:Q", format=",")],
        )
        .properties(height=alt.Step(STEP))
    )


def reach(frame: pd.DataFrame) -> alt.Chart:
    """The share of each stream that was reached."""
    return (
        alt.Chart(frame)
        .mark_bar(color=BLUE)
        .encode(
            y=alt.Y("stream:N", title=None, axis=alt.Axis(labelOverlap=False)),
            x=alt.X(
                "share:Q",
                title="reached",
                axis=alt.Axis(format="%"),
                scale=alt.Scale(domain=[0, 1]),
            ),
            tooltip=[
                "stream",
                alt.Tooltip("share:Q", title="reached", format=".1%"),
                alt.Tooltip("people:Q", title="of", format=","),
            ],
        )
        .properties(height=alt.Step(STEP))
    )


def draw(
    question: str, chart: alt.Chart | alt.LayerChart, frame: pd.DataFrame, summary: str
) -> None:
    """A chart under its question, with a summary in words and its numbers as a table."""
    st.subheader(question)
    st.altair_chart(chart, width="stretch", alt=f"{question} {summary}")
    st.caption(summary)
    with st.expander("The numbers behind it"):
        st.dataframe(frame, hide_index=True, column_config=FORMATS)


FORMATS = {
    "share": st.column_config.NumberColumn("delivered", format="percent"),
    "low": st.column_config.NumberColumn("from", format="percent"),
    "high": st.column_config.NumberColumn("to", format="percent"),
    "tried": st.column_config.NumberColumn("tried", format="localized"),
    "delivered": st.column_config.NumberColumn("people delivered", format="localized"),
    "people": st.column_config.NumberColumn("people", format="localized"),
    "small": None,
    "message_id": None,
}
