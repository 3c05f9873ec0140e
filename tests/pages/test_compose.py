"""Compose: drafts are kept, problems named, and what goes is what was shown."""

from collections.abc import Callable

from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from hsl import models
from hsl.audience import selection
from hsl.audience.cohort import Cohort
from hsl.message import drafts
from hsl.message.content import Button, Content

Open = Callable[..., AppTest]
CONTENT = Content(
    text="Hello {first_name|friend}",
    buttons=((Button(text="Join", url="https://e.org"), Button(text="No", callback_data="no")),),
)


def press(app: AppTest, words: str) -> AppTest:
    next(button for button in app.button if words in button.label).click()
    return app.run()


def choose(engine: Engine) -> None:
    selection.add(engine, "analyst", Cohort(streams=("4th_stream",)), "4th")


def test_a_file_cannot_be_scheduled_and_the_page_says_why(open_page: Open, house: Engine) -> None:
    video = Content(message_type=models.MessageType.VIDEO, file_id="abc", text="See")
    drafts.start(house, "analyst", content=video)
    app = open_page("compose")
    assert app.radio[0].disabled
    assert any("file_id may lapse" in caption.value for caption in app.caption)


def test_what_forbids_sending_stands_in_the_last_look(open_page: Open, house: Engine) -> None:
    drafts.start(house, "analyst", content=CONTENT)
    app = open_page("compose")
    press(app, "Continue")
    assert any("Nobody is chosen" in error.value for error in app.error)
    assert next(b for b in app.button if b.key == "send").disabled


def test_sending_makes_one_message_and_takes_the_draft(open_page: Open, house: Engine) -> None:
    choose(house)
    draft = drafts.start(house, "analyst", content=CONTENT)
    app = open_page("compose")
    press(app, "Continue")
    assert any("56 people: in 4th_stream" in text.value for text in app.text)
    press(app, "Send to 56 people now")
    with house.begin() as connection:
        row = connection.execute(select(models.message_history)).one()
    assert (row.total_recipients, row.message_text) == (56, CONTENT.text)
    assert row.buttons == CONTENT.buttons_json()
    assert drafts.load(house, "analyst", draft.id) is None


def test_a_time_in_the_past_is_refused(open_page: Open, house: Engine) -> None:
    choose(house)
    draft = drafts.start(house, "analyst", content=CONTENT)
    plan = {"when": "later", "date": "2020-01-01", "time": "10:00", "zone": "Europe/Moscow"}
    drafts.save(house, "analyst", draft, content=CONTENT, audience=None, plan=plan)
    app = open_page("compose")
    assert any("is in the past" in error.value for error in app.error)
    press(app, "Continue")
    assert next(b for b in app.button if b.key == "send").disabled


def test_a_discarded_draft_is_brought_back_on_the_page(open_page: Open, house: Engine) -> None:
    draft = drafts.start(house, "analyst", content=CONTENT)
    app = press(open_page("compose"), "Discard")
    assert drafts.load(house, "analyst", draft.id) is None
    assert app.query_params["draft"] != str(draft.id)
    press(app, "Bring it back")
    found = drafts.load(house, "analyst", draft.id)
    assert found is not None
    assert found.content == CONTENT
    assert app.query_params["draft"] == str(draft.id)
    assert not any("Bring it back" in button.label for button in app.button)


def test_a_rule_goes_again_and_again_until_it_is_stopped(open_page: Open, house: Engine) -> None:
    choose(house)
    draft = drafts.start(house, "analyst", content=CONTENT)
    plan = {"when": "again", "weekdays": [0, 3], "time": "10:00", "zone": "Europe/Moscow"}
    drafts.save(house, "analyst", draft, content=CONTENT, audience=None, plan=plan)
    app = open_page("compose")
    assert not app.error
    goes = "Goes every Monday and Thursday at 10:00 (Europe/Moscow)"
    assert goes in [caption.value for caption in app.caption]
    next(box for box in app.checkbox if "Wake nobody" in box.label).check().run()
    press(app, "Continue")
    assert any("every Monday and Thursday at 10:00" in text.value for text in app.text)
    next(b for b in app.button if b.key == "send").click().run()
    with house.begin() as connection:
        row = connection.execute(select(models.message_history)).one()
    assert (row.status, row.audience_mode, row.keep_quiet) == ("scheduled", "live", True)
    app = open_page("messages")
    assert any("1 goes again and again" in box.label for box in app.expander)
    press(app, "Stop")
    press(app, "Stop the rule")
    with house.begin() as connection:
        assert connection.execute(select(models.message_history.c.status)).scalar() == "cancelled"


def test_a_rule_without_a_weekday_is_refused(open_page: Open, house: Engine) -> None:
    choose(house)
    draft = drafts.start(house, "analyst", content=CONTENT)
    plan = {"when": "again", "weekdays": [], "time": "10:00", "zone": "Europe/Moscow"}
    drafts.save(house, "analyst", draft, content=CONTENT, audience=None, plan=plan)
    app = open_page("compose")
    assert any("No weekday is chosen" in error.value for error in app.error)
