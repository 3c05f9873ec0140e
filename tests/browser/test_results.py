"""Results in a real browser: charts are drawn, a click on a mark leads to the people behind it."""

import re
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Page, expect

from hsl import audit, database, models
from tests.browser.conftest import House
from tests.door.conftest import until
from tests.door.lines import run, stream, visit
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
    with engine.begin() as connection:
        audit.record(connection, actor="anna", action="import")  # so that the pages look
    engine.dispose()
    until(lambda: shows_deliveries(house))  # whoever comes waits for it, but not for ever
    return house


def shows_deliveries(house: House) -> bool:
    asked = visit(name="delivery", query="period=90+days")
    with httpx2.Client() as client, stream(house.address, client) as socket:
        said = b"".join(frame.SerializeToString() for frame in run(socket, asked))
    return b"Nothing was delivered" not in said


def settled(page: Page) -> None:
    """Wait until the page is drawn: a run that goes on makes its buttons anew under a press."""
    expect(page.get_by_test_id("stVegaLiteChart").locator("svg").first).to_be_visible()
    settled_page(page)


def settled_page(page: Page) -> None:
    """The same on a page without charts."""
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    expect(page.locator("[data-stale=true]")).to_have_count(0)


def test_marks_lead_to_people(page: Page, delivered: House, said: list[str]) -> None:
    for view, count in VIEWS.items():
        page.goto(f"{delivered.address}/delivery?period=90+days&view={view}")
        charts = page.get_by_test_id("stVegaLiteChart").locator("svg")
        expect(charts).to_have_count(count)
    page.goto(f"{delivered.address}/delivery?period=90+days&view=Failures")
    reasons = page.get_by_test_id("stVegaLiteChart").nth(1)
    reasons.locator(DOOR).first.click()
    door = page.get_by_role("button", name="who were not reached for this reason")
    expect(door).to_have_text(re.compile(r"Choose the [\d,]+ who"))
    expect(page).to_have_url(re.compile(r"mark=reasons"))
    page.reload()
    settled(page)
    expect(door).to_have_text(re.compile(r"Choose the [\d,]+ who"))
    people = door.inner_text().split("the ")[1].split()[0]
    door.click()
    expect(page.get_by_role("heading", name="Audience")).to_be_visible()
    expect(page.get_by_role("button", name=f"Write to {people} people")).to_be_visible()


def test_a_picture_is_downloaded(page: Page, delivered: House, said: list[str]) -> None:
    page.goto(f"{delivered.address}/delivery?period=90+days&view=Timing")
    settled(page)
    page.get_by_text("Numbers and files").first.click()
    # Each kind of widget is fetched when it is first needed, and takes its place then.
    table = page.get_by_test_id("stDataFrame").first.locator("canvas").first
    expect(table).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    files = page.get_by_test_id("stDownloadButton")
    with page.expect_download() as svg:
        files.filter(has_text="SVG").first.click()
    assert b"When does it arrive best?" in svg.value.path().read_bytes()
    with page.expect_download() as csv:
        files.filter(has_text="CSV").first.click()
    assert csv.value.path().read_text("utf-8-sig").startswith("weekday,hour,tried,delivered,share")


def test_the_address_holds_the_list_and_a_message(page: Page, delivered: House) -> None:
    engine = database.open_engine(f"sqlite:///{delivered.folder / 'data' / 'hsl.db'}")
    with engine.begin() as connection:
        history = models.message_history
        connection.execute(
            history.update()
            .where(history.c.id == 38)
            .values(status="paused", status_reason="Paused by anna")
        )
    engine.dispose()
    page.goto(f"{delivered.address}/messages?state=paused&period=90+days")
    rows = page.locator("[class*=st-key-hsl-row-]")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Paused by anna")
    rows.get_by_role("button").click()
    expect(page).to_have_url(re.compile(r"message=38"))
    page.get_by_role("radio", name="Recipients").wait_for()
    settled_page(page)
    page.get_by_label("Reason").click()
    page.get_by_role("option", name="blocked the bot").click()
    expect(page).to_have_url(re.compile(r"reason=blocked"))
    few = page.get_by_text(re.compile(r"^\d+ of [\d,]+ recipients"))
    expect(few).not_to_have_text(re.compile(r"^([\d,]+) of \1 "))
    said = few.inner_text()
    page.reload()
    expect(page.get_by_text(said)).to_be_visible()
    page.get_by_role("radio", name="Timeline").click()
    expect(page).to_have_url(re.compile(r"tab=Timeline"))
    page.go_back()
    expect(page).not_to_have_url(re.compile(r"tab=Timeline"))
    expect(page.get_by_text(said)).to_be_visible()
    page.get_by_role("button", name="All messages").click()
    expect(page).to_have_url(re.compile(r"state=paused"))
    expect(rows).to_have_count(1)
