"""How fast messages really leave: this sender beside others, against one and the same sandbox.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install -r benchmarks/requirements-peers.txt
    python -m benchmarks.sending free [/tmp/peers/bin/python]
    python -m benchmarks.sending paid

`free`: 30 a second from a limiter that tolerates 3 early messages; answers take 50 or 300 ms, 0 or
10 % of the people have blocked the bot. `paid`: up to 1,000 a second, one and two processes, with
the processor time that each message costs. Beside it, how late a bare sleep loop wakes up here.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.common import Server, on_postgresql
from tests.delivery.arena import Arena, wait_until

SECONDS = float(os.environ.get("BENCHMARK_SECONDS", "20"))
LIMIT = 30.0  # messages per second
TOLERANCE = 3  # messages
PEERS = ("ten_then_pause", "rate_limiter", "aiogram_broadcaster", "tgcast")
TICKS = os.sysconf("SC_CLK_TCK")


def lateness(seconds: float = 5.0) -> list[float]:
    """Milliseconds by which sleeps of 1/30 s came late: p50, p99 and the longest."""

    async def loop() -> list[float]:
        late, end = [], time.monotonic() + seconds
        while (began := time.monotonic()) < end:
            await asyncio.sleep(1 / LIMIT)
            late.append(1000 * (time.monotonic() - began - 1 / LIMIT))
        return sorted(late)

    found = asyncio.run(loop())
    return [found[len(found) // 2], found[int(len(found) * 0.99)], found[-1]]


@contextmanager
def arena(rate: float, latency: float, blocked: float, address: str | None) -> Iterator[Arena]:
    """A fresh database and sandbox; both end with it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = Arena(
            folder, address or f"sqlite:///{folder / 'hsl.db'}", rate=rate, from_scratch=True
        )
        found.latency = latency
        try:
            found.start_sandbox("--blocked-share", str(blocked), "--tolerance", str(TOLERANCE))
            yield found
        finally:
            found.end()


def own(latency: float, blocked: float) -> tuple[float, int]:
    """This sender's pace and refusals."""
    with arena(LIMIT, latency, blocked, None) as found:
        found.add_people(int(LIMIT * (SECONDS + 20)))
        found.send_to_all()
        found.start_scheduler()
        return Server(found.port).rate(SECONDS)


def peer(python: str, name: str, latency: float, blocked: float) -> tuple[float, int]:
    """Another sender's."""
    with arena(LIMIT, latency, blocked, None) as found:
        server = Server(found.port)
        script = Path(__file__).with_name("peers.py")
        people = str(int(LIMIT * (SECONDS + 20)))
        process = subprocess.Popen(
            [python, str(script), name, server.address, people],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return server.rate(SECONDS)
        finally:
            process.kill()
            process.wait()


def free(python: str | None) -> None:
    """The free pace, side by side."""
    for latency in (0.05, 0.3):
        for blocked in (0.0, 0.1):
            p50, p99, most = lateness()
            print(
                f"\nanswers after {latency * 1000:.0f} ms, {blocked:.0%} failing; "
                f"a bare sleep loop is late by {p50:.1f} ms (p50), {p99:.1f} (p99), "
                f"{most:.1f} (most)"
            )
            mine, refused = own(latency, blocked)
            show("this sender", mine, refused, mine)
            for name in PEERS if python else ():
                show(name, *peer(python or "", name, latency, blocked), mine)


def show(name: str, rate: float, refused: int, mine: float) -> None:
    """One line: pace, its share of the limit, refusals, and how many times faster ours is."""
    times = f"{mine / rate:5.1f} times slower" if rate and name != "this sender" else ""
    print(
        f"  {name:<20} {rate:6.2f}/s  {rate / LIMIT:6.1%}  429s: {refused:<4} {times}", flush=True
    )


def spent(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def paid(rate: float, processes: int, address: str | None) -> None:
    """Paid broadcasts with so many schedulers: pace, refusals, processor time a message."""
    with arena(rate, 0.06, 0.0, address) as found:
        found.pay()
        found.add_people(int(rate * (SECONDS + 25)))
        found.send_to_all()
        workers = [found.start_scheduler() for _ in range(processes)]
        server = Server(found.port)
        wait_until(lambda: server.answered() > 0, "it sends", patience=60)
        time.sleep(3.0)
        used = [spent(process.pid) for process in workers]
        used_by_server = spent(found.processes[0].pid)
        first, began = server.answered(), time.monotonic()
        time.sleep(SECONDS)
        sent, seconds = server.answered() - first, time.monotonic() - began
        used = [spent(p.pid) - before for p, before in zip(workers, used, strict=True)]
        used_by_server = spent(found.processes[0].pid) - used_by_server
        print(
            f"  asked {rate:.0f}/s of {processes}: {sent / seconds:6.0f}/s "
            f"({sent / seconds / rate:.1%}), 429s: {server.counters().get('refused_429', 0)}, "
            f"{1000 * sum(used) / sent:.2f} ms of a core a message, "
            f"each process {', '.join(f'{u / seconds:.0%}' for u in used)} of a core, "
            f"the sandbox {used_by_server / seconds:.0%}",
            flush=True,
        )


def main() -> None:
    """Run what the command names."""
    if sys.argv[1:2] == ["free"]:
        free(sys.argv[2] if len(sys.argv) > 2 else None)
    elif sys.argv[1:2] == ["paid"]:
        print("SQLite")
        for rate in (500.0, 800.0, 1000.0):
            paid(rate, 1, None)
        print("PostgreSQL")
        for rate, processes in ((500.0, 1), (800.0, 1), (1000.0, 1), (1000.0, 2)):
            on_postgresql(lambda address, r=rate, p=processes: paid(r, p, address))
    else:
        print(__doc__)
        sys.exit(2)


if __name__ == "__main__":
    main()
