"""The last look, the seconds to take a message back, and the calendar, as pages."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select, update
from streamlit.testing.v1 import AppTest

from hsl import dispatch, models, settings
from hsl.audience import selection
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import history
from hsl.message import drafts
from hsl.message.content import Content
from hsl.models import utc_now

Open = Callable[..., AppTest]
CONTENT = Content(text="Hello {first_name|friend} {last_name}")
FOURTH = Audience(include=(Cohort(streams=("4th_stream",)),))


def press(app: AppTest, words: str) -> AppTest:
    next(button for button in app.button if words in button.label).click()
    return app.run()


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def written(house: Engine) -> drafts.Draft:
    selection.add(house, "analyst", Cohort(streams=("4th_stream",)), "4th")
    return drafts.start(house, "analyst", content=CONTENT)


def sent(house: Engine, *, at: datetime | None = None, take_back: float = 600.0) -> int:
    draft = drafts.start(house, "analyst", content=CONTENT)
    return dispatch.send(
        house, settings.get_settings(), content=CONTENT, audience=FOURTH, author="analyst",
        draft_id=draft.id, scheduled_at=at, take_back=take_back,
    )  # fmt: skip


def send_button(app: AppTest) -> bool:
    """Whether the last look lets it go."""
    return not next(b for b in app.button if b.key == "send").disabled


def test_three_peoples_own_messages_are_shown(open_page: Open, house: Engine) -> None:
    written(house)
    app = press(open_page("compose"), "Continue")
    said = " ".join(one.value for one in app.markdown)
    assert "**The longest** ·" in said
    assert "**With gaps** ·" in said
    assert "**A usual one** ·" in said
    assert any("Nobody tried this text yet" in one.value for one in app.warning)


@pytest.mark.parametrize(("over", "asks"), [("55", True), ("56", False), ("0", True)])
def test_the_number_is_typed_over_the_threshold(
    open_page: Open, house: Engine, monkeypatch: pytest.MonkeyPatch, over: str, asks: bool
) -> None:
    monkeypatch.setenv("HSL_CONFIRM_OVER", over)
    settings.get_settings.cache_clear()
    written(house)
    app = press(open_page("compose"), "Continue")
    fields = [one for one in app.text_input if "Type the number" in one.label]
    assert bool(fields) == asks
    assert send_button(app) != asks
    if asks:
        for typed, may_go in (("5", False), ("56 people", False), ("56", True), (" 5 6 ", True)):
            fields[0].set_value(typed).run()
            assert send_button(app) == may_go


def test_a_sent_message_waits_and_is_taken_back(open_page: Open, house: Engine) -> None:
    draft = written(house)
    app = press(open_page("compose"), "Continue")
    press(app, "Send to 56 people now")
    with house.begin() as connection:
        row = connection.execute(select(models.message_history)).one()
    assert (row.take_back_until - row.created_at).total_seconds() == 10
    assert drafts.load(house, "analyst", draft.id) is None
    app = open_page("messages", message=str(row.id))
    assert "Take it back" in labels(app)
    assert "Cancel" not in labels(app)
    press(app, "Take it back")
    found = history.one(house, row.id)
    assert found is not None
    assert (found.status, found.status_reason) == ("cancelled", "Taken back by analyst")
    (again,) = drafts.listing(house, "analyst")
    assert (again.content, again.audience, again.plan) == (CONTENT, None, draft.plan)


def test_a_taken_back_message_has_its_own_name(open_page: Open, house: Engine) -> None:
    number = sent(house)
    press(open_page("messages", message=str(number)), "Take it back")
    shown = " ".join(one.proto.body for one in open_page("messages").get("html"))
    assert "taken back" in shown
    assert "✕</span> cancelled" not in shown


def test_after_its_seconds_the_other_actions_are_there(open_page: Open, house: Engine) -> None:
    number = sent(house)
    with house.begin() as connection:
        connection.execute(
            update(models.message_history).values(take_back_until=utc_now() - timedelta(seconds=5))
        )
    app = open_page("messages", message=str(number))
    assert {"Take it back", "Pause", "Cancel"} <= set(labels(app))


def test_no_seconds_no_countdown(
    open_page: Open, house: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HSL_TAKE_BACK_SECONDS", "0")
    settings.get_settings.cache_clear()
    written(house)
    app = press(open_page("compose"), "Continue")
    assert any("it leaves within two seconds" in text.value for text in app.text)
    press(app, "Send to 56 people now")
    with house.begin() as connection:
        row = connection.execute(select(models.message_history)).one()
    assert (row.take_back_until, row.written_as) == (None, None)
    assert "Take it back" not in labels(open_page("messages", message=str(row.id)))


def test_a_scheduled_message_is_moved_from_its_page(open_page: Open, house: Engine) -> None:
    number = sent(house, at=utc_now() + timedelta(days=3))
    app = press(open_page("messages", message=str(number)), "Move")
    press(app, "Tomorrow 19:00")
    press(app, "Move to")
    found = history.one(house, number)
    assert found is not None
    tomorrow = utc_now().date() + timedelta(days=1)
    assert found.scheduled_at == datetime(
        tomorrow.year, tomorrow.month, tomorrow.day, 19, tzinfo=ZoneInfo("UTC")
    )
    assert any(f"Message {number} goes" in one.value for one in app.success)
    press(app, "Move it back")
    found = history.one(house, number)
    assert found is not None
    assert found.scheduled_at.date() == utc_now().date() + timedelta(days=3)


def test_a_time_in_the_past_cannot_be_moved_to(open_page: Open, house: Engine) -> None:
    number = sent(house, at=utc_now() + timedelta(days=3))
    app = press(open_page("messages", message=str(number)), "Move")
    app.date_input(key=f"move-{number}-date").set_value(datetime(2020, 1, 1).date()).run()
    assert any("is in the past" in one.value for one in app.error)
    assert next(b for b in app.button if b.key == "confirm").disabled


def test_the_calendar_stands_in_the_address(open_page: Open, house: Engine) -> None:
    at = datetime(2030, 5, 17, 10, tzinfo=ZoneInfo("UTC"))
    for minutes in (0, 30):
        sent(house, at=at + timedelta(minutes=minutes))
    app = open_page("messages", view="calendar", month="2030-05")
    assert app.header[0].value == "May 2030"
    assert "30 min apart; 56 people get both" in " ".join(one.value for one in app.caption)
    press(app, "Today")
    assert app.query_params["month"] == f"{utc_now():%Y-%m}"
    app = open_page("messages", view="calendar", week="2030-W20")
    assert app.header[0].value.startswith("13")
    assert "30 min apart; 56 people get both" in " ".join(one.value for one in app.caption)


@pytest.mark.parametrize("month", ["2030-13", "x", "99999-01", "0001-01"])
def test_an_address_of_no_month_shows_this_one(open_page: Open, month: str) -> None:
    app = open_page("messages", view="calendar", month=month)
    assert app.header[0].value == f"{utc_now():%B %Y}"


def test_quick_choices_set_date_and_time(open_page: Open, house: Engine) -> None:
    draft = written(house)
    plan = {"when": "later", "date": "2030-01-01", "time": "08:30", "zone": "Europe/Moscow"}
    drafts.save(house, "analyst", draft, content=CONTENT, audience=None, plan=plan)
    app = press(open_page("compose"), "Tomorrow 10:00")
    kept = drafts.load(house, "analyst", draft.id)
    assert kept is not None
    tomorrow = datetime.now(ZoneInfo("Europe/Moscow")).date() + timedelta(days=1)
    assert (kept.plan["date"], kept.plan["time"]) == (tomorrow.isoformat(), "10:00")
    assert not app.error
