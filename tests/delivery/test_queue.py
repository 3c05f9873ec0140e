"""Who is next: small messages before large ones, large ones in turn, nobody in their sleep."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, event, insert, select, text, update

from hsl import models
from hsl.delivery import pace, queue, starting, tick
from hsl.delivery.quiet import QuietHours
from hsl.models import RecipientType
from tests.delivery.conftest import BOT, CreateMessage

RHYTHM = pace.Rhythm(30)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
Departs = Callable[..., list[tick.Departure]]


@pytest.fixture
def departs(engine: Engine) -> Departs:
    """Make so many ticks of 0.1 s from `start` on, and return who left."""

    def run(ticks: int, start: datetime = NOON, quiet: QuietHours | None = None) -> Any:
        left = []
        for step in range(ticks):
            now = start.timestamp() + 0.1 * step
            with engine.begin() as connection:
                left += tick.depart(
                    connection,
                    worker="w",
                    bot_id=BOT,
                    rhythm=RHYTHM,
                    horizon=0.1,
                    most=100,
                    quiet=quiet,
                    clock=lambda now=now: now,
                )
        return left

    return run


def add_people(engine: Engine, ids: range, **attributes: object) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [{"user_id": i, "attributes": attributes, "updated_at": models.utc_now()} for i in ids],
        )


def send_to(engine: Engine, create: CreateMessage, ids: range, **more: object) -> int:
    chosen = select(models.users.c.user_id, models.users.c.username).where(
        models.users.c.user_id.between(ids.start, ids.stop - 1)
    )
    message_id = create(people=chosen, recipient_type=RecipientType.GROUP, **more)
    starting.start_due(engine, now=models.utc_now(), resolve=lambda _: chosen)
    return message_id


def test_ten_people_do_not_wait_behind_hundreds(
    engine: Engine, create_message: CreateMessage, departs: Departs
) -> None:
    add_people(engine, range(1000, 2000))
    for first in range(1000, 2000, 200):
        send_to(engine, create_message, range(first, first + 200))
    departs(5)
    small = send_to(engine, create_message, range(100, 110))
    left = departs(6, NOON + timedelta(seconds=0.5))
    # Three of four departures are theirs, whatever stood in the line before.
    assert sum(departure.message_id == small for departure in left) == 10
    assert len(left) <= 19


def test_large_ones_go_on_beside_a_stream_of_small_ones(
    engine: Engine, create_message: CreateMessage, departs: Departs
) -> None:
    add_people(engine, range(1000, 1300))
    large = send_to(engine, create_message, range(1000, 1300))
    for _ in range(5):
        send_to(engine, create_message, range(100, 120))
    left = Counter(departure.message_id == large for departure in departs(20))
    assert left[True] >= 0.2 * sum(left.values())


def test_two_large_ones_share_the_rate(
    engine: Engine, create_message: CreateMessage, departs: Departs
) -> None:
    add_people(engine, range(1000, 1400))
    send_to(engine, create_message, range(1000, 1200))
    send_to(engine, create_message, range(1200, 1400))
    shares = Counter(departure.message_id for departure in departs(40)).values()
    assert max(shares) - min(shares) <= 2


def test_one_person_gets_two_messages_a_second_apart(
    engine: Engine, create_message: CreateMessage, departs: Departs
) -> None:
    send_to(engine, create_message, range(100, 101))
    send_to(engine, create_message, range(100, 101))
    assert len(departs(10)) == 1
    assert len(departs(2, NOON + timedelta(seconds=1.2))) == 1


def test_who_sleeps_gets_it_in_the_morning_and_nobody_else_waits(
    engine: Engine, create_message: CreateMessage, departs: Departs, monkeypatch: Any
) -> None:
    monkeypatch.setattr(queue, "SLEEPERS", 7)  # several ticks, until all who sleep are known
    add_people(engine, range(1000, 1030), time_zone="Asia/Tokyo")  # 21:00 at noon UTC
    add_people(engine, range(1030, 1060), time_zone="Europe/London")
    send_to(engine, create_message, range(1000, 1060), keep_quiet=True)
    night = QuietHours(time(20), time(7), ZoneInfo("UTC"))
    noon = departs(60, quiet=night)
    assert {departure.user_id for departure in noon} == set(range(1030, 1060))
    assert departs(20, NOON + timedelta(hours=9, minutes=59), quiet=night) == []
    morning = departs(60, NOON + timedelta(hours=10), quiet=night)
    assert {departure.user_id for departure in morning} == set(range(1000, 1030))


def test_a_message_that_does_not_ask_goes_at_night_too(
    engine: Engine, create_message: CreateMessage, departs: Departs
) -> None:
    send_to(engine, create_message, range(100, 120))
    assert departs(5, quiet=QuietHours(time(8), time(20), ZoneInfo("UTC")))


def test_a_clock_set_back_keeps_no_sleeper_for_good(
    engine: Engine, create_message: CreateMessage, departs: Departs
) -> None:
    send_to(engine, create_message, range(100, 120), keep_quiet=True)
    night = QuietHours(time(11), time(13), ZoneInfo("UTC"))
    assert departs(5, quiet=night) == []
    with engine.begin() as connection:
        connection.execute(
            update(models.message_recipients).values(next_attempt_at=NOON + timedelta(days=400))
        )
    assert departs(5, NOON + timedelta(hours=2), quiet=night)


def test_messages_whose_people_all_sleep_cost_one_look(
    engine: Engine, create_message: CreateMessage, departs: Departs
) -> None:
    add_people(engine, range(1000, 1060), time_zone="Asia/Tokyo")  # 21:00 at noon UTC
    for person in range(1000, 1060):
        send_to(engine, create_message, range(person, person + 1), keep_quiet=True)
    night = QuietHours(time(20), time(7), ZoneInfo("UTC"))
    assert departs(20, quiet=night) == []
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *found: statements.append(found[2]))
    assert departs(1, NOON + timedelta(minutes=1), quiet=night) == []
    assert len(statements) <= 8


@pytest.mark.parametrize("database_address", ["postgresql"], indirect=True)
def test_postgresql_reads_the_line_from_its_index_however_many_were_sent(
    engine: Engine, create_message: CreateMessage
) -> None:
    add_people(engine, range(10_000, 40_000))
    message = send_to(engine, create_message, range(10_000, 40_000))
    with engine.begin() as connection:
        connection.execute(
            update(models.message_recipients)
            .where(models.message_recipients.c.user_id < 25_000)
            .values(delivery_status="sent")
        )
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("ANALYZE message_recipients"))
    with engine.begin() as connection:
        for statement in queue._RANGES:
            line = statement.params(
                message=message, now=NOON, since=NOON, until=NOON, too_far=NOON, most=10
            )
            compiled = line.compile(engine, compile_kwargs={"literal_binds": True})
            plan = "\n".join(
                row[0] for row in connection.execute(text(f"EXPLAIN {compiled}".replace("%%", "%")))
            )
            assert "ix_message_recipients_queue" in plan, plan
