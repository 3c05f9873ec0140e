"""The house as a person uses it: language, colours, help, the sample's end, and hostile names."""

import csv
import re
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import House
from tests.browser.test_road import settled
from tests.pages.test_contrast import of_style

PAGES = ["", "audience", "compose", "messages", "delivery", "audit", "settings"]
NAMES = [
    "<img src=x>",
    "**b**",
    "$5 and $6$",
    ":material/home:",
    ":red[x]",
    "![](http://example.org/x.png)",
    "[link](http://example.org)",
    "שלום עולם",
    "👩‍👩‍👧‍👦",
    "გიორგი",
    "محمد",
    "王小明",
]
STREAM = "$5_and_$6 **b**"
TEXT = "**b** $5 and $6$ :red[x] :material/home: &lt;img src=x&gt; ![](http://example.org/x.png)"
SHOWN = TEXT.replace("&lt;", "<").replace("&gt;", ">")
FIRST = 9_000_000_001


def bring_hostile_people(house: House) -> None:
    file = house.folder / "people **b** $5 and $6$.csv"
    with file.open("w", encoding="utf-8", newline="") as lines:
        rows = csv.writer(lines)
        rows.writerow(["user_id", "first_name", "last_name", "stream", "nickname"])
        for place, name in enumerate(NAMES):
            rows.writerow([FIRST + place, name, name[::-1], STREAM, name])
    house.hsl("import", str(file))


def said(page: Page) -> str:
    """All that is to be read on the page, without the joiners that keep it inert."""
    settled(page)
    return page.locator("body").inner_text().replace("\u2060", "")


def is_inert(page: Page) -> None:
    """Nothing that people typed became a picture, a formula, a colour or a link."""
    settled(page)
    main = page.get_by_test_id("stMain")
    expect(main.locator("img[src='x'], img[src*='example.org'], .katex")).to_have_count(0)
    expect(main.locator("a[href*='example.org']")).to_have_count(0)
    expect(main.locator("strong", has_text=re.compile("^b$"))).to_have_count(0)
    expect(main.locator("[data-testid='stIconMaterial']", has_text="home")).to_have_count(0)


def test_language_colours_and_help_are_the_viewers(page: Page, house: House) -> None:
    page.goto(house.address)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page).to_have_title("Overview · HSL Dashboard")
    expect(page.locator("html")).to_have_attribute("lang", "en")

    page.get_by_label("Language").select_option(label="Русский")
    expect(page.get_by_role("heading", name="Обзор")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    expect(page).to_have_title("Обзор · HSL Dashboard")
    page.get_by_role("link", name="Журнал").click()
    expect(page.get_by_role("heading", name="Журнал")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Журнал")).to_be_visible()
    page.get_by_label("Язык").select_option(label="Как в браузере")
    expect(page.get_by_role("heading", name="Audit")).to_be_visible()

    app = page.get_by_test_id("stApp")
    expect(app).to_have_css("color-scheme", "light")
    page.get_by_label("Colours").select_option(label="Dark")
    expect(app).to_have_css("color-scheme", "dark")
    page.goto(f"{house.address}/settings")
    expect(app).to_have_css("color-scheme", "dark")
    expect(app).to_have_css("font-family", re.compile("^Inter"))
    page.get_by_label("Colours").select_option(label="As the system")
    expect(app).to_have_css("color-scheme", "light")

    settled(page)
    page.get_by_role("button", name="Help").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Settings: is all well")).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Overview: what needs you")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Close").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Overview: what needs you")).to_have_count(0)

    settled(page)
    page.get_by_role("button", name="Remove 5,000 made-up people").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("5,000 made-up people go.")).to_be_visible()
    dialog.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("button", name="made-up people")).to_have_count(1)  # to try it with
    page.get_by_role("link", name="Audit").click()
    expect(page.get_by_text("removed the sample")).to_be_visible()
    page.get_by_role("link", name="Audience").click()
    expect(page.get_by_text("There are no people yet")).to_be_visible()


def test_what_people_typed_shows_as_typed(page: Page, house: House) -> None:
    bring_hostile_people(house)
    ids = [word for place in range(len(NAMES)) for word in ("--user", str(FIRST + place))]
    house.hsl("segment", "add", "<b>west</b> $5 and $6$", "--where", "first_name = '**b**'")
    house.hsl("send", *ids, "--text", TEXT, "--yes")
    house.hsl("send", "--stream", STREAM, "--text", TEXT, "--yes", "--at", "2099-01-01T10:00Z")
    for name in PAGES:
        page.goto(f"{house.address}/{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        is_inert(page)

    page.goto(house.address)
    expect(page.get_by_role("button", name="**b** $5").first).to_be_visible()
    assert SHOWN[:80] in said(page)
    page.goto(f"{house.address}/messages?message=1")
    expect(page.get_by_role("heading", name="**b** $5 and $6$").first).to_be_visible()
    assert SHOWN[:80] in said(page)
    is_inert(page)
    page.goto(f"{house.address}/audit")
    expect(page.get_by_text("file people **b** $5 and $6$.csv")).to_be_visible()
    assert TEXT in said(page)  # as it was written, before Telegram reads it
    is_inert(page)
    page.goto(f"{house.address}/audit?person={FIRST}")
    expect(page.get_by_text("message 1").first).to_be_visible()
    page.goto(f"{house.address}/audience?{urlencode({'stream': STREAM})}")
    page.get_by_role("button", name=f"Add these {len(NAMES)} people").click()
    chosen = page.get_by_test_id("stMetric").filter(has_text="Chosen")
    expect(chosen.get_by_test_id("stMetricValue")).to_have_text(str(len(NAMES)))
    assert STREAM in said(page)
    is_inert(page)
    page.get_by_role("button", name=f"Write to {len(NAMES)} people").click()
    expect(page.get_by_role("heading", name="Compose")).to_be_visible()
    assert STREAM in said(page)
    is_inert(page)


def test_dialogs_and_buttons_have_the_colours_of_the_dark(browser: Browser, house: House) -> None:
    """A dialog stands beside the app, and Streamlit darkens words under a pointer."""
    context = browser.new_context(color_scheme="dark", locale="en-GB")
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(f"{house.address}/compose")
    settled(page)
    templates = page.get_by_role("button", name="Templates")
    templates.hover()
    expect(templates).to_have_css("color", rgb(of_style("hsl-focus", "dark")))
    templates.click()
    expect(page.get_by_role("dialog")).to_have_css("color-scheme", "dark")
    page.screenshot(path=house.folder / "last.png")
    context.close()


def rgb(colour: str) -> str:
    """A colour such as "#a7b4c0" as a browser tells it."""
    return f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"
