"""Charts over days or weeks, and heat maps."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from hsl.charts.ink import Ink, dressed
from hsl.charts.rows import LEAST_SPAN, MARK
from hsl.insights.shares import Step

HEIGHT = 240  # pixels
CELL = 28  # pixels
ROOM = 10  # pixels beside the first and the last day
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# How far a bar reaches: a day or a week, with a little room to the next.
SPANS = {"day": pd.Timedelta(hours=21), "week": pd.Timedelta(days=6, hours=8)}
WIDE = 720  # pixels of a heat map in whose cells figures have room


def shares(frame: pd.DataFrame, ink: Ink, *, step: Step) -> Any:
    """Shares by day as dots in their intervals; a line joins those that say something."""
    days = frame.assign(key=frame["day"].dt.strftime("%Y-%m-%d"), when=_named(frame["day"], step))
    sure = frame[~frame["small"]]
    low = min(float((sure if len(sure) else frame)["low"].min()), 1 - LEAST_SPAN)
    y = alt.Y(
        type="quantitative",
        title=None,
        scale=alt.Scale(domain=[max(0.0, low - 0.01), 1], nice=False, zero=False),
        axis=alt.Axis(format="~%", tickCount=5),
    )
    hue = alt.condition("datum.small", alt.value(ink.grey), alt.value(ink.series))
    base = alt.Chart(days).encode(x=_days(frame))
    line = (
        base.transform_filter("!datum.small")
        .mark_line(color=ink.series, opacity=0.35, strokeWidth=1.5)
        .encode(y=y.field("share"))
    )
    span = base.mark_rule(strokeWidth=4, strokeCap="round", opacity=0.3, clip=True).encode(
        y=y.field("low"), y2="high:Q", color=hue
    )
    # The more deliveries, the larger the dot.
    size = alt.Size("tried:Q", scale=alt.Scale(range=[18, 150], zero=True), legend=None)
    dot = base.mark_point(filled=True, opacity=1, clip=True).encode(
        y=y.field("share"), color=hue, size=size
    )
    facts = [
        alt.Tooltip("when:N", title=step),
        alt.Tooltip("share:Q", format=".2%"),
        alt.Tooltip("low:Q", title="from (95 %)", format=".2%"),
        alt.Tooltip("high:Q", title="to (95 %)", format=".2%"),
        alt.Tooltip("tried:Q", title="n", format=","),
    ]
    return _with_doors(base, [span, line, dot], facts, ink)


def stacked(frame: pd.DataFrame, order: Sequence[str], ink: Ink, *, step: Step) -> Any:
    """Failed deliveries by day, stacked by reason, the most frequent (the first) at the bottom."""
    place = frame["words"].map({words: place for place, words in enumerate(order)})
    days = frame.assign(place=place).sort_values(["day", "place"])
    top = days.groupby("day")["failed"].cumsum()
    days = days.assign(
        key=days["day"].dt.strftime("%Y-%m-%d") + "|" + days["reason"],
        when=_named(days["day"], step),
        said=[
            f"{n:,}{', too few to say' if small else ''}"
            for n, small in zip(days["tried"], days["small"], strict=True)
        ],
        until=days["day"] + SPANS[step],
        bottom=top - days["failed"],
        top=top,
    )
    chosen = alt.selection_point(name=MARK, fields=["key"])
    shades = ink.reasons[: len(order)]
    chart = (
        alt.Chart(days)
        .mark_rect(cursor="pointer")
        .encode(
            x=_days(frame),
            x2="until:T",
            y=alt.Y("bottom:Q", title=None, axis=alt.Axis(format=",d", tickCount=5, tickMinStep=1)),
            y2="top:Q",
            color=alt.Color(
                "words:N",
                title=None,
                sort=list(order),
                scale=alt.Scale(domain=list(order), range=list(shades)),
                legend=alt.Legend(orient="top", columns=2, labelLimit=170),
            ),
            opacity=alt.condition(chosen, alt.value(1), alt.value(0.35)),
            tooltip=[
                alt.Tooltip("when:N", title=step),
                alt.Tooltip("words:N", title="reason"),
                alt.Tooltip("failed:Q", format=","),
                alt.Tooltip("share:Q", title="of all tried then", format=".2%"),
                alt.Tooltip("low:Q", title="from (95 %)", format=".2%"),
                alt.Tooltip("high:Q", title="to (95 %)", format=".2%"),
                alt.Tooltip("said:N", title="n"),
            ],
        )
        .add_params(chosen)
    )
    return dressed(chart.properties(height=HEIGHT), ink)


def hours(frame: pd.DataFrame, ink: Ink) -> Any:
    """Shares by weekday and hour as a heat map."""
    cells = frame.assign(
        y=[WEEKDAYS[day] for day in frame["weekday"]],
        x=frame["hour"],
        key=frame["weekday"].astype(str) + "|" + frame["hour"].astype(str),
    )
    return _heat(cells, list(WEEKDAYS), list(range(24)), ink, of="tried", x="hour", y="weekday")


def retention(frame: pd.DataFrame, ink: Ink) -> Any:
    """The share that can still be reached, by registration month and weeks since."""
    cells = frame.assign(
        y=frame["month"].dt.strftime("%b %Y"),
        x=frame["week"],
        key=frame["month"].dt.strftime("%Y-%m-%d") + "|" + frame["week"].astype(str),
    )
    months = list(dict.fromkeys(cells["y"]))
    weeks = list(range(int(frame["week"].max()) + 1))
    return _heat(cells, months, weeks, ink, of="people", x="weeks since", y="registered")


def _heat(
    cells: pd.DataFrame, down: list[str], across: list[int], ink: Ink, *, of: str, x: str, y: str
) -> Any:
    sure = cells[~cells["small"]]
    high = float(sure["share"].max()) if len(sure) else 1.0
    low = min(float(sure["share"].min()), high - LEAST_SPAN) if len(sure) else 0.0
    dark = low + ink.turn * (high - low)
    chosen = alt.selection_point(name=MARK, fields=["key"])
    said = cells["small"].map({True: "too few to say", False: ""})
    base = alt.Chart(cells.assign(said=said)).encode(
        x=alt.X(
            "x:O",
            title=x,
            scale=alt.Scale(domain=across),
            axis=alt.Axis(labelAngle=0, labelOverlap="parity"),
        ),
        y=alt.Y("y:O", title=None, sort=down, scale=alt.Scale(domain=down)),
    )
    colour = alt.Color(
        "share:Q",
        title=None,
        scale=alt.Scale(domain=[low, high], range=list(ink.scale), clamp=True, interpolate="rgb"),
        legend=alt.Legend(orient="top", format=".0%", gradientLength=160, gradientThickness=8),
    )
    cell = base.mark_rect(cornerRadius=3).encode(
        color=alt.condition("datum.small", alt.value(ink.grid), colour)
    )
    figures = (
        base.transform_filter("!datum.small")
        .mark_text(fontSize=10, opacity=alt.expr(f"width > {WIDE} ? 1 : 0"))
        .encode(
            text=alt.Text("share:Q", format=".0%"),
            color=alt.condition(
                f"datum.share > {dark}", alt.value(ink.on_high), alt.value(ink.on_low)
            ),
        )
    )
    door = (
        base.mark_rect(
            cornerRadius=3, cursor="pointer", strokeWidth=2, color=ink.text, fillOpacity=0
        )
        .encode(
            strokeOpacity=alt.condition(chosen, alt.value(1), alt.value(0), empty=False),
            stroke=alt.value(ink.text),
            tooltip=[
                alt.Tooltip("y:N", title=y),
                alt.Tooltip("x:N", title=x),
                alt.Tooltip("share:Q", format=".2%"),
                alt.Tooltip("low:Q", title="from (95 %)", format=".2%"),
                alt.Tooltip("high:Q", title="to (95 %)", format=".2%"),
                alt.Tooltip(f"{of}:Q", title="n", format=","),
                alt.Tooltip("said:N", title=" "),
            ],
        )
        .add_params(chosen)
    )
    layers = alt.layer(cell, figures, door).properties(height=CELL * len(down))
    return dressed(layers, ink)


def _days(frame: pd.DataFrame) -> alt.X:
    few = frame["day"].nunique() <= 10
    axis = alt.Axis(
        format="%-d %b",
        tickCount="day" if few else 8,
        labelOverlap=True,
        grid=False,
        title=None,
    )
    return alt.X("day:T", axis=axis, scale=alt.Scale(padding=ROOM))


def _named(days: "pd.Series[pd.Timestamp]", step: Step) -> list[str]:
    first = "week of " if step == "week" else ""
    return [f"{first}{day:%a} {day.day} {day:%b %Y}" for day in days]


def _with_doors(base: alt.Chart, marks: Sequence[alt.Chart], facts: Sequence[Any], ink: Ink) -> Any:
    chosen = alt.selection_point(name=MARK, fields=["key"])
    # The whole height of a day is the door, not the dot alone.
    door = (
        base.mark_rule(strokeWidth=14, color=ink.series, cursor="pointer")
        .encode(
            y=alt.value(0),
            y2=alt.value(HEIGHT),
            opacity=alt.condition(chosen, alt.value(0.18), alt.value(0), empty=False),
            tooltip=list(facts),
        )
        .add_params(chosen)
    )
    return dressed(alt.layer(*marks, door).properties(height=HEIGHT), ink)
