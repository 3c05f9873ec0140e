"""The separate loop: signs of life, what cannot start, whose messages they are, and backups."""

import asyncio
import json
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, select, update

from hsl import models
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import pace, recurring, restored, starting, steering, tick
from hsl.delivery.outcome import Outcome, Verdict, never_left
from hsl.message.content import Content
from hsl.scheduler import Scheduler
from hsl.settings import load_settings
from tests.delivery.conftest import BOT, CreateMessage
from tests.delivery.test_sender import Running, sandbox, work  # noqa: F401 - a fixture

History, Recipients, Workers = models.message_history, models.message_recipients, models.workers
EVERYBODY = select(models.users.c.user_id, models.users.c.username)
FAST = pace.Rhythm(10_000)


def scheduler(engine: Engine, **more: object) -> Scheduler:
    return Scheduler(load_settings(BOT_TOKEN=f"{BOT}:token", **more), engine)


def row(engine: Engine, message_id: int) -> Any:
    with engine.begin() as connection:
        return connection.execute(select(History).where(History.c.id == message_id)).one()


def leave(engine: Engine, worker: str) -> tick.Departure:
    with engine.begin() as connection:
        (left,) = tick.depart(
            connection, worker=worker, bot_id=BOT, rhythm=FAST, horizon=0.06, most=1
        )
    return left


def delivery_status(engine: Engine, recipient_id: int) -> str:
    with engine.begin() as connection:
        found = select(Recipients.c.delivery_status).where(Recipients.c.id == recipient_id)
        return str(connection.execute(found).scalar_one())


@pytest.mark.parametrize(
    "answer",
    [Outcome(Verdict.RATE_LIMITED, error_code=429, retry_after=1.0), never_left("stalled")],
)
def test_who_was_named_uncertain_too_early_waits_again_when_nothing_was_delivered(
    engine: Engine, create_message: CreateMessage, answer: Outcome
) -> None:
    create_message()
    starting.start_due(engine, now=models.utc_now(), resolve=lambda _: EVERYBODY)
    left = leave(engine, "slow")
    with engine.begin() as connection:
        assert tick.recover(connection, now=models.utc_now() + timedelta(seconds=30)) == 1
    assert delivery_status(engine, left.recipient_id) == "uncertain"
    with engine.begin() as connection:
        result = tick.Result(left, answer, models.utc_now())
        tick.record(connection, [result], worker="slow", bot_id=BOT, rhythm=FAST)
    assert delivery_status(engine, left.recipient_id) == "pending"


def test_nobody_declares_himself_dead(engine: Engine, create_message: CreateMessage) -> None:
    working = scheduler(engine)
    working.sign_on()
    create_message()
    working.start_due()
    left = leave(engine, working.name)
    with engine.begin() as connection:
        connection.execute(update(Workers).values(beat_at=models.utc_now() - timedelta(minutes=1)))
    working.recover()
    assert delivery_status(engine, left.recipient_id) == "sending"
    scheduler(engine).recover()
    assert delivery_status(engine, left.recipient_id) == "uncertain"


def test_it_gives_signs_of_life_until_the_last_answer_is_there(
    engine: Engine,
    create_message: CreateMessage,
    sandbox: Running,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hsl.scheduler.BEAT", 0.2)
    sandbox.state.options.latency = 2.5
    create_message(people=EVERYBODY.limit(1))
    beats: list[Any] = []
    beat = Scheduler.beat

    def count(self: Scheduler) -> None:
        beat(self)
        beats.append(time.monotonic())

    monkeypatch.setattr(Scheduler, "beat", count)
    stopped: list[float] = []

    def on_its_way() -> bool:
        with engine.begin() as connection:
            found = connection.execute(select(Recipients.c.delivery_status)).scalar_one()
        if found == "sending":
            stopped.append(time.monotonic())
        return bool(stopped)

    work(engine, sandbox, on_its_way)
    assert len([moment for moment in beats if moment > stopped[0] + 0.5]) >= 3
    with engine.begin() as connection:
        assert connection.execute(select(Recipients.c.delivery_status)).scalar_one() == "sent"


def test_one_message_that_cannot_start_keeps_no_other_from_it(
    engine: Engine, create_message: CreateMessage
) -> None:
    bad = create_message(
        audience_mode=models.AudienceMode.LIVE,
        cohort={"no_such_field": 1},
        scheduled_at=models.utc_now() + timedelta(seconds=0.1),
    )
    good = create_message()
    time.sleep(0.15)
    scheduler(engine).start_due()
    assert row(engine, good).status == "sending"
    assert row(engine, bad).status == "paused"
    assert "could not be started (ValidationError)" in row(engine, bad).status_reason


def test_one_rule_that_cannot_go_on_keeps_no_other_from_it(
    engine: Engine, people: list[int]
) -> None:
    everybody = Audience(include=(Cohort(everyone=True),))
    messages = [
        recurring.create(
            engine,
            repeat=recurring.Repeat.parse("daily 10:00 UTC"),
            content=Content(text="Hello"),
            people=EVERYBODY,
            audience=everybody.model_dump(mode="json"),
            group="everybody",
            author="anna",
            bot_id=BOT,
        )
        for _ in range(2)
    ]
    rules = models.recurring_messages
    with engine.begin() as connection:
        connection.execute(update(rules).values(next_at=models.utc_now()))
        connection.execute(update(rules).where(rules.c.id == 1).values(zone="Nowhere/Else"))
    scheduler(engine).start_due()
    with engine.begin() as connection:
        first, second = connection.execute(select(rules).order_by(rules.c.id)).all()
        made = connection.execute(select(History.c.id).where(History.c.id.not_in(messages))).all()
    assert "could not be made" in first.stopped_reason
    assert second.stopped_at is None
    assert len(made) == 1


def test_messages_of_another_bot_are_left_alone(
    engine: Engine, create_message: CreateMessage
) -> None:
    theirs, ours = create_message(bot_id=999), create_message()
    scheduler(engine).start_due()
    assert (row(engine, theirs).status, row(engine, ours).status) == ("scheduled", "sending")


def test_a_message_that_starts_while_the_bot_is_in_trouble_waits_with_the_others(
    engine: Engine, create_message: CreateMessage
) -> None:
    with engine.begin() as connection:
        pace.lock(connection, BOT, FAST)
        connection.execute(update(models.bot_pace).values(trouble="Telegram refused the bot: No"))
    message = create_message()
    scheduler(engine).start_due()
    assert (row(engine, message).status, row(engine, message).status_reason) == (
        "paused",
        "Telegram refused the bot: No",
    )
    scheduler(engine).end_trouble()
    assert row(engine, message).status == "sending"


def test_resuming_ahead_of_its_time_keeps_the_lateness_limit(
    engine: Engine, create_message: CreateMessage
) -> None:
    at = models.utc_now() + timedelta(days=7)
    message = create_message(scheduled_at=at, late_limit=3600.0)
    steering.pause(engine, message, actor="anna")
    steering.resume(engine, message, actor="anna")
    starting.start_due(engine, now=at + timedelta(days=2), resolve=lambda _: EVERYBODY)
    assert row(engine, message).status == "paused"


def test_jobs_of_the_day_do_not_stop_where_the_clock_is_set_back(engine: Engine) -> None:
    ran: list[float] = []

    class Counting(Scheduler):
        def _time_jobs(self) -> None:
            self._jobs.clear()
            self._jobs.every(1).seconds.do(lambda: ran.append(time.monotonic()))

    working = Counting(load_settings(BOT_TOKEN=f"{BOT}:token"), engine)

    async def main() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(working._run_jobs(stop))
        await asyncio.sleep(0.1)
        with time_machine.travel(time.time() - 3600, tick=True):
            deadline = time.monotonic() + 10
            while len(ran) < 2:
                assert time.monotonic() < deadline, "the jobs stopped"
                await asyncio.sleep(0.05)
            stop.set()
            await running

    asyncio.run(main())


def served(engine: Engine, departures: int = 100) -> Scheduler:
    """A bot that was served, and has sent so many."""
    working = scheduler(engine)
    working.sign_on()
    with engine.begin() as connection:
        connection.execute(update(models.bot_pace).values(departures=departures))
    working.beat()
    return working


def go_back_to(engine: Engine, departures: int) -> None:
    with engine.begin() as connection:
        connection.execute(update(models.bot_pace).values(departures=departures))


def test_a_restored_database_sends_nothing_again_by_itself(
    engine: Engine, create_message: CreateMessage
) -> None:
    served(engine)
    under_way, due = create_message(), create_message()
    later = create_message(scheduled_at=models.utc_now() + timedelta(days=1))
    starting.start_due(engine, now=models.utc_now(), resolve=lambda _: EVERYBODY)
    with engine.begin() as connection:
        connection.execute(update(History).where(History.c.id == due).values(status="scheduled"))
    go_back_to(engine, 60)
    after = scheduler(engine)
    after.sign_on()
    after.start_due()
    for message in (under_way, due):
        assert row(engine, message).status == "paused"
        assert "restored from a backup" in row(engine, message).status_reason
    assert row(engine, later).status == "scheduled"
    steering.resume(engine, under_way, actor="anna")
    scheduler(engine).sign_on()
    assert row(engine, under_way).status == "sending"


def test_a_database_that_is_restored_under_a_running_scheduler_is_noticed(
    engine: Engine, create_message: CreateMessage
) -> None:
    working = served(engine)
    message = create_message()
    working.start_due()
    go_back_to(engine, 99)
    working.beat()
    assert row(engine, message).status == "paused"


def test_a_damaged_note_or_a_new_database_holds_nothing_back(
    engine: Engine, create_message: CreateMessage, tmp_path: Path
) -> None:
    (tmp_path / restored.FILE).write_text("{damaged", "utf-8")
    address = engine.url.render_as_string(hide_password=True)
    message = create_message()
    scheduler(engine).start_due()
    scheduler(engine).sign_on()
    (tmp_path / restored.FILE).write_text(json.dumps({f"{BOT} {address}": 10**6}), "utf-8")
    with engine.begin() as connection:
        connection.execute(update(models.bot_pace).values(served_at=None))
    scheduler(engine).sign_on()
    assert row(engine, message).status == "sending"


def test_what_nobody_served_for_longer_than_its_limit_asks(
    engine: Engine, create_message: CreateMessage
) -> None:
    working = served(engine)
    hurried, patient = create_message(late_limit=600.0), create_message(late_limit=7200.0)
    working.start_due()
    with engine.begin() as connection:
        ago = models.utc_now() - timedelta(minutes=30)
        connection.execute(update(models.bot_pace).values(served_at=ago))
    scheduler(engine).sign_on()
    assert row(engine, hurried).status == "paused"
    assert "30 min" in row(engine, hurried).status_reason
    assert row(engine, patient).status == "sending"


def test_a_sign_of_life_that_no_file_can_note_is_one_line_of_the_log(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = scheduler(engine, HSL_DATA_DIR=tmp_path)
    one.sign_on()
    one._departures = -1  # so that the beat notes how far the bot has counted
    (tmp_path / f"departures.{os.getpid()}").mkdir()  # where the note is written first
    one._guarded(one.beat)
    (said,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert said.exc_info is None
    assert said.getMessage().startswith("beat: Is a directory")
    with engine.begin() as connection:
        assert connection.execute(select(Workers.c.name)).scalar_one() == one.name
