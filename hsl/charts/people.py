"""The figures of failures, of people over time, and of one message."""

from typing import Any

import pandas as pd

from hsl import insights
from hsl.charts import over_time as timed
from hsl.charts import rows
from hsl.charts.figure import GREY, Counts, Figure, interval
from hsl.charts.ink import Ink
from hsl.insights import Step

MORE = (
    "More messages and more blocks need not be cause and effect: who blocks gets no more of them."
)


def reasons_over_time(counts: Counts, step: Step) -> Figure:
    """Why do messages fail, and since when?"""
    found = counts.frame("reasons_over_time", zoned=True, step=step)
    sums = found.groupby("words")["failed"].sum().sort_values(ascending=False, kind="stable")
    others = [words for words in sums.index if words == insights.OTHERS]
    order = [words for words in sums.index if words != insights.OTHERS] + others
    marks = {
        f"{day:%Y-%m-%d}|{reason}": f"{words}, {'week of ' if step == 'week' else ''}{day:%d %B %Y}"
        for day, reason, words in zip(found["day"], found["reason"], found["words"], strict=True)
    }
    return Figure(
        "failures",
        "Why do messages fail, and since when?",
        f"{found['failed'].sum():,} deliveries failed.",
        found,
        lambda ink: timed.stacked(found, order, ink, step=step),
        marks,
        f"reason_{step}",
        nothing="None failed.",
    )


def reasons(counts: Counts) -> Figure:
    """How much does each reason cost?"""
    found = counts.frame("reasons")
    return Figure(
        "reasons",
        "How much does each reason cost?",
        "Of all deliveries that were tried.",
        found,
        lambda ink: rows.dots(found, "words", "reason", ink, of="tried", colour=ink.failed),
        dict(zip(found["reason"], found["words"], strict=True)),
        "reason",
        nothing="None failed.",
    )


def churn(counts: Counts) -> Figure:
    """After which message do people block the bot?"""
    found = counts.frame("churn")
    blocked, got = int(found["blocked"].sum()), int(found["got"].sum())
    return Figure(
        "churn",
        "After which message do people block the bot?",
        f"{interval(blocked, got)} blocked it after one of the last {len(found):,} messages: it "
        "was the last one that they got before a delivery first failed because of the block.",
        found,
        lambda ink: rows.dots(found, "title", "message_id", ink, of="got", colour=ink.failed),
        {str(i): title for i, title in zip(found["message_id"], found["title"], strict=True)},
        "churn",
    )


def loads(counts: Counts) -> list[Figure]:
    """How many messages does a person get, and does it tire them?"""
    found = counts.frame("fatigue")
    names = {load: _sent(load) for load in found["messages"]}
    named = found.assign(load=[names[load] for load in found["messages"]])
    some = named[named["tried"] > 0].reset_index(drop=True)
    blocks = some.assign(
        **{name: some[f"block_{name}"] for name in ("share", "low", "high", "small")}
    )
    people = int(some["people"].sum())
    average = some["tried"].sum() / max(people, 1)

    def arrived(ink: Ink) -> Any:
        return rows.dots(some, "load", "messages", ink, of="tried")

    def blocked(ink: Ink) -> Any:
        return rows.dots(blocks, "load", "messages", ink, of="people", colour=ink.failed)

    return [
        Figure(
            "loads",
            "How many messages does a person get?",
            f"{people:,} people were sent {average:.1f} each in the period, on average.",
            found,
            lambda ink: rows.bars(named, "load", "messages", ink),
            names,
            "load",
        ),
        Figure(
            "loads-arrived",
            "Do more of them arrive less?",
            f"Deliveries that arrived, by how many the person was sent. {GREY}",
            some if len(some) else some.iloc[:0],
            arrived,
            names,
            "load",
        ),
        Figure(
            "loads-blocked",
            "Do more of them drive people away?",
            f"People who had blocked the bot. {MORE}",
            some if len(some) else some.iloc[:0],
            blocked,
            names,
            "load",
        ),
    ]


def retention(counts: Counts) -> Figure:
    """How long can people be reached after they registered?"""
    found = counts.frame("retention", zoned=True)
    at_last = found[(found["week"] == 4) & ~found["small"]]
    words = ""
    if len(at_last):
        part, whole = int(at_last["reachable"].sum()), int(at_last["people"].sum())
        words = f"After four weeks {interval(part, whole)} could be reached. "
    marks = {
        f"{month:%Y-%m-%d}|{week}": f"Registered in {month:%B %Y}, {week} weeks since"
        for month, week in zip(found["month"], found["week"], strict=True)
    }
    return Figure(
        "retention",
        "How long can people be reached after they registered?",
        f"{words}By month of registration and full weeks since, whatever the period above. {GREY}",
        found,
        lambda ink: timed.retention(found, ink),
        marks,
        "retention",
    )


def _sent(load: str) -> str:
    if load == "0":
        return "none"
    return f"{load} message" if load == "1" else f"{load} messages"


def median_words(found: insights.Result) -> str:
    """One message against earlier ones, in words."""
    said = f"{interval(found.delivered, found.tried)} arrived."
    if found.median is None:
        return f"{said} There is no earlier message to the same streams to hold it against."
    return (
        f"{said} The median of {found.earlier:,} earlier messages to the same streams is "
        f"{found.median:.1%}."
    )


def _of_chosen(step: Any) -> str:
    if step.step == "chosen":
        return f"{step.people:,}"
    if step.small:
        return f"{step.people:,} of {step.chosen:,}, too few to say"
    low, high = 100 * step.low, 100 * step.high
    return f"{step.people:,} · {100 * step.share:.1f} % ({low:.1f} to {high:.1f} %)"


def funnel(found: insights.Result, message_id: int) -> Figure:
    """Where did people drop out?"""
    steps: pd.DataFrame = found.funnel
    words = [_of_chosen(step) for step in steps.itertuples()]
    # Who was chosen is a number and no share, whatever its size.
    grey = list(steps["small"] & (steps["step"] != "chosen"))
    return Figure(
        f"message-{message_id}-funnel",
        "Where did people drop out?",
        median_words(found) if found.tried else "Nobody was tried yet.",
        steps,
        lambda ink: rows.bars(
            steps,
            "step",
            "key",
            ink,
            words=words,
            kinds=list(steps["kind"]),
            grey=grey,
            share="of the chosen",
        ),
        {key: step for key, step in zip(steps["key"], steps["step"], strict=True) if key},
        "end",
    )


def one_by_stream(found: insights.Result, message_id: int) -> Figure:
    """How did it do in each stream?"""
    streams = found.by_stream
    return Figure(
        f"message-{message_id}-streams",
        "How did it do in each stream?",
        "The upright line is the median of earlier messages to that stream, of as many as it says.",
        streams,
        lambda ink: rows.dots(
            streams, "stream", "stream", ink, of="tried", against="median", number="earlier"
        ),
        {stream: str(stream) for stream in streams["stream"]},
        "stream",
    )
