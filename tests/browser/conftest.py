"""A real browser, and the whole product started as its README says."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from hsl.settings import ROOT

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
START = 60.0  # seconds
# A busy machine draws a first page in more than Playwright's five seconds.
expect.set_options(timeout=20_000)


@dataclass
class House:
    """A running `up`: its folder, its addresses and its process."""

    folder: Path
    address: str
    sandbox: str
    process: "subprocess.Popen[str]"

    def log(self) -> list[dict[str, Any]]:
        """What the sandbox accepted."""
        with urlopen(f"{self.sandbox}/sandbox/log", timeout=10) as answer:
            entries: list[dict[str, Any]] = json.load(answer)
        return entries

    def status(self, message_id: int) -> dict[str, Any]:
        """`hsl status ID --json` of this house."""
        said = subprocess.run(
            [sys.executable, "-m", "hsl", "status", str(message_id), "--json"],
            env=environment(self.folder, *self._ports()),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        found: dict[str, Any] = json.loads(said.stdout)
        return found

    def _ports(self) -> tuple[int, int]:
        return int(self.address.rpartition(":")[2]), int(self.sandbox.rpartition(":")[2])


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
def house(tmp_path: Path) -> Iterator[House]:
    """`python -m hsl up` in an empty folder; ended by Ctrl-C, with all its children."""
    port, sandbox_port = free_port(), free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "hsl", "up"],
        cwd=tmp_path,
        env=environment(tmp_path, port, sandbox_port),
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
    yield House(tmp_path, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox_port}", process)
    process.send_signal(signal.SIGINT)
    process.wait(30)


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
    context.set_default_timeout(20_000)
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
