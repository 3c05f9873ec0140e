"""A bot that Telegram holds, refuses or lets pay no more, as every page shows it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from hsl import models, settings
from hsl.delivery import pace, trouble
from hsl.delivery.outcome import Outcome, Verdict
from tests.pages.test_messages import message

__all__ = ["message"]
Open = Callable[..., AppTest]
REFUSED = Outcome(Verdict.BOT_FAULT, "bot_fault", False, 401, "Unauthorized")


def with_bot(house: Engine, change: Callable[..., None]) -> None:
    ours = settings.get_settings()
    with house.begin() as connection:
        change(connection, pace.lock(connection, ours.bot_id, pace.Rhythm.of(ours)))


def captions(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption)


@pytest.mark.parametrize("name", ["overview", "delivery"])
def test_trouble_is_said_with_when_telegram_is_asked_next(
    open_page: Open, house: Engine, message: int, name: str
) -> None:
    with_bot(house, lambda c, bot: trouble.begin(c, bot, REFUSED))
    app = open_page(name)
    (said,) = [error.value.replace("\\", "") for error in app.error]
    assert "Telegram refused the bot: Unauthorized." in said.replace("\u2060", "")
    assert "One message waits for it." in said
    assert "Telegram is asked again in 1" in said  # 14 or 15 s
    assert "goes on by itself then" in said


def test_what_a_fault_of_the_bot_paused_is_one_thing_that_needs_somebody(
    open_page: Open, house: Engine, message: int
) -> None:
    with_bot(house, lambda c, bot: trouble.begin(c, bot, REFUSED))
    app = open_page("overview")
    shown = " ".join(element.proto.body for element in app.get("html"))
    assert "Telegram refused the bot: Unauthorized. 1 message waits for it." in shown
    assert not [b for b in app.button if b.label == "Look at it"]
    with house.begin() as connection:
        trouble.end(connection, settings.get_settings().bot_id)
    assert open_page("overview").error == []


def test_a_hold_is_said_with_its_end_and_the_pace_as_it_is(open_page: Open, house: Engine) -> None:
    now = models.utc_now().timestamp()
    with_bot(house, lambda c, bot: pace.refused(c, bot, retry_after=95, now=now))
    app = open_page("delivery")
    (said,) = [w.value for w in app.warning if "asked to wait" in w.value]
    assert "(in 2 min)" in said.replace("\\", "")
    assert "Pace: 20.8 messages a second, climbing to 29.7." in captions(app)
    assert "Telegram has asked to wait once so far." in captions(app)


def test_a_server_that_is_away_is_not_said_to_have_asked(open_page: Open, house: Engine) -> None:
    now = (models.utc_now() + timedelta(seconds=30)).timestamp()
    with_bot(house, lambda c, bot: pace.hold(c, bot, seconds=pace.HOLD_OFFLINE, now=now))
    app = open_page("delivery")
    assert any("Telegram cannot be reached" in w.value for w in app.warning)
    assert "Telegram has never asked to wait." in captions(app)


def test_a_refused_payment_says_when_it_is_tried_again(open_page: Open, house: Engine) -> None:
    now = models.utc_now().timestamp()
    with_bot(house, lambda c, bot: pace.refuse_paid(c, bot, "not enough Stars", now=now))
    (said,) = [w.value for w in open_page("overview").warning if "paid broadcast" in w.value]
    assert "Paying is tried again at" in said
