"""The figures of what arrives, where, when and how fast."""

import pandas as pd

from hsl import insights
from hsl.charts import over_time as timed
from hsl.charts import rows
from hsl.charts.figure import (
    Counts,
    Figure,
    diamonds,
    differ,
    duration,
    grey,
    interval,
    lines,
    percent,
)
from hsl.charts.ink import Ink
from hsl.insights import Step
from hsl.words import N_, _, plural


def over_time(counts: Counts, step: Step) -> Figure:
    """Does it arrive?"""
    days = counts.frame("over_time", zoned=True, step=step)
    tried, got = int(days["tried"].sum()), int(days["delivered"].sum())
    return Figure(
        "arrival",
        _("Does it arrive?"),
        _(
            "{interval} arrived, in {days} with messages. The larger a dot, the more deliveries.",
            interval=interval(got, tried),
            days=_steps(len(days), step),
        )
        + f" {lines()} {diamonds()}",
        days,
        lambda ink: timed.shares(days, ink, step=step),
        {f"{day:%Y-%m-%d}": timed.long_day(day, step) for day in days["day"]},
        step,
    )


def _steps(count: int, step: Step) -> str:
    if step == "week":
        return plural("{n} week", "{n} weeks", count)
    return plural("{n} day", "{n} days", count)


def by_message(counts: Counts) -> Figure:
    """How did each message do?"""
    found = counts.frame("by_message")
    return Figure(
        "messages",
        _("How did each message do?"),
        _("The last {count}.", count=len(found)) + f" {differ(found)} {lines()}",
        found,
        lambda ink: rows.dots(found, "title", "message_id", ink, of="tried"),
        {str(i): title for i, title in zip(found["message_id"], found["title"], strict=True)},
        "message",
    )


STREAMS = {
    "reachable": (
        N_("Whom can we reach?"),
        N_("People who are not marked as unreachable."),
        "reachable",
    ),
    "reached": (N_("Whom did we reach?"), N_("Got at least one message in the period."), "reach"),
    "arrived": (N_("Does it arrive there?"), N_("Of the deliveries that were tried."), "stream"),
    "blocked": (
        N_("Who blocked the bot?"),
        N_("Of the people to whom something was sent."),
        "blocked",
    ),
}


def comparison(counts: Counts) -> list[Figure]:
    """The streams side by side, by four measures."""
    found = counts.frame("comparison")
    return [_measure(found, measure) for measure in insights.MEASURES]


def _measure(found: pd.DataFrame, measure: str) -> Figure:
    question, words, door = STREAMS[measure]
    question, words = _(question), _(words)
    part = found[found["measure"] == measure].drop(columns="measure").reset_index(drop=True)

    def build(ink: Ink) -> object:
        hue = ink.failed if measure == "blocked" else None
        return rows.dots(part, "stream", "stream", ink, of="whole", colour=hue)

    marks = {stream: f"{question} {stream}" for stream in part["stream"]}
    summary = f"{words} {differ(part)}"
    return Figure(f"streams-{measure}", question, summary, part, build, marks, door, small=True)


def reach(counts: Counts, days: int) -> Figure:
    """Whom did we reach?"""
    found = counts.frame("reach")
    total = int(found["people"].sum())
    return Figure(
        "reach",
        _("Whom did we reach?"),
        _(
            "At least one message in {days} days, of {total} places in streams.",
            days=days,
            total=total,
        ),
        found,
        lambda ink: rows.dots(found, "stream", "stream", ink, of="people"),
        {stream: str(stream) for stream in found["stream"]},
        "reach",
    )


def hours(counts: Counts) -> Figure:
    """When does it arrive best?"""
    found = counts.frame("by_hour", zoned=True)
    sure = found[~found["small"]].sort_values("share")
    zone = counts.zone.key
    words = _("No hour has {least} deliveries yet.", least=insights.SMALL)
    if len(sure):
        best, worst = _cell(sure.iloc[-1]), _cell(sure.iloc[0])
        words = (
            _("Best {best}; worst {worst}.", best=best, worst=worst)
            if insights.apart(found)
            else _("No hour differs from another by more than chance.")
        )
    names = {
        f"{day}|{hour}": f"{timed.weekdays()[day]} {hour:02}:00–{(hour + 1) % 24:02}:00, {zone}"
        for day, hour in zip(found["weekday"], found["hour"], strict=True)
    }
    return Figure(
        "hours",
        _("When does it arrive best?"),
        f"{words} " + _("Weekdays and hours in {zone}.", zone=zone) + f" {grey()}",
        found,
        lambda ink: timed.hours(found, ink),
        names,
        "hour",
    )


def _cell(line: pd.Series) -> str:
    day, hour = int(line["weekday"]), int(line["hour"])
    return _(
        "{weekday} {hour} ({percent} of {tried})",
        weekday=timed.weekdays()[day],
        hour=f"{hour:02}:00",
        percent=percent(line["share"]),
        tried=int(line["tried"]),
    )


def speed(counts: Counts) -> Figure:
    """How long does a message take?"""
    found = counts.frame("speed")
    columns = ("seconds_50", "seconds_95", "seconds_100")
    words = [
        " · ".join(duration(seconds) for seconds in line)
        for line in zip(*(found[name] for name in columns), strict=True)
    ]
    return Figure(
        "speed",
        _("How long does a message take?"),
        _(
            "From its start until half, 95 % and all of those who got it had it; pauses and quiet "
            "hours count in. The axis is logarithmic."
        ),
        found,
        lambda ink: rows.times(found, "title", "message_id", ink, words=words),
        {str(i): title for i, title in zip(found["message_id"], found["title"], strict=True)},
        "message",
    )
