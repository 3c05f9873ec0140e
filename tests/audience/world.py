"""A small, nasty world: people, enrolments, messages and presses, as raw rows."""

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert

from hsl import models

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
NAMES = ("level", "city", "born", "vip", "tags", "имя", 'odd "name"', "a.b", "$x", "select")
VALUES: tuple[Any, ...] = (
    "3", "3.0", "-2.5", "1e3", "10", "9", "abc", "", " 3", "1_000", "０３", "inf", "nan", "0x10",
    "2026-02-30", "2026-02-28", "2026-02-28T23:30:00+03:00", "2026-03-01 10:00", "24.11.2026",
    "2026-11-24", "2026-11-23", "true", "YES", "1", "no", "0", "Да", "Moscow", "moscow", "Москва",
    "МОСКВА", "ΟΔΟΣ", "İstanbul", "straße", "O'Hara", "100%", "a_b", '["a","b"]', '["a", "ж"]',
    '["a"', "[1, 2.50, true, null]", '["\\u0436"]', "[]", "[VIP]", "[vip, 3]",
    "[7 days]", "[ 7 ,x]", "[", "[\n]", "🙂", "\\", True, False, 3, 2.5,
    ["a", "ж"], ["vip", 7], [["a", 1], {"b": 2}], None,
)  # fmt: skip
STREAMS = ("3rd", "4th", "5th", "it's")
STATUSES = ("active", "left", None)
REASONS = ("blocked", "not_found", "other")
BUTTONS = ("yes", "no")


@dataclass(repr=False)
class World:
    """Rows by table, as they are inserted; attributes as Python values."""

    users: list[dict[str, Any]] = field(default_factory=list)
    enrollments: list[dict[str, Any]] = field(default_factory=list)
    message_history: list[dict[str, Any]] = field(default_factory=list)
    message_recipients: list[dict[str, Any]] = field(default_factory=list)
    segment_members: list[dict[str, Any]] = field(default_factory=list)
    button_presses: list[dict[str, Any]] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"a world of {len(self.users)}"

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """The tables by their names."""
        return dict(vars(self))


def make(seed: int, people: int = 60, messages: int = 7) -> World:
    """A world in which every nasty value has somebody."""
    chance, world = random.Random(seed), World()
    for number in range(1, people + 1):
        world.users.append(_person(chance, number, seed))
        for stream in STREAMS:
            if chance.random() < 0.3:
                world.enrollments.append(
                    {
                        "user_id": number,
                        "course_stream": stream,
                        "status": chance.choice(STATUSES),
                        "enrolled_at": _moment(chance),
                    }
                )
        if chance.random() < 0.3:
            world.segment_members.append({"segment_id": 1, "user_id": number})
    for number in range(1, messages + 1):
        _message(chance, world, number, people)
    return world


def _person(chance: random.Random, number: int, seed: int) -> dict[str, Any]:
    reason = chance.choice((None, None, "blocked", "not_found"))
    attributes = {name: chance.choice(VALUES) for name in NAMES if chance.random() < 0.7}
    return {
        "user_id": number,
        "username": chance.choice((None, f"anna_{number}", f"Boris{number}")),
        "first_name": chance.choice((None, "Anna", "анна", "Борис", "İpek", "ΣΑΣ", "O'Hara", "%")),
        "last_name": chance.choice((None, "Petrov", "Петров")),
        "language_code": chance.choice((None, "en", "ru")),
        "registered_at": _moment(chance),
        "attributes": attributes,
        "unreachable_reason": reason,
        "unreachable_since": _moment(chance) if reason else None,
        "updated_at": NOW,
    }


def _moment(chance: random.Random) -> datetime | None:
    edges = (timedelta(0), timedelta(hours=12, minutes=30), timedelta(days=1, hours=12, minutes=30))
    if chance.random() < 0.15:
        return None
    if chance.random() < 0.3:  # midnight and its neighbours
        return NOW - chance.choice(edges) - timedelta(microseconds=chance.choice((0, 1)))
    return NOW - timedelta(minutes=chance.randrange(60 * 24 * 40))


def _message(chance: random.Random, world: World, number: int, people: int) -> None:
    started = NOW - timedelta(days=chance.randrange(40)) if chance.random() < 0.85 else None
    action = "send" if chance.random() < 0.8 else "edit"
    world.message_history.append(
        {
            "id": number, "message_text": "Hi", "author": "anna", "bot_id": 1, "action": action,
            "recipient_type": "group", "scheduled_at": NOW, "started_at": started,
            "recipient_group": chance.choice(("all", "all", None)), "message_type": "text",
            "status": "sent", "audience_mode": "frozen", "buttons": [], "options": {},
            "left_out": {}, "experiment_id": chance.choice((None, None, 1, 2)),
        }
    )  # fmt: skip
    for user in range(1, people + 1):
        if chance.random() < 0.4:
            continue
        status = chance.choice(list(models.DeliveryStatus)) if started else "pending"
        tried = status in ("sent", "deleted", "failed", "uncertain", "sending")
        world.message_recipients.append(
            {
                "message_id": number, "user_id": user, "delivery_status": str(status),
                "reason": chance.choice(REASONS) if status == "failed" else None,
                "sending_at": started if tried else None,
                "sent_at": _arrived(chance, started, status), "attempts": 1,
            }
        )  # fmt: skip
        if chance.random() < 0.2:
            world.button_presses.append(
                {"message_id": number, "user_id": user, "button": chance.choice(BUTTONS),
                 "pressed_at": NOW}
            )  # fmt: skip


def _arrived(chance: random.Random, left: datetime | None, status: str) -> datetime | None:
    """Some are only marked as having got it: nobody knows when."""
    if left is None or status not in ("sent", "deleted") or chance.random() < 0.2:
        return None
    return left + timedelta(seconds=chance.choice((0, 1, 90_000)))


def fill(engine: Engine, world: World) -> None:
    """Put the rows into the main database."""
    with engine.begin() as connection:
        for name, rows in world.rows().items():
            connection.execute(insert(getattr(models, name)), rows)


def as_text(value: Any) -> str | None:
    """An attribute's value as text: the rule for what a JSON value is worth."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
