"""How long each figure of the results takes at a million people and ten million deliveries.

    python -m benchmarks.insights [ADDRESS]

Reads the database at ADDRESS into a store, or fills a store's tables in DuckDB by itself, with two
threads and 4 GB as the store has them. Prints, by figure,
the median and the worst of five runs in milliseconds, once over everything and once for one stream
and ninety days; the same of the people behind a mark. Status 1 where a median passes a second.
"""

import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd

from hsl import database, insights
from hsl.warehouse.store import Store

PEOPLE, MESSAGES, RECIPIENTS = 1_000_000, 1_000, 10_000
RUNS = 5
PROMISED = 1_000  # milliseconds
ZONE = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
EVERYTHING = insights.Filter()
Figure = Callable[[insights.Readable], Any]


class Filled:
    """The store's tables, filled by DuckDB itself; some streams are written to more than others."""

    def __init__(self) -> None:
        self._database = duckdb.connect(config={"memory_limit": "4GB", "threads": 2})
        self._database.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        self._database.execute(
            f"""CREATE TABLE users AS SELECT 1000 + i AS user_id, 'ru' AS language_code,
                TIMESTAMPTZ '{NOW.isoformat()}' - to_seconds(hash(i) % 31536000) AS registered_at,
                CASE WHEN hash(i + 1) % 20 = 0 THEN 'blocked' END AS unreachable_reason,
                CASE WHEN hash(i + 1) % 20 = 0 THEN registered_at
                    + to_seconds(hash(i + 2) % 9000000) END AS unreachable_since
            FROM range({PEOPLE}) AS t(i);
            CREATE TABLE enrollments AS SELECT 1000 + i AS user_id,
                'stream_' || (i % 8) AS course_stream, 'active' AS status
            FROM range({PEOPLE}) AS t(i)
            UNION ALL
            SELECT 1000 + i, 'stream_' || ((i + 3) % 8), 'active'
            FROM range(0, {PEOPLE}, 5) AS t(i);
            CREATE TABLE message_history AS SELECT i + 1 AS id, 'Lesson ' || i AS message_text,
                CASE WHEN i % 5 = 0 THEN 'video' ELSE 'text' END AS message_type, 'send' AS action,
                CASE WHEN i % 3 = 0 THEN 'anna' ELSE 'boris' END AS author,
                TIMESTAMPTZ '{NOW.isoformat()}'
                    - to_hours(CAST(8760 * (1 - i / {MESSAGES}) AS BIGINT)) AS started_at,
                started_at AS scheduled_at, CAST(NULL AS TIMESTAMPTZ) AS archived_at
            FROM range({MESSAGES}) AS t(i);
            CREATE TYPE delivery_status AS ENUM ('pending', 'sending', 'sent', 'failed',
                'uncertain', 'cancelled', 'deleted');
            CREATE TABLE message_recipients AS SELECT m.id AS message_id,
                1000 + (m.id * 7919 + i * 97) % {PEOPLE} AS user_id,
                CAST(CASE WHEN hash(i, m.id) % 100 < 95 THEN 'sent' WHEN hash(i, m.id) % 100 < 99
                    THEN 'failed' WHEN i % 2 = 0 THEN 'uncertain' ELSE 'deleted' END
                    AS delivery_status) AS delivery_status,
                CASE WHEN delivery_status = 'failed' THEN CASE WHEN i % 4 = 0 THEN 'not_found'
                    WHEN i % 7 = 0 THEN 'deactivated' ELSE 'blocked' END END AS reason,
                m.started_at + to_milliseconds(i * 33) AS sending_at,
                sending_at + to_milliseconds(120) AS sent_at
            FROM message_history AS m, range({RECIPIENTS}) AS t(i)"""
        )

    def frame(self, sql: str, values: Sequence[object] = ()) -> pd.DataFrame:
        with self._database.cursor() as cursor:
            return cursor.execute(sql, list(values)).fetch_df()


def figures(store: insights.Readable, chosen: insights.Filter) -> dict[str, Figure]:
    """Every figure, and the people behind some marks."""
    plain = (
        insights.total, insights.by_stream, insights.by_message, insights.reasons, insights.reach,
        insights.churn, insights.fatigue, insights.speed, insights.comparison,
    )  # fmt: skip
    found: dict[str, Figure] = {}
    for figure in plain:
        found[figure.__name__] = partial(figure, chosen=chosen)
    for step in ("day", "week"):
        more = {"chosen": chosen, "zone": ZONE, "step": step}
        found[f"over_time by {step}"] = partial(insights.over_time, **more)
        found[f"reasons_over_time by {step}"] = partial(insights.reasons_over_time, **more)
    found["by_hour"] = partial(insights.by_hour, chosen=chosen, zone=ZONE)
    found["retention"] = partial(insights.retention, chosen=chosen, zone=ZONE, now=NOW)
    messages = insights.by_message(store, chosen)["message_id"]
    found["result of one message"] = partial(insights.result, message_id=int(messages.iloc[0]))
    hour = insights.by_hour(store, chosen, ZONE).iloc[0]
    keys = {
        "stream": insights.by_stream(store, chosen)["stream"].iloc[0],
        "hour": f"{hour['weekday']:.0f}|{hour['hour']:.0f}",
        "day": f"{insights.over_time(store, chosen, ZONE)['day'].iloc[-1]:%Y-%m-%d}",
        "reason": "blocked",
        "churn": str(messages.iloc[-1]),
        "load": "3",
    }
    for name, key in keys.items():
        mark = insights.Mark(name, chosen, ZONE, key, NOW)
        found[f"people behind: {name}"] = partial(insights.people_behind, mark=mark)
    return found


def main() -> int:
    began = time.perf_counter()
    store = opened(sys.argv[1]) if len(sys.argv) > 1 else Filled()
    rows = store.frame(
        "SELECT (SELECT count(*) FROM users) AS people, "
        "(SELECT count(*) FROM message_recipients) AS deliveries"
    ).iloc[0]
    print(
        f"{rows['people']:,} people, {rows['deliveries']:,} deliveries, "
        f"ready in {time.perf_counter() - began:.1f} s"
    )
    stream = insights.by_stream(store, EVERYTHING)["stream"].iloc[0]
    last = store.frame("SELECT max(started_at) AS last FROM message_history")["last"].iloc[0]
    part = insights.Filter(since=last.to_pydatetime() - timedelta(days=90), streams=(stream,))
    print(f"{'figure':<28}{'everything':>22}{'a stream, 90 days':>22}   (median / worst, ms)")
    slow = 0
    whole, narrow = figures(store, EVERYTHING), figures(store, part)
    for name in whole:
        medians = []
        line = f"{name:<28}"
        for figure in (whole[name], narrow[name]):
            times = [_milliseconds(figure, store) for _ in range(RUNS)]
            medians.append(statistics.median(times))
            line += f"{f'{medians[-1]:,.0f} / {max(times):,.0f}':>22}"
        slow += max(medians) > PROMISED
        print(line + ("   above a second" if max(medians) > PROMISED else ""))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory at most: {peak:,.0f} MB")
    return 1 if slow else 0


def opened(address: str) -> Store:
    """The real store over a database, such as `benchmarks.people_and_deliveries` makes."""
    return Store(database.open_engine(address), folder=None, refresh_after=3_600)


def _milliseconds(figure: Figure, store: insights.Readable) -> float:
    began = time.perf_counter()
    figure(store)
    return (time.perf_counter() - began) * 1_000


if __name__ == "__main__":
    sys.exit(main())
