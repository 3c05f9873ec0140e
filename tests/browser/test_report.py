"""A report in a real browser: it asks for nothing and fits, in light, dark and print."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser

from hsl import database
from hsl.reports import writing
from notebooks import sample

ZONE = ZoneInfo("Asia/Kolkata")


@pytest.fixture
def reports(tmp_path: Path) -> list[Path]:
    """One of a period and one of a message, of the sample house."""
    sample.make(tmp_path)
    engine = database.open_engine(f"sqlite:///{tmp_path / 'hsl.db'}", archive=tmp_path / "archive")
    since, until = sample.FIRST - timedelta(days=1), sample.FIRST + timedelta(days=120)
    found = [
        writing.period(engine, since, until, ZONE, tmp_path / "reports"),
        writing.message(engine, 14, ZONE, tmp_path / "reports"),
    ]
    engine.dispose()
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_it_fits_and_asks_for_nothing(
    reports: list[Path], browser: Browser, scheme: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    for path in reports:
        page.goto(path.as_uri())
        for summary in page.locator("summary").all():
            summary.click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        # No words of a chart lie over other words of it, or outside of the page.
        assert page.evaluate(OVERLAPS) == []
        ink, paper = page.evaluate(
            "(s => [s.color, s.backgroundColor])(getComputedStyle(document.body))"
        )
        assert (_bright(ink), _bright(paper)) == (scheme == "dark", scheme == "light")
    assert asked == [path.as_uri() for path in reports]
    assert said == []
    context.close()


def test_in_print_it_is_light_and_the_tables_are_open(
    reports: list[Path], browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": 800, "height": 1000}, color_scheme="dark")
    page = context.new_page()
    page.goto(reports[0].as_uri())
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    table = page.locator("table").first
    assert table.evaluate("t => t.getBoundingClientRect().height") > 100
    assert page.pdf(format="A4").startswith(b"%PDF")
    context.close()


# Pairs of texts in one chart whose boxes meet, where each is cut by the picture that it stands in.
OVERLAPS = """() => [...document.querySelectorAll('section > svg')].flatMap(chart => {
    const boxes = [...chart.querySelectorAll('text')].map(text => {
        const box = text.getBoundingClientRect();
        const frame = text.ownerSVGElement.getBoundingClientRect();
        const cut = text.ownerSVGElement === chart ? box.right : Math.min(box.right, frame.left
            + text.ownerSVGElement.width.baseVal.value);
        return {words: text.textContent, left: box.left, right: cut, top: box.top,
            bottom: box.bottom};
    });
    const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom - 2
        && b.top < a.bottom - 2;
    return boxes.flatMap((a, place) => [
        ...boxes.slice(place + 1).filter(b => meet(a, b)).map(b => [a.words, b.words]),
        ...(a.left < 0 || a.right > innerWidth ? [[a.words, 'the edge']] : [])]);
})"""


def _bright(colour: str) -> bool:
    return sum(int(part) for part in colour.strip("rgb()").split(",")) > 3 * 128
