"""The sender when the machine stalls, the database loses an answer, or its own code is at fault."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import OperationalError

from hsl import database, dispatch, models
from hsl.delivery import pace, sender, starting, steering, tick
from hsl.delivery.outcome import Outcome, Verdict
from hsl.delivery.sender import Sender
from tests.delivery.conftest import BOT, CreateMessage

Recipients, History = models.message_recipients, models.message_history


class Gateway:
    """A Bot API that takes everything, or answers `answer`, and counts who was asked for."""

    def __init__(self, answer: Outcome | None = None) -> None:
        self.answer = answer
        self.asked: Counter[tuple[int, str]] = Counter()

    async def call(self, method: str, arguments: dict[str, Any]) -> Outcome:
        self.asked[(arguments["chat_id"], arguments.get("text", method))] += 1
        await asyncio.sleep(0.03)
        return self.answer or Outcome(Verdict.SENT, telegram_message_id=len(self.asked))


def compose(message: Any, _person: Any) -> tuple[str, dict[str, Any], bool]:
    return "sendMessage", {"text": str(message["id"])}, False


def run(
    engine: Engine,
    gateway: Gateway,
    done: Callable[[], bool],
    *,
    rate: float = 300.0,
    stall: float = 0.0,
    make: Any = compose,
) -> None:
    """Send until `done`; with `stall` the event loop stands still for so long now and then."""
    made = Sender(
        engine=engine,
        gateway=gateway,  # type: ignore[arg-type]
        worker="w",
        bot_id=BOT,
        rhythm=pace.Rhythm(rate),
        compose=make,
        batch_size=100,
    )

    async def main() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(made.run(stop))
        deadline = time.monotonic() + 30
        while not await asyncio.to_thread(done):
            assert time.monotonic() < deadline, "it did not come to an end"
            assert not running.done()
            await asyncio.sleep(0.1)
            time.sleep(stall)
        stop.set()
        await running

    asyncio.run(main())


def start(engine: Engine) -> None:
    starting.start_due(engine, now=models.utc_now(), resolve=lambda _: select())


def statuses(engine: Engine) -> dict[str, int]:
    status = Recipients.c.delivery_status
    with engine.begin() as connection:
        rows = connection.execute(select(status, func.count()).group_by(status)).all()
    return {row[0]: row[1] for row in rows}


def nobody_waits(engine: Engine) -> Callable[[], bool]:
    return lambda: not {"pending", "sending"} & statuses(engine).keys()


def test_many_messages_at_once_lose_nobody_on_a_machine_that_stalls(
    engine: Engine, create_message: CreateMessage, people: list[int]
) -> None:
    everybody = select(models.users.c.user_id, models.users.c.username)
    for person in people * 3:
        create_message(people=everybody.where(models.users.c.user_id == person))
    start(engine)
    gateway = Gateway()
    run(engine, gateway, nobody_waits(engine), rate=60.0, stall=0.15)
    assert statuses(engine) == {"sent": 60}
    assert set(gateway.asked.values()) == {1}


def test_intents_whose_commit_was_not_answered_are_given_back(
    engine: Engine, create_message: CreateMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_message()
    start(engine)
    gateway, lost = Gateway(), []
    commit = engine.dialect.do_commit

    def lose_an_answer(connection: Any) -> None:
        commit(connection)
        if len(gateway.asked) >= 3 and not lost:
            lost.append(True)
            raise OperationalError("COMMIT", {}, Exception("server closed the connection"))

    monkeypatch.setattr(engine.dialect, "do_commit", lose_an_answer)
    # Who looks has an engine of its own, or the answer to the look could be the one that is lost.
    looking = database.open_engine(engine.url.render_as_string(hide_password=False))
    run(engine, gateway, nobody_waits(looking), rate=40.0)
    looking.dispose()
    assert lost
    assert statuses(engine) == {"sent": 20}
    assert set(gateway.asked.values()) == {1}


def test_a_message_that_cannot_be_made_fails_and_never_counts_as_uncertain(
    engine: Engine, create_message: CreateMessage
) -> None:
    create_message()
    start(engine)

    def broken(_message: Any, _person: Any) -> Any:
        raise KeyError("name")

    gateway = Gateway()

    def stopped() -> bool:
        with engine.begin() as connection:
            return connection.execute(select(History.c.status)).scalar_one() == "failed"

    run(engine, gateway, stopped, make=broken)
    assert not gateway.asked
    counted = statuses(engine)
    assert tick.ALIKE_IN_A_ROW <= counted["failed"] <= 20
    assert "uncertain" not in counted


def test_stars_asked_for_without_a_paid_broadcast_fail_that_person(
    engine: Engine, create_message: CreateMessage
) -> None:
    create_message(people=select(models.users.c.user_id, models.users.c.username).limit(3))
    start(engine)
    words = "Bad Request: not enough Stars"
    gateway = Gateway(Outcome(Verdict.PAID_REFUSED, error_code=400, description=words))
    run(engine, gateway, nobody_waits(engine))
    assert statuses(engine) == {"failed": 3}


def test_a_moved_group_is_tried_once_at_its_new_id(
    engine: Engine, create_message: CreateMessage
) -> None:
    create_message(people=select(models.users.c.user_id, models.users.c.username).limit(1))
    start(engine)
    moved = Outcome(Verdict.MIGRATED, error_code=400, migrate_to=-100123)

    class Moving(Gateway):
        async def call(self, method: str, arguments: dict[str, Any]) -> Outcome:
            await super().call(method, arguments)
            old = arguments["chat_id"] != -100123
            return moved if old else Outcome(Verdict.SENT, telegram_message_id=7)

    gateway = Moving()
    run(engine, gateway, nobody_waits(engine))
    assert sorted(chat for chat, _ in gateway.asked) == [-100123, 100]
    with engine.begin() as connection:
        row = connection.execute(select(Recipients)).one()
    assert row.delivery_status == "sent"
    assert "now chat -100123" in row.error_description


def test_the_last_outcomes_wait_for_a_database_that_is_away(
    engine: Engine, create_message: CreateMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "RETRY_DATABASE", 0.1)
    create_message()
    start(engine)
    gateway, failures = Gateway(), []
    record = tick.record

    def sometimes(connection: Any, results: Any, **more: Any) -> None:
        if results and len(failures) < 5:
            failures.append(True)
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        record(connection, results, **more)

    monkeypatch.setattr(tick, "record", sometimes)
    run(engine, gateway, lambda: len(gateway.asked) >= 20, rate=1000.0)
    assert len(failures) == 5
    assert statuses(engine) == {"sent": 20}


def test_answers_to_two_attempts_in_one_tick_do_not_hide_each_other(
    engine: Engine, create_message: CreateMessage
) -> None:
    create_message(people=select(models.users.c.user_id, models.users.c.username).limit(1))
    start(engine)
    fast = pace.Rhythm(10_000)

    def depart(after: float) -> tick.Departure:
        with engine.begin() as connection:
            (left,) = tick.depart(
                connection, worker="w", bot_id=BOT, rhythm=fast, horizon=0.1, most=1,
                clock=lambda: time.time() + after,
            )  # fmt: skip
        return left

    first = depart(0)
    with engine.begin() as connection:
        tick.recover(connection, now=models.utc_now() + timedelta(minutes=1))
    message = first.message_id
    dispatch.send_again(engine, message, actor="anna")
    second = depart(5)
    late = Outcome(Verdict.UNCERTAIN, "no_answer")
    sent = Outcome(Verdict.SENT, telegram_message_id=9)
    results = [
        tick.Result(second, sent, models.utc_now()),
        tick.Result(first, late, models.utc_now()),
    ]
    with engine.begin() as connection:
        tick.record(connection, results, worker="w", bot_id=BOT, rhythm=fast)
    assert statuses(engine) == {"sent": 1}


def test_only_what_is_not_on_its_way_is_given_back(
    engine: Engine, create_message: CreateMessage
) -> None:
    message = create_message()
    start(engine)
    fast = pace.Rhythm(10_000)

    def depart(most: int) -> set[int]:
        with engine.begin() as connection:
            left = tick.depart(
                connection, worker="w", bot_id=BOT, rhythm=fast, horizon=0.1, most=most
            )
        return {departure.recipient_id for departure in left}

    known, _unknown = depart(3), depart(4)
    with engine.begin() as connection:
        back = tick.give_back(connection, worker="w", bot_id=BOT, rhythm=fast, on_their_way=known)
    assert back == 4
    assert statuses(engine) == {"pending": 17, "sending": 3}
    depart(5)
    steering.cancel(engine, message, actor="anna")
    with engine.begin() as connection:
        tick.give_back(connection, worker="w", bot_id=BOT, rhythm=fast, on_their_way=known)
    assert statuses(engine) == {"cancelled": 17, "sending": 3}
    with engine.begin() as connection:
        counted = connection.execute(select(History.c.cancelled_deliveries)).scalar_one()
    assert counted == 17
