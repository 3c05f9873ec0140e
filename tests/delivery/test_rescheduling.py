"""A scheduled message is moved to another time, and only a scheduled one."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from hsl import audit, models
from hsl.delivery import history, outbox, rescheduling, starting, steering
from tests.delivery.conftest import CreateMessage

NOW = models.utc_now()


def scheduled_at(engine: Engine, number: int) -> datetime:
    with engine.begin() as connection:
        row = models.message_history.c
        found: datetime = connection.execute(
            select(row.scheduled_at).where(row.id == number)
        ).scalar_one()
    return found


def test_it_goes_at_its_new_time(engine: Engine, create_message: CreateMessage) -> None:
    first, later = NOW + timedelta(hours=1), NOW + timedelta(days=3)
    number = create_message(scheduled_at=first)
    assert rescheduling.reschedule(engine, number, later, actor="anna") == first
    none = lambda _: None  # noqa: E731
    assert starting.start_due(engine, now=first + timedelta(minutes=5), resolve=none) == []
    assert starting.start_due(engine, now=later, resolve=none) == [number]


def test_the_move_is_audited(engine: Engine, create_message: CreateMessage) -> None:
    number = create_message(scheduled_at=NOW + timedelta(hours=1))
    rescheduling.reschedule(engine, number, NOW + timedelta(hours=2), actor="boris")
    (entry,), _ = audit.entries(engine, action="message_rescheduled")
    assert (entry.actor, entry.object_id) == ("boris", str(number))
    assert entry.details["was"] == (NOW + timedelta(hours=1)).isoformat()
    assert entry.details["scheduled_at"] == (NOW + timedelta(hours=2)).isoformat()


@pytest.mark.parametrize("moment", [NOW - timedelta(minutes=1), datetime(2040, 1, 1)])
def test_a_time_that_cannot_be_changes_nothing(
    engine: Engine, create_message: CreateMessage, moment: datetime
) -> None:
    number = create_message(scheduled_at=NOW + timedelta(hours=1))
    with pytest.raises(outbox.OutboxError, match=r"is in the past|has no time zone"):
        rescheduling.reschedule(engine, number, moment, actor="anna")
    assert scheduled_at(engine, number) == NOW + timedelta(hours=1)
    assert audit.entries(engine, action="message_rescheduled") == ([], 0)


def test_what_has_begun_meanwhile_is_not_moved(
    engine: Engine, create_message: CreateMessage
) -> None:
    at = NOW + timedelta(hours=1)
    number = create_message(scheduled_at=at)
    starting.start_due(engine, now=at, resolve=lambda _: None)
    with pytest.raises(outbox.OutboxError, match="is sending by now"):
        rescheduling.reschedule(engine, number, at + timedelta(hours=1), actor="anna")
    assert scheduled_at(engine, number) == at


def test_a_cancelled_one_and_none_are_not_moved(
    engine: Engine, create_message: CreateMessage
) -> None:
    number = create_message(scheduled_at=NOW + timedelta(hours=1))
    steering.cancel(engine, number, actor="anna")
    for asked, words in ((number, "is cancelled by now"), (99, "There is no message 99")):
        with pytest.raises(outbox.OutboxError, match=words):
            rescheduling.reschedule(engine, asked, NOW + timedelta(hours=2), actor="anna")


def test_a_moved_message_cannot_be_taken_back_but_cancelled(
    engine: Engine, create_message: CreateMessage
) -> None:
    number = create_message(take_back=10.0)
    found = history.one(engine, number)
    assert found is not None
    assert found.can_be_taken_back
    rescheduling.reschedule(engine, number, NOW + timedelta(hours=1), actor="anna")
    found = history.one(engine, number)
    assert found is not None
    assert not found.can_be_taken_back
