"""A photo in a real browser: dropped on the desk, seen in the bubble, and sent to everybody."""

import re
import struct
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import select

from hsl import database, models
from hsl.audience import selection
from hsl.audience.cohort import Cohort
from hsl.message import drafts
from hsl.message.content import Content
from hsl.sandbox.options import SandboxOptions, fate
from tests.browser.conftest import House
from tests.browser.test_road import settled

PEOPLE = 20


def chosen_people(house: House) -> set[int]:
    """Choose some people and write a caption, as if on the pages before; who can be reached."""
    engine = database.open_engine(f"sqlite:///{house.folder / 'data' / 'hsl.db'}")
    users = models.users.c.user_id
    with engine.begin() as connection:
        ids = list(connection.execute(select(users).order_by(users).limit(PEOPLE)).scalars())
    selection.add(engine, "analyst", Cohort(user_ids=tuple(ids)), "some")
    drafts.start(engine, "analyst", content=Content(text="The <b>lesson</b>"))
    engine.dispose()
    return {person for person in ids if fate(person, SandboxOptions()) is None}


def drop(page: Page, path: Path) -> None:
    settled(page)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(path)


def test_a_photo_is_dropped_seen_and_sent(page: Page, house: House, tmp_path: Path) -> None:
    reachable = chosen_people(house)
    picture = tmp_path / "Первый урок.png"
    Image.new("RGB", (640, 360), "#2a6f97").save(picture)
    page.goto(f"{house.address}/compose")
    page.get_by_text("Photo", exact=True).click()
    drop(page, picture)
    shown = page.locator(".tg .photo img")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [480, 270]
    expect(page.locator(".hsl-chosen b")).to_have_text("Первый урок.png")
    assert [entry["uploaded"] for entry in house.log()] == ["Первый урок.png"]

    # The same file again is the same file at Telegram, and what is no picture goes as a document.
    page.get_by_role("button", name="Another file").click()
    drop(page, picture)
    expect(page.get_by_text("was uploaded before, and is used again")).to_be_visible()
    assert len(house.log()) == 1
    page.get_by_role("button", name="Another file").click()
    broken = tmp_path / "broken.png"
    broken.write_bytes(struct.pack(">I", 1) * 50)
    drop(page, broken)
    expect(page.get_by_text("broken.png is not a picture")).to_be_visible()
    expect(page.locator(".tg .file")).to_contain_text("broken.png")

    page.get_by_role("button", name="Library").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("All", exact=True).click()
    dialog.get_by_placeholder("A part of its name").fill("УРОК")
    expect(dialog.get_by_text("broken.png", exact=True)).to_have_count(0)
    dialog.get_by_role("button", name="Choose").click()
    expect(shown).to_be_visible()
    expect(page.get_by_label("Caption", exact=True)).to_have_value("The <b>lesson</b>")

    settled(page)
    page.get_by_role("button", name="Continue").click()
    expect(dialog.locator(".tg .photo img")).to_be_visible()
    page.locator(".st-key-send button").click()
    expect(page.locator(".hsl-state").first).to_contain_text("sent")
    log = house.log()
    uploaded, sent = log[0], [entry for entry in log if entry["chat_id"] > 0]
    assert {entry["chat_id"] for entry in sent} == reachable
    assert len(sent) == len(reachable)
    assert {(e["method"], e["file_id"], e["text"]) for e in sent} == {
        ("sendphoto", uploaded["file_id"], "The lesson")
    }
    assert [entry["uploaded"] for entry in log if "uploaded" in entry] == [
        "Первый урок.png", "broken.png",
    ]  # fmt: skip
    assert house.status(int(re.findall(r"message=(\d+)", page.url)[0]))["sent"] == len(sent)
    page.goto(f"{house.sandbox}/?chat={sent[0]['chat_id']}")
    expect(page.locator(".bubble .photo img")).to_be_visible()
