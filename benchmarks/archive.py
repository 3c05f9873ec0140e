"""The archive: what moving rows out costs, what it saves, and what reading them takes.

    python -m benchmarks.archive [PEOPLE] [MESSAGES]

On SQLite and PostgreSQL, messages to 100,000 people each, 10 of them unless told otherwise: rows a
second in and out, bytes of a row in the database and in a file, and how long another writer waits
meanwhile; then a recipients page, a search and a person's messages, beside the same before.
"""

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, text

from benchmarks.common import on_postgresql, size
from hsl import database, models
from hsl.archive import restoring, storing
from hsl.delivery import history

PEOPLE = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
MESSAGES = int(sys.argv[2]) if len(sys.argv) > 2 else 10
TIMES = 7  # of which the median counts
START = datetime(2025, 1, 10, 12, tzinfo=UTC)
_ROWS = """INSERT INTO message_recipients (message_id, user_id, username, delivery_status, reason,
    error_code, attempts, telegram_message_id, version, sending_at, sent_at)
    SELECT {message}, 1000000 + i, 'user_' || i,
    CASE WHEN i % 20 = 0 THEN 'failed' ELSE 'sent' END,
    CASE WHEN i % 20 = 0 THEN 'blocked' END, CASE WHEN i % 20 = 0 THEN 403 END, 1,
    CASE WHEN i % 20 > 0 THEN 5000000 + i END, 1, {moment}, {moment} FROM ({numbers}) AS numbers"""


def fill(engine: Engine) -> None:
    """Messages to everybody, a month apart, and a new one that stays."""
    is_sqlite = engine.dialect.name == "sqlite"
    numbers = (
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
        f"WHERE i + 1 < {PEOPLE}) SELECT i FROM n"
        if is_sqlite
        else f"SELECT generate_series(0, {PEOPLE - 1}) AS i"
    )
    for place in range(MESSAGES + 1):
        start = START + timedelta(days=20 * place) if place < MESSAGES else models.utc_now()
        failed = len(range(0, PEOPLE, 20))
        with engine.begin() as connection:
            message = connection.execute(
                models.message_history.insert().returning(models.message_history.c.id),
                {
                    "message_text": f"Message {place}",
                    "message_type": "text",
                    "action": "send",
                    "buttons": [],
                    "options": {},
                    "left_out": {},
                    "author": "benchmark",
                    "bot_id": 1,
                    "status": "sent",
                    "recipient_type": "group",
                    "audience_mode": "frozen",
                    "created_at": start,
                    "scheduled_at": start,
                    "started_at": start,
                    "finished_at": start + timedelta(hours=1),
                    "total_recipients": PEOPLE,
                    "successful_deliveries": PEOPLE - failed,
                    "failed_deliveries": failed,
                },
            ).scalar_one()
            moment = f"'{start:%Y-%m-%d %H:%M:%S.%f}'"
            sql = _ROWS.format(
                message=message,
                numbers=numbers,
                moment=moment if is_sqlite else f"timestamptz {moment[:-1]}+00'",
            )
            connection.execute(text(sql))


class Writer:
    """Another process's small transactions, one every 20 ms: how long each waits."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._over, self.waits = engine, threading.Event(), [0.0]
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._over.wait(0.02):
            began = time.monotonic()
            with self._engine.begin() as connection:
                connection.execute(text("UPDATE workers SET pid = pid"))
            self.waits.append(time.monotonic() - began)

    def __str__(self) -> str:
        p99 = sorted(self.waits)[int(0.99 * len(self.waits))]
        return (
            f"another writer waited {1000 * statistics.median(self.waits):.1f} ms p50, "
            f"{1000 * p99:.1f} p99, {1000 * max(self.waits):.0f} at most"
        )


def timed(read: Callable[[], object]) -> float:
    """The median time in milliseconds."""
    found = []
    for _ in range(TIMES):
        began = time.monotonic()
        read()
        found.append(1000 * (time.monotonic() - began))
    return statistics.median(found)


def readings(engine: Engine) -> dict[str, float]:
    """What people look at, in milliseconds."""
    person = 1_000_000 + PEOPLE // 2
    return {
        "a page of recipients": timed(lambda: history.recipients(engine, 1, offset=500)),
        "those who failed": timed(lambda: history.recipients(engine, 1, status="failed")),
        "found by username": timed(lambda: history.recipients(engine, 1, words="user_77")),
        "closing sums of all": timed(lambda: history.listing(engine)),
        "what one person got": timed(lambda: history.of_person(engine, person)),
    }


def run(address: str) -> None:
    """All of it on one database."""
    with tempfile.TemporaryDirectory() as folder:
        engine = database.open_engine(address, archive=Path(folder) / "archive")
        database.migrate(engine)
        empty = size(address)
        fill(engine)
        rows = PEOPLE * MESSAGES
        in_database = (size(address) - empty) / (rows + PEOPLE)
        before = readings(engine)
        with Writer(engine) as writer:
            began = time.monotonic()
            made = storing.archive(engine, models.utc_now(), actor="benchmark")
            seconds = time.monotonic() - began
        in_files = sum(one.size for one in made) / rows
        print(f"{engine.dialect.name}: {rows:,} rows in {len(made)} files")
        print(f"  out in {seconds:.1f} s ({rows / seconds:,.0f} rows/s); {writer}")
        print(
            f"  a row: {in_database:.0f} bytes in the database with its indexes, {in_files:.1f} in "
            f"a file ({in_database / in_files:.0f} to 1)"
        )
        after = readings(engine)
        for name, milliseconds in after.items():
            print(f"  {name}: {before[name]:.1f} ms before, {milliseconds:.1f} ms archived")
        month = made[0].month
        back = sum(one.rows for one in made if one.month == month)
        with Writer(engine) as writer:
            began = time.monotonic()
            restoring.restore(engine, month, actor="benchmark")
            seconds = time.monotonic() - began
        print(f"  {back:,} back in {seconds:.1f} s ({back / seconds:,.0f} rows/s); {writer}")
        engine.dispose()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        run(f"sqlite:///{Path(place) / 'hsl.db'}")
    on_postgresql(run)
