"""Rules that make messages: their times over both changes of the clock, and their lives."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select, update

from hsl import models
from hsl.audience import resolve
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import outbox, recurring, starting, steering
from hsl.delivery.recurring import Repeat
from hsl.message.content import Content
from tests.delivery.conftest import BOT

EVERYBODY = Audience(include=(Cohort(everyone=True),))
MONDAYS = Repeat((0,), time(10), "Europe/Berlin")


def utc(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=UTC)


def times(rule: Repeat, start: str, count: int) -> list[str]:
    found, moment = [], utc(start)
    for _ in range(count):
        following = rule.after(moment)
        assert following is not None
        found.append(following.strftime("%Y-%m-%dT%H:%M"))
        moment = following
    return found


def test_ten_in_the_morning_stays_ten_in_the_morning_when_the_clocks_change() -> None:
    # Berlin's clocks go forward on 29 March 2026 and back on 25 October 2026.
    assert times(MONDAYS, "2026-03-22T12:00", 3) == [
        "2026-03-23T09:00", "2026-03-30T08:00", "2026-04-06T08:00"
    ]  # fmt: skip
    assert times(MONDAYS, "2026-10-18T12:00", 3) == [
        "2026-10-19T08:00", "2026-10-26T09:00", "2026-11-02T09:00"
    ]  # fmt: skip


def test_a_time_that_is_skipped_or_repeated_comes_once_that_day() -> None:
    nightly = Repeat(tuple(range(7)), time(2, 30), "Europe/Berlin")
    assert times(nightly, "2026-03-28T00:00", 3) == [
        "2026-03-28T01:30", "2026-03-29T01:30", "2026-03-30T00:30"
    ]  # fmt: skip
    assert times(nightly, "2026-10-24T12:00", 2) == ["2026-10-25T00:30", "2026-10-26T01:30"]


def test_it_ends_with_its_last_day() -> None:
    rule = Repeat((0,), time(10), "UTC", until=date(2026, 11, 30))
    assert rule.after(utc("2026-11-24T00:00")) == utc("2026-11-30T10:00")
    assert rule.after(utc("2026-11-30T10:00")) is None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("mon 10:00 Europe/Berlin", "every Monday at 10:00 (Europe/Berlin)"),
        ("fri,mon,wed 9:05 UTC", None),
        ("daily 10:00 UTC", "every day at 10:00 (UTC)"),
        ("friday,monday 09:05 UTC", "every Monday and Friday at 09:05 (UTC)"),
        ("fri,mon,wed 09:05 UTC", "every Monday, Wednesday and Friday at 09:05 (UTC)"),
        ("someday 10:00 UTC", None),
        ("mon 10:00 Mars/Olympus", None),
        ("mon 10:00", None),
    ],
)
def test_it_is_read_from_words(words: str, sentence: str | None) -> None:
    if sentence is None:
        with pytest.raises(outbox.OutboxError, match=r"mon,thu 10:00 Europe/Moscow"):
            Repeat.parse(words)
    else:
        assert Repeat.parse(words).sentence() == sentence


@pytest.fixture
def make(engine: Engine, people: list[int]) -> Any:
    def create(repeat: Repeat = MONDAYS, **more: Any) -> int:
        return recurring.create(
            engine,
            repeat=repeat,
            content=Content(text="Come on Monday"),
            people=resolve.people(EVERYBODY, engine.dialect.name),
            audience=EVERYBODY.model_dump(mode="json"),
            group="everybody",
            author="anna",
            bot_id=BOT,
            **more,
        )

    return create


def messages(engine: Engine) -> list[Any]:
    with engine.begin() as connection:
        return list(
            connection.execute(
                select(models.message_history).order_by(models.message_history.c.id)
            ).all()
        )


def people_of(engine: Engine) -> Any:
    return lambda chosen: resolve.people(Audience.model_validate(chosen), engine.dialect.name)


def test_a_rule_makes_the_next_message_when_the_time_of_the_last_has_come(
    engine: Engine, make: Any
) -> None:
    make(keep_quiet=True)
    (first,) = messages(engine)
    assert (first.status, first.audience_mode, first.keep_quiet) == ("scheduled", "live", True)
    assert first.scheduled_at == MONDAYS.after(models.utc_now())
    resolve_people = people_of(engine)

    def due(now: datetime) -> list[int]:
        return recurring.make_due(engine, now=now, bot_id=BOT, resolve=resolve_people)

    assert due(models.utc_now()) == []
    (second,) = due(first.scheduled_at)
    assert due(first.scheduled_at) == []
    assert messages(engine)[1].id == second
    assert messages(engine)[1].scheduled_at == MONDAYS.after(first.scheduled_at)
    # A month in which nothing ran is not made up for: one message, at the next time to come.
    later = first.scheduled_at + timedelta(days=31)
    assert len(due(later)) == 1
    assert messages(engine)[2].scheduled_at > later


def test_its_message_is_an_ordinary_one(engine: Engine, make: Any) -> None:
    message_id = make()
    (ahead,) = messages(engine)
    starting.start_due(engine, now=ahead.scheduled_at, resolve=people_of(engine))
    assert messages(engine)[0].total_recipients == 20
    steering.pause(engine, message_id, actor="anna")
    steering.cancel(engine, message_id, actor="anna")
    assert [rule.next_message_id for rule in recurring.at_work(engine)] == [None]


def test_stopping_cancels_the_message_ahead_and_makes_no_more(engine: Engine, make: Any) -> None:
    message_id = make()
    (rule,) = recurring.at_work(engine)
    assert rule.next_message_id == message_id
    assert recurring.stop(engine, rule.id, actor="boris") == 1
    assert messages(engine)[0].status == "cancelled"
    later = models.utc_now() + timedelta(days=30)
    resolve_people = people_of(engine)
    assert recurring.make_due(engine, now=later, bot_id=BOT, resolve=resolve_people) == []
    assert recurring.at_work(engine) == []
    found = recurring.of_message(engine, message_id)
    assert found is not None
    assert found.stopped_reason == "stopped by boris"
    with pytest.raises(outbox.OutboxError, match="no rule"):
        recurring.stop(engine, rule.id, actor="boris")
    with engine.begin() as connection:
        actions = [row.action for row in connection.execute(select(models.audit_log))]
    assert {"rule_created", "message_cancelled", "rule_stopped"} <= set(actions)


def test_a_rule_that_is_over_stops_by_itself(engine: Engine, make: Any) -> None:
    make(Repeat(tuple(range(7)), time(10), "UTC", until=date.today() + timedelta(days=2)))
    later = models.utc_now() + timedelta(days=10)
    resolve_people = people_of(engine)
    assert recurring.make_due(engine, now=later, bot_id=BOT, resolve=resolve_people) == []
    assert recurring.at_work(engine) == []


def test_what_can_never_come_is_refused(engine: Engine, make: Any) -> None:
    with pytest.raises(outbox.OutboxError, match="Choose a later one"):
        make(Repeat((0,), time(10), "UTC", until=date(2026, 1, 1)))
    with pytest.raises(outbox.OutboxError, match="No weekday"):
        make(Repeat((), time(10), "UTC"))
    assert messages(engine) == []


def test_a_group_that_is_empty_for_now_is_no_obstacle(engine: Engine, make: Any) -> None:
    make()
    with engine.begin() as connection:
        connection.execute(models.users.delete())
        connection.execute(update(models.recurring_messages).values(next_at=models.utc_now()))
    resolve_people = people_of(engine)
    now = models.utc_now()
    assert len(recurring.make_due(engine, now=now, bot_id=BOT, resolve=resolve_people)) == 1


def test_people_who_cannot_be_chosen_now_are_no_obstacle(engine: Engine, make: Any) -> None:
    """They are chosen when the message starts, and what hinders that may be over by then."""

    class Hindered:
        def people(self, _connection: Connection) -> Any:
            raise outbox.OutboxError("Message 1 is archived.")

    make()
    (first,) = messages(engine)
    made = recurring.make_due(
        engine, now=first.scheduled_at, bot_id=BOT, resolve=lambda _chosen: Hindered()
    )
    assert len(made) == 1
    with engine.begin() as connection:
        rule = connection.execute(select(models.recurring_messages)).one()
    assert (rule.stopped_at, rule.next_at) == (None, MONDAYS.after(first.scheduled_at))
