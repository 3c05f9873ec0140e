"""A large message is written in steps, and seen only as a whole or not at all."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from hsl import audit, database, dispatch, models
from hsl.delivery import changes, history, outbox, preparing, starting, steering
from hsl.message import drafts
from hsl.message.content import Content
from tests.delivery.conftest import CreateMessage


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "LARGE", 5)
    monkeypatch.setattr(preparing, "AT_ONCE", 3)


def written(engine: Engine) -> int:
    with engine.begin() as connection:
        return int(
            connection.execute(
                select(func.count()).select_from(models.message_recipients)
            ).scalar_one()
        )


def test_nobody_sees_it_before_all_of_it_is_there(
    engine: Engine, create_message: CreateMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    step = preparing._write_some

    def look(*found: Any) -> None:
        if database.read_only(engine).dialect.name == "postgresql":
            seen.append((history.listing(engine)[1], written_by_others(engine)))
        step(*found)

    monkeypatch.setattr(preparing, "_write_some", look)
    message_id = create_message()
    assert all(messages == 0 for messages, _ in seen)
    message = history.one(engine, message_id)
    assert message is not None
    assert (message.closing.total, written(engine)) == (20, 20)
    with engine.begin() as connection:
        assert connection.execute(select(models.message_preparations)).all() == []


def written_by_others(engine: Engine) -> int:
    with database.read_only(engine).begin() as connection:
        rows = select(func.count()).select_from(models.message_recipients)
        return int(connection.execute(rows).scalar_one())


def test_a_second_click_makes_nothing_and_leaves_nothing(
    engine: Engine, create_message: CreateMessage
) -> None:
    draft = drafts.start(engine, "anna", content=Content(text="Hello"))
    create_message(draft_id=draft.id)
    with pytest.raises(outbox.OutboxError, match="Nothing was sent twice"):
        create_message(draft_id=draft.id)
    assert written(engine) == 20
    assert history.listing(engine)[1] == 1


def test_what_a_dead_process_left_is_cleared_away(
    engine: Engine, create_message: CreateMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = create_message()
    step, steps = preparing._write_some, []

    def die(*found: Any) -> None:
        steps.append(found)
        if len(steps) == 4:
            raise KeyboardInterrupt
        step(*found)

    monkeypatch.setattr(preparing, "_write_some", die)
    # As `kill -9` would have it, nothing cleans up behind it.
    with monkeypatch.context() as dead:
        dead.setattr(preparing, "_discard", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            create_message()
    assert written(engine) == 20 + 9
    now = models.utc_now()
    assert preparing.clear_stale(engine, now=now) == 0
    assert preparing.clear_stale(engine, now=now + 2 * preparing.STALE) == 1
    assert written(engine) == 20
    assert history.listing(engine)[1] == 1
    monkeypatch.setattr(preparing, "_write_some", step)
    assert create_message() > whole + 1


def test_one_that_was_cleared_away_meanwhile_is_refused(
    engine: Engine, create_message: CreateMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "finish", lambda *_: False)
    monkeypatch.setattr(preparing, "_discard", lambda *_: None)
    with pytest.raises(outbox.OutboxError, match="try again"):
        create_message()
    assert history.listing(engine)[1] == 0


@pytest.fixture
def live(create_message: CreateMessage) -> int:
    """A scheduled message to whoever there is when it starts; its time is in an hour."""
    return create_message(
        audience_mode=models.AudienceMode.LIVE,
        cohort={"include": []},
        scheduled_at=models.utc_now() + timedelta(hours=1),
    )


EVERYBODY = select(models.users.c.user_id, models.users.c.username)


def start(engine: Engine) -> list[int]:
    later = models.utc_now() + timedelta(hours=1, seconds=1)
    return starting.start_due(engine, now=later, resolve=lambda _: EVERYBODY)


def test_a_large_live_audience_is_written_in_steps_too(engine: Engine, live: int) -> None:
    assert written(engine) == 0
    assert start(engine) == [live]
    message = history.one(engine, live)
    assert message is not None
    assert (message.status, message.closing.total, written(engine)) == ("sending", 20, 20)
    assert start(engine) == []


def test_one_that_is_just_starting_is_left_alone(
    engine: Engine, live: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, refusals = preparing._write_some, []

    def meddle(connection: Any, *found: Any) -> None:
        step(connection, *found)
        if not refusals:
            with pytest.raises(outbox.OutboxError, match="just starting") as refused:
                outbox.locked(connection, live, set(models.MessageStatus), "message_cancelled")
            refusals.append(refused)

    monkeypatch.setattr(preparing, "_write_some", meddle)
    assert start(engine) == [live]
    assert refusals


def test_a_start_that_another_process_makes_is_not_made_twice(engine: Engine, live: int) -> None:
    with preparing.prepared(engine, EVERYBODY, message_id=live):
        assert start(engine) == []
        assert written(engine) == 20
    # That process died without finishing; the next turn starts it.
    assert written(engine) == 0
    assert start(engine) == [live]
    assert written(engine) == 20


def test_who_was_taken_for_dead_writes_no_more(engine: Engine, live: int) -> None:
    with (
        pytest.raises(preparing.PreparationError, match="cleared away"),
        preparing.prepared(engine, EVERYBODY, message_id=live),
    ):
        preparing.clear_stale(engine, now=models.utc_now() + 2 * preparing.STALE)
        preparing._write(engine, live, EVERYBODY)
    assert written(engine) == 0


def test_a_writer_that_slept_while_it_was_cleared_away_makes_nothing(
    engine: Engine, create_message: CreateMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One step of clearing happens between two of the writer's; it must not lose those people."""
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            with engine.begin() as connection:
                made = connection.execute(select(models.message_preparations)).one()
            later = models.utc_now() + timedelta(minutes=10)
            assert preparing._abandon(engine, made.message_id, later)

    monkeypatch.setattr(preparing, "time", SimpleNamespace(sleep=sleep))
    with pytest.raises(preparing.PreparationError):
        create_message()
    assert history.listing(engine)[1] == 0
    assert written(engine) == 0


def test_a_cancel_holds_at_once_and_settles_in_steps(
    engine: Engine, create_message: CreateMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = create_message()
    some = steering._cancel_some

    def die(*_: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(steering, "_cancel_some", die)
    with pytest.raises(KeyboardInterrupt):
        steering.cancel(engine, message_id, actor="anna")
    message = history.one(engine, message_id)
    assert message is not None
    assert (message.status, message.closing.pending) == ("cancelled", 20)
    monkeypatch.setattr(steering, "_cancel_some", some)
    assert steering.settle_cancelled(engine) == 20
    assert steering.settle_cancelled(engine) == 0
    message = history.one(engine, message_id)
    assert message is not None
    assert message.closing.sentence() == "20 chosen = 20 cancelled"


def test_many_failed_are_put_back_in_steps_each_once(
    engine: Engine, create_message: CreateMessage
) -> None:
    message_id = create_message()
    rows, messages = models.message_recipients, models.message_history
    with engine.begin() as connection:
        connection.execute(update(rows).values(delivery_status="failed", reason="other"))
        connection.execute(update(rows).where(rows.c.user_id < 105).values(reason="blocked"))
        connection.execute(update(messages).values(status="sent", failed_deliveries=20))
    assert dispatch.retry_failed(engine, message_id, actor="anna", reasons=("other",)) == 15
    message = history.one(engine, message_id)
    assert message is not None
    assert (message.status, message.closing.pending, message.closing.failed) == ("sending", 15, 5)
    entries, _ = audit.entries(engine, action="message_retried")
    assert [entry.details["people"] for entry in entries] == [15]


def test_a_large_run_in_the_chats_is_written_in_steps_too(
    engine: Engine, create_message: CreateMessage
) -> None:
    message_id = create_message()
    rows, messages = models.message_recipients, models.message_history
    with engine.begin() as connection:
        connection.execute(
            update(rows).values(
                delivery_status="sent",
                telegram_message_id=rows.c.user_id + 1000,
                sent_at=models.utc_now(),
            )
        )
        connection.execute(update(messages).values(status="sent", successful_deliveries=20))
    run_id = changes.delete_sent(engine, message_id, actor="anna")
    with engine.begin() as connection:
        run = connection.execute(select(rows).where(rows.c.message_id == run_id)).all()
    assert {row.telegram_message_id - row.user_id for row in run} == {1000}
    found = history.one(engine, run_id)
    assert found is not None
    assert found.closing.total == 20
