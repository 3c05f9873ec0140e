"""The audit's chain at size: what an entry costs with it and without, and how long a look at it is.

    python -m benchmarks.audit [ENTRIES]

On SQLite and PostgreSQL, with 1,000,000 entries unless told otherwise. They are hashed by the real
code and written in bulk. At a tenth of them and at all: milliseconds of a transaction that writes
one entry, beside the same row without a chain (medians of 300 in turns), which must not grow with
the chain; seconds and memory of `python -m hsl audit verify` as a process of its own, whose memory
must not.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Connection, Engine, insert, text, update

from benchmarks.common import on_postgresql
from hsl import audit, audit_chain, database, models
from hsl.settings import ROOT

ENTRIES = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
AT_ONCE = 10_000
TIMES = 300
DETAILS = {"before": {"text": "The lesson is at seven."}, "after": {"text": "It is at eight."}}
PLAIN = "audit_unchained"


@dataclass(frozen=True)
class Measured:
    """Of a chain of so many entries; times in milliseconds and seconds, memory in MB."""

    entries: int
    chained: float
    plain: float
    verified: float
    memory: float


def entries(first: int, last: int, before: str) -> Iterator[dict[str, Any]]:
    """The rows from one id to before another, each with its hash."""
    for number in range(first, last):
        row: dict[str, Any] = {
            "id": number,
            "at": models.utc_now(),
            "actor": "anna",
            "action": "template_changed",
            "object_type": "template",
            "object_id": str(number),
            "details": DETAILS,
            "way": "pages",
            "address": "192.0.2.7",
            "account_id": 3,
            "previous_hash": before,
        }
        row["hash"] = before = audit_chain.hash_of(row)
        yield row


def fill(engine: Engine, total: int) -> None:
    """Prolong the chain to so many entries."""
    end = audit_chain.head(engine)
    made = entries(end.entry_id + 1, total + 1, end.hash)
    while rows := list(islice(made, AT_ONCE)):
        with engine.begin() as connection:
            connection.execute(insert(models.audit_log), rows)
            _move_head(connection, rows[-1], is_first=rows[0]["id"] == 1)


def _move_head(connection: Connection, row: dict[str, Any], *, is_first: bool) -> None:
    head = {"entry_id": row["id"], "entries": row["id"], "hash": row["hash"]}
    if is_first:
        connection.execute(insert(models.audit_head).values(id=1, **head))
    else:
        connection.execute(update(models.audit_head).values(head))


def append(engine: Engine) -> tuple[float, float]:
    """Median milliseconds of a transaction that writes one entry, chained and plain, in turns."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(2 * TIMES):
        chained = turn % 2 == 0
        began = time.perf_counter()
        with engine.begin() as connection:
            (_chained if chained else _plain)(connection)
        taken[chained].append((time.perf_counter() - began) * 1_000)
    return median(taken[True]), median(taken[False])


def _chained(connection: Connection) -> None:
    audit.record(
        connection,
        actor="anna",
        action="template_changed",
        object_type="template",
        object_id=7,
        details=DETAILS,
    )


def _plain(connection: Connection) -> None:
    connection.execute(
        text(
            f"INSERT INTO {PLAIN} (at, actor, action, object_type, object_id, details) "
            "VALUES (:at, 'anna', 'template_changed', 'template', '7', :details)"
        ),
        {"at": models.utc_now().isoformat(), "details": str(DETAILS)},
    )


def verify(engine: Engine) -> tuple[float, float]:
    """Seconds and the most MB of the command that looks at the whole chain."""
    address = engine.url.render_as_string(hide_password=False)
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "hsl", "audit", "verify"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": address},
        stdout=subprocess.DEVNULL,
    )
    _pid, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, "the chain is whole"
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def measure(address: str) -> None:
    engine = database.open_engine(address)
    database.migrate(engine)
    with engine.begin() as connection:
        connection.execute(
            text(f"CREATE TABLE {PLAIN} (at TEXT, actor TEXT, action TEXT, object_type TEXT, "
                 "object_id TEXT, details TEXT)")
        )  # fmt: skip
        for column in ("at", "actor", "action"):
            connection.execute(text(f"CREATE INDEX ix_{PLAIN}_{column} ON {PLAIN} ({column})"))
    print(f"\n{engine.dialect.name}")
    print(f"{'entries':>12} {'append, ms':>11} {'no chain':>9} {'ratio':>6} {'verify, s':>10} MB")
    for total in (ENTRIES // 10, ENTRIES):
        fill(engine, total)
        found = Measured(total, *append(engine), *verify(engine))
        print(
            f"{found.entries:>12,} {found.chained:>11.2f} {found.plain:>9.2f} "
            f"{found.chained / found.plain:>6.2f} {found.verified:>10.1f} {found.memory:.0f}",
            flush=True,
        )
    engine.dispose()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        measure(f"sqlite:///{Path(folder) / 'hsl.db'}")
    on_postgresql(measure)
