"""The figures of failures, of people over time, and of one message."""

from typing import Any

import pandas as pd

from hsl import insights
from hsl.charts import over_time as timed
from hsl.charts import rows
from hsl.charts.figure import Counts, Figure, diamonds, grey, interval, percent
from hsl.charts.ink import Ink
from hsl.delivery.sums import reason_words
from hsl.insights import Step
from hsl.words import N_, _, number, plural

MORE = N_(
    "More messages and more blocks need not be cause and effect: who blocks gets no more of them."
)


def _said(found: pd.DataFrame) -> pd.DataFrame:
    """The reasons' words in the reader's language; the frame is one for all readers."""
    words = [
        _(insights.OTHERS) if reason == insights.OTHERS else reason_words(reason)
        for reason in found["reason"]
    ]
    return found.assign(words=pd.Series(words, dtype=object, index=found.index))


def reasons_over_time(counts: Counts, step: Step) -> Figure:
    """Why do messages fail, and since when?"""
    found = _said(counts.frame("reasons_over_time", zoned=True, step=step))
    sums = found.groupby("words")["failed"].sum().sort_values(ascending=False, kind="stable")
    others = [words for words in sums.index if words == _(insights.OTHERS)]
    order = [words for words in sums.index if words not in others] + others
    marks = {
        f"{day:%Y-%m-%d}|{reason}": f"{words}, {timed.long_day(day, step)}"
        for day, reason, words in zip(found["day"], found["reason"], found["words"], strict=True)
    }
    return Figure(
        "failures",
        _("Why do messages fail, and since when?"),
        plural("{n} delivery failed.", "{n} deliveries failed.", int(found["failed"].sum()))
        + " "
        + _("The most frequent reason, 1, stands at the bottom."),
        found,
        lambda ink: timed.stacked(found, order, ink, step=step),
        marks,
        f"reason_{step}",
        nothing=N_("None failed."),
    )


def reasons(counts: Counts) -> Figure:
    """How much does each reason cost?"""
    found = _said(counts.frame("reasons"))
    return Figure(
        "reasons",
        _("How much does each reason cost?"),
        _("Of all deliveries that were tried."),
        found,
        lambda ink: rows.dots(found, "words", "reason", ink, of="tried", colour=ink.failed),
        dict(zip(found["reason"], found["words"], strict=True)),
        "reason",
        nothing=N_("None failed."),
    )


def churn(counts: Counts) -> Figure:
    """After which message do people block the bot?"""
    found = counts.frame("churn")
    blocked, got = int(found["blocked"].sum()), int(found["got"].sum())
    return Figure(
        "churn",
        _("After which message do people block the bot?"),
        _(
            "{interval} blocked it after one of the last {count} messages: it was the last one "
            "that they got before a delivery first failed because of the block.",
            interval=interval(blocked, got),
            count=len(found),
        ),
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
            _("How many messages does a person get?"),
            _(
                "{people} were sent {average} each in the period, on average.",
                people=plural("{n} person", "{n} people", people),
                average=number(average, decimals=1),
            ),
            found,
            lambda ink: rows.bars(named, "load", "messages", ink),
            names,
            "load",
        ),
        Figure(
            "loads-arrived",
            _("Do more of them arrive less?"),
            _("Deliveries that arrived, by how many the person was sent.") + f" {diamonds()}",
            some if len(some) else some.iloc[:0],
            arrived,
            names,
            "load",
        ),
        Figure(
            "loads-blocked",
            _("Do more of them drive people away?"),
            _("People who had blocked the bot.") + " " + _(MORE),
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
        words = _("After four weeks {interval} could be reached.", interval=interval(part, whole))
        words += " "
    marks = {
        f"{month:%Y-%m-%d}|{week}": plural(
            "Registered in {month}, {n} week since",
            "Registered in {month}, {n} weeks since",
            int(week),
            month=timed.month_words(month),
        )
        for month, week in zip(found["month"], found["week"], strict=True)
    }
    return Figure(
        "retention",
        _("How long can people be reached after they registered?"),
        words
        + _("By month of registration and full weeks since, whatever the period above.")
        + f" {grey()}",
        found,
        lambda ink: timed.retention(found, ink),
        marks,
        "retention",
    )


def _sent(load: str) -> str:
    if load.isdigit():
        return plural("{n} message", "{n} messages", int(load)) if load != "0" else _("none")
    first, dash, last = load.partition("–")
    if dash:
        return _("{first} to {last} messages", first=first, last=last)
    return _("{least} messages and more", least=load.split()[0])


def median_words(found: insights.Result) -> str:
    """One message against earlier ones, in words."""
    said = _("{interval} arrived.", interval=interval(found.delivered, found.tried))
    if found.median is None:
        return f"{said} " + _("There is no earlier message to the same streams to hold it against.")
    return f"{said} " + _(
        "The median of {count} earlier messages to the same streams is {percent}.",
        count=found.earlier,
        percent=percent(found.median),
    )


def _of_chosen(step: Any) -> str:
    if step.key == "people|":
        return number(step.people)
    if step.small:
        return _(
            "{people} of {chosen}, too few to say", people=int(step.people), chosen=int(step.chosen)
        )
    return _(
        "{people} · {percent} % ({low} to {high} %)",
        people=int(step.people),
        percent=number(100 * step.share, decimals=1),
        low=number(100 * step.low, decimals=1),
        high=number(100 * step.high, decimals=1),
    )


def funnel(found: insights.Result, message_id: int) -> Figure:
    """Where did people drop out?"""
    steps: pd.DataFrame = found.funnel
    words = [_of_chosen(step) for step in steps.itertuples()]
    # Who was chosen is a number and no share, whatever its size.
    grey = list(steps["small"] & (steps["key"] != "people|"))
    return Figure(
        f"message-{message_id}-funnel",
        _("Where did people drop out?"),
        median_words(found) if found.tried else _("Nobody was tried yet."),
        steps,
        lambda ink: rows.bars(
            steps,
            "step",
            "key",
            ink,
            words=words,
            kinds=list(steps["kind"]),
            grey=grey,
            share=_("of the chosen"),
        ),
        {key: step for key, step in zip(steps["key"], steps["step"], strict=True) if key},
        "end",
    )


def one_by_stream(found: insights.Result, message_id: int) -> Figure:
    """How did it do in each stream?"""
    streams = found.by_stream
    return Figure(
        f"message-{message_id}-streams",
        _("How did it do in each stream?"),
        _(
            "The upright line is the median of earlier messages to that stream, of as many as it "
            "says."
        ),
        streams,
        lambda ink: rows.dots(
            streams, "stream", "stream", ink, of="tried", against="median", number="earlier"
        ),
        {stream: str(stream) for stream in streams["stream"]},
        "stream",
    )
