"""How long a person waits on the pages, in a real browser, while colleagues work on them too.

    python -m benchmarks.pages [--people N] [--messages N] [--recipients N] [--colleagues N]
                               [--rounds N] [--pause SECONDS]

Makes a database (100,000 people, 1,000 messages of 2,000 recipients), serves it by `hsl web`, lets
20 colleagues work (each opens a page, or runs one anew, every `--pause` seconds on average, 5 if
nothing else is said, over the same websocket that a browser uses, and with the refreshes that the
pages ask for), and does what people do in one Chromium. Prints, for each deed, the milliseconds
from the press of a key or button to the last change that was painted: median, 95th percentile and
worst, alone and among the colleagues.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

from benchmarks import common
from benchmarks.colleagues import Colleagues
from hsl import database

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# From the first event to the frame after the last change, once the script has come to rest.
WATCH = """() => {
  const app = () => document.querySelector('[data-testid=stApp]');
  window.hslWatch = {begun: null, ran: false, changed: 0};
  const watch = window.hslWatch;
  const begin = (event) => { if (watch.begun === null) watch.begun = event.timeStamp; };
  for (const name of ['pointerdown', 'keydown', 'input'])
    window.addEventListener(name, begin, {capture: true});
  new MutationObserver((changes) => {
    // What stands within a canvas or a closed part is not painted.
    const painted = ({target}) => {
      const element = target.nodeType === 1 ? target : target.parentElement;
      return element && !element.closest('canvas') && element.checkVisibility();
    };
    if (!changes.some(painted)) return;
    if (app()?.dataset.testScriptState === 'running') watch.ran = true;
    requestAnimationFrame(() => { watch.changed = performance.now(); });
  }).observe(document.body, {subtree: true, childList: true, attributes: true,
    characterData: true});
}"""
RESTED = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  const watch = window.hslWatch;
  return app && app.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')
    && watch.begun !== null && performance.now() - Math.max(watch.changed, watch.begun) > 400;
}"""


class Watched:
    """A page whose deeds are timed."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.took: dict[str, list[float]] = {}

    def open(self, path: str) -> None:
        """Go there, and wait until it is still."""
        self.page.goto(f"{self.address}/{path}")
        self.page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        self.page.wait_for_selector("h1")
        self.page.evaluate(WATCH)
        self.page.wait_for_timeout(1500)

    def does(self, name: str, deed: Callable[[Page], object]) -> None:
        """Time one deed, from its first event to its last paint."""
        self.page.evaluate("() => Object.assign(window.hslWatch, {begun: null, ran: false})")
        deed(self.page)
        self.page.wait_for_function(RESTED, timeout=60_000)
        begun, changed = self.page.evaluate("() => [hslWatch.begun, hslWatch.changed]")
        self.took.setdefault(name, []).append(changed - begun)


def deeds(watched: Watched) -> None:
    """What people do, page by page."""
    for part in (_finding, _writing, _looking_up, _reading_results, _keeping_house):
        part(watched)


def _finding(watched: Watched) -> None:
    does = watched.does
    watched.open("")
    does("Overview → Audience", lambda page: _link(page, "Audience"))
    does("Audience: a letter of a name", lambda page: search(page).press_sequentially("N"))
    does("Audience: the next letter", lambda page: search(page).press_sequentially("a"))
    does("Audience: no search", lambda page: search(page).fill(""))
    does("Audience: people of a stream → chosen", lambda page: _button(page, "Add these"))
    does("Audience: nobody chosen", lambda page: _button(page, "Clear"))
    does("Audience: segments", lambda page: _part(page, "Segments"))


def _writing(watched: Watched) -> None:
    does = watched.does
    watched.open("compose")
    watched.page.locator("textarea").first.click()
    does("Compose: a word, into the preview", lambda page: page.keyboard.type("Hello "))
    does("Compose: a bold word", lambda page: page.keyboard.type("**now** "))
    does("Compose: another time", lambda page: page.get_by_text("At a time").click())
    does("Compose: now", lambda page: page.get_by_text("Now", exact=True).first.click())
    does("Compose → Messages", lambda page: _link(page, "Messages"))


def _looking_up(watched: Watched) -> None:
    does = watched.does
    does("Messages: a search", lambda page: search(page).press_sequentially("9"))
    does("Messages: no search", lambda page: search(page).fill(""))
    does("Messages: calendar", lambda page: _part(page, "Calendar"))
    does("Messages: list", lambda page: _part(page, "List"))
    watched.open("messages?message=900")
    does("Message: result", lambda page: _part(page, "Result"))
    does("Message: content", lambda page: _part(page, "Content"))
    does("Message: timeline", lambda page: _part(page, "Timeline"))
    does("Message: recipients", lambda page: _part(page, "Recipients"))
    does("Message: a recipient searched", lambda page: search(page).press_sequentially("N"))
    does("Message → Delivery", lambda page: _link(page, "Delivery"))


def _reading_results(watched: Watched) -> None:
    for view in ("Streams", "Failures", "Timing", "People", "Arrival"):
        watched.does(f"Delivery: {view}", lambda page, view=view: _part(page, view))


def _keeping_house(watched: Watched) -> None:
    does = watched.does
    does("Delivery → Audit", lambda page: _link(page, "Audit"))
    does("Audit → Settings", lambda page: _link(page, "Settings"))
    does("Settings → Overview", lambda page: _link(page, "Overview"))


def search(page: Page) -> Any:
    """The field in which a name is searched."""
    return page.locator('input[aria-label="Search"]').first


def _link(page: Page, words: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=words).click()


def _button(page: Page, words: str) -> None:
    page.get_by_role("button", name=words).first.click()


def _part(page: Page, words: str) -> None:
    """Choose a part of a page, by its segment."""
    page.get_by_test_id("stButtonGroup").get_by_text(words, exact=True).first.click()


@contextmanager
def served(folder: str) -> Iterator[str]:
    """The pages over the database in `folder`, as a process of their own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {**os.environ, "HSL_DATA_DIR": folder, "HSL_PORT": str(port)}
    web = subprocess.Popen(
        [sys.executable, "-m", "hsl", "web"], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urlopen(f"{address}/healthz", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        web.terminate()
        web.wait(30)


def report(title: str, took: dict[str, list[float]]) -> None:
    """Print a table, and the whole at its foot."""
    print(f"\n{title:44}  median     p95   worst    n")
    for name, times in [
        *took.items(),
        ("all", [took_one for each in took.values() for took_one in each]),
    ]:
        ordered = sorted(times)
        worst = ordered[-1]
        p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered) + 0.5) - 1)]
        print(f"{name:44} {statistics.median(ordered):7.0f} {p95:7.0f} {worst:7.0f} {len(times):4}")


def main() -> None:
    """Build the house, then work in it: alone, and among colleagues."""
    wanted = argparse.ArgumentParser(description=__doc__)
    for name, size in (
        ("people", 100_000),
        ("messages", 1_000),
        ("recipients", 2_000),
        ("colleagues", 20),
        ("rounds", 5),
    ):
        wanted.add_argument(f"--{name}", type=int, default=size)
    wanted.add_argument(
        "--pause", type=float, default=5.0, help="seconds from a colleague's page to the next"
    )
    sizes = wanted.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        engine = database.open_engine(f"sqlite:///{folder}/hsl.db")
        database.migrate(engine)
        common.fill(engine, sizes.people, sizes.messages, sizes.recipients)
        engine.dispose()
        print(f"filled in {time.perf_counter() - began:.0f} s")
        with served(folder) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=FLAGS
            )
            context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
            context.set_default_timeout(60_000)
            for title, count in (("alone", 0), (f"among {sizes.colleagues}", sizes.colleagues)):
                watched = Watched(context.new_page(), address)
                with Colleagues(address, count, pause=sizes.pause) as colleagues:
                    for _ in range(1 + sizes.rounds):
                        deeds(watched)
                for times in watched.took.values():
                    times.pop(0)  # the first round fills caches, once a process
                report(title, watched.took)
                print(f"colleagues' runs meanwhile: {colleagues.runs}")
                watched.page.close()
            browser.close()


if __name__ == "__main__":
    main()
