"""The vital signs: what metrics show and alarms go by, read in a few bounded queries."""

import shutil
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from hsl import database, models
from hsl.backups import making
from hsl.delivery import pace
from hsl.models import COUNTERS, TRIED, DeliveryStatus, MessageStatus
from hsl.settings import Settings

LATELY = timedelta(minutes=10)
MOST = 1_000  # of the last outcomes are looked at
KEPT = 5.0  # seconds for which a reading serves everybody who asks
History, Recipients, Bots = models.message_history, models.message_recipients, models.bot_pace
NOT_OVER = (MessageStatus.SCHEDULED, MessageStatus.SENDING, MessageStatus.PAUSED)


@dataclass(frozen=True)
class Vitals:
    """One reading. Times are in seconds, None where there is nothing to tell; space is in bytes.

    `lately` counts outcomes of the last ten minutes, of 1,000 at most, by status and reason.
    """

    scheduler_silent: float | None
    schedule_lag: float  # of the oldest message that is due and was not started
    queue_depth: int  # people of what is being sent, without an outcome
    queue_age: float  # of the oldest message that is being sent
    on_their_way: int
    departures: int
    rate: float  # a second
    is_held: bool
    trouble: str | None
    messages: dict[str, int]  # by status
    outcomes: dict[str, int]  # of all messages, by status
    lately: dict[tuple[str, str], int]
    backup_age: float | None
    backup_failed: str | None  # why, where no backup was made since
    backup_limit: float | None  # the age that one may have; None where the clock makes none
    index_age: float | None
    disk_free: int
    database_latency: float

    @property
    def failing(self) -> float:
        """The share of failures among the last outcomes."""
        return self.failures / self.tried if self.tried else 0.0

    @property
    def tried(self) -> int:
        """How many outcomes there were lately."""
        return sum(self.lately.values())

    @property
    def failures(self) -> int:
        """How many of the last outcomes are failures."""
        return sum(n for (status, _), n in self.lately.items() if status == DeliveryStatus.FAILED)


def read(engine: Engine, settings: Settings) -> Vitals:
    """Read them all. Raises SQLAlchemyError where the database does not answer."""
    began = time.monotonic()
    with database.read_only(engine).begin() as connection:
        connection.execute(select(1))
        latency = time.monotonic() - began
        now = database.now(connection)
        return Vitals(
            scheduler_silent=_silent(connection, now),
            **_queue(connection, settings.bot_id, now),
            **_bot(connection, settings, now),
            lately=_lately(connection, now),
            **_backups(connection, settings, now),
            index_age=_age_of_index(settings.data_dir),
            disk_free=free_space(settings.data_dir),
            database_latency=latency,
        )


def free_space(folder: Path) -> int:
    """Bytes that are free on the disk of a folder, which need not be there yet."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


class Reading:
    """The last reading of a process, made anew at most every few seconds however many ask."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine, self._settings = engine, settings
        self._lock = threading.Lock()
        self._last: tuple[float, Vitals] | None = None

    def now(self) -> Vitals:
        """As they are, or were a few seconds ago. Raises as `read`."""
        with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > KEPT:
                self._last = time.monotonic(), read(self._engine, self._settings)
            return self._last[1]


def _silent(connection: Connection, now: datetime) -> float | None:
    beats = models.workers.c
    last: datetime | None = connection.execute(
        select(func.max(beats.beat_at)).where(beats.kind == "scheduler")
    ).scalar_one()
    return None if last is None else max(0.0, (now - last).total_seconds())


def _queue(connection: Connection, bot_id: int, now: datetime) -> dict[str, Any]:
    of_bot = History.c.bot_id == bot_id
    counted = connection.execute(
        select(History.c.status, func.count().label("messages"))
        .where(of_bot)
        .group_by(History.c.status)
    ).all()
    settled = sum((History.c[name] for name in COUNTERS.values()), start=History.c.id * 0)
    sending = connection.execute(
        select(
            func.coalesce(func.sum(History.c.total_recipients - settled), 0).label("depth"),
            func.min(History.c.started_at).label("oldest"),
        ).where(of_bot, History.c.status == MessageStatus.SENDING)
    ).one()
    due: datetime | None = connection.execute(
        select(func.min(History.c.scheduled_at)).where(
            of_bot, History.c.status == MessageStatus.SCHEDULED, History.c.scheduled_at <= now
        )
    ).scalar_one()
    ended: tuple[int, ...] = connection.execute(
        select(*(func.coalesce(func.sum(History.c[name]), 0) for name in COUNTERS.values())).where(
            of_bot
        )
    ).one()
    return {
        "messages": {str(row.status): int(row.messages) for row in counted},
        "queue_depth": int(sending.depth),
        "queue_age": _seconds(sending.oldest, now),
        "schedule_lag": _seconds(due, now),
        "outcomes": dict(zip(map(str, COUNTERS), ended, strict=True)),
        "on_their_way": int(
            connection.execute(
                select(func.count()).where(Recipients.c.delivery_status == DeliveryStatus.SENDING)
            ).scalar_one()
        ),
    }


def _bot(connection: Connection, settings: Settings, now: datetime) -> dict[str, Any]:
    row = connection.execute(select(Bots).where(Bots.c.bot_id == settings.bot_id)).one_or_none()
    full = pace.Rhythm.of(settings).rate
    if row is None:
        return {"departures": 0, "rate": full, "is_held": False, "trouble": None}
    held = row.not_before is not None and row.not_before > now
    return {
        "departures": row.departures,
        "rate": min(row.rate, full),
        "is_held": held,
        "trouble": row.trouble,
    }


def _lately(connection: Connection, now: datetime) -> dict[tuple[str, str], int]:
    last = connection.execute(
        select(Recipients.c.delivery_status, Recipients.c.reason)
        .where(Recipients.c.sending_at > now - LATELY, Recipients.c.delivery_status.in_(TRIED))
        .order_by(Recipients.c.sending_at.desc())
        .limit(MOST)
    )
    return dict(Counter((str(row.delivery_status), str(row.reason or "")) for row in last))


def _backups(connection: Connection, settings: Settings, now: datetime) -> dict[str, Any]:
    log = models.audit_log.c
    last = connection.execute(
        select(log.at, log.action, log.details)
        .where(log.action.in_((making.MADE, making.FAILED)))
        .order_by(log.id.desc())
        .limit(1)
    ).one_or_none()
    made: datetime | None = connection.execute(
        select(func.max(log.at)).where(log.action == making.MADE)
    ).scalar_one()
    failed = last is not None and last.action == making.FAILED
    by_clock = settings.backup_folder is not None
    return {
        "backup_age": None if made is None else _seconds(made, now),
        "backup_failed": str(last.details.get("said", "")) if last is not None and failed else None,
        "backup_limit": 2 * settings.backup_every * 3600 if by_clock else None,
    }


def _age_of_index(folder: Path) -> float | None:
    times = [path.stat().st_mtime for path in folder.glob("index-*.duckdb")]
    return max(0.0, time.time() - max(times)) if times else None


def _seconds(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
