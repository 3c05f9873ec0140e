"""The figures that a report tells, of one message or of a period: the one place they come from.

Shares are of those who were tried, with the Wilson interval at 95 %, as `hsl.insights` counts them;
archived deliveries are counted alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
from sqlalchemy import Engine, func, select

from hsl import database, insights, models
from hsl.archive import files, reading
from hsl.delivery import history, sums
from hsl.delivery.history import Message
from hsl.delivery.sums import ClosingSum
from hsl.insights import COLUMNS, GOT, SEPARATOR, SMALL, TRIED, Filter, wilson

History, Enrolled = models.message_history, models.enrollments
NO_STREAM = "not enrolled"
MOST_MESSAGES = 20  # in a chart; the table has all


class ReportError(ValueError):
    """There is no message of this id, or it has not started."""


@dataclass(frozen=True)
class Share:
    """Of `tried` people `delivered` got it; `message_id` where it is a message's."""

    name: str
    delivered: int
    tried: int
    message_id: int | None = None

    @property
    def share(self) -> float:
        """From 0 to 1; 0 where nobody was tried."""
        return self.delivered / self.tried if self.tried else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true share lies with 95 %."""
        return wilson(self.delivered, self.tried)

    @property
    def is_small(self) -> bool:
        """True where so few were tried that the share says little."""
        return self.tried < SMALL


@dataclass(frozen=True)
class Count:
    """So many people."""

    name: str
    people: int


@dataclass(frozen=True)
class Figures:
    """What deliveries came to: in all, by stream of today, by reason, by day and hour."""

    total: Share
    by_stream: tuple[Share, ...]
    reasons: tuple[Count, ...]
    by_day: tuple[tuple[date, Share], ...]
    by_hour: tuple[tuple[datetime, int], ...]  # people whose outcome left in that hour


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

    def best(self, most: int = 5) -> list[Share]:
        """Messages to enough people, the greatest share first."""
        return sorted(self._telling, key=lambda m: (-m.share, -m.tried))[:most]

    def worst(self, most: int = 5) -> list[Share]:
        """Messages to enough people, the smallest share first."""
        return sorted(self._telling, key=lambda m: (m.share, -m.tried))[:most]

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
    moment = message.started_at
    frame = deliveries(
        engine, Filter(since=moment, until=moment + timedelta(microseconds=1)), [message_id]
    )
    return OfMessage(message, _figures(frame, (), zone))


def of_period(
    engine: Engine,
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
    streams: Sequence[str] = (),
) -> OfPeriod:
    """The figures of the messages that started in a period, of people in these streams if given."""
    chosen = Filter(since=since, until=until, streams=tuple(streams))
    frame = deliveries(engine, chosen)
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(
            select(History)
            .where(
                History.c.started_at >= since,
                History.c.started_at < until,
                History.c.action == models.Action.SEND,
            )
            .order_by(History.c.id.desc())
        ).all()
        closing = sums.counted_sums(connection, rows)
    by_message = {
        int(line["message_id"]): line
        for line in insights.shares(frame, ["message_id"]).to_dict("records")
    }
    messages = [
        Share(
            f"{row.id} · {history.title_of(row)[:60]}",
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
        _figures(frame, streams, zone),
        tuple(messages),
    )


def deliveries(
    engine: Engine, chosen: Filter, message_ids: Sequence[int] | None = None
) -> pd.DataFrame:
    """Tried deliveries that fit, counted by message, hour (UTC), status, reason and streams."""
    archived = _archived_messages(engine, chosen)
    frame = insights.Ledger(engine).deliveries(chosen)
    # A run of `archive` that goes on now has left some rows that are in a file as well.
    frame = frame[~frame["message_id"].isin(archived)]
    found = pd.concat([frame, _archived(engine, archived, chosen.streams)], ignore_index=True)
    return found if message_ids is None else found[found["message_id"].isin(message_ids)]


def _figures(frame: pd.DataFrame, streams: Sequence[str], zone: ZoneInfo) -> Figures:
    got = frame["status"].isin([str(status) for status in GOT])
    total = Share("all", int(frame["people"].where(got, 0).sum()), int(frame["people"].sum()))
    if frame.empty:
        return Figures(total, (), (), (), ())
    outside = frame[[not places for places in frame["streams"]]]
    by_stream = _shares(insights.by_stream(frame, tuple(streams)), "stream")
    if not streams and not outside.empty:
        named = outside.assign(stream=NO_STREAM)
        by_stream += _shares(insights.shares(named, ["stream"]), "stream")
    days = insights.over_time(frame, zone)
    hours = pd.to_datetime(frame["hour"], format="%Y-%m-%d %H", utc=True).dt.tz_convert(zone)
    by_hour = frame.assign(hour=hours).groupby("hour")["people"].sum()
    return Figures(
        total,
        tuple(by_stream),
        tuple(
            Count(str(line["reason"]), int(line["people"]))
            for line in insights.reasons(_with_reasons(frame)).to_dict("records")
        ),
        tuple(
            (line["day"], Share(str(line["day"]), int(line["delivered"]), int(line["tried"])))
            for line in days.sort_values("day").to_dict("records")
        ),
        tuple(
            (pd.Timestamp(str(hour)).to_pydatetime().astimezone(zone), int(people))
            for hour, people in by_hour.items()
        ),
    )


def _with_reasons(frame: pd.DataFrame) -> pd.DataFrame:
    """A failure that names no reason is one for another reason."""
    given = frame["reason"].astype(object)
    return frame.assign(reason=given.where(given.notna(), "other"))


def _shares(frame: pd.DataFrame, name: str) -> list[Share]:
    return [
        Share(str(line[name]), int(line["delivered"]), int(line["tried"]))
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
        if field.name != "failed_by_reason"
    }
    return ClosingSum(failed_by_reason=reasons, **counts)


def _archived_messages(engine: Engine, chosen: Filter) -> list[int]:
    found = select(History.c.id).where(
        History.c.archived_at.is_not(None), History.c.action == models.Action.SEND
    )
    if chosen.since is not None:
        found = found.where(History.c.started_at >= chosen.since)
    if chosen.until is not None:
        found = found.where(History.c.started_at < chosen.until)
    if chosen.message_type:
        found = found.where(History.c.message_type == chosen.message_type)
    with database.read_only(engine).begin() as connection:
        return list(connection.execute(found).scalars())


def _archived(engine: Engine, ids: Sequence[int], streams: Sequence[str]) -> pd.DataFrame:
    counted: list[pd.DataFrame] = []
    if ids:
        counter = files.connect()
        with database.read_only(engine).begin() as connection:
            places = connection.execute(
                select(
                    Enrolled.c.user_id,
                    func.aggregate_strings(Enrolled.c.course_stream, SEPARATOR).label("streams"),
                ).group_by(Enrolled.c.user_id)
            ).all()
            counter.register(
                "places",
                pd.DataFrame([tuple(row) for row in places], columns=["user_id", "streams"]).astype(
                    {"user_id": "int64", "streams": "str"}
                ),
            )
            columns = ("message_id", "user_id", "delivery_status", "reason", "sending_at")
            for batch in reading.batches(connection, columns, ids):
                counter.register("rows_now", pa.Table.from_batches([batch]))
                counted.append(counter.execute(_COUNT).df())
    if not counted:
        return pd.DataFrame(columns=COLUMNS)
    keys = COLUMNS[:-1]
    frame = pd.concat(counted).groupby(keys, as_index=False, dropna=False).agg({"people": "sum"})
    known = {
        words: frozenset(words.split(SEPARATOR)) if words else frozenset()
        for words in frame["streams"].unique()
    }
    reason = frame["reason"].astype(object)
    frame = frame.assign(
        reason=reason.where(reason.notna(), None), streams=frame["streams"].map(known.__getitem__)
    )
    if streams:
        frame = frame[[bool(set(streams) & places) for places in frame["streams"]]]
    return frame


_COUNT = f"""SELECT r.message_id, strftime(timezone('UTC', r.sending_at), '%Y-%m-%d %H') AS hour,
    r.delivery_status AS status, r.reason, coalesce(p.streams, '') AS streams, count(*) AS people
    FROM rows_now AS r LEFT JOIN places AS p USING (user_id)
    WHERE r.delivery_status IN ({", ".join(f"'{status}'" for status in TRIED)})
    AND r.sending_at IS NOT NULL GROUP BY ALL"""
