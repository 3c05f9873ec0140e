"""The desk's file: kinds keep their own, the library is searched, chosen from, and tidied."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from hsl import models, settings
from hsl.media import library, naming
from hsl.message import drafts
from hsl.message.content import Content
from hsl.models import MessageType

Open = Callable[..., AppTest]
PHOTO, VIDEO, TEXT = MessageType.PHOTO, MessageType.VIDEO, MessageType.TEXT


def keep(engine: Engine, name: str, kind: MessageType = PHOTO, **values: Any) -> library.File:
    kept = {
        "kind": kind,
        "file_id": f"id-{name.partition('.')[0]}",
        "name": name,
        "size": 1_234_567,
        "duration": 65 if kind is VIDEO else None,
        "message_id": 5,
        **values,
    }
    return library.add(engine, 1, kept, actor="analyst", action="media_uploaded")


def press(app: AppTest, key: str) -> AppTest:
    next(button for button in app.button if str(button.key).endswith(key)).click()
    return app.run()


def pages_html(app: AppTest) -> str:
    return "".join(element.proto.body for element in app.get("html"))


def content_of(engine: Engine) -> Content:
    return drafts.listing(engine, "analyst")[0].content


def kind_of(app: AppTest, kind: MessageType) -> AppTest:
    box = next(g for g in app.get("button_group") if "-kind-" in str(g.key))
    box.set_value(kind)
    return app.run()


def test_a_file_is_chosen_from_the_library(open_page: Open, house: Engine) -> None:
    keep(house, "lesson.png", thumbnail="QUJD")
    film = keep(house, "<b>intro.mp4", VIDEO)
    drafts.start(house, "analyst", content=Content(message_type=VIDEO, text="See"))
    app = press(open_page("compose"), "-library")
    shown = pages_html(app)
    assert "&lt;b&gt;intro.mp4" in shown
    assert "1:05" in shown
    assert "1.2 MB" in shown
    assert "lesson.png" not in shown  # of another kind than is wanted
    app = press(app, f"media-take-{film.id}")
    assert (content_of(house).message_type, content_of(house).file_id) == (VIDEO, film.file_id)
    assert "<b>intro" not in pages_html(app)


def test_each_kind_keeps_its_own_file(open_page: Open, house: Engine) -> None:
    file = keep(house, "lesson.png", thumbnail="QUJD")
    content = Content(message_type=PHOTO, file_id=file.file_id, text="See")
    drafts.start(house, "analyst", content=content)
    app = open_page("compose")
    assert 'src="data:image/jpeg;base64,QUJD"' in pages_html(app)
    kind_of(app, VIDEO)
    assert (content_of(house).message_type, content_of(house).file_id) == (VIDEO, None)
    kind_of(app, TEXT)
    assert (content_of(house).message_type, content_of(house).file_id) == (TEXT, None)
    kind_of(app, PHOTO)
    assert content_of(house) == content


def test_a_file_of_the_library_may_wait(open_page: Open, house: Engine) -> None:
    file = keep(house, "lesson.png")
    content = Content(message_type=PHOTO, file_id=file.file_id, text="See")
    drafts.start(house, "analyst", content=content)
    app = open_page("compose")
    assert not app.radio[0].disabled
    assert not any("may lapse" in caption.value for caption in app.caption)


def test_a_file_is_renamed_and_removed_with_its_audit(open_page: Open, house: Engine) -> None:
    file = keep(house, "lesson.png")
    drafts.start(house, "analyst", content=Content(message_type=PHOTO, text="See"))
    app = press(open_page("compose"), "-library")
    next(field for field in app.text_input if field.value == "lesson.png").set_value("one.png")
    next(button for button in app.button if button.label == "Rename").click()
    app.run()
    assert [kept.name for kept in library.listing(house, 1)[0]] == ["one.png"]
    press(app, f"media-gone-{file.id}")
    assert library.listing(house, 1) == ([], 0)
    with house.begin() as connection:
        log = models.audit_log.c
        rows = connection.execute(select(log.actor, log.action).where(log.object_type == "media"))
        assert [tuple(row) for row in rows][1:] == [
            ("analyst", "media_renamed"), ("analyst", "media_removed"),
        ]  # fmt: skip


def test_without_a_chat_the_desk_says_what_to_do(
    open_page: Open, house: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_TOKEN", "1:secret")
    settings.get_settings.cache_clear()
    drafts.start(house, "analyst", content=Content(message_type=PHOTO, text="See"))
    app = open_page("compose")
    assert any("HSL\\_MEDIA\\_CHAT" in info.value for info in app.info)
    assert not app.get("file_uploader")


def test_a_file_id_is_kept_as_telegram_knows_it(
    open_page: Open, house: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = keep(house, "file_7.mp4", VIDEO, file_id="BAACabc", message_id=None)
    monkeypatch.setattr(
        naming, "look_up", lambda *_found, **_who: naming.Named(VIDEO, "BAACabc", named)
    )
    drafts.start(house, "analyst", content=Content(message_type=PHOTO, text="See"))
    app = open_page("compose")
    next(field for field in app.text_input if field.label == "file_id").set_value("BAACabc")
    next(button for button in app.button if button.label == "Use it").click()
    app.run()
    assert (content_of(house).message_type, content_of(house).file_id) == (VIDEO, "BAACabc")
    assert app.radio[0].disabled  # it stands in no chat of the team's
    assert named.uploaded_at <= datetime.now(UTC)
