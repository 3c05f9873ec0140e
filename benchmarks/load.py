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
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from sqlalchemy.exc import SQLAlchemyError

from benchmarks import common, watching
from benchmarks.colleagues import Colleagues, Trouble
from benchmarks.faults import Clock, Disk, Postgresql, Sqlite
from benchmarks.watching import Watch, Window
from hsl import dispatch
from hsl.accounts import registry as accounts
from hsl.acting import Role
from hsl.audience.cohort import Audience, Cohort
from hsl.audience.sources import definitions, registry
from hsl.message.content import Content
from hsl.scheduler import BEAT
from tests.delivery.arena import Arena, wait_until

NAMES = ("anna", "boris", "vera", "daniel", "elena")
PASSWORD = "correct horse battery"
SOURCE = "school"
SOURCE_ROWS = 10_000
CHANGED_ROWS = 1_000  # of them, each CHANGED_EVERY seconds
CHANGED_EVERY = 20.0  # seconds
MESSAGES, RECIPIENTS = 200, 500  # past ones, and how many of each
BLOCKED = 0.02  # of the people
SHARE = 0.75  # of the time, that the message lasts
SLOWEST = 31.0  # messages per second; above 30 they are paid
FASTEST = 1000.0
AWAY = 12.0  # seconds; longer than a writer waits for SQLite's lock
JUMP = 3600  # seconds that the clock is set by while all runs
AHEAD = 1800  # seconds, for a scheduler that begins anew
PATIENCE = 90.0  # seconds in which everything comes back
COLD = 30.0  # seconds from the beginning in which the pages fill their caches


class House:
    """Everything that runs: database, disk, clock, sandbox, scheduler and pages."""

    def __init__(self, folder: Path, kind: str, rate: float, *, faulty: bool) -> None:
        self.folder = folder
        self.disk = Disk(folder) if faulty else None
        self.clock = Clock(folder) if faulty else None
        self.place = self.disk.folder if self.disk else folder
        self.database = Sqlite(self.place) if kind == "sqlite" else Postgresql(self.place)
        self.arena = Arena(
            folder,
            self.database.address,
            rate=rate,
            HSL_DATA_DIR=str(self.place),
            HSL_LOG_FORMAT="json",
        )
        self.arena.pay()
        self.server = common.Server(self.arena.port)
        self.address = f"http://127.0.0.1:{self.arena.web_port}"
        self.killed = 0  # rows that were on their way when a scheduler was killed

    def start(self) -> None:
        """Start the three processes, and wait for the pages."""
        self.arena.start_sandbox("--blocked-share", str(BLOCKED))
        self.start_scheduler()
        self.start_web()

    def start_scheduler(self) -> None:
        """A scheduler by the house's clock."""
        self.scheduler = self.arena.start_scheduler(**self._clocked)

    def start_web(self) -> None:
        """The pages by the house's clock, once they answer."""
        self.web = self.arena.start_web(**self._clocked)
        wait_until(self.is_ready, "the pages answer", patience=PATIENCE)

    @property
    def _clocked(self) -> dict[str, str]:
        return self.clock.environment if self.clock else {}

    def is_ready(self) -> bool:
        """True where the pages say that they can work."""
        try:
            with urlopen(f"{self.address}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill_scheduler(self) -> int:
        """kill -9; how many were on their way then, who may be uncertain."""
        self.arena.kill(self.scheduler)
        on_their_way = self.arena.in_flight()
        self.killed += on_their_way
        return on_their_way

    def is_sent(self, message: int) -> bool:
        """True once it is through. Raises AssertionError where it stopped before."""
        status = self.arena.status(message)
        assert status in {"sending", "sent"}, f"the message is {status}"
        return status == "sent"

    def pids(self) -> dict[str, int]:
        """The processes that live."""
        both: dict[str, subprocess.Popen[bytes]] = {"web": self.web, "scheduler": self.scheduler}
        return {name: one.pid for name, one in both.items() if one.poll() is None}

    def end(self) -> None:
        """End everything, and take the disk away."""
        self.arena.end()
        self.database.end()
        if self.disk is not None:
            self.disk.end()


class Faults:
    """The faults, one after the other, each until everything works again."""

    def __init__(self, house: House, watch: Watch, message: int) -> None:
        self._house, self._watch, self._message = house, watch, message

    def plan(self) -> list[Callable[[], None]]:
        """What is done, in this order; without a compiler no clock is set."""
        clock = self._house.clock
        hours = [self._an_hour_ahead, self._an_hour_behind, self._begun_ahead]
        return [
            self._scheduler_killed,
            self._web_killed,
            self._database_away,
            self._scheduler_killed,
            self._disk_full,
            *(hours if clock is not None and clock.is_real else []),
            self._both_killed,
        ]

    def _scheduler_killed(self) -> None:
        with self._watch.window("scheduler killed") as window:
            window.in_flight = self._house.kill_scheduler()
            time.sleep(2)
            self._house.start_scheduler()
        self._come_back()

    def _web_killed(self) -> None:
        with self._watch.window("web killed", "line", "http"):
            self._house.arena.kill(self._house.web)
            time.sleep(2)
            self._house.start_web()
        self._come_back()

    def _both_killed(self) -> None:
        with self._watch.window("scheduler and web killed", "line", "http") as window:
            window.in_flight = self._house.kill_scheduler()
            self._house.arena.kill(self._house.web)
            time.sleep(2)
            self._house.start_scheduler()
            self._house.start_web()
        self._come_back()

    def _database_away(self) -> None:
        database = self._house.database
        with self._watch.window(database.away, "page", "http", "log"), database.gone():
            time.sleep(AWAY)
        self._come_back()

    def _disk_full(self) -> None:
        house = self._house
        assert house.disk is not None
        name = "disk full" if house.disk.is_real else "files bounded to 4 KiB"
        with self._watch.window(name, "page", "http", "log"):
            pids = list(house.pids().values())
            house.disk.fill(pids)
            time.sleep(AWAY)
            house.disk.free(pids)
            house.database.revive()
        self._come_back()

    def _an_hour_ahead(self) -> None:
        self._set_clock("clock an hour ahead", JUMP)

    def _an_hour_behind(self) -> None:
        self._set_clock("clock an hour behind", -JUMP)

    def _set_clock(self, name: str, ahead: int) -> None:
        clock = self._house.clock
        assert clock is not None
        with self._watch.window(name):
            clock.set(ahead)
            time.sleep(AWAY)
            clock.set(0)
            # Who begins anew before a sign of life by the right clock takes the whole jump for a
            # time in which nothing ran, and asks; here it is the sending that is tried.
            time.sleep(2 * BEAT)
        self._come_back()

    def _begun_ahead(self) -> None:
        """A scheduler begins half an hour ahead; an hour would be the message's lateness limit."""
        clock = self._house.clock
        assert clock is not None
        with self._watch.window("begun with a clock ahead") as window:
            window.in_flight = self._house.kill_scheduler()
            clock.set(AHEAD)
            self._house.start_scheduler()
            time.sleep(AWAY)
            clock.set(0)
            # Who begins anew before a sign of life by the right clock takes the whole jump for a
            # time in which nothing ran, and asks; here it is the sending that is tried.
            time.sleep(2 * BEAT)
        self._come_back()

    def _come_back(self) -> None:
        """Wait until the pages are ready and the message goes on; how long that takes is kept."""
        house, window = self._house, self._watch.windows[-1]
        had = house.server.answered()

        def works() -> bool:
            with contextlib.suppress(SQLAlchemyError):
                is_sent = house.is_sent(self._message)
                return house.is_ready() and (is_sent or house.server.answered() > had)
            return False

        wait_until(works, f"all works after “{window.name}”", patience=PATIENCE)
        window.back_after = time.monotonic() - window.ended
        window.ended = time.monotonic()


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


def print_waits(colleagues: Colleagues, watch: Watch, began: float) -> None:
    """What people waited for their pages."""
    print("\nPages, seconds from the asking to the script's end       n    p50    p95   worst")
    cold = [r for r in colleagues.finished if r.at < began + COLD]
    later = [r for r in colleagues.finished if r.at >= began + COLD]
    quiet = [r for r in later if watch.is_quiet(r.at, r.at + r.seconds)]
    rows = {name: [r for r in quiet if r.page == name] for name in sorted({r.page for r in quiet})}
    rows["all, outside of faults"] = quiet
    if watch.windows:
        kept = set(map(id, quiet))
        rows["all, during faults"] = [r for r in later if id(r) not in kept]
    rows[f"all, in the first {COLD:.0f} s"] = cold
    for name, runs in rows.items():
        count, p50, p95, worst = watching.waits(runs)
        print(f"  {name:<50} {count:5} {p50:6.2f} {p95:6.2f} {worst:7.2f}")
    slowest = sorted(later, key=lambda r: -r.seconds)[:3]
    told = (f"{r.page} {r.seconds:.1f} s at {r.at - began:.0f} s" for r in slowest)
    print(f"  slowest: {', '.join(told)}")


def print_memory(watch: Watch, began: float, every: float) -> None:
    """Memory and pace, step by step, and whether memory stays as it is."""
    print("\nMinute    web MiB   scheduler MiB   accepted")
    counts = dict(watch.accepted)
    last = -every
    for at, count in counts.items():
        if at - began - last < every and count is not watch.accepted[-1][1]:
            continue
        last = at - began
        now = {weight.name: weight.mib for weight in watch.weights if weight.at == at}
        print(
            f"{last / 60:6.1f} {now.get('web', 0):10.0f} {now.get('scheduler', 0):15.0f} "
            f"{count:10,}"
        )
    for one in watching.growths(watch.weights):
        print(
            f"  {one.name}: {one.first:.0f} MiB at its start, {one.last:.0f} at the end; once warm "
            f"{one.slope:+.2f} MiB a minute over {one.seconds:.0f} s: {one.verdict}"
        )


def print_faults(windows: list[Window], began: float) -> None:
    """Each fault: when, how long, what was sent in it, how soon all worked again."""
    if windows:
        print(
            "\nFault                      at, s  lasted, s  all worked, s after  sent in it  in flight"
        )
    for window in windows:
        undone = window.ended - window.began - window.back_after
        print(
            f"  {window.name:<24} {window.began - began:7.0f} {undone:10.1f} "
            f"{window.back_after:20.1f} {window.sent:11,} {window.in_flight:10}"
        )


def print_troubles(troubles: list[Trouble], watch: Watch) -> None:
    """Every kind of error that was seen, how often, and what explains it."""
    counted = Counter((watch.explained(t) or "NOTHING", t.where, t.words[:140]) for t in troubles)
    print("\nErrors seen: explained by, where, words, how often" if counted else "\nNo error seen")
    for (why, where, words), times in sorted(counted.items()):
        print(f"  {why:<26} {where:<5} {words}  × {times}")


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
        colleagues = Colleagues(house.address, sizes.people, names=NAMES, password=PASSWORD)
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
        troubles = sorted(watch.troubles + colleagues.troubles, key=lambda trouble: trouble.at)
        print_waits(colleagues, watch, began)
        print_memory(watch, began, every=30.0)
        print_faults(watch.windows, began)
        print_troubles(troubles, watch)
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
    wanted.add_argument("--seconds", type=float, default=900.0)
    wanted.add_argument("--recipients", type=int, default=100_000)
    wanted.add_argument("--rate", type=float, help="messages a second, 31 to 1000")
    wanted.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    wanted.add_argument("--faults", action=argparse.BooleanOptionalAction, default=True)
    wanted.add_argument("--keep", type=Path, help="a new folder that keeps the logs afterwards")
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
