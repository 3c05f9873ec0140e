"""The whole road in a real browser: people, a message with buttons, delivery, and its figures."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from hsl.sandbox.options import SandboxOptions, fate
from tests.browser.conftest import House

TEXT = "Hello {first_name|friend}, the <b>lesson</b> begins"


@pytest.fixture
def house(as_in_the_readme: House) -> House:
    """The one that the page is of."""
    return as_in_the_readme


def settled(page: Page) -> None:
    """Wait until the page has nothing more to say."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")


def choose(page: Page, label: str, option: str) -> None:
    """Choose an option of a multiselect or selectbox by its words."""
    settled(page)
    box = page.get_by_role("combobox", name=label)
    wanted = page.get_by_role("option", name=option).first
    for _ in range(10):
        # A list closes when the page moves under it, as when a section is still unfolding.
        box.click()
        try:
            wanted.click(timeout=1_000)
            break
        except TimeoutError:
            continue
    page.keyboard.press("Escape")


def add_condition(page: Page, name: str) -> None:
    """Take a condition from the menu; without Escape, which empties a menu again."""
    settled(page)
    page.get_by_role("combobox", name="Add a condition").click()
    page.get_by_role("option", name=name).first.click()
    expect(page.get_by_role("combobox", name="Compared")).to_be_visible()


def metric(page: Page, label: str, value: str | re.Pattern[str]) -> None:
    found = page.get_by_test_id("stMetric").filter(has_text=label)
    expect(found.get_by_test_id("stMetricValue")).to_have_text(value)


def choose_people(page: Page, house: House) -> int:
    """Search, filter, choose; returns how many people are chosen."""
    page.goto(f"{house.address}/audience")
    metric(page, "People found", "5,000")
    page.get_by_placeholder("Name, @username or id").fill("анн")
    metric(page, "People found", re.compile(r"^\d{2,3}$"))
    page.get_by_placeholder("Name, @username or id").fill("")
    metric(page, "People found", "5,000")
    choose(page, "Streams", "4th")
    metric(page, "People found", "1,571")
    add_condition(page, "City")
    choose(page, "Compared", "is one of")
    choose(page, "Values", "Omsk")
    metric(page, "People found", re.compile(r"^\d{2,3}$"))
    value = page.get_by_test_id("stMetric").filter(has_text="People found")
    people = int(value.get_by_test_id("stMetricValue").inner_text())
    page.get_by_role("button", name=f"Add these {people} people").click()
    metric(page, "Chosen", str(people))
    page.get_by_role("button", name=f"Add these {people} people").click()
    expect(page.get_by_text("in your selection already")).to_be_visible()
    page.reload()
    metric(page, "Chosen", str(people))
    assert "stream=4th_stream" in page.url
    page.get_by_role("button", name=f"Write to {people} people").click()
    return people


def add_button(page: Page, text: str, action: str, label: str, value: str) -> None:
    """A button in a row of its own."""
    page.get_by_role("button", name=re.compile("^Add a (button|row)$")).click()
    page.get_by_label("Text on the button").fill(text)
    page.get_by_role("radio", name=action).check()
    page.get_by_label(label).fill(value)
    page.keyboard.press("Enter")
    expect(page.locator(".tg .row span").last).to_contain_text(text)


def write(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", name="Compose")).to_be_visible()
    page.get_by_label("Message", exact=True).fill(text)
    expect(page.locator(".tg .bubble b")).to_have_text("lesson")


def test_the_whole_road(page: Page, house: House) -> None:
    people = choose_people(page, house)
    expect(page.get_by_text(f"To: {people} people, in 4th_stream")).to_be_visible()
    expect(page.get_by_role("heading", name="Compose")).to_be_visible()
    page.get_by_label("Message", exact=True).fill("Hello <b>you")
    expect(page.get_by_role("alert").filter(has_text="Line 1")).to_be_visible()
    write(page, TEXT)
    expect(page.locator("#counter")).to_contain_text("of 4,096 characters")
    add_button(page, "Join", "Link", "Opens the link", "https://example.org/join")
    add_button(page, "Later", "Data", "Sends this data", "later:1")
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator(".tg .row")).to_have_count(1)
    expect(page.get_by_text("Saved now")).to_be_visible()

    page.reload()
    expect(page.get_by_label("Message", exact=True)).to_have_value(TEXT)
    expect(page.locator(".tg .row span")).to_have_count(2)

    page.get_by_role("button", name="Continue").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"{people} people: in 4th_stream")).to_be_visible()
    dialog.get_by_role("button", name=f"Send to {people} people now").click()
    expect(page.get_by_role("heading", name="Hello")).to_be_visible()
    expect(page.locator(".hsl-state").first).to_contain_text("sent")
    message = int(re.findall(r"message=(\d+)", page.url)[0])

    state = house.status(message)
    log = house.log()
    assert state["status"] == "sent"
    assert state["total_recipients"] == people
    assert len({entry["chat_id"] for entry in log}) == len(log) == state["sent"]
    assert state["sent"] + state["failed"] == people
    assert (
        page.locator(".hsl-terms")
        .first.inner_text()
        .replace("● ", "")
        .startswith(f"{people} chosen = {state['sent']} sent")
    )
    assert [[b["text"] for b in row] for row in log[0]["buttons"]] == [["Join", "Later"]]
    assert log[0]["text"].endswith("the lesson begins")
    assert all(fate(entry["chat_id"], SandboxOptions()) is None for entry in log)

    schedule_another(page, house, people, already=len(log))


def schedule_another(page: Page, house: House, people: int, *, already: int) -> None:
    """Schedule a message for the next full minute, reload, and see it go with its buttons."""
    page.get_by_role("link", name="Compose").click()
    write(page, "The <b>lesson</b> was moved")
    add_button(page, "Fine", "Data", "Sends this data", "fine")
    page.get_by_text("At a time").click()
    soon = datetime.now(UTC) + timedelta(hours=3, seconds=75)  # the browser's zone is UTC+3
    fill_date(page, "Date", [f"{soon:%Y}", f"{soon:%m}", f"{soon:%d}"])
    fill_date(page, "Time", [f"{soon:%H}", f"{soon:%M}"])
    expect(page.get_by_text(f"{soon:%H:%M} MSK, in")).to_be_visible()
    expect(page.get_by_label("As it will be when it starts")).to_be_visible()
    page.get_by_text("As it will be when it starts").click()
    settled(page)
    page.get_by_role("button", name="Continue").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("the people who are in the group then")).to_be_visible()
    dialog.get_by_role("button", name="Schedule for").click()
    expect(page.locator(".hsl-state").first).to_contain_text("scheduled")
    page.reload()
    expect(page.locator(".hsl-state").first).to_contain_text("sent", timeout=120_000)
    log = house.log()[already:]
    message = int(re.findall(r"message=(\d+)", page.url)[0])
    state = house.status(message)
    assert state["total_recipients"] == people
    assert len(log) == state["sent"] == len({entry["chat_id"] for entry in log})
    assert {entry["buttons"][0][0]["callback_data"] for entry in log} == {"fine"}
    assert (
        min(entry["at"] for entry in log)
        >= soon.replace(second=0, microsecond=0).timestamp() - 10_800
    )


def fill_date(page: Page, label: str, parts: list[str]) -> None:
    """Type a date or a time into its parts, as a keyboard does."""
    settled(page)
    first = page.get_by_role("group", name=label, exact=True).get_by_role("spinbutton").first
    first.click()
    for part in parts:
        page.keyboard.type(part)
    page.keyboard.press("Enter")
    settled(page)
