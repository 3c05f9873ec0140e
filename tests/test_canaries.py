"""Secrets that sing: real processes are driven through faults, and nothing they say holds one."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, select, text
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from hsl import database, models
from hsl.settings import ROOT

KEY = Fernet.generate_key().decode()
OTHER_KEY = Fernet.generate_key().decode()
CANARIES = {
    "BOT_TOKEN": "tokencanaryAAA",
    "a kept token": "tokencanaryBBB",
    "a new token": "tokencanaryCCC",
    "the database's password": "passwordcanary",
    "a wrong key": "keycanary",
    "HSL_SECRET_KEY": KEY[4:20],
    "another key": OTHER_KEY[4:20],
}
TOKEN, KEPT, NEW = "303:tokencanaryAAA", "404:tokencanaryBBB", "404:tokencanaryCCC"
PATIENCE = 120.0  # seconds


class House:
    """Processes of one house, and all that they said."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.port, self.api_port = _free_port(), _free_port()
        self._children: list[subprocess.Popen[bytes]] = []
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HSL_")}
        self.environment = {
            **kept,
            "PYTHONPATH": str(ROOT),
            "BOT_TOKEN": TOKEN,
            "DATABASE_URL": address,
            "HSL_SECRET_KEY": f"{KEY},{OTHER_KEY}",
            "HSL_DATA_DIR": str(folder),
            "HSL_PORT": str(self.port),
            "HSL_TELEGRAM_API_URL": f"http://127.0.0.1:{self.api_port}",
            "HSL_TAKE_BACK_SECONDS": "0",
        }

    def hsl(self, *words: str, stdin: str = "", **more: str) -> int:
        """Run one command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "hsl", *words],
            env={**self.environment, **more},
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            text=True,
        )
        self.said += [done.stdout, done.stderr]
        return done.returncode

    def start(self, *words: str, **more: str) -> "subprocess.Popen[bytes]":
        """Start what runs until it is ended; what it says goes into a file."""
        with (self.folder / f"{words[0]}-{len(self._children)}.log").open("wb") as said:
            child = subprocess.Popen(
                [sys.executable, "-m", "hsl", *words],
                env={**self.environment, **more},
                cwd=self.folder,
                stdout=said,
                stderr=said,
            )
        self._children.append(child)
        return child

    def get(self, path: str) -> bytes:
        """What the pages' server answers."""
        with contextlib.suppress(URLError, OSError):
            try:
                with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                    return bytes(answer.read())
            except HTTPError as answer:
                return bytes(answer.read())
        return b""

    def page(self, name: str) -> bytes:
        """Every frame of a page's websocket until its script is over."""
        address = f"ws://127.0.0.1:{self.port}/_stcore/stream"
        asked = BackMsg()
        asked.rerun_script.page_name = name
        frames = []
        with connect(address, subprotocols=["streamlit"], max_size=None) as client:  # type: ignore[list-item]
            client.send(asked.SerializeToString())
            while True:
                frame = client.recv(timeout=PATIENCE)
                assert isinstance(frame, bytes)
                frames.append(frame)
                if ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished":
                    return b"".join(frames)

    def command_lines(self) -> str:
        """The words of every process of this machine that can be read."""
        found = []
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                found.append(file.read_bytes().decode(errors="replace"))
        return "\n".join(found)

    def end(self) -> None:
        """End all that was started."""
        for child in self._children:
            child.terminate()
        for child in self._children:
            child.wait(PATIENCE)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(until: object, words: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not until():  # type: ignore[operator]
        assert time.monotonic() < deadline, words
        time.sleep(0.1)


@pytest.fixture
def house(postgres_address: str, migrated_template: str, tmp_path: Path) -> Iterator[House]:
    """A house on PostgreSQL, whose address has a password in it."""
    name = f"canary{uuid.uuid4().hex}"
    admin = create_engine(postgres_address, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {migrated_template}"))
    address = postgres_address.replace("/postgres?", f"/{name}?")
    address = address.replace("postgres:@", "postgres:passwordcanary@")
    assert "passwordcanary" in address
    house = House(tmp_path, address)
    yield house
    house.end()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def _drive(house: House) -> None:
    """Through every fault that somebody may meet."""
    gone = house.environment["DATABASE_URL"].rpartition("?")[0] + "?host=/nonexistent"
    house.start("sandbox", "--port", str(house.api_port))
    scheduler, _web = house.start("scheduler"), house.start("web")
    # A scheduler and a doctor that find no database, no API, or a wrong key.
    house.start("scheduler", DATABASE_URL=gone)
    house.start("scheduler", HSL_TELEGRAM_API_URL="http://127.0.0.1:9")
    _wait(lambda: house.get("/healthz"), "the pages answer")
    people = house.folder / "people.csv"
    people.write_text("user_id,first_name\n7,Anna\n8,Boris\n", "utf-8")
    broken = house.folder / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 no book")
    assert house.hsl("import", str(people)) == 0
    assert house.hsl("import", str(broken)) == 1
    assert house.hsl("bot", "add", "club", stdin=f"{KEPT}\n") == 0
    assert house.hsl("bot", "rotate", "club", stdin=f"{NEW}\n") == 0
    assert house.hsl("bot", "add", "bad", stdin="tokencanaryAAA\n") == 1
    assert house.hsl("bot", "list") == 0
    assert house.hsl("bot", "list", BOT_TOKEN="tokencanaryAAA") == 2
    assert house.hsl("bot", "list", DATABASE_URL="nonsense:passwordcanary") == 2
    assert house.hsl("bot", "list", DATABASE_URL=gone) == 1
    assert house.hsl("bot", "use", "club") == 0
    assert house.hsl("send", "--all", "--text", "Hi", "--yes", HSL_SECRET_KEY="keycanary") == 1
    assert house.hsl("bot", "use", "club", HSL_SECRET_KEY=Fernet.generate_key().decode()) == 0
    assert house.hsl("send", "--all", "--text", "Hi", "--yes", "--bot", "club") == 0
    house.hsl("doctor")
    house.hsl("doctor", HSL_TELEGRAM_API_URL="http://127.0.0.1:9", HSL_SECRET_KEY="keycanary")
    engine = database.open_engine(house.environment["DATABASE_URL"])

    def is_over() -> bool:
        with engine.begin() as connection:
            return connection.execute(select(models.message_history.c.status)).scalar() == "sent"

    _wait(is_over, "the message is over")
    # A table goes while pages are drawn and a scheduler works: both say so, and stay.
    for page in ("", "settings", "delivery", "audit"):
        house.said.append(house.page(page).decode(errors="replace"))
    assert any("HSL_SECRET_KEY" in frames for frames in house.said), "the Settings page was drawn"
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE message_history RENAME TO gone"))
    for page in ("", "delivery"):
        house.said.append(house.page(page).decode(errors="replace"))
    house.said += [house.get(path).decode() for path in ("/", "/%00", "/api", "/_stcore/health")]
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO message_history"))
    assert house.hsl("report", "1", "--out", str(house.folder)) == 0
    assert scheduler.poll() is None
    with engine.begin() as connection:
        for table in models.SQLModel.metadata.sorted_tables:
            house.said += [str(row) for row in connection.execute(select(table))]
    engine.dispose()
    house.said.append(house.command_lines())
    house.end()


def test_no_secret_is_said_anywhere(house: House) -> None:
    _drive(house)
    files = [path for path in house.folder.rglob("*") if path.is_file()]
    assert len(files) > 6, "logs and a report were written"
    said = {str(path): path.read_bytes().decode(errors="replace") for path in files}
    said |= {f"what was said, {place}": words for place, words in enumerate(house.said)}
    for secret, canary in CANARIES.items():
        leaks = [place for place, words in said.items() if canary in words]
        assert not leaks, f"{secret} is in {leaks}"
