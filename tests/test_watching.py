"""What the load benchmark takes for an error, a fault's echo, memory that grows, and a loss."""

import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from benchmarks import load, watching
from benchmarks.colleagues import Trouble
from benchmarks.common import Server
from benchmarks.faults import Clock
from benchmarks.house import House
from benchmarks.watching import Watch, Weight, Window
from hsl.delivery import sums


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (json.dumps({"level": "INFO", "message": "Not sent: blocked"}), None),
        (json.dumps({"level": "WARNING", "message": "3 recipients are uncertain"}), None),
        (json.dumps({"level": "ERROR", "message": "It waits"}), "It waits"),
        (
            json.dumps({"level": "INFO", "message": "m", "exception": "Traceback\nKeyError: 'a'"}),
            "m [KeyError: 'a']",
        ),
        ("Traceback (most recent call last):", "a traceback outside of the log"),
        ("a warning of a library's", None),
    ],
)
def test_a_log_complains_by_errors_and_tracebacks(line: str, words: str | None) -> None:
    assert watching.complaint(line) == words


def test_a_fault_explains_its_own_echo_alone(tmp_path: Path) -> None:
    watch = Watch("http://127.0.0.1:1", Server(1), {}, dict)
    watch.windows.append(Window("web killed", frozenset({"line"}), began=100.0, ended=110.0))
    assert watch.explained(Trouble(105.0, "line", "closed")) == "web killed"
    assert watch.explained(Trouble(110.0 + watching.AFTERWARDS, "line", "closed")) == "web killed"
    assert watch.explained(Trouble(111.0 + watching.AFTERWARDS, "line", "closed")) is None
    assert watch.explained(Trouble(130.0, "line", "lost", since=105.0)) == "web killed"
    assert watch.explained(Trouble(99.0, "line", "closed")) is None
    assert watch.explained(Trouble(105.0, "log", "KeyError")) is None
    assert not watch.is_quiet(90.0, 101.0)
    assert watch.is_quiet(90.0, 99.0)


def weights(*, more: float, pid: int = 1) -> list[Weight]:
    """A process that has 100 MiB more after its start, and `more` a minute; ten minutes."""
    return [
        Weight(at, "web", pid, 200.0 + min(at, 60.0) * 100 / 60 + more * at / 60)
        for at in map(float, range(0, 601, 5))
    ]


@pytest.mark.parametrize(("more", "verdict"), [(0.0, "flat"), (0.5, "flat"), (10.0, "grows")])
def test_memory_is_judged_once_it_is_warm(more: float, verdict: str) -> None:
    (found,) = watching.growths(weights(more=more))
    assert found.slope == pytest.approx(more)
    assert found.verdict == verdict


def test_memory_is_judged_over_the_process_that_lived_longest() -> None:
    (found,) = watching.growths([*weights(more=0.0, pid=2), *weights(more=10.0)[:60]])
    assert found.verdict == "flat"
    (found,) = watching.growths(weights(more=10.0)[:3])
    assert found.verdict == "too short to say"


def test_a_percentile_is_one_of_the_times() -> None:
    times = [float(n) for n in range(100, 0, -1)]
    assert watching.percentile(times, 0.5) == 51.0
    assert watching.percentile(times, 0.95) == 96.0
    assert watching.percentile([], 0.95) == 0.0


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_the_clock_is_set_while_a_process_runs_and_steady_time_is_not(tmp_path: Path) -> None:
    clock = Clock(tmp_path)
    script = (
        "import sys, time\n"
        "for _ in sys.stdin:\n"
        "    print(time.time(), time.monotonic(), flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=clock.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def read() -> list[float]:
            assert process.stdin and process.stdout
            process.stdin.write("now\n")
            process.stdin.flush()
            wall, steady = map(float, process.stdout.readline().split())
            return [wall - time.time(), steady - time.monotonic()]

        assert read() == pytest.approx([0, 0], abs=60)
        clock.set(-3600)
        assert read() == pytest.approx([-3600, 0], abs=60)
        clock.set(0)
        assert read() == pytest.approx([0, 0], abs=60)


@pytest.mark.parametrize(
    ("times", "uncertain", "in_flight", "words"),
    [
        ({1: 1, 2: 1, 3: 1}, 1, 1, None),
        ({1: 1, 2: 2, 3: 1}, 1, 1, "1 people were written to twice"),
        ({1: 1}, 1, 1, "1 were delivered, but"),
        ({1: 1, 2: 1, 3: 1}, 1, 0, "1 are uncertain; 0 were in flight at a kill"),
        ({1: 1, 2: 1, 3: 1}, 0, 0, "somebody has no outcome"),
    ],
)
def test_who_is_doubled_or_lost_is_found(
    times: dict[int, int], uncertain: int, in_flight: int, words: str | None
) -> None:
    closing = sums.ClosingSum(total=4, sent=2, failed_by_reason={"blocked": 1}, uncertain=uncertain)
    arena = SimpleNamespace(
        closing=lambda _: closing,
        accepted=lambda: Counter({(chat, "Hello"): count for chat, count in times.items()}),
    )
    house = cast(House, SimpleNamespace(arena=arena, killed=in_flight))
    found = load.findings(house, Watch("", Server(1), {}, dict), 1, [])
    assert not found if words is None else found and found[0].startswith(words)
