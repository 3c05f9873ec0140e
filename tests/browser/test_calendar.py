"""The calendar in a real browser: what is planned, moved by hand, by key, and undone."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import Engine

from hsl import database, dispatch
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import history, recurring
from hsl.message.content import Content
from hsl.settings import load_settings
from tests.browser.conftest import House

ZONE = ZoneInfo("Europe/Moscow")
FOURTH = Audience(include=(Cohort(streams=("4th_stream",)),))
# In the middle of a month, so that all that is planned stands in one picture of it.
MONTH = (datetime.now(ZONE).date().replace(day=1) + timedelta(days=45)).replace(day=1)


@pytest.fixture
def engine(house: House) -> Iterator[Engine]:
    engine = database.open_engine(f"sqlite:///{house.folder / 'data' / 'hsl.db'}")
    yield engine
    engine.dispose()


def on(day: int, hour: int) -> datetime:
    return datetime.combine(MONTH.replace(day=day), time(hour), ZONE)


def schedule(engine: Engine, text: str, at: datetime) -> int:
    return dispatch.send(
        engine,
        load_settings(),
        content=Content(text=text),
        audience=FOURTH,
        author="anna",
        scheduled_at=at,
    )


def day(page: Page, of: date) -> Locator:
    return page.locator(f'.day[data-day="{of.isoformat()}"]')


def scheduled_at(engine: Engine, number: int) -> datetime:
    found = history.one(engine, number)
    assert found is not None
    return found.scheduled_at


def test_a_month_is_read_and_rearranged(page: Page, house: House, engine: Engine) -> None:
    first = schedule(engine, "Lesson <b>one</b>", on(10, 10))
    second = schedule(engine, "Homework", on(10, 11))
    dispatch.repeat(
        engine, load_settings(), content=Content(text="Digest"), audience=FOURTH, author="anna",
        rule=recurring.Repeat((0,), time(18), ZONE.key),
    )  # fmt: skip
    page.goto(f"{house.address}/messages?view=calendar&month={MONTH:%Y-%m}")
    tenth, twelfth = day(page, MONTH.replace(day=10)), day(page, MONTH.replace(day=12))
    expect(tenth.locator(".item")).to_have_count(2)
    expect(tenth.locator(".clash")).to_have_count(2)
    expect(page.get_by_text("1 h apart; 1,571 people get both.")).to_be_visible()
    expect(page.locator(".planned").first).to_contain_text("Digest")

    by_drag(page, engine, first, tenth, twelfth)
    by_key(page, engine, second, tenth)
    its_page(page, engine, second)


def by_drag(page: Page, engine: Engine, number: int, source: Locator, target: Locator) -> None:
    source.locator(f'[data-id="{number}"].entry').drag_to(target)
    expect(target.locator(".item")).to_contain_text("Lesson one")
    expect(page.get_by_text("get both")).to_have_count(0)
    assert scheduled_at(engine, number) == on(12, 10)
    page.get_by_role("button", name="Move it back").click()
    expect(source.locator(".item")).to_have_count(2)
    assert scheduled_at(engine, number) == on(10, 10)


def by_key(page: Page, engine: Engine, number: int, tenth: Locator) -> None:
    tenth.focus()
    page.keyboard.press("ArrowRight")
    expect(day(page, MONTH.replace(day=11))).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(day(page, MONTH.replace(day=18))).to_be_focused()
    entry = tenth.locator(f'[data-id="{number}"].entry')
    entry.focus()
    page.keyboard.press("m")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Now it goes")).to_be_visible()
    dialog.get_by_role("button", name="Tomorrow 10:00").click()
    move = dialog.get_by_role("button", name="Move to")
    expect(move).to_contain_text("10:00 MSK")
    move.click()
    expect(page.get_by_text(f"Message {number} goes")).to_be_visible()
    tomorrow = datetime.now(ZONE).date() + timedelta(days=1)
    assert scheduled_at(engine, number) == datetime.combine(tomorrow, time(10), ZONE)


def its_page(page: Page, engine: Engine, number: int) -> None:
    """Its page leads to the same dialog; the week is in the address, and a click opens it."""
    tomorrow = datetime.now(ZONE).date() + timedelta(days=1)
    year, week, _ = tomorrow.isocalendar()
    page.goto(f"{page.url.partition('?')[0]}?view=calendar&week={year}-W{week:02}")
    day(page, tomorrow).get_by_text("Homework").click()
    expect(page.get_by_role("heading", name="Homework")).to_be_visible()
    page.get_by_role("button", name="All messages").click()
    day(page, tomorrow).get_by_text("Homework").click()
    page.get_by_role("button", name="Move", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Tomorrow 19:00").click()
    move = dialog.get_by_role("button", name="Move to")
    expect(move).to_contain_text("19:00 MSK")
    move.click()
    expect(page.get_by_text(f"Message {number} goes")).to_be_visible()
    assert scheduled_at(engine, number) == datetime.combine(tomorrow, time(19), ZONE)
    page.set_viewport_size({"width": 360, "height": 1400})
    page.goto(f"{page.url.partition('?')[0]}?view=calendar&week={year}-W{week:02}")
    expect(day(page, tomorrow)).to_be_visible()
    empty = page.locator(".day.empty:not(.today)").first
    expect(empty).to_be_hidden()
