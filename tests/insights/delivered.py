"""A course's messages of three months, written into a main database that has people."""

import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert, select, update

from hsl import models

TITLES = (
    "The lesson begins at 19:00",
    "Homework of the week",
    "A recording of yesterday's lesson",
    "Tomorrow we meet at the library",
    "Questions and answers",
    "Your <b>certificate</b> is ready",
)
FAILURES = (
    *("blocked",) * 6,
    *("never_started",) * 2,
    "deactivated",
    "not_found",
    "kicked",
    "message_fault",
)


def deliver(engine: Engine, *, now: datetime, messages: int = 40, seed: int = 1) -> None:
    """Messages to one stream each, or to all; some people block the bot and stay unreachable."""
    chance = random.Random(seed)
    with engine.begin() as connection:
        people = [row.user_id for row in connection.execute(select(models.users.c.user_id))]
        places: dict[str, list[int]] = {}
        for row in connection.execute(select(models.enrollments)):
            places.setdefault(row.course_stream, []).append(row.user_id)
        gone: dict[int, tuple[str, datetime]] = {}
        for number in range(messages):
            day = now - timedelta(days=90 * (messages - number) / messages)
            start = day.replace(hour=chance.choice((7, 9, 16, 16, 17)), minute=0, second=0)
            stream = chance.choice([*sorted(places), None])
            to = places[stream] if stream else people
            rows = [row for user in to if (row := _row(chance, user, start, gone))]
            _write(connection, number, start, stream, chance, rows)
        for user, (reason, since) in gone.items():
            connection.execute(
                update(models.users)
                .where(models.users.c.user_id == user)
                .values(unreachable_reason=reason, unreachable_since=since)
            )


def _row(
    chance: random.Random, user: int, start: datetime, gone: dict[int, tuple[str, datetime]]
) -> dict[str, Any]:
    left = start + timedelta(seconds=chance.uniform(0, 180) + chance.expovariate(1 / 40))
    early = 0.02 if start.hour == 7 else 0.006
    if user not in gone and chance.random() < early:
        gone[user] = (chance.choice(FAILURES), left)
    failed = user in gone
    status = "failed" if failed else "uncertain" if chance.random() < 0.002 else "sent"
    return {
        "user_id": user,
        "delivery_status": status,
        "reason": gone[user][0] if failed else None,
        "attempts": 1,
        "sending_at": left,
        "sent_at": None if failed else left + timedelta(milliseconds=120),
    }


def _write(
    connection: Any,
    number: int,
    start: datetime,
    stream: str | None,
    chance: random.Random,
    rows: list[dict[str, Any]],
) -> None:
    count = {
        status: sum(row["delivery_status"] == status for row in rows)
        for status in ("sent", "failed", "uncertain")
    }
    message_id = connection.execute(
        insert(models.message_history)
        .values(
            message_text=TITLES[number % len(TITLES)],
            buttons=[],
            options={},
            left_out={},
            cancelled_deliveries=0,
            deleted_deliveries=0,
            audience_mode="frozen",
            message_type=chance.choice(("text", "text", "video")),
            action="send",
            author=chance.choice(("anna", "boris")),
            bot_id=1,
            status="sent",
            recipient_type="group",
            recipient_group=f"in {stream}" if stream else "everybody",
            audience_at_creation=len(rows),
            created_at=start,
            scheduled_at=start,
            started_at=start,
            finished_at=max(row["sending_at"] for row in rows),
            total_recipients=len(rows),
            successful_deliveries=count["sent"],
            failed_deliveries=count["failed"],
            uncertain_deliveries=count["uncertain"],
        )
        .returning(models.message_history.c.id)
    ).scalar_one()
    connection.execute(
        insert(models.message_recipients), [{"message_id": message_id, **row} for row in rows]
    )
