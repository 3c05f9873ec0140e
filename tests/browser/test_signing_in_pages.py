"""Signing in with a browser, working, and being signed out elsewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from hsl import audit
from hsl.accounts import registry, second_factor, sessions
from hsl.acting import Role
from tests.door.conftest import PASSWORD, Served, ask, serving, until


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as found:
        registry.add(found.engine, "anna", Role.ADMIN, password=PASSWORD)
        until(lambda: ask(found.address).status_code == 401)
        yield found


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 1200}, locale="en-GB")
    context.set_default_timeout(60_000)
    page = context.new_page()
    broken: list[str] = []
    page.on(
        "console",
        lambda said: broken.append(said.text) if "Security Policy" in said.text else None,
    )
    yield page
    page.screenshot(path=served.engine.url.database.replace("hsl.db", "last.png"))
    context.close()
    assert broken == []


def sign_in(page: Page) -> None:
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_somebody_signs_in_works_and_is_signed_out(page: Page, served: Served) -> None:
    page.goto(f"{served.address}/settings?x=1")
    expect(page).to_have_title("Sign in · HSL Dashboard")
    assert Axe().run(page).response["violations"] == []
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(re.compile(r"/settings\?x=1$"))
    expect(page.get_by_role("heading", name="Settings", exact=True)).to_be_visible()
    page.goto(f"{served.address}/compose")
    expect(page.get_by_role("button", name="anna")).to_be_visible()

    sessions.sign_out_everywhere(served.engine, registry.named(served.engine, "anna").id)
    expect(page).to_have_title("Sign in · HSL Dashboard")
    sign_in(page)
    expect(page).to_have_url(re.compile(r"/compose"))

    page.get_by_role("button", name="anna").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page).to_have_title("Sign in · HSL Dashboard")
    until(lambda: audit.entries(served.engine, action="signed_out")[1] == 1)
    page.go_back()
    expect(page).to_have_title("Sign in · HSL Dashboard")


def test_a_second_factor_and_an_account_are_made_on_settings(page: Page, served: Served) -> None:
    page.goto(f"{served.address}/settings")
    sign_in(page)
    page.get_by_text("Second factor", exact=True).click()
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_alt_text("The secret as a QR code")).to_be_visible()
    page.get_by_text("The secret as text").click()
    secret = page.get_by_test_id("stCode").filter(visible=True).inner_text().strip()
    phone = pyotp.TOTP(secret)
    page.get_by_label("The code that it shows now").fill(phone.now())
    page.get_by_role("button", name="Put it in force").click()
    expect(page.get_by_text("The second factor is in force.")).to_be_visible()
    codes = page.get_by_test_id("stCode").filter(visible=True).inner_text().split()
    assert len(codes) == second_factor.CODES

    page.get_by_text("Add an account").click()
    page.get_by_label("Name", exact=True).fill("boris")
    page.get_by_role("button", name="Add, and show a link").click()
    expect(page.get_by_text("Give this to boris")).to_be_visible()
    link = page.get_by_test_id("stCode").filter(visible=True).last.inner_text().strip()
    assert link.startswith(f"{served.address}/set-up/")
    assert [one.name for one in registry.listing(served.engine)] == ["anna", "boris"]

    page.context.clear_cookies()
    page.goto(link)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("button", name="boris")).to_be_visible()
    page.goto(f"{served.address}/settings")
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    expect(page.get_by_text("Add an account")).to_have_count(0)

    page.context.clear_cookies()
    page.goto(f"{served.address}/settings")
    sign_in(page)
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
