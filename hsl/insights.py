"""RESULT: the figures behind the charts, as data frames.

The ledger counts deliveries by message, hour, status, reason and streams; everything else is
pandas on that. A message whose counters have not changed is not counted again.
Shares are of those who were tried: delivered / (delivered + failed + uncertain), with the Wilson
interval at 95 % (Wilson 1927).
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, Select, func, select

from hsl import database, models
from hsl.delivery.sums import REASON_WORDS
from hsl.message import html
from hsl.models import Action, DeliveryStatus

Z = 1.96  # 95 %
SMALL = 30  # people; a share of fewer is shown grey
TRIED = (
    DeliveryStatus.SENT,
    DeliveryStatus.DELETED,
    DeliveryStatus.FAILED,
    DeliveryStatus.UNCERTAIN,
)
GOT = (DeliveryStatus.SENT, DeliveryStatus.DELETED)
History, Recipients = models.message_history, models.message_recipients
Enrolled = models.enrollments
COLUMNS = ["message_id", "hour", "status", "reason", "streams", "people"]
SEPARATOR = "\x1f"
MESSAGES_AT_ONCE = 100
SHARE_COLUMNS = ["tried", "delivered", "share", "low", "high", "small"]


@dataclass(frozen=True)
class Filter:
    """Which deliveries: of messages started in the period, to people who are in the streams."""

    since: datetime | None = None
    until: datetime | None = None
    streams: tuple[str, ...] = ()
    message_type: str | None = None


def wilson(delivered: int, tried: int) -> tuple[float, float]:
    """The interval in which the true share lies with 95 %; 0 to 1 where nobody was tried."""
    if tried == 0:
        return 0.0, 1.0
    share, square = delivered / tried, Z * Z
    centre = (share + square / (2 * tried)) / (1 + square / tried)
    half = Z / (1 + square / tried) * sqrt(share * (1 - share) / tried + square / (4 * tried**2))
    return max(0.0, centre - half), min(1.0, centre + half)


class Ledger:
    """All tried deliveries, counted: message_id, hour (UTC), status, reason, streams, people.

    `streams` is the set of streams that these people are in today. Threads may share a ledger.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._seen: dict[int, tuple[Any, ...]] = {}
        self._counted: dict[int, pd.DataFrame] = {}
        self._people_of = 0

    def deliveries(self, chosen: Filter) -> pd.DataFrame:
        """The deliveries that fit, up to date; each person counts once in a message."""
        with self._lock:
            wanted = self._refresh(chosen)
            frames = [self._counted[number] for number in wanted if len(self._counted[number])]
        if not frames:
            return pd.DataFrame(columns=COLUMNS)
        frame = pd.concat(frames, ignore_index=True)
        if not chosen.streams:
            return frame
        streams = set(chosen.streams)
        return frame[[bool(streams & places) for places in frame["streams"]]]

    def _refresh(self, chosen: Filter) -> list[int]:
        """Count anew what changed, and return the ids of the messages that fit."""
        with database.read_only(self._engine).begin() as connection:
            last = connection.execute(
                select(func.max(models.audit_log.c.id).label("id")).where(
                    models.audit_log.c.action == "import"
                )
            ).one()
            if last.id != self._people_of:
                # People may be in other streams now.
                self._seen, self._counted, self._people_of = {}, {}, last.id
            rows = connection.execute(_messages(chosen)).all()
            changed = [row.id for row in rows if self._seen.get(row.id) != tuple(row)]
            for start in range(0, len(changed), MESSAGES_AT_ONCE):
                ids = changed[start : start + MESSAGES_AT_ONCE]
                frame = _counted(connection, ids)
                by_message = dict(tuple(frame.groupby("message_id")))
                for number in ids:
                    self._counted[number] = by_message.get(number, frame.iloc[:0])
        self._seen |= {row.id: tuple(row) for row in rows}
        return [row.id for row in rows]


def by_stream(frame: pd.DataFrame, only: Sequence[str] = ()) -> pd.DataFrame:
    """Shares by stream (of `only`, if given); who is in two streams counts in both."""
    places = frame.assign(stream=frame["streams"].map(sorted)).explode("stream")
    places = places[places["stream"].notna()]
    if only:
        places = places[places["stream"].isin(list(only))]
    return shares(places, ["stream"])


def shares(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Tried, delivered, share, low, high and small, grouped by columns of `frame`."""
    if frame.empty:
        return pd.DataFrame(columns=[*by, *SHARE_COLUMNS])
    got = frame["status"].isin([str(status) for status in GOT])
    counted = (
        frame.assign(delivered=frame["people"].where(got, 0))
        .groupby(list(by), as_index=False, observed=True)
        .agg(tried=("people", "sum"), delivered=("delivered", "sum"))
    )
    counted["share"] = counted["delivered"] / counted["tried"]
    bounds = [
        wilson(int(d), int(t)) for d, t in zip(counted["delivered"], counted["tried"], strict=True)
    ]
    counted["low"] = [low for low, _ in bounds]
    counted["high"] = [high for _, high in bounds]
    counted["small"] = counted["tried"] < SMALL
    return counted


def over_time(frame: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """Shares by day in `zone`."""
    return shares(frame.assign(day=_local(frame, zone).dt.date), ["day"])


def by_hour(frame: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """Shares by hour of the day (0 to 23) in `zone`."""
    return shares(frame.assign(hour_of_day=_local(frame, zone).dt.hour), ["hour_of_day"])


def by_message(engine: Engine, frame: pd.DataFrame, *, most: int = 20) -> pd.DataFrame:
    """Shares of the last `most` messages, with title."""
    found = shares(frame, ["message_id"]).sort_values("message_id", ascending=False).head(most)
    ids = [int(number) for number in found["message_id"]]
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(
            select(History.c.id, History.c.message_text).where(History.c.id.in_(ids))
        ).all()
    titles = {row.id: html.first_line(row.message_text)[:40] or "file" for row in rows}
    return found.assign(title=[f"{i} · {titles.get(i, '')}" for i in ids])


def reasons(frame: pd.DataFrame) -> pd.DataFrame:
    """People who failed, by reason in words, the most first."""
    failed = frame[frame["status"] == str(DeliveryStatus.FAILED)]
    words = failed["reason"].map(lambda reason: REASON_WORDS.get(reason, reason or "other"))
    return (
        failed.assign(reason=words)
        .groupby("reason", as_index=False)
        .agg(people=("people", "sum"))
        .sort_values("people", ascending=False)
    )


def reach(engine: Engine, *, days: int = 30) -> pd.DataFrame:
    """By stream: people, how many got at least one message in so many days, and the share."""
    since = models.utc_now() - timedelta(days=days)
    got = (
        select(Recipients.c.user_id)
        .where(
            Recipients.c.delivery_status.in_(GOT),
            Recipients.c.message_id.in_(
                select(History.c.id).where(
                    History.c.started_at >= since, History.c.action == Action.SEND
                )
            ),
        )
        .distinct()
        .subquery()
    )
    found = (
        select(
            Enrolled.c.course_stream.label("stream"),
            func.count().label("people"),
            func.count(got.c.user_id).label("reached"),
        )
        .select_from(Enrolled.outerjoin(got, got.c.user_id == Enrolled.c.user_id))
        .group_by(Enrolled.c.course_stream)
        .order_by(Enrolled.c.course_stream)
    )
    with database.read_only(engine).begin() as connection:
        rows = [dict(row._mapping) for row in connection.execute(found)]
    frame = pd.DataFrame(rows, columns=["stream", "people", "reached"])
    return frame.assign(share=frame["reached"] / frame["people"].clip(lower=1))


def _messages(chosen: Filter) -> Select[Any]:
    """Started messages that fit, with everything that changes when a delivery does."""
    found = select(
        History.c.id,
        History.c.successful_deliveries,
        History.c.failed_deliveries,
        History.c.uncertain_deliveries,
        History.c.deleted_deliveries,
    ).where(History.c.started_at.is_not(None), History.c.action == Action.SEND)
    if chosen.since is not None:
        found = found.where(History.c.started_at >= chosen.since)
    if chosen.until is not None:
        found = found.where(History.c.started_at < chosen.until)
    if chosen.message_type:
        found = found.where(History.c.message_type == chosen.message_type)
    return found.order_by(History.c.id)


def _counted(connection: Connection, ids: Sequence[int]) -> pd.DataFrame:
    dialect = connection.dialect.name
    places = (
        select(
            Enrolled.c.user_id,
            func.aggregate_strings(Enrolled.c.course_stream, SEPARATOR).label("streams"),
        )
        .group_by(Enrolled.c.user_id)
        .subquery()
    )
    columns: list[ColumnElement[Any]] = [
        Recipients.c.message_id,
        database.hour_of(Recipients.c.sending_at, dialect).label("hour"),
        Recipients.c.delivery_status.label("status"),
        Recipients.c.reason,
        func.coalesce(places.c.streams, "").label("streams"),
    ]
    rows = connection.execute(
        select(*columns, func.count().label("people"))
        .select_from(Recipients.outerjoin(places, places.c.user_id == Recipients.c.user_id))
        .where(
            Recipients.c.message_id.in_(ids),
            Recipients.c.delivery_status.in_(TRIED),
            Recipients.c.sending_at.is_not(None),
        )
        .group_by(*columns)
    ).all()
    frame = pd.DataFrame([tuple(row) for row in rows], columns=COLUMNS)
    known: dict[str | None, frozenset[str]] = {}
    for words in frame["streams"].unique():
        known[words] = frozenset(words.split(SEPARATOR)) if words else frozenset()
    return frame.assign(streams=frame["streams"].map(known.__getitem__))


def _local(frame: pd.DataFrame, zone: ZoneInfo) -> "pd.Series[pd.Timestamp]":
    hours = pd.to_datetime(frame["hour"], format="%Y-%m-%d %H", utc=True)
    return hours.dt.tz_convert(zone)
