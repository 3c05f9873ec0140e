"""The figures of the Delivery page: each question, with its chart and its answer in words."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from hsl import insights
from hsl.charts import over_time as timed
from hsl.charts import rows
from hsl.charts.ink import Ink
from hsl.insights import Filter, Step
from pages.parts import shell, show
from pages.parts.charts import Figure

GREY = f"Grey: fewer than {insights.SMALL}, too few to say."
LINES = "Lines: where the true share lies with 95 %."


@st.cache_data(max_entries=200, show_spinner="Counting …")
def counted(
    name: str, chosen: Filter, zone: str | None, step: Step | None, loaded_at: datetime
) -> pd.DataFrame:
    """A figure of `hsl.insights`; counted once while the store stays as it is."""
    figure = getattr(insights, name)
    places = [ZoneInfo(zone)] if zone else []
    named: dict[str, object] = {"step": step} if step else {}
    if name == "retention":
        named = {"now": loaded_at}
    frame: pd.DataFrame = figure(shell.store(), chosen, *places, **named)
    return frame


def count(
    name: str, chosen: Filter, *, zoned: bool = False, step: Step | None = None
) -> pd.DataFrame:
    """The same, of now and for the viewer."""
    zone = shell.zone().key if zoned else None
    return counted(name, chosen, zone, step, shell.store().loaded_at)


def over_time(chosen: Filter, step: Step) -> Figure:
    """Does it arrive?"""
    days = count("over_time", chosen, zoned=True, step=step)
    tried, got = int(days["tried"].sum()), int(days["delivered"].sum())
    return Figure(
        "arrival",
        "Does it arrive?",
        f"{interval(got, tried)} arrived, in {len(days):,} {step}s with messages. {LINES} {GREY}",
        days,
        lambda ink: timed.shares(days, ink, step=step),
        {f"{day:%Y-%m-%d}": f"{day:%a} {day.day} {day:%B %Y}" for day in days["day"]},
        step,
    )


def by_message(chosen: Filter) -> Figure:
    """How did each message do?"""
    found = count("by_message", chosen)
    return Figure(
        "messages",
        "How did each message do?",
        f"The last {len(found):,}. {differ(found)} {LINES}",
        found,
        lambda ink: rows.dots(found, "title", "message_id", ink, of="tried"),
        {str(i): title for i, title in zip(found["message_id"], found["title"], strict=True)},
        "message",
    )


STREAMS = {
    "reachable": ("Whom can we reach?", "People who are not marked as unreachable.", "reachable"),
    "reached": ("Whom did we reach?", "Got at least one message in the period.", "reach"),
    "arrived": ("Does it arrive there?", "Of the deliveries that were tried.", "stream"),
    "blocked": ("Who blocked the bot?", "Of the people to whom something was sent.", "blocked"),
}


def comparison(chosen: Filter) -> list[Figure]:
    """The streams side by side, by four measures."""
    found = count("comparison", chosen)
    return [_measure(found, measure) for measure in insights.MEASURES]


def _measure(found: pd.DataFrame, measure: str) -> Figure:
    question, words, door = STREAMS[measure]
    part = found[found["measure"] == measure].drop(columns="measure").reset_index(drop=True)

    def build(ink: Ink) -> object:
        hue = ink.failed if measure == "blocked" else None
        return rows.dots(part, "stream", "stream", ink, of="whole", colour=hue)

    marks = {stream: f"{question} {stream}" for stream in part["stream"]}
    summary = f"{words} {differ(part)}"
    return Figure(f"streams-{measure}", question, summary, part, build, marks, door, small=True)


def reach(chosen: Filter, days: int) -> Figure:
    """Whom did we reach?"""
    found = count("reach", chosen)
    total = int(found["people"].sum())
    return Figure(
        "reach",
        "Whom did we reach?",
        f"At least one message in {days} days, of {total:,} places in streams.",
        found,
        lambda ink: rows.dots(found, "stream", "stream", ink, of="people"),
        {stream: str(stream) for stream in found["stream"]},
        "reach",
    )


def hours(chosen: Filter) -> Figure:
    """When does it arrive best?"""
    found = count("by_hour", chosen, zoned=True)
    sure = found[~found["small"]].sort_values("share")
    zone = shell.zone().key
    words = f"No hour has {insights.SMALL} deliveries yet."
    if len(sure):
        best, worst = _cell(sure.iloc[-1]), _cell(sure.iloc[0])
        words = (
            f"Best {best}; worst {worst}."
            if insights.apart(found)
            else "No hour differs from another by more than chance."
        )
    names = {
        f"{day}|{hour}": f"{timed.WEEKDAYS[day]} {hour:02}:00–{(hour + 1) % 24:02}:00, {zone}"
        for day, hour in zip(found["weekday"], found["hour"], strict=True)
    }
    return Figure(
        "hours",
        "When does it arrive best?",
        f"{words} Weekdays and hours in {zone}. {GREY}",
        found,
        lambda ink: timed.hours(found, ink),
        names,
        "hour",
    )


def _cell(line: pd.Series) -> str:  # type: ignore[type-arg]
    day, hour = int(line["weekday"]), int(line["hour"])
    return f"{timed.WEEKDAYS[day]} {hour:02}:00 ({line['share']:.1%} of {line['tried']:,.0f})"


def speed(chosen: Filter) -> Figure:
    """How long does a message take?"""
    found = count("speed", chosen)
    columns = ("seconds_50", "seconds_95", "seconds_100")
    words = [
        " · ".join(show.duration(seconds) for seconds in line)
        for line in zip(*(found[name] for name in columns), strict=True)
    ]
    return Figure(
        "speed",
        "How long does a message take?",
        "From its start until half, 95 % and all of those who got it had it; pauses and quiet "
        "hours count in. The axis is logarithmic.",
        found,
        lambda ink: rows.times(found, "title", "message_id", ink, words=words),
        {str(i): title for i, title in zip(found["message_id"], found["title"], strict=True)},
        "message",
    )


def differ(frame: pd.DataFrame) -> str:
    """Whether the shares differ by more than chance, in words."""
    if len(frame) < 2:
        return ""
    if insights.apart(frame):
        return "They differ by more than chance."
    return "They do not differ by more than chance."


def interval(part: int, whole: int) -> str:
    """Such as "98.4 % of 1,204 (97.5 to 99.0 %)"."""
    low, high = insights.wilson(part, whole)
    return f"{show.share(part, whole)} ({100 * low:.1f} to {100 * high:.1f} %)"
