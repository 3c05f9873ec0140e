"""The figures that a report tells, of one message or of a period: the one place they come from.

What arrived is a share of those who were tried, reach one of the people in a stream, each with the
Wilson interval at 95 %, as `hsl.insights` counts them; archived deliveries are counted alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Engine, Row, select

from hsl import insights, models
from hsl.delivery import history, sums
from hsl.delivery.history import Message
from hsl.delivery.sums import ClosingSum
from hsl.errors import PlainError
from hsl.insights import SMALL, Filter, Readable, wilson
from hsl.insights.filters import read
from hsl.insights.shares import QUARTER, QUARTERS
from hsl.moment import moment
from hsl.reports import schedule
from hsl.reports.deliveries import Deliveries
from hsl.warehouse.streams import PLACES

History = models.message_history
NO_STREAM = "not enrolled"
MOST_MESSAGES = 20  # in a chart; the table has all


class ReportError(PlainError, ValueError):
    """There is no message of this id, or it has not started."""


@dataclass(frozen=True)
class Share:
    """`part` of `whole`, such as those who got it of those tried; of a message, its id."""

    name: str
    part: int
    whole: int
    message_id: int | None = None

    @property
    def share(self) -> float:
        """From 0 to 1; 0 of nobody."""
        return self.part / self.whole if self.whole else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true share lies with 95 %."""
        return wilson(self.part, self.whole)

    @property
    def is_small(self) -> bool:
        """True where the whole is so few that the share says little."""
        return self.whole < SMALL


@dataclass(frozen=True)
class Count:
    """So many people."""

    name: str
    people: int


@dataclass(frozen=True)
class Figures:
    """What deliveries came to: in all, by stream of today, by reason, by day and hour.

    Shares are of deliveries that were tried; those of `reach` are of the people in a stream, who
    got at least one of the messages.
    """

    total: Share
    reach: tuple[Share, ...]
    by_stream: tuple[Share, ...]
    reasons: tuple[Count, ...]
    by_day: tuple[tuple[date, Share], ...]
    by_hour: tuple[tuple[datetime, int], ...]  # deliveries that left in that local hour


@dataclass(frozen=True)
class Going:
    """A message that is being sent still, or is paused, with `left` people not tried yet."""

    message_id: int
    title: str
    status: models.MessageStatus
    left: int


@dataclass(frozen=True)
class OfMessage:
    """One message's."""

    message: Message
    figures: Figures


@dataclass(frozen=True)
class OfPeriod:
    """Those of the messages that started from `since` until before `until`."""

    since: datetime
    until: datetime
    streams: tuple[str, ...]
    closing: ClosingSum  # of everybody in these messages, in whatever stream
    figures: Figures
    messages: tuple[Share, ...]  # the last one first
    going: tuple[Going, ...] = ()

    def best(self, most: int = 5) -> list[Share]:
        """Messages to enough people, the greatest share first."""
        return sorted(self._telling, key=lambda m: (-m.share, -m.whole))[:most]

    def worst(self, most: int = 5) -> list[Share]:
        """Messages to enough people, the smallest share first."""
        return sorted(self._telling, key=lambda m: (m.share, -m.whole))[:most]

    @property
    def _telling(self) -> list[Share]:
        return [message for message in self.messages if not message.is_small]


def of_message(engine: Engine, message_id: int, zone: ZoneInfo) -> OfMessage:
    """A started message's figures. Raises ReportError."""
    message = history.one(engine, message_id)
    if message is None or message.started_at is None:
        raise ReportError(
            f"There is no started message {message_id}. `python -m hsl status` lists them."
        )
    chosen = Filter(message_id=message_id)
    with moment(engine) as now:
        return OfMessage(message, _figures(Deliveries(now, message=message_id), chosen, zone))


def of_period(
    engine: Engine,
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
    streams: Sequence[str] = (),
) -> OfPeriod:
    """The figures of the messages that started in a period, of people in these streams if given."""
    chosen = Filter(since=since, until=until, streams=tuple(streams))
    with moment(engine) as now:
        rows = now.connection.execute(
            select(History)
            .where(
                History.c.started_at >= since,
                History.c.started_at < until,
                History.c.action == models.Action.SEND,
            )
            .order_by(History.c.id.desc())
        ).all()
        closing = sums.counted_sums(now.connection, rows)
        store = Deliveries(now, since, until)
    by_message = {
        int(line["message_id"]): line
        for line in insights.by_message(store, chosen, most=len(rows)).to_dict("records")
    }
    messages = [
        Share(
            _title(row),
            int(by_message[row.id]["delivered"]),
            int(by_message[row.id]["tried"]),
            row.id,
        )
        for row in rows
        if row.id in by_message
    ]
    return OfPeriod(
        since,
        until,
        tuple(streams),
        _together(list(closing.values())),
        _figures(store, chosen, zone),
        tuple(messages),
        tuple(
            Going(row.id, _title(row), row.status, closing[row.id].not_tried)
            for row in rows
            if row.status in schedule.GOING
        ),
    )


def _title(row: Row[Any]) -> str:
    return f"{row.id} · {history.title_of(row)[:60]}"


def _figures(store: Readable, chosen: Filter, zone: ZoneInfo) -> Figures:
    total = insights.total(store, chosen).iloc[0]
    by_stream = _shares(insights.by_stream(store, chosen), "stream", "delivered", "tried")
    if not chosen.streams:
        by_stream += [share for share in [_outside(store, chosen)] if share.whole]
    return Figures(
        Share("all", int(total["delivered"]), int(total["tried"])),
        tuple(_shares(insights.reach(store, chosen), "stream", "reached", "people")),
        tuple(by_stream),
        tuple(
            Count(str(line["words"]), int(line["failed"]))
            for line in insights.reasons(store, chosen).to_dict("records")
        ),
        tuple(
            (day, Share(str(day), int(line["delivered"]), int(line["tried"])))
            for line in insights.over_time(store, chosen, zone).to_dict("records")
            for day in [pd.Timestamp(line["day"]).date()]
        ),
        _by_hour(store, chosen, zone),
    )


def _outside(store: Readable, chosen: Filter) -> Share:
    """The share of those who are in no stream."""
    found = read(
        store,
        chosen,
        f"""SELECT count(*) AS tried, count(*) FILTER (WHERE got) AS delivered
        FROM tried WHERE user_id NOT IN (SELECT user_id FROM {PLACES})""",
    ).iloc[0]
    return Share(NO_STREAM, int(found["delivered"]), int(found["tried"]))


def _by_hour(store: Readable, chosen: Filter, zone: ZoneInfo) -> tuple[tuple[datetime, int], ...]:
    found = read(
        store,
        chosen,
        f"SELECT {QUARTERS}, count(*) AS deliveries FROM tried GROUP BY quarter ORDER BY quarter",
    )
    # Kept in UTC, in which the two hours of a night when clocks go back differ.
    hours: dict[datetime, int] = {}
    for quarter, deliveries in zip(found["quarter"], found["deliveries"], strict=True):
        moment = datetime.fromtimestamp(int(quarter) * QUARTER // 1_000_000, UTC)
        hour = moment - timedelta(minutes=moment.astimezone(zone).minute)
        hours[hour] = hours.get(hour, 0) + int(deliveries)
    return tuple((hour.astimezone(zone), deliveries) for hour, deliveries in hours.items())


def _shares(frame: pd.DataFrame, name: str, part: str, whole: str) -> list[Share]:
    return [
        Share(str(line[name]), int(line[part]), int(line[whole]))
        for line in frame.to_dict("records")
    ]


def _together(closing: Sequence[ClosingSum]) -> ClosingSum:
    """The sum of sums."""
    reasons: dict[str, int] = {}
    for one in closing:
        for reason, people in one.failed_by_reason.items():
            reasons[reason] = reasons.get(reason, 0) + people
    counts = {
        field.name: sum(getattr(one, field.name) for one in closing)
        for field in fields(ClosingSum)
        if field.type is int
    }
    return ClosingSum(failed_by_reason=reasons, **counts)
