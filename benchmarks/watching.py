"""What is seen of a house at work from outside: its answers, its logs, its memory and its pace."""

import json
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import httpx

from benchmarks.colleagues import Run, Trouble
from benchmarks.common import Server

ASK_EVERY = 2.0  # seconds between two looks at the health routes
WEIGH_EVERY = 5.0  # seconds between two looks at memory and pace
ASK_PATIENCE = 30.0  # seconds; SQLite's lock is waited for 10
AFTERWARDS = 5.0  # seconds after a fault is over in which its last echo may still be heard
WARM = 1 / 3  # of a process's life, before which its memory is not judged
SHORTEST = 120.0  # seconds of memory that say something
FLAT = 0.10  # of its mean, by which memory may grow in a quarter of an hour
QUARTER = 900.0  # seconds
MIB = 1024  # KiB


@dataclass
class Window:
    """The time of a fault, and where it may be seen without being a finding."""

    name: str
    explains: frozenset[str]
    began: float
    ended: float = inf
    sent: int = 0  # by its end, from its begin
    back_after: float = inf  # seconds from its end until it worked again
    in_flight: int = 0  # rows that were on their way when a scheduler was killed

    def covers(self, at: float) -> bool:
        """True for a moment in it, or just after."""
        return self.began <= at <= self.ended + AFTERWARDS


@dataclass(frozen=True)
class Weight:
    """How much memory a process has at a moment, in MiB."""

    at: float
    name: str
    pid: int
    mib: float


@dataclass
class Watch:
    """Looks on from a thread, from `with` to its end."""

    address: str  # of the pages
    server: Server  # the sandbox's counters
    logs: dict[str, Path]
    pids: Callable[[], dict[str, int]]  # of the processes that live now, by name
    troubles: list[Trouble] = field(default_factory=list)
    weights: list[Weight] = field(default_factory=list)
    accepted: list[tuple[float, int]] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(ASK_EVERY, self._ask)),
            threading.Thread(target=self._repeat, args=(1.0, self._read_logs)),
            threading.Thread(target=self._repeat, args=(WEIGH_EVERY, self._weigh)),
        ]
        self._read: dict[str, int] = dict.fromkeys(self.logs, 0)

    def __enter__(self) -> "Watch":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._read_logs()

    def _repeat(self, seconds: float, look: Callable[[], None]) -> None:
        look()
        while not self._over.wait(seconds):
            look()

    @contextmanager
    def window(self, name: str, *explains: str) -> Iterator[Window]:
        """A fault that goes on within; its end is when what it did is undone."""
        found = Window(name, frozenset(explains), time.monotonic())
        before = self.server.answered()
        self.windows.append(found)
        yield found
        found.ended = time.monotonic()
        found.sent = self.server.answered() - before

    def explained(self, trouble: Trouble) -> str | None:
        """The fault that this is an echo of; None where nothing explains it."""
        for window in self.windows:
            moments = (trouble.at, trouble.at if trouble.since is None else trouble.since)
            if trouble.where in window.explains and any(map(window.covers, moments)):
                return window.name
        return None

    def is_quiet(self, began: float, ended: float) -> bool:
        """True where no fault touches this time."""
        return all(
            ended < window.began or began > window.ended + AFTERWARDS for window in self.windows
        )

    def pace(self) -> tuple[float, float]:
        """Messages a second outside of faults: the median and the best of the looks."""
        rates = [
            (after - before) / (then - at)
            for (at, before), (then, after) in zip(self.accepted, self.accepted[1:], strict=False)
            if after > before and self.is_quiet(at, then)
        ]
        return (statistics.median(rates), max(rates)) if rates else (0.0, 0.0)

    def _ask(self) -> None:
        for route in ("healthz", "readyz", "metrics"):
            began = time.monotonic()
            try:
                status = httpx.get(f"{self.address}/{route}", timeout=ASK_PATIENCE).status_code
            except httpx.HTTPError as fault:
                words = f"/{route}: {type(fault).__name__}"
            else:
                if status == 200:
                    continue
                words = f"/{route} answered {status}"
            self.troubles.append(Trouble(time.monotonic(), "http", words, began))

    def _read_logs(self) -> None:
        for name, path in self.logs.items():
            if not path.exists():
                continue
            with path.open("rb") as file:
                file.seek(self._read[name])
                said = file.read()
            whole = said.rfind(b"\n") + 1
            self._read[name] += whole
            for line in said[:whole].decode("utf-8", "replace").splitlines():
                if words := complaint(line):
                    self.troubles.append(Trouble(time.monotonic(), "log", f"{name}: {words}"))

    def _weigh(self) -> None:
        at = time.monotonic()
        for name, pid in self.pids().items():
            if mib := resident(pid):
                self.weights.append(Weight(at, name, pid, mib))
        self.accepted.append((at, self.server.answered()))


def complaint(line: str) -> str | None:
    """What a line of a log in JSON complains of: an error, or any traceback; None for others."""
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return "a traceback outside of the log" if line.startswith("Traceback") else None
    if "exception" in said:
        last = str(said["exception"]).strip().splitlines()[-1]
        return f"{said['message']} [{last}]"
    return str(said["message"]) if said.get("level") in {"ERROR", "CRITICAL"} else None


def resident(pid: int) -> float:
    """MiB of memory that a process holds; 0 where it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(lines[0].split()[1]) / MIB if lines else 0.0


def percentile(times: Sequence[float], share: float) -> float:
    """The smallest of `times` that is not under so great a share of them; 0.0 of none."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


@dataclass(frozen=True)
class Growth:
    """A process's memory over the part of its life in which it should stay as it is."""

    name: str
    first: float  # MiB
    last: float  # MiB
    slope: float  # MiB a minute
    seconds: float
    mean: float  # MiB

    @property
    def verdict(self) -> str:
        """flat, grows, or too short to say."""
        if self.seconds < SHORTEST:
            return "too short to say"
        return "flat" if self.slope * QUARTER / 60 <= FLAT * self.mean else "grows"


def growths(weights: Iterable[Weight]) -> list[Growth]:
    """Of each name the growth of the process that lived longest, once it was warm."""
    lives: dict[tuple[str, int], list[Weight]] = {}
    for weight in weights:
        lives.setdefault((weight.name, weight.pid), []).append(weight)
    longest: dict[str, list[Weight]] = {}
    for (name, _), life in lives.items():
        longest[name] = max(longest.get(name, []), life, key=len)
    found = []
    for name, life in longest.items():
        warm = life[int(len(life) * WARM) :]
        times, sizes = [w.at / 60 for w in warm], [w.mib for w in warm]
        slope = statistics.linear_regression(times, sizes).slope if len(warm) > 1 else 0.0
        seconds = warm[-1].at - warm[0].at
        mean = statistics.fmean(sizes)
        found.append(Growth(name, life[0].mib, life[-1].mib, slope, seconds, mean))
    return found


def waits(runs: Iterable[Run]) -> tuple[int, float, float, float]:
    """How many runs, and the median, 95th percentile and worst of their seconds."""
    times = [run.seconds for run in runs]
    return len(times), percentile(times, 0.5), percentile(times, 0.95), max(times, default=0.0)
