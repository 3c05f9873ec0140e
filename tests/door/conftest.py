"""The pages served for real, on a database with accounts."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import Engine

from hsl import database
from hsl.accounts import registry
from hsl.acting import Role
from hsl.settings import ROOT
from tests import forked

PASSWORD = "correct horse battery"
ask = partial(httpx2.get, timeout=60)  # a busy machine answers after more than five seconds


@dataclass
class Served:
    """Running pages: their address, database, and where their log is written."""

    address: str
    engine: Engine
    log: Path

    @property
    def origin(self) -> dict[str, str]:
        return {"Origin": self.address}

    def browser(self) -> httpx2.Client:
        """A client with cookies of its own, that follows nothing by itself."""
        return httpx2.Client(base_url=self.address, timeout=60)

    @contextmanager
    def signed_in(self, name: str = "anna") -> Iterator[httpx2.Client]:
        """A client that has signed in."""
        asked = {"name": name, "password": PASSWORD}
        with self.browser() as client:
            answer = client.post("/sign-in", data=asked, headers=self.origin)
            assert answer.status_code == 303, answer.text
            yield client


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    folder: Path, *words: str, program: Path | None = None, **given: str
) -> Iterator[Served]:
    """`python -m hsl web` in a folder, until it is left.

    With `words` Python is started for real, with these, and with another `program` than this one.
    """
    engine = database.open_engine(f"sqlite:///{folder / 'hsl.db'}")
    database.migrate(engine)
    port = free_port()
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HSL_") and name not in {"BOT_TOKEN", "DATABASE_URL"}
    }
    own = {"PYTHONPATH": str(ROOT), "HSL_DATA_DIR": str(folder), "HSL_PORT": str(port)}
    env, log = {**kept, **own, **given}, folder / "log"
    process: forked.Forked | subprocess.Popen[bytes]
    if not words:
        process = forked.start("web", env=env, cwd=folder, out=log)
    else:
        root = str(program or ROOT)
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, *words],
                env=env | {"PYTHONPATH": root}, cwd=root, stdout=out, stderr=out,
            )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _answers(address) or process.poll() is not None)
        assert process.poll() is None, (folder / "log").read_text()
        yield Served(address, engine, folder / "log")
    finally:
        process.terminate()
        process.wait(60)
        engine.dispose()


def until(holds: Callable[[], bool], *, seconds: float = 60) -> None:
    """Wait until something holds."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.1)


def _answers(address: str) -> bool:
    try:
        return ask(f"{address}/healthz").status_code == 200
    except httpx2.TransportError:
        return False


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Pages that ask who is there: anna is an admin, boris an editor."""
    with serving(tmp_path_factory.mktemp("served")) as found:
        registry.add(found.engine, "anna", Role.ADMIN, password=PASSWORD)
        registry.add(found.engine, "boris", Role.EDITOR, password=PASSWORD)
        until(lambda: ask(found.address).status_code == 401)
        yield found
