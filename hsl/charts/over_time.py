"""Charts over days or weeks, and heat maps."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
from babel.dates import format_date, get_day_names

from hsl.charts.channels import fixed, where, where_chosen, where_small
from hsl.charts.ink import BLACK, WHITE, Ink, dressed, on
from hsl.charts.rows import LEAST_SPAN, MARK, shape, share_facts
from hsl.insights.shares import Step
from hsl.words import _, locale, number, p_

HEIGHT = 240  # pixels
CELL = 28  # pixels
ROOM = 10  # pixels beside the first and the last day
# How far a bar reaches: a day or a week, with a little room to the next.
SPANS = {"day": pd.Timedelta(hours=21), "week": pd.Timedelta(days=6, hours=8)}
LEAST_HEIGHT = 0.09  # of the highest bar, for a number within
FIGURE = 27  # pixels that a cell's figure takes beside its neighbours


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
    hue = where_small(alt.ColorValue, ink.grey, ink.series)
    base = alt.Chart(days).encode(x=_days(frame))
    line = (
        base.transform_filter("!datum.small")
        .mark_line(color=ink.series, opacity=0.35, strokeWidth=1.5)
        .encode(y=y.field("share"))
    )
    span = base.mark_rule(strokeWidth=4, strokeCap="round", opacity=0.3, clip=True).encode(
        y=y.field("low"), y2=alt.Y2("high:Q"), color=hue
    )
    # The more deliveries, the larger the dot.
    size = alt.Size("tried:Q", scale=alt.Scale(range=[18, 150], zero=True), legend=None)
    dot = base.mark_point(filled=True, opacity=1, clip=True).encode(
        y=y.field("share"), color=hue, size=size, shape=shape()
    )
    facts = [alt.Tooltip("when:N", title=_step(step)), *share_facts("tried")]
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
            _("{n}, too few to say", n=int(n)) if small else number(n)
            for n, small in zip(days["tried"], days["small"], strict=True)
        ],
        until=days["day"] + SPANS[step],
        bottom=top - days["failed"],
        top=top,
    )
    numbered = {words: f"{place} {words}" for place, words in enumerate(order, start=1)}
    days = days.assign(
        named=days["words"].map(numbered),
        mark=(days["place"] + 1).astype(int).astype(str),
        centre=days["day"] + SPANS[step] / 2,
        middle=(days["bottom"] + days["top"]) / 2,
        # A number stands where the bar is high enough for it.
        has_room=days["failed"] >= LEAST_HEIGHT * days["top"].max(),
    )
    chosen = alt.selection_point(name=MARK, fields=["key"])
    shades = list(ink.reasons[: len(order)])
    named = list(numbered.values())
    base = alt.Chart(days)
    bars = base.mark_rect().encode(
        x=_days(frame),
        x2=alt.X2("until:T"),
        y=alt.Y("bottom:Q", title=None, axis=alt.Axis(format=",d", tickCount=5, tickMinStep=1)),
        y2=alt.Y2("top:Q"),
        color=alt.Color(
            "named:N",
            title=None,
            sort=named,
            scale=alt.Scale(domain=named, range=shades),
            legend=alt.Legend(orient="top", columns=2, labelLimit=240),
        ),
        opacity=alt.OpacityValue(0.35, condition={"param": chosen.name, "value": 1}),
    )
    dark = [str(place) for place, shade in enumerate(shades, start=1) if on(shade) == WHITE]
    figures = (
        base.transform_filter("datum.has_room")
        .mark_text(fontSize=10, opacity=alt.expr(_room(days["day"].nunique())))
        .encode(
            x=alt.X("centre:T"),
            y=alt.Y("middle:Q"),
            text=alt.Text("mark:N"),
            color=where(alt.ColorValue, {"field": "mark", "oneOf": dark}, WHITE, BLACK),
        )
    )
    door = (
        base.mark_rect(cursor="pointer", fill=ink.series, stroke=None, opacity=0)
        .encode(
            x=alt.X("day:T"),
            x2=alt.X2("until:T"),
            y=alt.Y("bottom:Q"),
            y2=alt.Y2("top:Q"),
            tooltip=[
                alt.Tooltip("when:N", title=_step(step)),
                alt.Tooltip("words:N", title=_("reason")),
                alt.Tooltip("failed:Q", title=_("failed"), format=","),
                *share_facts("tried", _("of all tried then"))[:-1],
                alt.Tooltip("said:N", title="n"),
            ],
        )
        .add_params(chosen)
    )
    return dressed(alt.layer(bars, figures, door).properties(height=HEIGHT), ink)


def _room(days: int) -> str:
    """A number is drawn only where a bar is wide enough for it, as the chart is wide now."""
    return f"width / {max(days, 1)} > 14 ? 1 : 0"


def hours(frame: pd.DataFrame, ink: Ink) -> Any:
    """Shares by weekday and hour as a heat map."""
    names = weekdays()
    cells = frame.assign(
        y=[names[day] for day in frame["weekday"]],
        x=frame["hour"],
        key=frame["weekday"].astype(str) + "|" + frame["hour"].astype(str),
    )
    return _heat(cells, names, list(range(24)), ink, of="tried", x=_("hour"), y=_("weekday"))


def retention(frame: pd.DataFrame, ink: Ink) -> Any:
    """The share that can still be reached, by registration month and weeks since."""
    cells = frame.assign(
        y=[short_month(month) for month in frame["month"]],
        x=frame["week"],
        key=frame["month"].dt.strftime("%Y-%m-%d") + "|" + frame["week"].astype(str),
    )
    months = list(dict.fromkeys(cells["y"]))
    weeks = list(range(int(frame["week"].max()) + 1))
    return _heat(cells, months, weeks, ink, of="people", x=_("weeks since"), y=_("registered"))


def _heat(
    cells: pd.DataFrame, down: list[str], across: list[int], ink: Ink, *, of: str, x: str, y: str
) -> Any:
    sure = cells[~cells["small"]]
    high = float(sure["share"].max()) if len(sure) else 1.0
    low = min(float(sure["share"].min()), high - LEAST_SPAN) if len(sure) else 0.0
    dark = low + ink.turn * (high - low)
    wide = f"width > {FIGURE * len(across)}"
    chosen = alt.selection_point(name=MARK, fields=["key"])
    said = cells["small"].map({True: _("too few to say"), False: ""})
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
        condition={"test": "datum.small", "value": ink.grid},
    )
    cell = base.mark_rect(cornerRadius=3).encode(color=colour)
    figures = (
        base.transform_filter("!datum.small")
        .mark_text(
            # In narrow cells the figures stand upright, as colour alone tells some readers nothing.
            fontSize=alt.expr(f"{wide} ? 10 : 9"),
            angle=alt.expr(f"{wide} ? 0 : 270"),
        )
        .encode(
            text=alt.Text("share:Q", format=".0%"),
            color=where(alt.ColorValue, f"datum.share > {dark}", ink.on_high, ink.on_low),
        )
    )
    door = (
        base.mark_rect(
            cornerRadius=3, cursor="pointer", strokeWidth=2, color=ink.text, fillOpacity=0
        )
        .encode(
            strokeOpacity=where_chosen(alt.StrokeOpacityValue, chosen, 1, 0),
            stroke=fixed(alt.StrokeValue, ink.text),
            tooltip=[
                alt.Tooltip("y:N", title=y),
                alt.Tooltip("x:N", title=x),
                *share_facts(of),
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


def weekdays() -> list[str]:
    """Short names of the days of the week, Monday first."""
    names = get_day_names("abbreviated", context="stand-alone", locale=locale())
    return [str(names[day]) for day in range(7)]


def long_day(day: "pd.Timestamp", step: Step) -> str:
    """Such as "Tue 24 November 2026", or "week of Mon 23 November 2026"."""
    return _of_step(_date(day, "EEE d MMMM y"), step)


def month_words(month: "pd.Timestamp") -> str:
    """Such as "November 2026"."""
    return _date(month, "LLLL y")


def short_month(month: "pd.Timestamp") -> str:
    """Such as "Nov 2026"."""
    return _date(month, "LLL y")


def _date(day: "pd.Timestamp", pattern: str) -> str:
    return str(format_date(day.date(), pattern, locale=locale()))


def _of_step(day: str, step: Step) -> str:
    return _("week of {day}", day=day) if step == "week" else day


def _step(step: Step) -> str:
    return p_("a step of time", "week") if step == "week" else p_("a step of time", "day")


def _named(days: "pd.Series[pd.Timestamp]", step: Step) -> list[str]:
    return [_of_step(_date(day, "EEE d MMM y"), step) for day in days]


def _with_doors(base: alt.Chart, marks: Sequence[alt.Chart], facts: Sequence[Any], ink: Ink) -> Any:
    chosen = alt.selection_point(name=MARK, fields=["key"])
    # The whole height of a day is the door, not the dot alone.
    door = (
        base.mark_rule(strokeWidth=14, color=ink.series, cursor="pointer")
        .encode(
            y=fixed(alt.YValue, 0),
            y2=fixed(alt.Y2Value, HEIGHT),
            opacity=where_chosen(alt.OpacityValue, chosen, 0.18, 0),
            tooltip=list(facts),
        )
        .add_params(chosen)
    )
    return dressed(alt.layer(*marks, door).properties(height=HEIGHT), ink)
