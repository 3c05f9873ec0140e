"""A message in two languages, its test, its way to each person, and a template of it."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import House, drawn
from tests.browser.test_road import settled

ENGLISH = "Hello {first_name|friend}, the <b>lesson</b> begins"
RUSSIAN = "Здравствуйте, <b>урок</b> начинается"
IN_RUSSIAN = "Message: Russian (ru)"


def test_languages_tests_and_templates(page: Page, house: House) -> None:
    people = choose_people(page, house)
    page.get_by_label("Message", exact=True).fill(ENGLISH)
    expect(page.locator(".tg .bubble b")).to_have_text("lesson")
    write_in_russian(page)
    keep_as_template(page)
    insert_a_snippet(page)
    already = send_to_me(page, house)

    page.get_by_role("button", name="Continue").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(re.compile(r"English \(en\): \d+ people, Russian"))).to_be_visible()
    dialog.get_by_role("button", name=re.compile(rf"Send to {people} people")).click()
    expect(page.get_by_role("button", name="Use again")).to_be_visible()
    expect(page.locator(".hsl-state").first).to_contain_text("sent")
    log = house.log()[already:]
    texts = {entry["text"] for entry in log}
    russian = [entry for entry in log if entry["text"] == "Здравствуйте, урок начинается"]
    english = [entry for entry in log if entry["text"].endswith("See you")]
    assert russian, texts
    assert english, texts
    assert len(russian) + len(english) == len(log)

    page.get_by_text("Content", exact=True).click()
    expect(page.get_by_role("tab", name="Russian")).to_be_visible()
    use_template(page, house)


def choose_people(page: Page, house: House) -> int:
    """Some tens of people who read several languages."""
    page.goto(f"{house.address}/audience")
    page.get_by_placeholder("Name, @username or id").fill("student_0000")
    add = page.get_by_role("button", name=re.compile(r"Add these \d{1,2} people"))
    expect(add).to_be_enabled()
    people = int(re.findall(r"\d+", add.inner_text())[0])
    add.click()
    page.get_by_role("button", name=f"Write to {people} people").click()
    expect(page.get_by_role("heading", name="Compose")).to_be_visible()
    return people


def stands(page: Page, text: str, field: str = "Message") -> None:
    """Wait until the one editor is this language's, and holds this text.

    All of them are read at once: while the page is drawn anew the old one may stand beside it.
    """
    editors = page.get_by_label(field, exact=True)
    for _ in range(600):
        texts = editors.evaluate_all("all => all.map(one => one.value)")
        if texts == [text]:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"the editors hold {texts}, not {text!r} alone")


def write_in_russian(page: Page) -> None:
    """Add Russian, write it, and see that both texts are kept where they were written."""
    page.get_by_role("button", name="Add a language").click()
    settled(page)
    page.get_by_role("button", name="Add the language").click()
    expect(page.get_by_text(re.compile(r"Russian: \d+ people · all others: \d+"))).to_be_visible()
    stands(page, ENGLISH, IN_RUSSIAN)
    page.get_by_label(IN_RUSSIAN, exact=True).fill(RUSSIAN)
    # At once, so that the last letters are still on their way.
    drawn(page).get_by_role("radio", name="English (en), for all others").click()
    stands(page, ENGLISH)
    drawn(page).get_by_role("radio", name="Russian").click()
    stands(page, RUSSIAN, IN_RUSSIAN)
    expect(page.locator(".tg .bubble b")).to_have_count(1)
    expect(page.locator(".tg .bubble b")).to_have_text("урок")
    page.reload()
    stands(page, ENGLISH)
    expect(page.get_by_text(re.compile(r"Russian: \d+ people"))).to_be_visible()


def keep_as_template(page: Page) -> None:
    settled(page)
    page.get_by_role("button", name="Templates").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Keep the message on the desk as a template").click()
    dialog.get_by_label("Name").fill("The lesson")
    dialog.get_by_label("Name").press("Enter")
    dialog.get_by_role("button", name="Keep", exact=True).click()
    expect(dialog.get_by_role("button", name="Use", exact=True)).to_be_visible()


def insert_a_snippet(page: Page) -> None:
    """Keep a snippet and put it in at the caret, which is at the text's end."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Snippets").click()
    dialog.get_by_text("Keep a new snippet").click()
    dialog.get_by_label("Text", exact=True).fill(". See you")
    dialog.get_by_label("Text", exact=True).blur()
    settled(page)
    dialog.get_by_label("Name").fill("Greeting")
    dialog.get_by_label("Name").press("Enter")
    settled(page)
    dialog.get_by_role("button", name="Keep", exact=True).click()
    dialog.get_by_role("button", name="Insert", exact=True).click()
    expect(dialog).to_have_count(0)
    stands(page, f"{ENGLISH}. See you")
    expect(page.locator(".tg .bubble")).to_contain_text("See you")


def send_to_me(page: Page, house: House) -> int:
    """Find a test recipient and send a test in each language; how many entries the log has."""
    settled(page)
    page.get_by_role("button", name="Send it to me first").click()
    page.get_by_label("Add a test recipient").fill("student_00007")
    page.get_by_role("button", name="@student_00007").click()
    page.get_by_role("button", name="Send 2 tests").click()
    expect(page.locator(".hsl-tests .hsl-state")).to_have_text(["● sent"] * 2)
    log = house.log()
    assert [entry["chat_id"] for entry in log] == [log[0]["chat_id"]] * 2
    assert {entry["text"].split(",")[0].split(" ")[0] for entry in log} == {
        "Hello",
        "Здравствуйте",
    }
    page.keyboard.press("Escape")
    return len(log)


def use_template(page: Page, house: House) -> None:
    """The test is marked in the list, and the template begins a new draft in both languages."""
    settled(page)
    page.goto(f"{house.address}/messages")
    expect(page.locator(".hsl-test")).to_have_count(2)
    page.get_by_role("link", name="Compose").click()
    settled(page)
    page.get_by_role("button", name="Templates").click()
    page.get_by_role("dialog").get_by_role("button", name="Use", exact=True).click()
    stands(page, ENGLISH)
    drawn(page).get_by_role("radio", name="Russian").click()
    stands(page, RUSSIAN, IN_RUSSIAN)
