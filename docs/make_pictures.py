"""Draw the documentation's pictures anew from the running product: one command, no hand.

    python docs/make_pictures.py            all of them
    python docs/make_pictures.py desk       those of these names

It starts `hsl up` in a temporary folder, fills it with the school of `picture_house`, and keeps
each page as it stands then, in English and in Russian. Beside the pictures lies `volatile.json`:
the places of dates and times in them, which tests leave out when they compare. It needs Debian's
chromium and the packages of requirements-dev.txt.
"""

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageDraw
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from docs import picture_house  # noqa: E402
from docs.picture_house import School  # noqa: E402
from hsl.words import _, spoken_as  # noqa: E402

GUIDES = ROOT / "docs" / "guides"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LOCALES = {"en": "en-GB", "ru": "ru-RU"}
WIDTH = 1280
VOLATILE = GUIDES / "pictures" / "volatile.json"
FRONT = "front"  # the README's, in English alone
COLOURS = 128  # in a picture's palette
PATIENCE = 60_000  # milliseconds
SQUARE = 8  # pixels; smaller differences are the browser's
EDGE = 4  # pixels around what is volatile
UNLIKE = 14  # of 255 shades, between two squares' means
ALLOWED = 4  # squares
MOST_LOOKS = 30  # until two pictures in turn are alike
Box = list[float]  # left, top, width and height in pixels

TIMES = (
    r"\d:\d\d|\d+ ?(s|min|h|days?|с|мин|ч|дн\.?|дней|дня|день)(?![\p{L}])|20\d\d"
    r"|\d+ ?(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
    r"|янв|фев|мар|апр|мая|июн|июл|авг|сен|окт|ноя|дек)"
)
YEARS = r"20\d\d"
# Where a text tells a time, the whole of its line; also in the shadows of components.
FIND = """(words) => {
    const said = new RegExp(words, "u"), found = [];
    // The whole line, as what stands beside a time moves with its length.
    const note = (part) => {
        let block = part;
        while (getComputedStyle(block).display.startsWith("inline") && block.parentElement) {
            block = block.parentElement;
        }
        const own = part.getBoundingClientRect(), around = block.getBoundingClientRect();
        const row = around.height < 80 ? around : own;
        if (own.width && own.height) {
            found.push([around.left, row.top, around.width, row.height]);
        }
    };
    const look = (node) => {
        for (const child of node.childNodes) {
            if (child.nodeType === Node.TEXT_NODE) {
                if (said.test(child.data)) note(child.parentElement);
            } else if (child.nodeType === Node.ELEMENT_NODE) {
                if (child.tagName === "TEXTAREA" || child.tagName === "STYLE") continue;
                if (child.shadowRoot) look(child.shadowRoot);
                if (said.test(child.value ?? "")) note(child);
                look(child);
            }
        }
    };
    look(document.body);
    return found;
}"""
IS_STILL = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    return app && app.dataset.testScriptState === 'notRunning' && document.fonts.status === 'loaded'
        && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')
        && [...document.images].every((image) => image.complete);
}"""


@dataclass(frozen=True)
class Drawn:
    """A picture, and where in it stands what is another each time."""

    image: Image.Image
    volatile: list[Box]


@dataclass
class Studio:
    """One browser's page in one language, on one house."""

    page: Page
    address: str
    folder: Path
    school: School
    language: str

    def go(self, path: str, *, height: int = 900) -> None:
        """Open a page of the house in a window of this height, and wait until it stands."""
        self.page.set_viewport_size({"width": WIDTH, "height": height})
        self.page.goto(f"{self.address}/{path}")
        heading = self.page.get_by_role("heading", level=1).first
        expect(heading).to_be_visible(timeout=PATIENCE)
        self.still()

    def still(self) -> None:
        """Wait until nothing is on its way any more."""
        self.page.wait_for_function(IS_STILL, timeout=PATIENCE)

    def click(self, words: str, *, exact: bool = False) -> None:
        """Click the button of these words."""
        self.page.get_by_role("button", name=words, exact=exact).first.click()

    def main(self) -> Locator:
        """The page without its navigation, so that a picture can be read beside a page too."""
        return self.page.get_by_test_id("stMain")

    def draw(
        self,
        part: Locator | None = None,
        *,
        words: str = TIMES,
        beside: str = "",
        height: int = 0,
    ) -> Drawn:
        """The page, or a part of it, as it is once it does not change any more.

        `words` tell which texts are volatile, and the selector `beside` what else is; `height`
        cuts the picture.
        """
        drawn = self._drawn(part, words, beside, height)
        for _turn in range(MOST_LOOKS):
            again = self._drawn(part, words, beside, height)
            unlike = difference(drawn.image, again.image, drawn.volatile + again.volatile, most=0)
            drawn = again
            if not unlike:
                break
        return drawn

    def _drawn(self, part: Locator | None, words: str, beside: str, height: int) -> Drawn:
        self.still()
        taken = self._taken(part)
        box = (part.bounding_box() if part else None) or {"x": 0, "y": 0}
        boxes: list[Box] = self.page.evaluate(FIND, words)
        for other in self.page.locator(beside).all() if beside else ():
            there = other.bounding_box()
            if there:
                boxes.append([there["x"], there["y"], there["width"], there["height"]])
        if height and taken.height > height:
            taken = taken.crop((0, 0, taken.width, height))
        moved = [[x - box["x"], y - box["y"], w, h] for x, y, w, h in boxes]
        seen = [b for b in moved if _meets(b, taken)]
        return Drawn(taken, [[round(n) for n in b] for b in seen])

    def _taken(self, part: Locator | None) -> Image.Image:
        shot: Any = part or self.page
        taken = Image.open(io.BytesIO(shot.screenshot(animations="disabled", caret="hide")))
        return taken.convert("RGB")


def _meets(box: Box, picture: Image.Image) -> bool:
    left, top, width, height = box
    return left < picture.width and top < picture.height and left + width > 0 and top + height > 0


def first_steps(studio: Studio) -> Drawn:
    studio.go("")
    return studio.draw(studio.page.locator(".st-key-first-steps"))


def overview(studio: Studio) -> Drawn:
    picture_house.hide_first_steps(studio.folder)
    studio.go("", height=1400)
    return studio.draw(studio.main(), beside="[data-testid=stVegaLiteChart]")


def audience(studio: Studio) -> Drawn:
    studio.go("audience?stream=4th_stream")
    expect(studio.page.get_by_test_id("stDataFrame")).to_be_visible(timeout=PATIENCE)
    return studio.draw(studio.main(), beside="[data-testid=stDataFrame]")


def front(studio: Studio) -> Drawn:
    _open_desk(studio)
    return studio.draw()


def desk(studio: Studio) -> Drawn:
    _open_desk(studio)
    return studio.draw(studio.main())


def _open_desk(studio: Studio) -> None:
    studio.go(f"compose?draft={studio.school.desk}", height=1200)
    expect(studio.page.locator(".tg .row span")).to_have_count(3)


def remedies(studio: Studio) -> Drawn:
    studio.go(f"compose?draft={studio.school.unfinished}")
    expect(studio.page.locator(".problems button").first).to_be_visible()
    return studio.draw(studio.page.get_by_test_id("stHorizontalBlock").filter(
        has=studio.page.locator(".st-key-desk-write")).last, height=420)  # fmt: skip


def keyboard(studio: Studio) -> Drawn:
    studio.go(f"compose?draft={studio.school.desk}")
    key = studio.page.locator(".keys .key").first
    key.focus()
    studio.page.keyboard.press("Enter")
    expect(studio.page.locator(".panel .value")).to_be_visible()
    return studio.draw(studio.page.locator(".board"))


def library(studio: Studio) -> Drawn:
    studio.go(f"compose?draft={studio.school.photo}")
    studio.click(_("Library"))
    dialog = studio.page.get_by_role("dialog")
    expect(dialog.get_by_text("Certificate.jpg", exact=True)).to_be_visible()
    return studio.draw(dialog)


def templates(studio: Studio) -> Drawn:
    studio.go(f"compose?draft={studio.school.desk}")
    studio.click(_("Templates"), exact=True)
    dialog = studio.page.get_by_role("dialog")
    expect(dialog.get_by_text("A lesson begins")).to_be_visible()
    return studio.draw(dialog)


def last_look(studio: Studio) -> Drawn:
    studio.go(f"compose?draft={studio.school.planned}")
    studio.click(_("Continue"))
    dialog = studio.page.get_by_role("dialog")
    expect(dialog.locator(".tg .bubble")).to_have_count(3)
    return studio.draw(dialog)


def messages(studio: Studio) -> Drawn:
    studio.go("messages", height=1150)
    return studio.draw(studio.main())


def calendar(studio: Studio) -> Drawn:
    studio.go(f"messages?view=calendar&month={studio.school.month:%Y-%m}")
    expect(studio.page.locator(".day .item")).to_have_count(10)
    return studio.draw(studio.main(), words=YEARS)


def message(studio: Studio) -> Drawn:
    studio.go(f"messages?message={studio.school.last_sent}")
    expect(studio.page.get_by_test_id("stDataFrame")).to_be_visible(timeout=PATIENCE)
    return studio.draw(studio.main(), beside="[data-testid=stDataFrame]")


def delivery(studio: Studio) -> Drawn:
    studio.go("delivery?view=Streams")
    expect(studio.page.get_by_test_id("stVegaLiteChart").first).to_be_visible(timeout=PATIENCE)
    # It stands behind how old the figures are, and moves with that.
    return studio.draw(studio.main(), beside=f'button:has-text("{_("Refresh")}")')


def take_back(studio: Studio) -> Drawn:
    studio.go(f"messages?message={picture_house.send_now(studio.folder)}")
    counting = studio.page.locator(".st-key-hsl-take-back")
    return studio.draw(counting, words="sec|сек", beside=".hsl-countdown")


Draw = Callable[[Studio], Drawn]
PICTURES: dict[str, Draw] = {  # in this order: what is sent at the end stands in no other one
    "first-steps": first_steps,
    "overview": overview,
    "audience": audience,
    FRONT: front,
    "desk": desk,
    "remedies": remedies,
    "keyboard": keyboard,
    "library": library,
    "templates": templates,
    "last-look": last_look,
    "messages": messages,
    "calendar": calendar,
    "message": message,
    "delivery": delivery,
    "take-back": take_back,
}


def difference(
    kept: Image.Image, drawn: Image.Image, volatile: list[Box], *, most: int = ALLOWED
) -> str:
    """What tells two pictures apart beside what is volatile, as a phrase; empty: they are alike.

    `most` is how many squares may differ.
    """
    if kept.size != drawn.size:
        return f"{kept.width}×{kept.height} pixels became {drawn.width}×{drawn.height}"
    before = _squares(kept, volatile)
    # A part may stand a pixel higher or lower, as the browser rounds.
    moved = [_squares(ImageChops.offset(drawn, 0, by), volatile) for by in (-1, 0, 1)]
    unlike = sum(
        min(abs(old - new) for new in news) > UNLIKE
        for old, *news in zip(before, *moved, strict=True)
    )
    if unlike <= most:
        return ""
    return f"{unlike} of {len(before)} squares of {SQUARE} pixels differ"


def _squares(picture: Image.Image, volatile: list[Box]) -> bytes:
    """The mean grey of each square, with what is volatile painted over."""
    grey = picture.convert("L")
    pen = ImageDraw.Draw(grey)
    for left, top, width, height in volatile:
        right, bottom = left + width + EDGE, top + height + EDGE
        pen.rectangle((left - EDGE, top - EDGE, right, bottom), fill=128)
    return grey.reduce(SQUARE).tobytes()


def kept(name: str, language: str) -> Drawn:
    """A picture as it stands in the documentation."""
    volatile: dict[str, list[Box]] = json.loads(VOLATILE.read_text())
    image = Image.open(file_of(name, language)).convert("RGB")
    return Drawn(image, volatile[f"{language}/{name}"])


def file_of(name: str, language: str) -> Path:
    """Where a picture is kept."""
    if name == FRONT:
        return ROOT / "docs" / "picture.png"
    room = GUIDES if language == "en" else GUIDES / language
    return room / "pictures" / f"{name}.png"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """`hsl up` on a data folder, as if nothing were set; its address."""
    port = free_port()
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HSL_") and name not in {"BOT_TOKEN", "DATABASE_URL"}
    }
    own |= {
        "PYTHONPATH": str(ROOT),
        "HSL_DATA_DIR": str(folder),
        "HSL_PORT": str(port),
        "HSL_SANDBOX_PORT": str(free_port()),
    }
    house = subprocess.Popen(
        [sys.executable, "-m", "hsl", "up"],
        cwd=folder,
        env=own,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert house.stdout is not None
        assert any(line.startswith("HSL Dashboard") for line in house.stdout), "it did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        house.send_signal(signal.SIGINT)
        house.wait(30)


def draw(folder: Path, names: list[str], languages: list[str]) -> Iterator[tuple[str, str, Drawn]]:
    """The name, the language and the picture of each, from a house in this empty folder."""
    school = picture_house.make(folder)
    with running(folder) as address, sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        studios = [
            Studio(_page(browser, language), address, folder, school, language)
            for language in languages
        ]
        for name in names:
            for studio in studios:
                if name == FRONT and studio.language != "en":
                    continue
                with spoken_as(studio.language):
                    yield name, studio.language, PICTURES[name](studio)
        browser.close()


def _page(browser: Browser, language: str) -> Page:
    context = browser.new_context(
        viewport={"width": WIDTH, "height": 900},
        locale=LOCALES[language],
        timezone_id=picture_house.ZONE.key,
        color_scheme="light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    return context.new_page()


def main(names: list[str]) -> None:
    """Draw them, and keep them."""
    volatile: dict[str, list[Box]] = json.loads(VOLATILE.read_text()) if VOLATILE.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        for name, language, drawn in draw(Path(folder), names or list(PICTURES), list(LOCALES)):
            file = file_of(name, language)
            file.parent.mkdir(parents=True, exist_ok=True)
            small = drawn.image.quantize(COLOURS, dither=Image.Dither.NONE)
            small.save(file, optimize=True)
            volatile[f"{language}/{name}"] = drawn.volatile
            sys.stdout.write(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1000:.0f} kB\n")
    lines = [f"  {json.dumps(key)}: {json.dumps(volatile[key])}" for key in sorted(volatile)]
    VOLATILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
