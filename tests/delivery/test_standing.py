"""How a bot stands: its pace, a hold, its trouble, as pages and terminal show it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, update

from hsl import models
from hsl.delivery import pace, standing, trouble
from hsl.delivery.outcome import Outcome, Verdict
from hsl.settings import Settings, load_settings
from tests.delivery.test_outbox import start

REFUSED = Outcome(Verdict.BOT_FAULT, "bot_fault", False, 401, "Unauthorized")


@pytest.fixture
def settings() -> Settings:
    return load_settings(BOT_TOKEN="1:x")


def with_bot(engine: Engine, change: Callable[..., None], settings: Settings) -> standing.Standing:
    with engine.begin() as connection:
        change(connection, pace.lock(connection, 1, pace.Rhythm.of(settings)))
    return standing.of_bot(engine, settings)


def test_a_bot_that_never_sent_is_well(engine: Engine, settings: Settings) -> None:
    found = standing.of_bot(engine, settings)
    assert (found.is_well, found.rate, found.full_rate) == (True, 29.7, 29.7)


def test_a_refusal_holds_and_slows_and_the_rate_is_the_one_of_now(
    engine: Engine, settings: Settings
) -> None:
    now = models.utc_now().timestamp()
    found = with_bot(engine, lambda c, bot: pace.refused(c, bot, retry_after=35, now=now), settings)
    assert found.held_until is not None
    assert (found.asked_to_wait, found.refusals, found.is_well) == (True, 1, False)
    assert found.rate == pytest.approx(0.7 * 29.7)
    # Nobody sends for a while: the rate climbs all the same, though nothing is written meanwhile.
    with engine.begin() as connection:
        before = models.utc_now() - timedelta(seconds=11)
        connection.execute(
            update(models.bot_pace).values(not_before=before, rate_changed_at=before)
        )
    found = standing.of_bot(engine, settings)
    assert (found.held_until, found.is_well) == (None, True)
    assert found.rate == pytest.approx(0.7 * 29.7 + 2 * 29.7 / 60)


def test_a_server_that_cannot_be_reached_did_not_ask_to_wait(
    engine: Engine, settings: Settings
) -> None:
    now = models.utc_now().timestamp()
    found = with_bot(engine, lambda c, bot: pace.hold(c, bot, seconds=60, now=now), settings)
    assert found.held_until is not None
    assert (found.asked_to_wait, found.rate) == (False, 29.7)


def test_trouble_names_when_telegram_is_asked_next_and_what_waits(
    engine: Engine, settings: Settings, create_message: Callable[..., int]
) -> None:
    create_message()
    start(engine)
    found = with_bot(engine, lambda c, bot: trouble.begin(c, bot, REFUSED), settings)
    assert found.trouble == "Telegram refused the bot: Unauthorized"
    assert found.trouble_since is not None
    assert found.next_look is not None
    wait = (found.next_look - found.trouble_since).total_seconds()
    assert (wait, found.paused) == (trouble.FIRST_LOOK, 1)
    with engine.begin() as connection:
        trouble.end(connection, 1)
    over = standing.of_bot(engine, settings)
    assert (over.is_well, over.next_look, over.paused) == (True, None, 0)


def test_a_refused_payment_names_when_it_is_tried_again(engine: Engine) -> None:
    paying = load_settings(BOT_TOKEN="1:x", HSL_PAID_BROADCAST=True)
    now = models.utc_now().timestamp()
    found = with_bot(
        engine, lambda c, bot: pace.refuse_paid(c, bot, "not enough Stars", now=now), paying
    )
    assert found.paid_refusal == "not enough Stars"
    assert found.pays_again_at is not None
    assert found.rate == pytest.approx(29.7)
