"""A large message is written in steps, and seen only as a whole or not at all."""

from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from hsl import database, models
from hsl.delivery import history, outbox, preparing
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
