"""Load, refresh, search and count at a million people and ten million deliveries.

python -m benchmarks.audience [ADDRESS]

ADDRESS is a database made by benchmarks.people_and_deliveries; without one, a SQLite is made first.
Prints seconds, memory, medians, and how many times as long pandas, SQLite and plain Python take.
Each answer of theirs must be the same number.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import psutil
from sqlalchemy import Engine, select, update

from benchmarks import people_and_deliveries, rivals
from hsl import database, models
from hsl.audience.cohort import Cohort
from hsl.audience.conditions import (
    NOT_ENROLLED,
    All,
    Arm,
    Attribute,
    Condition,
    InStream,
    MessageCount,
    MessageOutcome,
    Person,
    Reachable,
)
from hsl.audience.snapshot import Snapshot
from hsl.warehouse import names
from hsl.warehouse.store import Store

T = TypeVar("T")
MEMORY = "4GB"
REPEATS = 9
PREFIXES = ("ann", "iv", "person_77", "person_1234", "щерб", "kowal", "мих", "z", "lindq", "björ")
MISTYPED = ("anastsia", "kowalsky", "щербокова", "person_12345_9", "mohamed", "лебидева")
SOME_DAYS, MANY_DAYS = 60, 150


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) > 2 and sys.argv[1] == "--from-cache":
            _start_from_cache(sys.argv[2], Path(sys.argv[3]))
            return
        address = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{folder}/hsl.db"
        engine = database.open_engine(address)
        if len(sys.argv) < 2:
            people_and_deliveries.make(engine)
        store = _load(engine, address, Path(folder))
        _refresh(engine, store)
        _ask(engine, store)
        engine.dispose()


def _load(engine: Engine, address: str, folder: Path) -> Store:
    empty = _memory()
    store = Store(engine, folder=folder, refresh_after=300.0, memory=MEMORY)
    took, spent = _loaded(store)
    rows = store.frame(
        "SELECT (SELECT count(*) FROM users) AS people, "
        "(SELECT count(*) FROM message_recipients) AS deliveries"
    ).iloc[0]
    print(f"{rows.people:,} people, {rows.deliveries:,} deliveries on {engine.dialect.name}")
    print(
        f"cold load           {took:7.1f} s, {spent:5.1f} s of a processor   "
        f"{_memory() - empty:6.0f} MB more in memory",
        flush=True,
    )
    # It saves by itself after such a load; a second one waits for that.
    took, _ = _timed(store.save)
    size = sum(path.stat().st_size for path in folder.glob("index-*")) / 2**20
    print(f"write the cache     {took:7.1f} s   {size:6.0f} MB on disk", flush=True)
    for _ in range(3):
        subprocess.run(
            [sys.executable, "-m", "benchmarks.audience", "--from-cache", address, str(folder)],
            check=True,
        )
    return store


def _start_from_cache(address: str, folder: Path) -> None:
    engine = database.open_engine(address)
    empty = _memory()
    store = Store(engine, folder=folder, refresh_after=300.0, memory=MEMORY)
    took, spent = _loaded(store)
    print(
        f"load from the cache {took:7.1f} s, {spent:5.1f} s of a processor   "
        f"{_memory() - empty:6.0f} MB more in memory",
        flush=True,
    )


def _refresh(engine: Engine, store: Store) -> None:
    took, _ = _timed(store.refresh)
    print(f"refresh: nothing changed                      {1000 * took:8.0f} ms")
    users, recipients = models.users, models.message_recipients
    for people in (100, 10_000):
        with engine.begin() as connection:
            chosen = select(users.c.user_id).order_by(users.c.user_id).limit(people)
            connection.execute(
                update(users)
                .where(users.c.user_id.in_(chosen))
                .values(last_name="Changed", updated_at=models.utc_now())
            )
            # As when these are sent to once more: the counters stay.
            connection.execute(
                update(recipients)
                .where(recipients.c.message_id == 1, recipients.c.user_id.in_(chosen))
                .values(sending_at=models.utc_now())
            )
        took, _ = _timed(store.refresh)
        print(f"refresh: {people:6,} people and their deliveries    {1000 * took:8.0f} ms")
    print(flush=True)


def _ask(engine: Engine, store: Store) -> None:
    now = models.utc_now()
    since, long_since = (now - timedelta(days=days) for days in (SOME_DAYS, MANY_DAYS))
    index = Snapshot(store)
    ours = _questions(index)
    search: dict[str, Callable[[], int]] = {
        f"search “{words}”": lambda words=words: index.count(Cohort(search=words)).people
        for words in PREFIXES
    }
    others = [rivals.Pandas(store), rivals.Plain(store)]
    if engine.dialect.name == "sqlite":
        others.insert(1, rivals.Sqlite(engine))
    labels = [type(other).__name__.lower() for other in others]
    built = ", ".join(f"{n} {o.took:.1f} s" for n, o in zip(labels, others, strict=True))
    print(f"built at each start: {built}")
    print(f"{'median':28}{'ours':>9}" + "".join(f"{name:>12}" for name in labels))
    asked = [other.questions(since, long_since) for other in others]
    counts = _table(ours, asked)
    asked = [
        {f"search “{w}”": lambda w=w, other=other: other.search(w) for w in PREFIXES}
        for other in others
    ]
    searches = _table(search, asked)
    pages = [_median(lambda w=w: len(index.page(Cohort(search=w))), REPEATS)[0] for w in PREFIXES]
    typed = [
        _median(lambda w=w: len(names.similar(store.frame, w, most=20)), REPEATS)[0]
        for w in MISTYPED
    ]
    for name, found in (
        ("counts of cohorts", counts),
        ("searches", searches),
        ("first page of a search", pages),
        ("searches with an error", typed),
    ):
        print(f"{name:24} median {statistics.median(found):6.1f} ms, worst {max(found):6.1f} ms")


def _questions(index: Snapshot) -> dict[str, Callable[[], int]]:
    """What is asked, by the cohorts that the pages ask with."""
    got = partial(MessageCount, what="got")
    asked: dict[str, Condition] = {
        "in one stream": InStream(streams=("4th_stream",)),
        "in both of two": InStream(streams=("4th_stream", "5th_stream"), match="all"),
        "in no stream": NOT_ENROLLED,
        "two attributes": All(
            of=(
                Attribute(name="city", op="eq", values=("City 3",)),
                Attribute(name="level", type="number", op="in", values=(3, 4, 5)),
            )
        ),
        "language, reachable": All(
            of=(Person(name="language_code", op="eq", values=("ru",)), Reachable())
        ),
        "got a message": MessageOutcome(message_id=40, outcome="got"),
        f"none in {SOME_DAYS} days": got(days=SOME_DAYS, op="eq", count=0),
        f"under 2 in {MANY_DAYS} days": got(days=MANY_DAYS, op="lt", count=2),
        "under 8 ever": got(op="lt", count=8),
        "half of them at random": Arm(salt="spring", low=0, high=5000),
    }
    return {
        name: lambda where=where: index.count(Cohort(where=where)).people
        for name, where in asked.items()
    }


def _table(
    ours: dict[str, Callable[[], int]], asked: list[dict[str, Callable[[], int]]]
) -> list[float]:
    """Print a line for each question; our medians in milliseconds."""
    found = []
    for name, question in ours.items():
        took, answer = _median(question, REPEATS)
        found.append(took)
        line = f"{name:28}{took:7.1f}ms"
        for other in asked:
            if name not in other:
                line += f"{'–':>12}"
                continue
            theirs, same = _median(other[name], REPEATS)
            line += f"{theirs / took:11.1f}x" if same == answer else f"{same:>11,}!"
        print(f"{line}   {answer:,} people", flush=True)
    return found


def _median(question: Callable[[], int], repeats: int) -> tuple[float, int]:
    took, answer = [], 0
    for _ in range(repeats):
        seconds, answer = _timed(question)
        took.append(1000 * seconds)
    return statistics.median(took), answer


def _timed(question: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    answer = question()
    return time.perf_counter() - began, answer


def _loaded(store: Store) -> tuple[float, float]:
    """Seconds that the first use took, by the clock and of a processor, other processes' too."""
    before = _processor()
    took, _ = _timed(lambda: store.row("SELECT 1"))
    return took, _processor() - before


def _processor() -> float:
    times = psutil.Process().cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _memory() -> float:
    """Megabytes that this process has in memory."""
    return float(psutil.Process().memory_info().rss) / 2**20


if __name__ == "__main__":
    main()
