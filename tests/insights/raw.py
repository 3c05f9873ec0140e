"""Random people, messages and deliveries as plain rows, and a store over them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

import duckdb
import pandas as pd

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
REASONS = ("blocked", "blocked", "blocked", "deactivated", "never_started", "not_found", "kicked",
           "message_fault", None)  # fmt: skip
STREAMS = ("3rd_stream", "4th_stream", "5th_stream")


@dataclass(frozen=True)
class Person:
    user_id: int
    registered_at: datetime | None = None
    unreachable_reason: str | None = None
    unreachable_since: datetime | None = None


@dataclass(frozen=True)
class Place:
    user_id: int
    course_stream: str
    status: str | None = None


@dataclass(frozen=True)
class Sent:
    id: int
    started_at: datetime | None
    message_text: str = "Hello\nthere"
    message_type: str = "text"
    action: str = "send"
    author: str = "anna"
    archived_at: datetime | None = None


@dataclass(frozen=True)
class Row:
    message_id: int
    user_id: int
    delivery_status: str
    reason: str | None = None
    sending_at: datetime | None = None
    sent_at: datetime | None = None


@dataclass
class House:
    """All rows, for figures counted by loops."""

    people: list[Person] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    left: list[Place] = field(default_factory=list)  # which no figure counts
    messages: list[Sent] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    @cached_property
    def _streams(self) -> dict[int, set[str]]:
        found: dict[int, set[str]] = {}
        for place in self.places:
            found.setdefault(place.user_id, set()).add(place.course_stream)
        return found

    def streams(self, user_id: int) -> set[str]:
        return self._streams.get(user_id, set())


class Memory:
    """A store with the tables of the real one, filled from a house."""

    def __init__(self, house: House) -> None:
        self._database = duckdb.connect(config={"threads": 1})
        self._database.execute("SET TimeZone = 'UTC'")
        self._database.execute(
            """CREATE TABLE users (user_id BIGINT, registered_at TIMESTAMPTZ,
                unreachable_reason VARCHAR, unreachable_since TIMESTAMPTZ);
            CREATE TABLE enrollments (user_id BIGINT, course_stream VARCHAR, status VARCHAR);
            CREATE TABLE message_history (id BIGINT, started_at TIMESTAMPTZ, message_text VARCHAR,
                message_type VARCHAR, action VARCHAR, author VARCHAR, scheduled_at TIMESTAMPTZ,
                archived_at TIMESTAMPTZ);
            CREATE TYPE state AS ENUM ('pending', 'sending', 'sent', 'failed', 'uncertain',
                'cancelled', 'deleted');
            CREATE TABLE message_recipients (message_id BIGINT, user_id BIGINT,
                delivery_status state, reason VARCHAR, sending_at TIMESTAMPTZ,
                sent_at TIMESTAMPTZ)"""
        )
        self._fill("users", house.people)
        self._fill("enrollments", [*house.places, *house.left])
        self._fill("message_history", house.messages)
        self._fill("message_recipients", house.rows)

    def frame(self, sql: str, values: Sequence[object] = ()) -> pd.DataFrame:
        return self._database.cursor().execute(sql, list(values)).fetch_df()

    def _fill(self, table: str, rows: Sequence[object]) -> None:
        if rows:
            given = pd.DataFrame([vars(row) for row in rows])
            self._database.register("given", given.astype(object).where(given.notna(), None))
            self._database.execute(f"INSERT INTO {table} BY NAME SELECT * FROM given")
            self._database.unregister("given")


def random_house(seed: int, *, people: int = 120, messages: int = 12) -> House:
    """Some people in several streams or none, and messages of all kinds over four months."""
    chance = random.Random(seed)
    house = House()
    for number in range(1, people + 1):
        registered = NOW - timedelta(days=chance.uniform(0, 200))
        lost = chance.random() < 0.3
        house.people.append(
            Person(
                number,
                None if chance.random() < 0.05 else registered,
                "blocked" if lost else None,
                registered + timedelta(days=chance.uniform(-5, 120)) if lost else None,
            )
        )
        for stream in chance.sample(STREAMS, chance.choice((0, 1, 1, 1, 2))):
            house.places.append(Place(number, stream))
    held = {(place.user_id, place.course_stream) for place in house.places}
    house.left = [
        Place(person.user_id, stream, "left")
        for person in house.people
        for stream in (*STREAMS, "6th_stream")
        if (person.user_id, stream) not in held and (person.user_id + len(stream)) % 3
    ]
    for number in range(1, messages + 1):
        started = NOW - timedelta(days=chance.uniform(0, 120))
        house.messages.append(
            Sent(
                number,
                None if chance.random() < 0.1 else started,
                f"Message <b>{number}</b>",
                chance.choice(("text", "video", "document")),
                "edit" if chance.random() < 0.1 else "send",
                chance.choice(("anna", "boris")),
            )
        )
        for person in chance.sample(range(1, people + 1), chance.randint(1, people)):
            house.rows.append(_row(chance, number, person, started))
    return house


def _row(chance: random.Random, message: int, person: int, started: datetime) -> Row:
    status = chance.choice(
        ["sent"] * 12 + ["failed"] * 4 + ["deleted", "uncertain", "pending", "sending", "cancelled"]
    )
    if status in {"pending", "cancelled"}:
        return Row(message, person, status)
    left = started + timedelta(seconds=chance.expovariate(1 / 20_000))
    arrived = left + timedelta(milliseconds=chance.randint(20, 900))
    reason = chance.choice(REASONS) if status == "failed" else None
    if status == "sent" and chance.random() < 0.02:
        left_at = None  # written by hand, without a time: no figure counts it
        return Row(message, person, status, None, left_at, arrived)
    return Row(message, person, status, reason, left, arrived if status != "failed" else None)
