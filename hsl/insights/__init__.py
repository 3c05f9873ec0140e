"""RESULT: the figures behind the charts, as data frames out of the store.

Each function takes a store (anything with `frame(sql, values)`) and a `Filter`, runs one set-based
statement, and gives a frame of a few rows. docs/results.md says what each figure means.
"""

from hsl.insights.comparison import MEASURES, comparison
from hsl.insights.filters import Filter, Readable, authors
from hsl.insights.intervals import SMALL, apart, wilson
from hsl.insights.marks import Mark
from hsl.insights.one import Result, result
from hsl.insights.people import Door, ids_behind, people_behind
from hsl.insights.reach import churn, fatigue, reach
from hsl.insights.reasons import OTHERS, reasons
from hsl.insights.reasons import over_time as reasons_over_time
from hsl.insights.retention import retention
from hsl.insights.shares import (
    MOST_MESSAGES,
    Step,
    by_hour,
    by_message,
    by_stream,
    over_time,
    total,
)
from hsl.insights.speed import speed

__all__ = [
    "MEASURES",
    "MOST_MESSAGES",
    "OTHERS",
    "SMALL",
    "Door",
    "Filter",
    "Mark",
    "Readable",
    "Result",
    "Step",
    "apart",
    "authors",
    "by_hour",
    "by_message",
    "by_stream",
    "churn",
    "comparison",
    "fatigue",
    "ids_behind",
    "over_time",
    "people_behind",
    "reach",
    "reasons",
    "reasons_over_time",
    "result",
    "retention",
    "speed",
    "total",
    "wilson",
]
