"""Results in a real browser: charts are drawn, a click on a mark leads to the people behind it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from hsl import database, models
from tests.browser.conftest import House
from tests.insights.delivered import deliver

VIEWS = {"Arrival": 2, "Streams": 4, "Failures": 3, "Timing": 2, "People": 4}
# Of a row, a day, a cell or a bar: what a click takes hold of is drawn last.
DOOR = ".mark-rect.role-mark path"


@pytest.fixture
def said(page: Page) -> Iterator[list[str]]:
    """What the browser complains of, which must be nothing."""
    errors: list[str] = []
    # Streamlit asks for its own addresses below a page's first, which are not there.
    page.on(
        "console",
        lambda line: (
            errors.append(line.text)
            if line.type == "error" and "404 (Not Found)" not in line.text
            else None
        ),
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield errors
    assert errors == []


@pytest.fixture
def delivered(house: House) -> House:
    engine = database.open_engine(f"sqlite:///{house.folder / 'data' / 'hsl.db'}")
    deliver(engine, now=models.utc_now())
    engine.dispose()
    return house


def settled(page: Page) -> None:
    """Wait until the page is drawn: a run that goes on makes its buttons anew under a press."""
    expect(page.get_by_test_id("stVegaLiteChart").locator("svg").first).to_be_visible(
        timeout=60_000
    )
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=60_000)
    expect(page.locator("[data-stale=true]")).to_have_count(0)


def test_marks_lead_to_people(page: Page, delivered: House, said: list[str]) -> None:
    for view, count in VIEWS.items():
        page.goto(f"{delivered.address}/delivery?period=90+days&view={view}")
        charts = page.get_by_test_id("stVegaLiteChart").locator("svg")
        expect(charts).to_have_count(count, timeout=60_000)
    page.goto(f"{delivered.address}/delivery?period=90+days&view=Failures")
    reasons = page.get_by_test_id("stVegaLiteChart").nth(1)
    reasons.locator(DOOR).first.click()
    door = page.get_by_role("button", name="who were not reached for this reason")
    expect(door).to_have_text(re.compile(r"Choose the [\d,]+ who"))
    people = door.inner_text().split("the ")[1].split()[0]
    door.click()
    expect(page.get_by_role("heading", name="Audience")).to_be_visible()
    expect(page.get_by_role("button", name=f"Write to {people} people")).to_be_visible()


def test_a_picture_is_downloaded(page: Page, delivered: House, said: list[str]) -> None:
    page.goto(f"{delivered.address}/delivery?period=90+days&view=Timing")
    settled(page)
    page.get_by_text("Numbers and files").first.click()
    # The table pushes the buttons down when it is drawn, away from under a press.
    expect(page.get_by_test_id("stDataFrame").first.locator("canvas").first).to_be_visible()
    files = page.get_by_test_id("stDownloadButton")
    with page.expect_download() as svg:
        files.filter(has_text="SVG").first.click()
    assert b"When does it arrive best?" in svg.value.path().read_bytes()
    with page.expect_download() as csv:
        files.filter(has_text="CSV").first.click()
    assert csv.value.path().read_text("utf-8-sig").startswith("weekday,hour,tried,delivered,share")
