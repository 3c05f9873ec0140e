"""A house at work: people on the pages, a message to everybody, a source that syncs, and faults.

    python -m benchmarks.load [--people 50] [--seconds 900] [--recipients 100000] [--rate N]
                              [--database sqlite|postgresql] [--faults | --no-faults]

`hsl web`, `hsl scheduler` and the sandbox run as processes of their own. So many people sign in and
work over websockets, one message goes to all recipients at a paid pace that lasts three quarters
of the time (or at `--rate`), and a source with 10,000 rows that change is read every minute. With
faults, processes are killed, the database goes away, the disk fills and the clock is set, one after
the other. Prints what people waited, memory, pace, faults and outcomes.

Exits with 1 if somebody was lost or written to twice, if something did not come back by itself, or
if an error was seen that no fault explains. As root the disk is a real one: `benchmarks.faults`.
"""

import argparse
import contextlib
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import common, reporting
from benchmarks.colleagues import Colleagues, Trouble
from benchmarks.house import PATIENCE, Faults, House
from benchmarks.watching import Watch
from hsl import dispatch
from hsl.accounts import registry as accounts
from hsl.acting import Role
from hsl.audience.cohort import Audience, Cohort
from hsl.audience.sources import definitions, registry
from hsl.message.content import Content
from tests.delivery.arena import wait_until

NAMES = ("anna", "boris", "vera", "daniel", "elena")
PASSWORD = "correct horse battery"
SOURCE = "school"
SOURCE_ROWS = 10_000
CHANGED_ROWS = 1_000  # of them, each CHANGED_EVERY seconds
CHANGED_EVERY = 20.0  # seconds
MESSAGES, RECIPIENTS = 500, 500  # past ones, and how many of each
SHARE = 0.75  # of the time, that the message lasts
SLOWEST = 31.0  # messages per second; above 30 they are paid
FASTEST = 1000.0


@contextmanager
def changing_source(house: House) -> Iterator[None]:
    """A database elsewhere whose rows change; the scheduler reads it every minute."""
    path = house.folder / "platform.db"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(
            f"""CREATE TABLE people AS WITH RECURSIVE r(i) AS (SELECT 0 UNION ALL SELECT i + 1
            FROM r WHERE i + 1 < {SOURCE_ROWS}) SELECT {common.FIRST_ID} + i AS user_id,
            'stream_' || (i % 5) AS stream, 'active' AS status, 0 AS level FROM r"""
        )
    definition = definitions.define(
        name=SOURCE,
        kind=definitions.Kind.SQL,
        address=f"sqlite:///{path}",
        query="SELECT * FROM people",
        every_minutes=1,
    )
    registry.add(house.arena.engine, definition, actor="load")
    over = threading.Event()

    def change() -> None:
        place = 0
        while not over.wait(CHANGED_EVERY):
            first = common.FIRST_ID + place * CHANGED_ROWS
            with contextlib.closing(sqlite3.connect(path, timeout=60)) as connection, connection:
                connection.execute(
                    "UPDATE people SET level = level + 1 WHERE user_id BETWEEN ? AND ?",
                    (first, first + CHANGED_ROWS - 1),
                )
            place = (place + 1) % (SOURCE_ROWS // CHANGED_ROWS)

    changing = threading.Thread(target=change)
    changing.start()
    try:
        yield
    finally:
        over.set()
        changing.join()


def synced_well(house: House) -> bool:
    """True where the source's last run that is over was a good one, and there was one."""
    source = registry.named(house.arena.engine, SOURCE).id
    over = [run for run in registry.runs(house.arena.engine, source) if run.finished_at]
    return bool(over) and over[0].error is None


def prove_alive(house: House) -> None:
    """A message to a few people arrives, and the source is read again, by what runs now."""
    few = Audience(include=(Cohort(user_ids=tuple(range(common.FIRST_ID, common.FIRST_ID + 20))),))
    arena = house.arena
    last = dispatch.send(
        arena.engine, arena.settings, content=Content(text="All is well"), audience=few,
        author="load",
    )  # fmt: skip
    wait_until(lambda: arena.status(last) == "sent", "a last message arrives", patience=PATIENCE)
    wait_until(lambda: synced_well(house), "the source syncs well", patience=2 * PATIENCE)
    assert set(house.pids()) == {"web", "scheduler"}, "a process that was not killed has ended"


def work(house: House, watch: Watch, colleagues: Colleagues, message: int, seconds: float) -> None:
    """Let it all go on for so long, the faults spread over the middle of it, and to its end."""
    began = time.monotonic()
    faults = Faults(house, watch, message).plan() if house.disk is not None else []
    for place, fault in enumerate(faults):
        time.sleep(max(0.0, began + seconds * (0.1 + 0.7 * place / len(faults)) - time.monotonic()))
        fault()
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    patience = 300 + house.arena.closing(message).not_tried / house.arena.rate
    wait_until(lambda: house.is_sent(message), "the message ends", patience=patience)
    prove_alive(house)
    moment = time.monotonic()

    def all_see_pages() -> bool:
        return all(at > moment for at in colleagues.last_run.values())

    wait_until(all_see_pages, "everybody sees pages", patience=PATIENCE)


def findings(house: House, watch: Watch, message: int, troubles: list[Trouble]) -> list[str]:
    """What must not be, each in one line; none where all is well."""
    closing, accepted = house.arena.closing(message), house.arena.accepted()
    ours = {key: times for key, times in accepted.items() if key[1] == "Hello"}
    twice = sum(times > 1 for times in accepted.values())
    found = []
    if closing.not_tried or closing.sent + closing.failed + closing.uncertain != closing.total:
        found.append(f"somebody has no outcome: {closing.sentence()}")
    if twice:
        found.append(f"{twice} people were written to twice")
    if not closing.sent <= len(ours) <= closing.sent + closing.uncertain:
        found.append(f"{len(ours)} were delivered, but {closing.sentence()}")
    if closing.uncertain > house.killed:
        found.append(f"{closing.uncertain} are uncertain; {house.killed} were in flight at a kill")
    unexplained = [trouble for trouble in troubles if watch.explained(trouble) is None]
    if unexplained:
        found.append(f"{len(unexplained)} errors that no fault explains")
    return found


def run(folder: Path, sizes: argparse.Namespace) -> list[str]:
    """Build the house, let it work, print what was seen; the findings."""
    rate = sizes.rate or sizes.recipients / (SHARE * sizes.seconds)
    rate = min(FASTEST, max(SLOWEST, rate))
    house = House(folder, sizes.database, rate, faulty=sizes.faults)
    try:
        engine = house.arena.engine
        common.fill(engine, sizes.recipients, MESSAGES, min(RECIPIENTS, sizes.recipients))
        for name in NAMES:
            accounts.add(engine, name, Role.ADMIN, password=PASSWORD)
        house.start()
        began = time.monotonic()
        logs = {name: folder / f"{name}.log" for name in ("web", "scheduler", "sandbox")}
        watch = Watch(house.address, house.server, logs, house.pids)
        colleagues = Colleagues(
            house.address, sizes.people, names=NAMES, password=PASSWORD, pause=sizes.pause
        )
        print(
            f"{sizes.people} people at work, {sizes.recipients:,} recipients at {rate:.0f}/s, "
            f"{sizes.database}, disk of its own: {bool(house.disk and house.disk.is_real)}, "
            f"clock of its own: {bool(house.clock and house.clock.is_real)}",
            flush=True,
        )
        found = []
        with watch, changing_source(house), colleagues:
            message = house.arena.send_to_all()
            try:
                work(house, watch, colleagues, message, sizes.seconds)
            except AssertionError as fault:
                found.append(str(fault))
        if sizes.keep:
            lines = [
                f"{one.at - began:.2f},{one.seconds:.3f},{one.page}" for one in colleagues.finished
            ]
            (folder / "runs.log").write_text("\n".join(["at,seconds,page", *lines]), "utf-8")
        troubles = sorted(watch.troubles + colleagues.troubles, key=lambda trouble: trouble.at)
        reporting.show_waits(colleagues, watch, began)
        reporting.show_memory(watch, began, every=30.0)
        reporting.show_faults(watch.windows, began)
        reporting.show_troubles(troubles, watch, began)
        median, best = watch.pace()
        print(
            f"\nPace outside of faults: {median:.0f}/s (median), {best:.0f}/s (best), of {rate:.0f}"
        )
        print(f"Refused (429): {house.server.counters().get('refused_429', 0)}")
        print(f"Outcomes: {house.arena.closing(message).sentence()}")
        print(f"On their way at a kill: {house.killed}")
        return found + findings(house, watch, message, troubles)
    finally:
        house.end()


def main() -> None:
    """Run what the command says; 1 where something is found that must not be."""
    wanted = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted.add_argument("--people", type=int, default=50)
    wanted.add_argument(
        "--pause", type=float, default=5.0, help="seconds from a person's page to the next"
    )
    wanted.add_argument("--seconds", type=float, default=900.0)
    wanted.add_argument("--recipients", type=int, default=100_000)
    wanted.add_argument("--rate", type=float, help="messages a second, 31 to 1000")
    wanted.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    wanted.add_argument("--faults", action=argparse.BooleanOptionalAction, default=True)
    wanted.add_argument(
        "--keep", type=Path, help="a new folder that keeps the logs, and what each page took"
    )
    sizes = wanted.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what was started
    with tempfile.TemporaryDirectory() as name:
        found = run(Path(name), sizes)
        if sizes.keep:
            sizes.keep.mkdir()
            for log in Path(name).glob("*.log"):
                (sizes.keep / log.name).write_bytes(log.read_bytes())
    print("\n" + ("\n".join(f"FOUND: {one}" for one in found) or "Nothing lost, nobody twice."))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
