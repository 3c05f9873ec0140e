"""The figures of the library: what reports tell, and a frame behind each chart of the pages."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa
from sqlalchemy import Engine

from hsl import insights, models
from hsl.insights import Filter, Readable, Result, Step
from hsl.moment import moment
from hsl.reports import figures
from hsl.reports.deliveries import Deliveries
from hsl.settings import Settings

INTEGERS = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype()}
# A pandas frame, or a pyarrow Table where a call has `as_arrow=True`.
Frame = Any
EVERYTHING = Filter()
Answer = TypeVar("Answer")


def framed(table: pa.Table, as_arrow: bool) -> Frame:
    """The table, or its pandas frame with nullable integers."""
    return table if as_arrow else table.to_pandas(types_mapper=INTEGERS.get)


class Figures:
    """Figures of deliveries, each out of one moment; days and hours are of the school's zone.

    `message` and `period` give typed values. The others give the frame behind a chart of the pages,
    with the columns that `hsl.insights` names, for the deliveries that a `Filter` (of
    `hsl.insights`; if left out, all) chooses. Raises ArchiveError where a file of the archive is
    not there.
    """

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._zone = settings.zone

    def message(self, message_id: int) -> figures.OfMessage:
        """One started message's, as a report tells it. Raises ReportError."""
        return figures.of_message(self._engine, message_id, self._zone)

    def period(
        self, since: datetime, until: datetime, streams: Sequence[str] = ()
    ) -> figures.OfPeriod:
        """Those of the messages that started from `since` until before `until`, likewise."""
        return figures.of_period(self._engine, since, until, self._zone, streams)

    def result(self, message_id: int) -> Result:
        """One message's funnel, and its streams against earlier messages to the same."""
        return self._asked(EVERYTHING, lambda store: insights.result(store, message_id))

    def total(self, chosen: Filter = EVERYTHING, *, as_arrow: bool = False) -> Frame:
        """One row: messages, people, and what arrived of their deliveries."""
        return self._frame(insights.total, chosen, as_arrow)

    def by_stream(self, chosen: Filter = EVERYTHING, *, as_arrow: bool = False) -> Frame:
        """What arrived, by stream of today."""
        return self._frame(insights.by_stream, chosen, as_arrow)

    def by_message(
        self,
        chosen: Filter = EVERYTHING,
        *,
        most: int = insights.MOST_MESSAGES,
        as_arrow: bool = False,
    ) -> Frame:
        """What arrived, of the last `most` messages."""
        return self._frame(insights.by_message, chosen, as_arrow, most=most)

    def over_time(
        self, chosen: Filter = EVERYTHING, *, step: Step = "day", as_arrow: bool = False
    ) -> Frame:
        """What arrived, by day, or by the Monday of its week."""
        return self._frame(insights.over_time, chosen, as_arrow, self._zone, step=step)

    def by_hour(self, chosen: Filter = EVERYTHING, *, as_arrow: bool = False) -> Frame:
        """What arrived, by weekday and hour."""
        return self._frame(insights.by_hour, chosen, as_arrow, self._zone)

    def reasons(self, chosen: Filter = EVERYTHING, *, as_arrow: bool = False) -> Frame:
        """Why deliveries failed, the most frequent reason first."""
        return self._frame(insights.reasons, chosen, as_arrow)

    def reasons_over_time(
        self, chosen: Filter = EVERYTHING, *, step: Step = "day", as_arrow: bool = False
    ) -> Frame:
        """Why deliveries failed, by day or week."""
        return self._frame(insights.reasons_over_time, chosen, as_arrow, self._zone, step=step)

    def reach(self, chosen: Filter = EVERYTHING, *, as_arrow: bool = False) -> Frame:
        """Who got at least one message, of the people in each stream."""
        return self._frame(insights.reach, chosen, as_arrow)

    def churn(
        self,
        chosen: Filter = EVERYTHING,
        *,
        most: int = insights.MOST_MESSAGES,
        as_arrow: bool = False,
    ) -> Frame:
        """Who blocked the bot after each of the last `most` messages."""
        return self._frame(insights.churn, chosen, as_arrow, read=EVERYTHING, most=most)

    def fatigue(self, chosen: Filter = EVERYTHING, *, as_arrow: bool = False) -> Frame:
        """People by how many of the messages were sent to them."""
        return self._frame(insights.fatigue, chosen, as_arrow)

    def speed(
        self,
        chosen: Filter = EVERYTHING,
        *,
        most: int = insights.MOST_MESSAGES,
        as_arrow: bool = False,
    ) -> Frame:
        """Seconds until 50, 95 and 100 % of each of the last `most` messages."""
        return self._frame(insights.speed, chosen, as_arrow, most=most)

    def comparison(self, chosen: Filter = EVERYTHING, *, as_arrow: bool = False) -> Frame:
        """Streams side by side."""
        return self._frame(insights.comparison, chosen, as_arrow)

    def retention(self, chosen: Filter = EVERYTHING, *, as_arrow: bool = False) -> Frame:
        """Who can still be reached, by month of registration and weeks since."""
        return self._frame(insights.retention, chosen, as_arrow, self._zone, now=models.utc_now())

    def _frame(
        self,
        figure: Callable[..., pd.DataFrame],
        chosen: Filter,
        as_arrow: bool,
        *values: object,
        read: Filter | None = None,
        **named: object,
    ) -> Frame:
        """A figure of the deliveries of `chosen`; `read` names those it looks at, if others."""
        found = self._asked(
            chosen if read is None else read, lambda store: figure(store, chosen, *values, **named)
        )
        return pa.Table.from_pandas(found, preserve_index=False) if as_arrow else found

    def _asked(self, read: Filter, figure: Callable[[Readable], Answer]) -> Answer:
        """The answer out of one moment, of which the deliveries that `read` needs are read."""
        with moment(self._engine) as now:
            store = Deliveries(now, read.since, read.until, read.message_id)
            store.add_people(now)
        return figure(store)
