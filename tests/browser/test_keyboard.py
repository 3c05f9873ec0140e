"""The buttons under a message, in a real browser: written, moved, taken back, and sent as shown."""

from playwright.sync_api import Browser, Locator, Page, expect

from hsl import database
from hsl.audience import selection
from hsl.audience.cohort import Cohort
from hsl.message import drafts
from hsl.message.content import Content
from tests.browser.conftest import House

AUTHOR = "analyst"
SOMEBODY = "student_0000"  # ten of the sample people
FINGER = {"radiusX": 4, "radiusY": 4, "force": 1}


def key(page: Page, text: str) -> Locator:
    return page.locator(".keys .key").filter(has=page.get_by_text(text, exact=True))


def rows(page: Page) -> list[list[str]]:
    """The texts of the keys, as they stand in the editor."""
    return [
        row.locator(".key .label").all_inner_texts()
        for row in page.locator(".keys .row").all()
        if row.locator(".key").count()
    ]


def expect_rows(page: Page, wanted: list[list[str]]) -> None:
    """In the editor at once, and in the preview once the server knows it."""
    assert rows(page) == wanted
    preview = page.locator(".tg").first.locator(".row")
    expect(preview).to_have_count(len(wanted))
    for line, texts in enumerate(wanted):
        spans = preview.nth(line).locator("span")
        expect(spans).to_have_count(len(texts))
        for place, text in enumerate(texts):
            expect(spans.nth(place)).to_contain_text(text)


def box_of(part: Locator) -> dict[str, float]:
    box = part.bounding_box()
    assert box is not None
    return dict(box)


def drag(page: Page, part: Locator, x: float, y: float) -> None:
    box = box_of(part)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(x - 10, y, steps=4)
    page.mouse.move(x, y, steps=4)
    expect(page.locator(".board .ghost")).to_have_count(1)
    page.mouse.up()
    expect(page.locator(".board .ghost")).to_have_count(0)


def prepare(house: House) -> None:
    """Somebody is chosen, and a text is written: what is tried here are the buttons."""
    engine = database.open_engine(f"sqlite:///{house.folder / 'data' / 'hsl.db'}")
    selection.add(engine, AUTHOR, Cohort(search=SOMEBODY), "them")
    drafts.start(engine, AUTHOR, content=Content(text="The lesson begins"))
    engine.dispose()


def add_three_by_keys(page: Page) -> None:
    press = page.keyboard.press
    page.get_by_role("button", name="Add a button").focus()
    press("Enter")
    page.keyboard.type("Join")
    press("Enter")
    page.keyboard.type("https://example.org/join")
    expect(page.locator(".panel .leads")).to_contain_text("Leads to: example.org/join")
    opens = page.locator(".panel a")
    expect(opens).to_have_attribute("href", "https://example.org/join")
    expect(opens).to_have_attribute("rel", "noopener noreferrer")
    press("Enter")
    expect(key(page, "Join")).to_be_focused()
    press("ArrowRight")
    press("Enter")
    page.keyboard.type("Later")
    press("Tab")
    press("ArrowRight")
    expect(page.get_by_label("Sends this data to the bot")).to_be_visible()
    press("Tab")
    page.keyboard.type("later:1")
    expect(page.locator(".panel .counter")).to_have_text("7 of 64 bytes")
    press("Escape")
    expect(key(page, "Later")).to_be_focused()
    press("ArrowRight")
    press("Enter")
    page.keyboard.type("Map 🗺")
    press("Enter")
    page.keyboard.type("https://localhost")
    expect_rows(page, [["Join", "Later", "Map 🗺"]])


def mend_the_wrong_one(page: Page) -> None:
    """The problem stands in the open panel, then under its row at its own button."""
    expect(page.locator(".panel .problem")).to_contain_text("its host has no dot")
    page.keyboard.press("Escape")
    expect(page.locator(".row-notes .problem")).to_contain_text("“Map 🗺”")
    expect(page.locator(".key.wrong")).to_have_count(1)
    expect(key(page, "Map 🗺")).to_have_class("key wrong")
    described = key(page, "Map 🗺").get_attribute("aria-describedby")
    expect(page.locator(".row-notes .problem")).to_have_attribute("id", described or "")
    page.keyboard.press("F2")
    page.keyboard.press("Enter")
    page.keyboard.type("example.org/map")
    page.get_by_role("button", name="Write https://example.org/map").click()
    expect(page.locator(".panel .value")).to_have_value("https://example.org/map")
    expect(page.locator(".key.wrong")).to_have_count(0)
    page.keyboard.press("Escape")


def move_by_keys(page: Page) -> None:
    press = page.keyboard.press
    expect(key(page, "Map 🗺")).to_be_focused()
    press("Alt+ArrowDown")
    expect_rows(page, [["Join", "Later"], ["Map 🗺"]])
    expect(key(page, "Map 🗺")).to_be_focused()
    expect(page.locator(".live")).to_have_text("“Map 🗺” is now in row 2, place 1 of 1.")
    press("Alt+ArrowRight")
    expect(page.locator(".live")).to_have_text("It cannot be moved further.")
    press("ArrowUp")
    expect(key(page, "Join")).to_be_focused()
    press("Alt+ArrowRight")
    expect_rows(page, [["Later", "Join"], ["Map 🗺"]])


def delete_and_take_back(page: Page) -> None:
    page.keyboard.press("Delete")
    expect_rows(page, [["Later"], ["Map 🗺"]])
    expect(key(page, "Map 🗺")).to_be_focused()
    page.keyboard.press("Control+z")
    expect_rows(page, [["Later", "Join"], ["Map 🗺"]])
    page.keyboard.press("Control+d")
    expect_rows(page, [["Later", "Join"], ["Map 🗺", "Map 🗺"]])
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Undo").click()
    page.keyboard.press("Control+z")
    expect_rows(page, [["Later", "Join"], ["Map 🗺"]])


def move_by_mouse(page: Page) -> None:
    target = box_of(key(page, "Later"))
    drag(page, key(page, "Map 🗺"), target["x"] + 3, target["y"] + target["height"] / 2)
    expect_rows(page, [["Map 🗺", "Later", "Join"]])
    expect(key(page, "Map 🗺")).to_have_attribute("aria-expanded", "false")
    below = box_of(page.locator(".keys .row").last)
    drag(page, key(page, "Later"), below["x"] + 40, below["y"] + below["height"] + 4)
    expect_rows(page, [["Map 🗺", "Join"], ["Later"]])


def send_what_was_typed_last(page: Page) -> None:
    """The last letters and the click on Continue come at once; nothing of it is lost."""
    page.get_by_role("button", name="Add a row").click()
    page.keyboard.type("Promo")
    page.get_by_role("radio", name="Copy text").check()
    page.get_by_label("Copies this text").focus()
    page.keyboard.type("SPRING-2026", delay=0)
    page.get_by_role("button", name="Continue").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".tg .row span").last).to_have_attribute("title", "SPRING-2026")
    dialog.get_by_role("button", name="Send to").click()
    expect(page.locator(".hsl-state").first).to_contain_text("sent")


def test_a_keyboard_is_written_moved_and_sent(page: Page, house: House, browser: Browser) -> None:
    prepare(house)
    page.goto(f"{house.address}/compose")
    add_three_by_keys(page)
    mend_the_wrong_one(page)
    move_by_keys(page)
    delete_and_take_back(page)
    move_by_mouse(page)
    page.reload()
    expect(page.locator(".keys .key")).to_have_count(3)
    expect_rows(page, [["Map 🗺", "Join"], ["Later"]])
    on_a_phone(browser, house)
    page.reload()
    expect(page.locator(".keys .key")).to_have_count(3)
    send_what_was_typed_last(page)
    sent = house.log()[0]["buttons"]
    assert sent == [
        [
            {"text": "Join", "url": "https://example.org/join"},
            {"text": "Map 🗺", "url": "https://example.org/map"},
        ],
        [{"text": "Later", "callback_data": "later:1"}],
        [{"text": "Promo", "copy_text": {"text": "SPRING-2026"}}],
    ]


def on_a_phone(browser: Browser, house: House) -> None:
    """A finger that rests drags; lines that are pasted become buttons, and can be taken back."""
    context = browser.new_context(
        viewport={"width": 360, "height": 1500}, has_touch=True, color_scheme="dark"
    )
    page = context.new_page()
    page.goto(f"{house.address}/compose")
    expect(page.locator(".keys .key")).to_have_count(3)
    drag_by_finger(page, key(page, "Map 🗺"), key(page, "Join"))
    expect_rows(page, [["Join", "Map 🗺"], ["Later"]])
    lines = "A = https://a.org | B = callback:b\nnothing\n" + " | ".join(
        f"{n}=https://e.org/{n}" for n in range(1, 9)
    )
    paste(page.get_by_role("button", name="Add a row"), lines)
    wanted = [["Join", "Map 🗺"], ["Later"], ["A", "B"], [str(n) for n in range(1, 9)]]
    expect(page.locator(".keys .key")).to_have_count(13)
    expect_rows(page, wanted)
    expect(page.locator(".said")).to_contain_text("Not a button: “nothing”")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    narrowest = min(box_of(one)["width"] for one in page.locator(".keys .key").all())
    assert narrowest >= 24
    expect(page.locator(".keys .row").last.locator(".beside")).to_have_count(0)
    key(page, "B").focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator(".live")).to_contain_text("Row 4 is full")
    page.get_by_role("button", name="Undo").click()
    expect_rows(page, wanted[:2])
    expect(page.get_by_text("Saved now")).to_be_visible()
    context.close()


def drag_by_finger(page: Page, part: Locator, beyond: Locator) -> None:
    """Press, rest until the key is lifted, and move beyond another key's middle."""
    start, end = box_of(part), box_of(beyond)
    x, y = start["x"] + start["width"] / 2, start["y"] + start["height"] / 2
    phone = page.context.new_cdp_session(page)

    def touch(kind: str, at: float | None = None) -> None:
        points = [] if at is None else [{"x": at, "y": y, **FINGER}]
        phone.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", x)
    expect(page.locator(".board .ghost")).to_have_count(1)
    for step in range(1, 9):
        touch("touchMove", x + (end["x"] + end["width"] - 4 - x) * step / 8)
    touch("touchEnd")
    expect(page.locator(".board .ghost")).to_have_count(0)


def paste(part: Locator, text: str) -> None:
    part.focus()
    part.evaluate(
        """(part, text) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", text);
            part.dispatchEvent(
                new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }),
            );
        }""",
        text,
    )
