"""A house at work as real processes, and what befalls it, one fault after the other."""

import contextlib
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

from sqlalchemy.exc import SQLAlchemyError

from benchmarks import common
from benchmarks.faults import Clock, Disk, Postgresql, Sqlite
from benchmarks.watching import Watch
from hsl.scheduler import BEAT
from tests.delivery.arena import Arena, wait_until

BLOCKED = 0.02  # of the people
AWAY = 12.0  # seconds; longer than a writer waits for SQLite's lock
JUMP = 3600  # seconds that the clock is set by while all runs
AHEAD = 1800  # seconds, for a scheduler that begins anew
PATIENCE = 90.0  # seconds in which everything comes back


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
            from_scratch=True,
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
        with self._watch.window(name, "page", "http", "log") as window:
            pids = list(house.pids().values())
            house.disk.fill(pids)
            time.sleep(AWAY)
            house.disk.free(pids)
            if house.database.revive():
                window.name += ", server ended"
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
