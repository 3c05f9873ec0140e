"""Makes a house with a past: the sample people, and what became of fourteen messages to them.

`python -m notebooks.sample FOLDER` makes it in a folder, the same at each run; half of it archived.
"""

import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, select

from hsl import database, models
from hsl.archive import storing
from hsl.audience import importer
from hsl.models import DeliveryStatus
from hsl.settings import ROOT

FIRST = datetime(2025, 9, 1, 16, tzinfo=UTC)
ARCHIVED_BEFORE = datetime(2025, 10, 15, tzinfo=UTC)
EVERY = timedelta(days=6, hours=5)
PER_SECOND = 25
# What is written, to which stream (everybody where there is none), in turn.
MESSAGES = [
    ("Welcome to the course, {first_name|friend}", "4th_stream"),
    ("Lesson 1 is open", "4th_stream"),
    ("Lesson 2 is open", "4th_stream"),
    ("The 5th stream begins in October", None),
    ("Lesson 1 is open", "5th_stream"),
    ("Homework: what to send, and where", "4th_stream"),
    ("Lesson 2 is open", "5th_stream"),
]


def make(folder: Path) -> None:
    """Make it in an empty folder."""
    engine = database.open_engine(f"sqlite:///{folder / 'hsl.db'}", archive=folder / "archive")
    database.migrate(engine)
    importer.import_file(
        engine, ROOT / "data" / "sample_users.csv", actor="sample", rejects_dir=folder
    )
    chance = random.Random(7)
    streams = _streams(engine)
    leaves = {number: chance.random() * 60 for number in streams}
    for place in range(2 * len(MESSAGES)):
        words, stream = MESSAGES[place % len(MESSAGES)]
        chosen = [i for i, inside in streams.items() if stream is None or stream in inside]
        _send(engine, chance, words, stream, chosen, FIRST + place * EVERY, place, leaves)
    storing.archive(engine, ARCHIVED_BEFORE, actor="sample")
    engine.dispose()


def _streams(engine: Engine) -> dict[int, set[str]]:
    users, places = models.users, models.enrollments
    with engine.begin() as connection:
        found: dict[int, set[str]] = {
            number: set()
            for number in connection.execute(
                select(users.c.user_id).order_by(users.c.user_id)
            ).scalars()
        }
        for place in connection.execute(select(places.c.user_id, places.c.course_stream)):
            found[place.user_id].add(place.course_stream)
    return found


def _send(
    engine: Engine,
    chance: random.Random,
    words: str,
    stream: str | None,
    chosen: list[int],
    start: datetime,
    place: int,
    leaves: dict[int, float],
) -> None:
    rows: list[dict[str, Any]] = []
    for number, user_id in enumerate(chosen):
        left = start + timedelta(seconds=number / PER_SECOND)
        status, reason = _outcome(chance, place, leaves[user_id], user_id)
        rows.append(
            {
                "user_id": user_id,
                "delivery_status": status,
                "reason": reason,
                "error_code": 403 if reason == "blocked" else None,
                "attempts": 1,
                "telegram_message_id": number + 1 if status is DeliveryStatus.SENT else None,
                "version": 1,
                "sending_at": left,
                "sent_at": left if status is DeliveryStatus.SENT else None,
            }
        )
    counted = {s: sum(row["delivery_status"] is s for row in rows) for s in DeliveryStatus}
    with engine.begin() as connection:
        message_id = connection.execute(
            insert(models.MessageHistory).returning(models.message_history.c.id),
            {
                "message_text": words,
                "message_type": "text",
                "action": "send",
                "author": "sample",
                "bot_id": 1,
                "status": "sent",
                "buttons": [],
                "options": {},
                "left_out": {},
                "recipient_type": "group",
                "recipient_group": f"in {stream}" if stream else "everybody",
                "audience_mode": "frozen",
                "audience_at_creation": len(rows),
                "created_at": start,
                "scheduled_at": start,
                "started_at": start,
                "finished_at": start + timedelta(seconds=len(rows) / PER_SECOND),
                "total_recipients": len(rows),
                "successful_deliveries": counted[DeliveryStatus.SENT],
                "failed_deliveries": counted[DeliveryStatus.FAILED],
                "uncertain_deliveries": counted[DeliveryStatus.UNCERTAIN],
            },
        ).scalar_one()
        connection.execute(
            insert(models.message_recipients), [{**row, "message_id": message_id} for row in rows]
        )


def _outcome(
    chance: random.Random, place: int, leaves: float, user_id: int
) -> tuple[DeliveryStatus, str | None]:
    if user_id % 41 == 0:
        return DeliveryStatus.FAILED, "never_started"
    if leaves < place:
        return DeliveryStatus.FAILED, "blocked"
    if chance.random() < 0.001:
        return DeliveryStatus.UNCERTAIN, "no_answer"
    return DeliveryStatus.SENT, None


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    make(target)
