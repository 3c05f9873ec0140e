"""A real browser, and the whole product."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from hsl import database, first_steps
from hsl.audience import importer
from hsl.settings import ROOT
from tests import forked
from tests.typing_commands import Terminal

# What moves while it is pressed is missed by a browser that presses within a frame, as nobody does.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--force-prefers-reduced-motion",
]  # fmt: skip
START = 120.0  # seconds until it answers
# A busy machine draws a first page in more than Playwright's five seconds.
expect.set_options(timeout=60_000)


@dataclass
class House:
    """A running house: its folder, its addresses, and its processes in the order of their start."""

    folder: Path
    address: str
    sandbox: str
    processes: "list[forked.Forked | subprocess.Popen[str]]" = field(default_factory=list)

    def begin(self) -> None:
        """Start what `up` starts, forked, and wait until the pages answer."""
        words = {name: self.folder / f"{name}.log" for name in ("sandbox", "scheduler", "web")}
        self.processes = [
            forked.start(name, env=self.environment(), cwd=self.folder, out=out)
            for name, out in words.items()
        ]
        ends = time.monotonic() + START
        while not all(map(_answers, (f"{self.address}/healthz", f"{self.sandbox}/sandbox/stats"))):
            said = "".join(out.read_text("utf-8") for out in words.values() if out.exists())
            assert all(process.poll() is None for process in self.processes), said
            assert time.monotonic() < ends, f"it does not answer: {said}"
            time.sleep(0.05)

    def end(self) -> None:
        """End it, the pages first."""
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(60)

    def environment(self) -> dict[str, str]:
        """What its processes, and commands in it, are given."""
        ports = (int(place.rpartition(":")[2]) for place in (self.address, self.sandbox))
        return environment(self.folder, *ports)

    def hsl(self, *words: str) -> str:
        """What a command of this house says, which must do what it is told."""
        typing = Terminal("", self.folder)
        typing.environment = self.environment()
        done = typing(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def log(self) -> list[dict[str, Any]]:
        """What the sandbox accepted."""
        with urlopen(f"{self.sandbox}/sandbox/log", timeout=10) as answer:
            entries: list[dict[str, Any]] = json.load(answer)
        return entries

    def status(self, message_id: int) -> dict[str, Any]:
        """`hsl status ID --json` of this house."""
        found: dict[str, Any] = json.loads(self.hsl("status", str(message_id), "--json"))
        return found


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def drawn(page: Page) -> Locator:
    """What the last run of a page drew; what it will take away stands beside it for a while."""
    return page.locator("[data-stale=false]")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, port: int, sandbox_port: int) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HSL_") and name not in {"BOT_TOKEN", "DATABASE_URL"}
    }
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "HSL_DATA_DIR": str(folder / "data"),
        "HSL_PORT": str(port),
        "HSL_SANDBOX_PORT": str(sandbox_port),
        # Long enough to be taken back by hand, and short beside the rest of a test.
        "HSL_TAKE_BACK_SECONDS": "4",
    }


@pytest.fixture
def as_in_the_readme(tmp_path: Path) -> Iterator[House]:
    """`python -m hsl up` in an empty folder; ended by Ctrl-C, with all its children."""
    house = House(tmp_path, *(f"http://127.0.0.1:{free_port()}" for _ in range(2)))
    process = subprocess.Popen(
        [sys.executable, "-m", "hsl", "up"],
        cwd=tmp_path,
        env=house.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if line.startswith("HSL Dashboard: "):
            break
    assert process.poll() is None, "".join(said)
    assert "Sandbox: nothing leaves this machine.\n" in said
    house.processes = [process]
    yield house
    process.send_signal(signal.SIGINT)
    process.wait(60)


@pytest.fixture(scope="session")
def first_database(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database as `up` leaves it in an empty folder, to be copied."""
    path = tmp_path_factory.mktemp("first") / "hsl.db"
    shutil.copyfile(migrated_file, path)
    engine = database.open_engine(f"sqlite:///{path}")
    importer.import_file(
        engine, first_steps.SAMPLE_FILE, actor=first_steps.SAMPLE_ACTOR, rejects_dir=path.parent
    )
    engine.dispose()
    return path


@pytest.fixture
def house(tmp_path: Path, first_database: Path) -> Iterator[House]:
    """The same house, forked, for the tests that are not about its start."""
    house = House(tmp_path, *(f"http://127.0.0.1:{free_port()}" for _ in range(2)))
    (tmp_path / "data").mkdir()
    shutil.copyfile(first_database, tmp_path / "data" / "hsl.db")
    house.begin()
    yield house
    house.end()


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Debian's Chromium; a test that needs it fails where it is missing.

    It ends with its test, as Playwright keeps an event loop in this thread while it lives.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "Chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, house: House) -> Iterator[Page]:
    """A page that fails the test when it asks another host or breaks its own policy."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 1400}, timezone_id="Europe/Moscow", locale="en-GB"
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    asked: list[str] = []
    broken: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on(
        "console",
        lambda said: broken.append(said.text) if "Security Policy" in said.text else None,
    )
    yield page
    page.screenshot(path=house.folder / "last.png")
    context.close()
    own = (house.address, house.sandbox, "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []
    assert broken == []
