"""axe-core over all pages, wide in light and narrow in dark, with and without the help open."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import House
from tests.browser.test_road import settled, write

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
PAGES = [
    "",
    "audience",
    "audience?view=segments",
    "audience?view=do-not-message",
    "messages",
    "messages?view=calendar",
    "messages?message=1",
    "delivery",
    "audit",
    "settings",
]
# axe sees what lies in the window alone: it is taller than any page.
WIDE, NARROW = {"width": 1280, "height": 3000}, {"width": 360, "height": 4000}


@dataclass(frozen=True)
class Known:
    """A violation that is Streamlit's own, where it is, and why it stays."""

    rule: str
    where: str  # a pattern of the element's HTML
    why: str


KNOWN = [
    Known("list", "stSidebarNavItems", "Streamlit puts each group of the navigation into a div"),
    Known("listitem", "^<li ", "for the same reason: the entries stand in these divs"),
]


def is_known(rule: str, html: str) -> bool:
    return any(one.rule == rule and re.search(one.where, html) for one in KNOWN)


def violations(page: Page) -> list[str]:
    """What axe finds that is not known, as a line each."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['html'][:200]} ({node['failureSummary']})"
        for violation in found["violations"]
        for node in violation["nodes"]
        if not is_known(violation["id"], node["html"])
    ]


@pytest.fixture
def busy_house(house: House) -> Iterator[House]:
    """A house in which a message went out, one is scheduled, and an answer was lost for none."""
    for words in (
        ["send", "--stream", "4th_stream", "--text", "Hello <b>you</b>", "--yes"],
        ["send", "--stream", "5th_stream", "--text", "Later", "--at", "2099-01-01T10:00Z", "--yes"],
    ):
        house.hsl(*words)
    yield house


def looked_at(page: Page, name: str) -> list[str]:
    """What axe finds on the page that is open.

    Contrast is of the colours and order is of the width: two looks see both of each.
    """
    wrong: list[str] = []
    for window, colours in ((WIDE, "light"), (NARROW, "dark")):
        page.emulate_media(color_scheme=colours)
        page.set_viewport_size(window)
        expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", colours)
        settled(page)
        wrong += [f"{name} {window['width']} {colours} {one}" for one in violations(page)]
    return wrong


@pytest.mark.timeout(300)  # a dozen pages in two lights, on a machine that may be busy
def test_no_page_keeps_anybody_out(browser: Browser, busy_house: House) -> None:
    context = browser.new_context(viewport=WIDE, color_scheme="light", locale="en-GB")
    page = context.new_page()
    wrong: list[str] = []
    for name in PAGES:
        page.set_viewport_size(WIDE)
        page.goto(f"{busy_house.address}/{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        # The sidebar's own part gets its words last of all.
        expect(page.get_by_label("Colours")).to_be_attached()
        wrong += looked_at(page, name)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)
    page.goto(f"{busy_house.address}/compose")
    write(page, "Hello, the <b>lesson</b> begins at seven")
    wrong += looked_at(page, "compose")
    page.get_by_role("button", name="Help", exact=True).click()
    expect(page.get_by_role("heading", level=2).first).to_be_visible()
    wrong += looked_at(page, "help")
    context.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_who_wants_less_motion_gets_none(
    page: Page, house: House, motion: str, moves: bool
) -> None:
    page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
    page.goto(f"{house.address}/audience")
    summary = page.locator("details:not([open]) > summary").first
    expect(summary).to_be_visible()
    settled(page)
    lasting = summary.evaluate(
        """summary => {
            summary.click();
            return document.getAnimations({ subtree: true })
                .map(one => one.effect.getTiming().duration).filter(one => one > 100);
        }"""
    )
    assert bool(lasting) == moves


def test_the_keys_reach_everything_and_are_seen(browser: Browser, house: House) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    page.goto(house.address)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    settled(page)
    reached: set[str] = set()
    for _press in range(60):
        page.keyboard.press("Tab")
        focus = page.evaluate(
            """() => {
                let it = document.activeElement;
                while (it.shadowRoot?.activeElement) it = it.shadowRoot.activeElement;
                const style = getComputedStyle(it);
                const box = it.getBoundingClientRect();
                return {
                    name: (it.innerText || it.ariaLabel || it.dataset?.choice || "").trim(),
                    seen: it.tagName === "BODY" || box.width === 0 || box.top < 0 ||
                        (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) ||
                        style.boxShadow !== "none",
                };
            }"""
        )
        assert focus["seen"], focus["name"]
        reached |= set(focus["name"].split("\n"))
    wanted = {"Audience", "Settings", "Help", "Write a message", "Hide these"}
    assert wanted <= reached
    context.close()
