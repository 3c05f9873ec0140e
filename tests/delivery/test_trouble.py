"""A bot that Telegram refuses: what stops, who looks, and what goes on when it is over."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from hsl import models
from hsl.delivery import pace, starting, steering, trouble
from hsl.delivery.outcome import Outcome, Verdict
from hsl.scheduler import Scheduler
from hsl.settings import load_settings

BOT = 1
REFUSED = Outcome(Verdict.BOT_FAULT, "bot_fault", False, 401, "Unauthorized")
Bots, History = models.bot_pace, models.message_history


def refuse(engine: Engine) -> None:
    with engine.begin() as connection:
        trouble.begin(connection, pace.lock(connection, BOT, pace.Rhythm(30)), REFUSED)


def end(engine: Engine) -> list[int]:
    with engine.begin() as connection:
        return trouble.end(connection, BOT)


def message(engine: Engine, message_id: int) -> Any:
    with engine.begin() as connection:
        return connection.execute(select(History).where(History.c.id == message_id)).one()


def bot(engine: Engine) -> Any:
    with engine.begin() as connection:
        return connection.execute(select(Bots).where(Bots.c.bot_id == BOT)).one()


def move_back(engine: Engine, column: str, seconds: float) -> None:
    with engine.begin() as connection:
        earlier = getattr(connection.execute(select(Bots)).one(), column)
        connection.execute(update(Bots).values({column: earlier - timedelta(seconds=seconds)}))


@pytest.fixture
def sending(engine: Engine, create_message: Callable[..., int]) -> Callable[..., int]:
    def make(**arguments: object) -> int:
        number = create_message(**arguments)
        starting.start_due(engine, now=models.utc_now(), resolve=lambda _: select())
        return number

    return make


def test_what_it_paused_goes_on_and_what_a_person_paused_waits(
    engine: Engine, sending: Callable[..., int]
) -> None:
    mine, paused = sending(), sending()
    steering.pause(engine, paused, actor="anna")
    refuse(engine)
    assert message(engine, mine).status == "paused"
    assert end(engine) == [mine]
    assert (message(engine, mine).status, message(engine, paused).status) == ("sending", "paused")
    assert bot(engine).trouble is None


def test_what_is_too_late_by_then_asks(engine: Engine, sending: Callable[..., int]) -> None:
    hurried, patient = sending(late_limit=600.0), sending(late_limit=None)
    refuse(engine)
    move_back(engine, "trouble_since", 1200)
    assert end(engine) == [patient]
    row = message(engine, hurried)
    assert row.status == "paused"
    assert "refused the bot for 20 min" in row.status_reason


def test_one_process_looks_at_a_time_and_ever_more_rarely(engine: Engine) -> None:
    refuse(engine)
    assert not trouble.look_due(engine, BOT)
    waits = []
    for _ in range(8):
        move_back(engine, "trouble_look_at", trouble.LONGEST_LOOK)
        assert [trouble.look_due(engine, BOT), trouble.look_due(engine, BOT)] == [True, False]
        waits.append((bot(engine).trouble_look_at - models.utc_now()).total_seconds())
    assert waits[0] < waits[3] <= waits[-1] <= trouble.LONGEST_LOOK


def test_a_bot_without_trouble_is_not_looked_at(engine: Engine) -> None:
    assert not trouble.look_due(engine, BOT)
    refuse(engine)
    end(engine)
    assert not trouble.look_due(engine, BOT)


def test_a_new_token_ends_it(engine: Engine, sending: Callable[..., int]) -> None:
    settings = load_settings(BOT_TOKEN=f"{BOT}:old")
    Scheduler(settings, engine).sign_on()
    mine = sending()
    refuse(engine)
    Scheduler(settings, engine).sign_on()
    assert message(engine, mine).status == "paused"
    Scheduler(load_settings(BOT_TOKEN=f"{BOT}:new"), engine).sign_on()
    assert message(engine, mine).status == "sending"


def test_a_resume_by_a_person_ends_it_for_all(engine: Engine, sending: Callable[..., int]) -> None:
    one, two = sending(), sending()
    refuse(engine)
    steering.resume(engine, one, actor="anna")
    assert {message(engine, m).status for m in (one, two)} == {"sending"}
