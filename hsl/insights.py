"""RESULT: the figures behind the charts, as data frames.

One query counts deliveries by message, hour, status and reason; everything else is pandas on that.
Shares are of those who were tried: delivered / (delivered + failed + uncertain), with the Wilson
interval at 95 % (Wilson 1927).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import ColumnElement, Engine, func, select

from hsl import database, models
from hsl.delivery.sums import REASON_WORDS
from hsl.message import html
from hsl.models import DeliveryStatus

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


def deliveries(engine: Engine, chosen: Filter) -> pd.DataFrame:
    """Tried deliveries counted: message_id, hour (UTC), status, reason, people."""
    return _counted(engine, chosen, [])


def deliveries_by_stream(engine: Engine, chosen: Filter) -> pd.DataFrame:
    """The same by stream (of today); who is in two streams counts in both."""
    return _counted(engine, chosen, [Enrolled.c.course_stream.label("stream")])


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
            Recipients.c.message_id.in_(select(History.c.id).where(History.c.started_at >= since)),
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


def _counted(engine: Engine, chosen: Filter, extra: list[ColumnElement[Any]]) -> pd.DataFrame:
    hour = database.hour_of(Recipients.c.sending_at, engine.dialect.name).label("hour")
    columns: list[ColumnElement[Any]] = [
        Recipients.c.message_id,
        hour,
        Recipients.c.delivery_status.label("status"),
        Recipients.c.reason,
        *extra,
    ]
    messages = select(History.c.id).where(History.c.started_at.is_not(None))
    if chosen.since is not None:
        messages = messages.where(History.c.started_at >= chosen.since)
    if chosen.until is not None:
        messages = messages.where(History.c.started_at < chosen.until)
    if chosen.message_type:
        messages = messages.where(History.c.message_type == chosen.message_type)
    found = select(*columns, func.count().label("people")).where(
        Recipients.c.message_id.in_(messages),
        Recipients.c.delivery_status.in_(TRIED),
        Recipients.c.sending_at.is_not(None),
    )
    if extra:
        found = found.join(Enrolled, Enrolled.c.user_id == Recipients.c.user_id)
        if chosen.streams:
            found = found.where(Enrolled.c.course_stream.in_(chosen.streams))
    elif chosen.streams:
        inside = select(Enrolled.c.user_id).where(Enrolled.c.course_stream.in_(chosen.streams))
        found = found.where(Recipients.c.user_id.in_(inside))
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(found.group_by(*columns)).all()
    names = [column.name for column in columns] + ["people"]
    return pd.DataFrame([tuple(row) for row in rows], columns=names)


def _local(frame: pd.DataFrame, zone: ZoneInfo) -> "pd.Series[pd.Timestamp]":
    hours = pd.to_datetime(frame["hour"], format="%Y-%m-%d %H", utc=True)
    return hours.dt.tz_convert(zone)
