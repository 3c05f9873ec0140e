"""The last look in a real browser: three messages, the number typed, and a message taken back."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import House
from tests.browser.test_road import settled, write

TEXT = "Hello {first_name|friend} {last_name}, the <b>lesson</b> begins"


def choose_everybody(page: Page, house: House) -> None:
    page.goto(f"{house.address}/audience")
    page.get_by_role("button", name="Add these 5,000 people").click()
    page.get_by_role("button", name="Write to 5,000 people").click()


def look(page: Page) -> None:
    settled(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("dialog").get_by_text("The longest")).to_be_visible()


def test_it_is_looked_at_sent_and_taken_back(page: Page, house: House) -> None:
    choose_everybody(page, house)
    write(page, TEXT)
    look(page)
    dialog = page.get_by_role("dialog")
    bubbles = dialog.locator(".tg .bubble")
    expect(bubbles).to_have_count(3)
    expect(dialog.get_by_text("No value for first_name, last_name.").first).to_be_visible()
    expect(dialog.get_by_text("Nobody tried this text yet.")).to_be_visible()
    tops = {round(box["y"]) for b in bubbles.all() if (box := b.bounding_box())}
    assert len(tops) == 1

    page.set_viewport_size({"width": 768, "height": 1400})
    page.wait_for_function(
        "new Set([...document.querySelectorAll('[role=dialog] .tg')].map("
        "one => Math.round(one.getBoundingClientRect().top))).size == 3"
    )
    page.set_viewport_size({"width": 1440, "height": 1400})

    send = dialog.get_by_role("button", name="Send to 5,000 people now")
    expect(send).to_be_disabled()
    number = dialog.get_by_label("Type the number of people")
    number.fill("500")
    expect(dialog.get_by_text("That is another number than 5,000.")).to_be_visible()
    expect(send).to_be_disabled()
    number.fill("5000")
    expect(send).to_be_enabled()
    send.click()

    expect(page.get_by_text("Until then you can take it back")).to_be_visible()
    message = int(re.findall(r"message=(\d+)", page.url)[0])
    page.reload()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_label("Message", exact=True)).to_have_value(TEXT)
    expect(page.get_by_text("To: 5,000 people")).to_be_visible()
    assert house.log() == []
    state = house.status(message)
    assert (state["status"], state["cancelled"], state["sent"]) == ("cancelled", 5000, 0)

    page.goto(f"{house.address}/messages")
    expect(page.locator(".hsl-state").first).to_contain_text("taken back")
    goes_when_nobody_takes_it_back(page, house)


def goes_when_nobody_takes_it_back(page: Page, house: House) -> None:
    page.get_by_role("link", name="Compose").click()
    expect(page.get_by_label("Message", exact=True)).to_have_value(TEXT)
    look(page)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("The same text")).to_have_count(0)
    dialog.get_by_label("Type the number of people").fill("5000")
    dialog.get_by_role("button", name="Send to 5,000 people now").click()
    expect(page.locator(".hsl-state").first).to_contain_text("sending")
    expect(page.get_by_role("button", name="Take it back")).to_have_count(0)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel the message").click()
    expect(page.locator(".hsl-state").first).to_contain_text("cancelled")
