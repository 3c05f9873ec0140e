"""A question with its chart, its numbers and its answer in words; and what it counts on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from hsl import insights
from hsl.charts.ink import Ink
from hsl.insights import Filter, Readable, Step
from hsl.words import N_, _, number, plural


def grey() -> str:
    """What grey means, in every figure."""
    return _("Grey: fewer than {least}, too few to say.", least=insights.SMALL)


def diamonds() -> str:
    """The same where dots are drawn, which then have another shape too."""
    return _("Grey diamonds: fewer than {least}, too few to say.", least=insights.SMALL)


def lines() -> str:
    """What the lines at dots mean."""
    return _("Lines: where the true share lies with 95 %.")


@dataclass(frozen=True)
class Figure:
    """What a chart shows. `marks` names each mark by its key; `door` is a figure of
    `insights.people_behind`, or None where nobody stands behind a mark. `nothing` is said in
    place of a chart without numbers."""

    name: str  # of its files, and of its key on a page
    question: str
    summary: str
    numbers: pd.DataFrame
    build: Callable[[Ink], Any]
    marks: Mapping[str, str] = field(default_factory=dict)
    door: str | None = None
    small: bool = False  # under a question that it shares with others
    nothing: str = N_("There is nothing in this period.")  # translated where it is shown


@dataclass(frozen=True)
class Counts:
    """The frames of `hsl.insights` for one filter and one viewer's zone, of `now`."""

    store: Readable
    chosen: Filter
    zone: ZoneInfo
    now: datetime

    def frame(self, name: str, *, zoned: bool = False, step: Step | None = None) -> pd.DataFrame:
        """The figure of this name; `zoned` and `step` for those that are by time."""
        named: dict[str, object] = {"step": step} if step else {}
        if name == "retention":
            named["now"] = self.now
        places = [self.zone] if zoned else []
        found: pd.DataFrame = getattr(insights, name)(self.store, self.chosen, *places, **named)
        return found


def interval(part: int, whole: int) -> str:
    """Such as "98.4 % of 1,204 (97.5 to 99.0 %)"."""
    if not whole:
        return _("0 of 0")
    low, high = insights.wilson(part, whole)
    return _(
        "{percent} % of {whole} ({low} to {high} %)",
        percent=number(100 * part / whole, decimals=1),
        whole=whole,
        low=number(100 * low, decimals=1),
        high=number(100 * high, decimals=1),
    )


def percent(share: float, *, decimals: int = 1) -> str:
    """Such as "98.4%"."""
    return _("{percent}%", percent=number(100 * share, decimals=decimals))


def differ(frame: pd.DataFrame) -> str:
    """Whether the shares differ by more than chance, in words."""
    if len(frame) < 2:
        return ""
    if insights.apart(frame):
        return _("They differ by more than chance.")
    return _("They do not differ by more than chance.")


def duration(seconds: float) -> str:
    """Such as "40 s", "3 min", "2 h" or "4 days"; "90 min" rather than "2 h"."""
    if seconds >= 86_400:
        return plural("{n} day", "{n} days", round(seconds / 86_400))
    if seconds >= 7_200:
        return _("{n} h", n=round(seconds / 3_600))
    if seconds >= 120:
        return _("{n} min", n=round(seconds / 60))
    return _("{n} s", n=round(max(seconds, 1)))
