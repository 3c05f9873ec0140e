"""Compose where there are several bots: one is chosen, named in the last look, and sends."""

from collections.abc import Callable

import pytest
import streamlit as st
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from hsl import bots, models, settings
from hsl.audience import selection
from hsl.audience.cohort import Cohort
from hsl.message import drafts, testing
from hsl.message.content import Content
from tests import two_bots
from tests.two_bots import CLUB, SCHOOL

Open = Callable[..., AppTest]


@pytest.fixture
def desk(house: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Two bots, and a draft to a stream on the analyst's desk."""
    monkeypatch.setenv("HSL_SECRET_KEY", two_bots.SECRET)
    settings.get_settings.cache_clear()
    two_bots.keep(house)
    selection.add(house, "analyst", Cohort(streams=("4th_stream",)), "4th")
    drafts.start(house, "analyst", content=Content(text="Hello"))
    return house


def press(app: AppTest, words: str) -> AppTest:
    next(button for button in app.button if words in button.label).click()
    return app.run()


def bot_box(app: AppTest) -> list[object]:
    return [box for box in app.selectbox if box.label == "Through the bot"]


def sent_through(engine: Engine) -> list[int]:
    history = models.message_history.c
    with engine.begin() as connection:
        return list(connection.execute(select(history.bot_id).order_by(history.id)).scalars())


def plan(engine: Engine) -> dict[str, object]:
    return drafts.listing(engine, "analyst")[0].plan


def test_with_one_bot_nothing_is_asked(open_page: Open, house: Engine) -> None:
    drafts.start(house, "analyst", content=Content(text="Hello"))
    assert not bot_box(open_page("compose"))


def test_the_bot_in_use_is_chosen_and_another_one_is_kept_and_sends(
    open_page: Open, desk: Engine
) -> None:
    app = open_page("compose")
    (box,) = bot_box(app)
    assert (box.value, box.options) == (SCHOOL, ["club (@club_bot)", "school (@school_bot)"])
    assert "bot" not in plan(desk)
    box.set_value(CLUB).run()
    assert plan(desk)["bot"] == CLUB
    (box,) = bot_box(open_page("compose"))
    assert box.value == CLUB
    app = press(open_page("compose"), "Continue")
    assert "Through the bot club (@club_bot)" in [text.value for text in app.text]
    next(button for button in app.button if button.key == "send").click().run()
    assert not app.exception
    assert sent_through(desk) == [CLUB]


def test_nothing_chosen_is_the_bot_in_use(open_page: Open, desk: Engine) -> None:
    app = press(open_page("compose"), "Continue")
    assert "Through the bot school (@school_bot)" in [text.value for text in app.text]
    next(button for button in app.button if button.key == "send").click().run()
    assert sent_through(desk) == [SCHOOL]
    page = open_page("messages", message="1")
    assert any("through school (@school_bot)" in one.proto.body for one in page.get("html"))


def test_the_choice_stays_when_the_time_is_chosen(open_page: Open, desk: Engine) -> None:
    app = open_page("compose")
    bot_box(app)[0].set_value(CLUB).run()
    when = next(radio for radio in app.radio if radio.label == "When")
    when.set_value("later").run()
    assert (plan(desk)["when"], plan(desk)["bot"]) == ("later", CLUB)


def test_a_test_goes_through_the_chosen_bot(open_page: Open, desk: Engine) -> None:
    with desk.begin() as connection:
        somebody = connection.execute(select(models.users.c.user_id).limit(1)).scalar_one()
    testing.add(desk, "analyst", somebody)
    app = open_page("compose")
    bot_box(app)[0].set_value(CLUB).run()
    next(button for button in app.button if button.key == "send-test").click().run()
    assert not app.exception
    assert sent_through(desk) == [CLUB]


def test_a_bot_that_went_is_said_and_stops_what_was_to_go_through_it(
    open_page: Open, desk: Engine
) -> None:
    bot_box(open_page("compose"))[0].set_value(CLUB).run()
    bots.remove(desk, "club", actor="anna")
    st.cache_resource.clear()  # which forgets it by itself after two seconds
    app = open_page("compose")
    assert any("is not kept any more" in error.value for error in app.error)
    press(app, "Continue")
    assert next(button for button in app.button if button.key == "send").disabled
    bot_box(app)[0].set_value(SCHOOL).run()
    assert plan(desk)["bot"] == SCHOOL
    assert not any("is not kept any more" in error.value for error in app.error)


def test_files_are_those_of_the_chosen_bot(open_page: Open, desk: Engine) -> None:
    two_bots.keep_a_photo_of_school(desk)
    photo = Content(message_type=models.MessageType.PHOTO, file_id="of-school")
    drafts.start(desk, "analyst", content=photo)
    app = open_page("compose")
    assert "a.jpg" in " ".join(one.proto.body for one in app.get("html"))
    bot_box(app)[0].set_value(CLUB).run()
    assert "is not in the library" in " ".join(one.proto.body for one in app.get("html"))
    press(app, "Continue")
    assert any("uploaded through another bot" in error.value for error in app.error)
