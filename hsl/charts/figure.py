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

GREY = f"Grey: fewer than {insights.SMALL}, too few to say."
LINES = "Lines: where the true share lies with 95 %."


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
    nothing: str = "There is nothing in this period."


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
        return "0 of 0"
    low, high = insights.wilson(part, whole)
    return f"{100 * part / whole:.1f} % of {whole:,} ({100 * low:.1f} to {100 * high:.1f} %)"


def differ(frame: pd.DataFrame) -> str:
    """Whether the shares differ by more than chance, in words."""
    if len(frame) < 2:
        return ""
    if insights.apart(frame):
        return "They differ by more than chance."
    return "They do not differ by more than chance."


def duration(seconds: float) -> str:
    """Such as "40 s", "3 min", "2 h" or "4 days"."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size * (1 if size < 86_400 else 2):
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 1):.0f} s"
