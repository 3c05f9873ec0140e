"""The outbox: making a message to many, and claiming and recording its recipients.

    python -m benchmarks.outbox [PEOPLE] [/tmp/peers/bin/python]

On SQLite and PostgreSQL, with 1,000,000 people unless told otherwise: seconds and memory of making
one message while another is being sent, and the other's pace meanwhile; rows claimed and recorded
a second in messages of 1,000 to PEOPLE recipients; beside it, job queues on the same PostgreSQL.
See `benchmarks.sending` for the peers' virtual environment.
"""

import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median

from sqlalchemy import Engine, select, text, update

from benchmarks.common import Server, on_postgresql, size
from hsl import dispatch, models
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import history, outbox, pace, queue, starting, tick
from hsl.delivery.outcome import Outcome, Verdict
from hsl.message.content import Content
from tests.delivery.arena import Arena, wait_until

PEOPLE = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
PEERS = sys.argv[2] if len(sys.argv) > 2 else None
BATCH = 1_000  # rows a tick
ROWS = 20_000  # rows measured
BOT = 99
UNLIMITED = pace.Rhythm(10_000_000.0)


def add_people(engine: Engine) -> None:
    """Written by the database itself: ids from 1,000,000 on."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            numbers = f"SELECT generate_series(0, {PEOPLE - 1}) AS i"
            attributes, now = "'{}'::jsonb", "now()"
        else:
            numbers = (
                "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
                f"WHERE i + 1 < {PEOPLE}) SELECT i FROM n"
            )
            attributes, now = "'{}'", "'2026-01-01 00:00:00.000000'"
        connection.execute(
            text(
                "INSERT INTO users (user_id, username, attributes, updated_at) "
                f"SELECT 1000000 + i, 'user_' || i, {attributes}, {now} FROM ({numbers}) AS numbers"
            )
        )


def create(arena: Arena) -> int:
    """Make a message to everybody in a process of its own, while another is being sent."""
    few = Audience(include=(Cohort(user_ids=tuple(range(1_000_000, 1_001_500))),))
    dispatch.send(
        arena.engine, arena.settings, content=Content(text="Few"), audience=few, author="benchmark"
    )
    arena.start_sandbox()
    arena.start_scheduler()
    server = Server(arena.port)
    wait_until(lambda: server.answered() > 30, "it sends", patience=60)
    before, began = server.answered(), time.monotonic()
    time.sleep(8)
    usual = (server.answered() - before) / (time.monotonic() - began)
    script = (
        "import sys, time, resource\n"
        "from tests.delivery.arena import Arena\n"
        "from pathlib import Path\n"
        "arena = Arena(Path(sys.argv[1]), sys.argv[2], rate=30, from_scratch=True)\n"
        "low = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "began = time.monotonic()\n"
        "number = arena.send_to_all('To everybody')\n"
        "seconds = time.monotonic() - began\n"
        "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(number, seconds, peak / 1024, (peak - low) / 1024)\n"
    )
    address = arena.engine.url.render_as_string(hide_password=False)
    reads_alone = [read_pages(arena.engine) for _ in range(20)]
    before, began = server.answered(), time.monotonic()
    made = subprocess.Popen(
        [sys.executable, "-c", script, str(arena.folder), address],
        stdout=subprocess.PIPE,
        text=True,
    )
    reads = []
    while made.poll() is None:
        reads.append(read_pages(arena.engine))
        time.sleep(0.05)
    meanwhile = (server.answered() - before) / (time.monotonic() - began)
    number, seconds, peak, more = (made.stdout.read() if made.stdout else "").split()
    print(
        f"  made a message to {PEOPLE:,} in {float(seconds):.1f} s, {float(peak):.0f} MiB at most "
        f"({float(more):.0f} MiB more than before); the other message went at {meanwhile:.1f}/s "
        f"meanwhile, {usual:.1f}/s before; what a page reads took {1000 * median(reads):.0f} ms, "
        f"{1000 * sorted(reads)[int(len(reads) * 0.95)]:.0f} at p95, "
        f"{1000 * median(reads_alone):.0f} before",
        flush=True,
    )
    for process in arena.processes:
        process.kill()
        process.wait()
    return int(number)


def read_pages(engine: Engine) -> float:
    """Seconds of what Overview and Messages read of the outbox."""
    began = time.monotonic()
    history.listing(engine)
    history.needs_a_person(engine)
    pace.state(engine, BOT)
    return time.monotonic() - began


def weigh(engine: Engine) -> int:
    """Bytes of the database."""
    if engine.dialect.name == "sqlite":
        checkpoint(engine)
    return size(engine.url.render_as_string(hide_password=False))


def checkpoint(engine: Engine) -> None:
    """Bring SQLite's log into its file, so that neither time nor size has a part of it."""
    with closing(sqlite3.connect(str(engine.url.database))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def claim_and_record(engine: Engine, people: int, *, from_the_end: bool = False) -> float:
    """Rows a second through whole ticks of a sender, at the beginning or end of a message."""
    history, rows = models.message_history, models.message_recipients
    with engine.begin() as connection:
        connection.execute(update(history).values(status="cancelled"))
    some = select(models.users.c.user_id, models.users.c.username).limit(people)
    number = outbox.create(
        engine,
        outbox.NewMessage(
            content=Content(text="Count"),
            people=some,
            author="benchmark",
            bot_id=BOT,
            recipient_type=models.RecipientType.GROUP,
        ),
    )
    starting.start_due(engine, now=models.utc_now(), resolve=lambda _: some)
    if from_the_end:
        with engine.begin() as connection:
            early = select(rows.c.id).where(rows.c.message_id == number).order_by(rows.c.id)
            connection.execute(
                update(rows)
                .where(rows.c.id.in_(early.limit(people - ROWS)))
                .values(delivery_status="sent")
            )
            connection.execute(
                update(history)
                .where(history.c.id == number)
                .values(successful_deliveries=people - ROWS)
            )
    if engine.dialect.name == "postgresql":
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM ANALYZE message_recipients"))
            connection.execute(text("CHECKPOINT"))
    else:
        checkpoint(engine)
    # The same people got the message before this one, and a chat gets one a second.
    time.sleep(queue.PER_CHAT.total_seconds() + 0.1)
    sent = Outcome(Verdict.SENT, telegram_message_id=5)
    done, results, began = 0, [], time.monotonic()
    while done < min(people, ROWS):
        with engine.begin() as connection:
            tick.record(connection, results, worker="w", bot_id=BOT, rhythm=UNLIMITED)
            departures = tick.depart(
                connection, worker="w", bot_id=BOT, rhythm=UNLIMITED, horizon=1.0, most=BATCH
            )
        results = [tick.Result(d, sent, models.utc_now()) for d in departures]
        done += len(departures)
    with engine.begin() as connection:
        tick.record(connection, results, worker="w", bot_id=BOT, rhythm=UNLIMITED)
    return done / (time.monotonic() - began)


def measure(name: str, address: str | None) -> None:
    """All of it on one database."""
    print(name)
    with tempfile.TemporaryDirectory() as folder:
        arena = Arena(
            Path(folder), address or f"sqlite:///{folder}/hsl.db", rate=30.0, from_scratch=True
        )
        try:
            add_people(arena.engine)
            before = weigh(arena.engine)
            create(arena)
            bytes_each = (weigh(arena.engine) - before) / PEOPLE
            print(f"  a recipient who waits weighs {bytes_each:.0f} bytes")
            sizes = [size for size in (1_000, 10_000, 100_000, PEOPLE) if size <= PEOPLE]
            for size in dict.fromkeys(sizes):
                found = claim_and_record(arena.engine, size)
                print(f"  {size:>9,} recipients: {found:8,.0f} rows/s", flush=True)
            found = claim_and_record(arena.engine, PEOPLE, from_the_end=True)
            print(f"  {PEOPLE:>9,} recipients: {found:8,.0f} rows/s at the end", flush=True)
        finally:
            arena.end()
    if address is not None and PEERS:
        script = Path(__file__).with_name("queues.py")
        subprocess.run([PEERS, str(script), address.replace("+psycopg", "")], check=True)


if __name__ == "__main__":
    measure("SQLite", None)
    on_postgresql(lambda address: measure("PostgreSQL", address))
