"""The writing desk in a real browser, as a person writes at it."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from hsl.message import html
from tests.browser.clipboards import PASTED
from tests.browser.conftest import House, drawn

# What is typed, and what stands there then; undone, the signs are back.
MARKDOWN = [
    ("a **bold**", "a <b>bold</b>"),
    ("an *italic*", "an <i>italic</i>"),
    ("an _italic_", "an <i>italic</i>"),
    ("an __underline__", "an <u>underline</u>"),
    ("a ~~strike~~", "a <s>strike</s>"),
    ("a ||spoiler||", "a <tg-spoiler>spoiler</tg-spoiler>"),
    ("some `code`", "some <code>code</code>"),
    ("> ", "<blockquote></blockquote>"),
    ("```", "<pre></pre>"),
    ("see [this](https://e.org/a?b=1&c=2)", 'see <a href="https://e.org/a?b=1&amp;c=2">this</a>'),
]
BOTH = "Before. Meanwhile. Then the browser died too."
PLAIN = ["2 * 3 * 4", "5*3*2", "snake_case_name", "{a_b_c}", "[x](y)", "** no**"]


def editor(page: Page, house: House, draft: int | None = None) -> Locator:
    page.goto(f"{house.address}/compose" + (f"?draft={draft}" if draft else ""))
    area = drawn(page).get_by_label("Message", exact=True)
    expect(area).to_be_visible()
    return area


def saved(house: House, draft: int | None = None) -> Any:
    """The newest draft's text, as the database holds it, or that of one."""
    with closing(sqlite3.connect(house.folder / "data" / "hsl.db")) as connection:
        where = f"WHERE id = {draft}" if draft else ""
        found = connection.execute(
            f"SELECT json_extract(content, '$.text') FROM drafts {where} ORDER BY id DESC"
        ).fetchone()
    return None if found is None else found[0]


def until_saved(page: Page, house: House, text: str, *, within: int = 2_000) -> None:
    """Wait for the database to hold the text."""
    waited = 0
    while saved(house) != text:
        assert waited < within, f"{saved(house)!r} is kept after {waited} ms"
        page.wait_for_timeout(50)
        waited += 50


def clear(page: Page, area: Locator) -> None:
    area.press("Control+a")
    area.press("Delete")
    expect(area).to_have_value("")


def paste(area: Locator, rich: str, plain: str) -> None:
    area.evaluate(
        """(area, [rich, plain]) => {
            const carried = new DataTransfer();
            if (rich) carried.setData("text/html", rich);
            if (plain) carried.setData("text/plain", plain);
            const told = { clipboardData: carried, bubbles: true, cancelable: true };
            area.dispatchEvent(new ClipboardEvent("paste", told));
        }""",
        [rich, plain],
    )


def test_writing_by_keyboard(page: Page, house: House) -> None:
    area = editor(page, house)
    area.focus()
    _shortcuts(page, area)
    for typed, made in MARKDOWN:
        clear(page, area)
        page.keyboard.type(typed)
        expect(area).to_have_value(made)
        area.press("Control+z")
        expect(area).to_have_value(typed)
        area.press("Control+Shift+z")
        expect(area).to_have_value(made)
    for typed in [*PLAIN, "<code>**x**"]:
        clear(page, area)
        page.keyboard.type(typed)
        expect(area).to_have_value(typed)
    for name, (rich, plain, made) in PASTED.items():
        clear(page, area)
        paste(area, rich, plain)
        assert area.input_value() == made, name
        html.parse(made)
        area.press("Control+z")
        expect(area).to_have_value("")
    _panels(page, area)
    _remedies(page, area, house)


def _shortcuts(page: Page, area: Locator) -> None:
    for keys, tag in [("b", "b"), ("i", "i"), ("u", "u"), ("Shift+x", "s"),
                      ("Shift+p", "tg-spoiler"), ("Shift+m", "code"),
                      ("Shift+.", "blockquote")]:  # fmt: skip
        clear(page, area)
        page.keyboard.type("word")
        area.press("Control+a")
        area.press(f"Control+{keys}")
        expect(area).to_have_value(f"<{tag}>word</{tag}>")
        area.press(f"Control+{keys}")
        expect(area).to_have_value("word")
        area.press("Control+z")
        expect(area).to_have_value(f"<{tag}>word</{tag}>")
    clear(page, area)
    # As in any editor: on, words, off.
    area.press("Control+b")
    page.keyboard.type("bold")
    area.press("Control+b")
    page.keyboard.type(" plain")
    expect(area).to_have_value("<b>bold</b> plain")
    # A part of it, and a selection that cuts a tag.
    area.evaluate("area => area.setSelectionRange(5, 7)")
    area.press("Control+b")
    expect(area).to_have_value("<b>bo</b>ld plain")
    area.evaluate("area => area.setSelectionRange(4, 14)")
    area.press("Control+i")
    expect(area).to_have_value("<i><b>bo</b>ld pl</i>ain")


def _panels(page: Page, area: Locator) -> None:
    clear(page, area)
    page.keyboard.type("here")
    area.press("Control+a")
    area.press("Control+k")
    page.keyboard.type("example.org/a")
    page.keyboard.press("Enter")
    expect(area).to_have_value('<a href="https://example.org/a">here</a>')
    area.press("Control+k")
    expect(page.get_by_label("Address")).to_have_value("https://example.org/a")
    page.get_by_role("button", name="Remove the link").click()
    expect(area).to_have_value("here")
    area.press("End")
    page.get_by_role("button", name="Emoji").click()
    page.keyboard.type("rocket")
    page.keyboard.press("Enter")
    expect(area).to_have_value("here🚀")
    page.get_by_role("button", name="A value of each recipient").click()
    page.get_by_role("button", name="{first_name}").click()
    expect(area).to_have_value("here🚀{first_name|friend}")
    page.get_by_role("button", name="Shortcuts").click()
    expect(page.get_by_text("Ctrl+Shift+X")).to_be_visible()
    page.get_by_role("button", name="Shortcuts").click()


def _remedies(page: Page, area: Locator, house: House) -> None:
    clear(page, area)
    page.keyboard.type("🎉 a < b\nand <i>so on")
    expect(
        page.get_by_role("alert").filter(has_text="Line 1: this < begins no tag.")
    ).to_be_visible()
    expect(page.locator(".mirror .wrong")).to_have_text(["<", "<i>"])
    # What is shown is what it will be once it is mended.
    expect(page.locator(".tg .bubble i").first).to_have_text("so on")
    area.press("F8")
    page.keyboard.press("Tab")
    expect(page.locator(".problems button").first).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(area).to_have_value("🎉 a &lt; b\nand <i>so on")
    page.get_by_role("button", name="Close <i>").click()
    mended = "🎉 a &lt; b\nand <i>so on</i>"
    expect(area).to_have_value(mended)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("#counter")).to_have_text("17 of 4,096 characters")
    until_saved(page, house, mended)
    area.press("Control+z")
    expect(area).to_have_value("🎉 a &lt; b\nand <i>so on")
    area.press("Control+Shift+z")
    until_saved(page, house, mended)


def test_nothing_that_was_written_is_lost(page: Page, house: House) -> None:
    area = editor(page, house)
    area.focus()
    first = "The first text of this message, long enough to be missed when it is gone"
    page.keyboard.type(first)
    until_saved(page, house, first)
    expect(page.get_by_text("Saved now")).to_be_visible()
    page.reload()
    expect(area).to_have_value(first)

    # Much of it is taken away at once: what it said before is a version.
    clear(page, area)
    page.keyboard.type("Other")
    until_saved(page, house, "Other")
    page.get_by_role("button", name="Versions").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(first)).to_be_visible()
    dialog.get_by_role("button", name="Bring back").first.click()
    expect(area).to_have_value(first)
    until_saved(page, house, first)

    # A click on Continue right after the last key has it.
    area.press("End")
    page.keyboard.type("!")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("dialog").locator(".tg .bubble")).to_contain_text(f"{first}!")
    page.get_by_role("button", name="Back to writing").click()
    _two_tabs(page, house, area, f"{first}!")


def _two_tabs(page: Page, house: House, area: Locator, text: str) -> None:
    draft = int(page.url.partition("draft=")[2])
    other = page.context.new_page()
    there = editor(other, house, draft)
    expect(there).to_have_value(text)
    expect(page.get_by_text("This draft is open in 1 other tab.")).to_be_visible()
    there.press("End")
    other.keyboard.type(" Theirs")
    until_saved(other, house, f"{text} Theirs")
    expect(page.get_by_role("button", name="Show theirs")).to_be_visible()
    area.press("End")
    page.keyboard.type(" Mine")
    expect(page.get_by_text("This draft was changed in another tab meanwhile.")).to_be_visible()
    assert saved(house, draft) == f"{text} Theirs"
    page.get_by_role("button", name="Keep mine as a new draft").click()
    expect(area).to_have_value(f"{text} Mine")
    until_saved(page, house, f"{text} Mine")
    assert saved(house, draft) == f"{text} Theirs"
    # And the other answer: mine is a version then.
    page.goto(f"{house.address}/compose?draft={draft}")
    expect(area).to_have_value(f"{text} Theirs")
    area.press("End")
    page.keyboard.type(", again")
    until_saved_of(page, house, draft, f"{text} Theirs, again")
    show_theirs = other.get_by_role("button", name="Show theirs")
    expect(show_theirs).to_be_visible()
    typed_and_clicked(there, show_theirs, f"{text} Theirs, lost?")
    expect(there).to_have_value(f"{text} Theirs, again")
    other.get_by_role("button", name="Versions").click()
    expect(other.get_by_role("dialog").get_by_text("Theirs, lost?")).to_be_visible()
    other.close()


def until_saved_of(page: Page, house: House, draft: int, text: str) -> None:
    for _ in range(40):
        if saved(house, draft) == text:
            return
        page.wait_for_timeout(50)
    raise AssertionError(saved(house, draft))


def test_the_server_dies_while_one_types(page: Page, house: House) -> None:
    area = editor(page, house)
    area.focus()
    page.keyboard.type("Before. ")
    until_saved(page, house, "Before. ")
    house.end()
    # Streamlit says it in a dialog of its own; whoever closes it can go on writing.
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    area.press("End")
    page.keyboard.type("Meanwhile. ")
    expect(page.get_by_text("the server does not answer")).to_be_visible()
    house.begin()
    until_saved(page, house, "Before. Meanwhile. ", within=90_000)
    expect(area).to_have_value("Before. Meanwhile. ")
    expect(page.locator(".state")).to_contain_text("Saved")
    house.end()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    area.press("End")
    page.keyboard.type("Then the browser died too.")
    house.begin()
    page.reload()
    expect(area).to_have_value(BOTH)
    until_saved(page, house, BOTH, within=10_000)


@pytest.mark.parametrize("width", [360])
def test_in_russian_and_narrow(page: Page, house: House, width: int) -> None:
    assert page.context.browser is not None
    context = page.context.browser.new_context(
        viewport={"width": width, "height": 800}, locale="ru-RU", color_scheme="dark"
    )
    context.set_default_timeout(60_000)
    small = context.new_page()
    small.goto(f"{house.address}/compose")
    area = small.get_by_label("Сообщение", exact=True)
    area.fill("Привет <b>всем")
    expect(small.get_by_role("button", name="Закрыть <b>")).to_be_visible()
    expect(small.get_by_text("из 4 096 символов")).to_be_visible()
    expect(small.get_by_text("Сохранено только что")).to_be_visible()
    expect(small.locator(".tg .bubble")).to_be_hidden()
    small.get_by_text("Посмотреть", exact=True).click()
    expect(small.locator(".tg .bubble b")).to_have_text("всем")
    expect(area).to_be_hidden()
    wide = small.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide
    context.close()


def test_a_click_right_after_the_last_key(page: Page, house: House) -> None:
    """The list of drafts hears a click that comes with letters, and the letters are kept."""
    area = editor(page, house)
    area.focus()
    page.keyboard.type("The first")
    until_saved(page, house, "The first")
    first = int(page.url.partition("draft=")[2])
    page.get_by_role("button", name="Drafts (").click()
    new = page.get_by_role("button", name="New message")
    expect(new).to_be_visible()
    typed_and_clicked(area, new, "The first, to its end")
    expect(area).to_have_value("")
    until_saved_of(page, house, first, "The first, to its end")
    area.focus()
    page.keyboard.type("Second")
    until_saved(page, house, "Second")
    discard = page.get_by_role("button", name="Discard")
    typed_and_clicked(area, discard, "Second, discarded")
    expect(area).to_have_value("The first, to its end")
    page.get_by_role("button", name="Bring it back").click()
    expect(area).to_have_value("Second, discarded")


def typed_and_clicked(area: Locator, button: Locator, text: str) -> None:
    """Letters and a click in one turn of the browser's loop."""
    button.evaluate(
        """(button, [area, text]) => {
            area.value = text;
            area.dispatchEvent(new InputEvent("input", { bubbles: true }));
            button.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
            button.click();
        }""",
        [area.element_handle(), text],
    )


def test_a_translation_is_kept_by_the_browser_too(page: Page, house: House) -> None:
    area = editor(page, house)
    area.fill("Hello")
    until_saved(page, house, "Hello")
    page.get_by_role("button", name="Add a language").click()
    page.get_by_role("button", name="Add the language").click()
    russian = page.locator("textarea[aria-label^='Message: ']")
    expect(russian).to_have_value("Hello")
    russian.fill("Saved words")
    expect(page.locator(".state")).to_contain_text("Saved")
    house.end()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    russian.fill("Words of meanwhile")
    expect(page.get_by_text("the server does not answer")).to_be_visible()
    house.begin()
    page.reload()
    expect(area.or_(page.locator("textarea").first)).to_be_visible()
    page.get_by_role("radio").nth(1).click()
    expect(russian).to_have_value("Words of meanwhile")
    expect(page.get_by_text("Brought back what was written here")).to_be_visible()
    expect(page.locator(".state")).to_contain_text("Saved")
