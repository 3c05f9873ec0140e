"""Draw docs/picture.png: start the product, write a message, and take its picture.

    python docs/make_picture.py

It needs Debian's chromium and the packages of requirements-dev.txt.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
TEXT = """Hello {first_name|friend},

the <b>fourth lesson</b> begins today at <u>19:00</u>.
<blockquote>Bring the text that you wrote last week.</blockquote>"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def draw(page: Page, address: str) -> None:
    page.goto(f"{address}/audience?stream=4th_stream")
    page.get_by_role("button", name="Add these").click()
    page.get_by_role("button", name="Write to").click()
    page.get_by_label("Message", exact=True).fill(TEXT)
    for name, text, value in (
        ("Add a button", "Join", "https://example.org/4"),
        ("Add a button beside", "Plan", "tg://resolve?domain=x"),
    ):
        page.get_by_role("button", name=name, exact=True).click()
        page.get_by_label("Text on the button").fill(text)
        page.get_by_label("Opens the link").fill(value)
        page.keyboard.press("Enter")
    expect(page.locator(".tg .row span")).to_have_count(2)
    page.get_by_role("heading", name="Compose").click()
    page.wait_for_timeout(1500)
    page.screenshot(path=ROOT / "docs" / "picture.png")


def main() -> None:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "HSL_DATA_DIR": folder,
            "HSL_PORT": str(port),
            "HSL_SANDBOX_PORT": str(free_port()),
            "PYTHONPATH": str(ROOT),
        }
        house = subprocess.Popen(
            [sys.executable, "-m", "hsl", "up"],
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert house.stdout is not None
            next(line for line in house.stdout if line.startswith("HSL Dashboard"))
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=FLAGS
                )
                context = browser.new_context(viewport={"width": 1360, "height": 860})
                draw(context.new_page(), f"http://127.0.0.1:{port}")
                browser.close()
        finally:
            house.send_signal(signal.SIGINT)
            house.wait(30)


if __name__ == "__main__":
    main()
