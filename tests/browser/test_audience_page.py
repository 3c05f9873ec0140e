"""Audience in a real browser: its address is the whole of it, and keys are enough to choose."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import House

QUIET = "[data-testid=stStatusWidget], [data-stale=true]"


def settled(page: Page) -> None:
    expect(page.locator(QUIET)).to_have_count(0)


def found(page: Page, label: str = "People found") -> int:
    settled(page)
    value = page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue")
    return int("".join(letter for letter in value.inner_text() if letter.isdigit()))


def shows(page: Page, people: int) -> None:
    value = page.get_by_test_id("stMetric").filter(has_text="People found")
    expect(value.get_by_test_id("stMetricValue")).to_have_text(f"{people:,}")
    settled(page)


def add_condition(page: Page, name: str) -> None:
    page.get_by_role("combobox", name="Add a condition").click()
    page.get_by_role("option", name=name, exact=True).click()


def test_the_address_is_the_whole_page_and_keys_are_enough(
    page: Page, house: House, browser: Browser
) -> None:
    page.goto(f"{house.address}/audience?stream=4th_stream")
    expect(page.get_by_text("Who: in 4th_stream", exact=True)).to_be_visible()
    fourth = found(page)
    add_condition(page, "City")
    expect(page.get_by_text("Who: in 4th_stream, city is known")).to_be_visible()
    both = found(page)
    link = page.url
    assert "city" in link and "stream=4th_stream" in link

    history(page, fourth, both)
    chosen_by_keys(page)
    one_person(page)
    to_a_colleague(browser, link, both)


def history(page: Page, fourth: int, both: int) -> None:
    page.go_back()
    expect(page.get_by_text("Who: in 4th_stream", exact=True)).to_be_visible()
    shows(page, fourth)
    page.go_forward()
    expect(page.get_by_text("Who: in 4th_stream, city is known")).to_be_visible()
    shows(page, both)
    page.get_by_text("Segments", exact=True).click()
    expect(page.get_by_text("No segments yet.")).to_be_visible()
    page.go_back()
    shows(page, both)
    page.reload()
    shows(page, both)


def chosen_by_keys(page: Page) -> None:
    box = page.get_by_role("combobox", name="People by name")
    box.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    add = page.get_by_role("button", name="Add the 1 ticked")
    page.keyboard.press("Escape")
    expect(add).to_be_visible()
    settled(page)
    add.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Write to 1 person")).to_be_enabled()
    page.get_by_role("button", name="Take this line away").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Choose people to write to")).to_be_visible()


def one_person(page: Page) -> None:
    settled(page)
    page.get_by_role("combobox", name="People by name").click()
    page.get_by_role("option", name="Anna Young").first.click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="See what Anna Young got").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    settled(page)
    assert "person=" in page.url
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.go_forward()
    expect(page.get_by_role("dialog")).to_be_visible()
    settled(page)
    page.get_by_role("dialog").get_by_label("Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def to_a_colleague(browser: Browser, link: str, people: int) -> None:
    """Who reads another language sees the same people by the same link."""
    context = browser.new_context(locale="ru-RU", timezone_id="Europe/Moscow")
    page = context.new_page()
    page.goto(link)
    expect(page.get_by_text("Кто: в потоке 4th_stream, city: указано")).to_be_visible()
    assert found(page, "Найдено людей") == people
    page.get_by_text("Сегменты", exact=True).click()
    expect(page.get_by_text("Сегментов пока нет.")).to_be_visible()
    assert "view=segments" in page.url
    context.close()
