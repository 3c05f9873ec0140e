"""A main database to which anything happens, and all that the store should say of it."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from hsl import models
from hsl.models import DeliveryStatus as S
from hsl.warehouse import tables
from hsl.warehouse.store import Store

OpenStore = Callable[..., Store]
Users, Places = models.users, models.enrollments
History, Recipients = models.message_history, models.message_recipients
Marks, Members, Presses = models.suppressions, models.segment_members, models.button_presses
COUNTERS = {
    S.SENT: "successful_deliveries",
    S.FAILED: "failed_deliveries",
    S.UNCERTAIN: "uncertain_deliveries",
    S.CANCELLED: "cancelled_deliveries",
    S.DELETED: "deleted_deliveries",
}
COUNTED = {
    "got": {"sent", "deleted"},
    "sent": {"sent", "deleted", "failed", "uncertain"},
    "failed": {"failed"},
}
NAMES = ("Anna", "Анастасия", "Björn", 'O\'Hara "x"', "", "Ed\u202e", None)


class World:
    """Random changes, each as the house makes them: counters in the same transaction."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self.engine = engine
        self.random = random.Random(seed)
        self.next_id = 1

    def step(self) -> str:
        """One change; its name."""
        changes: list[Callable[[Connection], None]] = [
            *([self.people_come] * 2),
            self.people_change,
            self.place_changes,
            self.person_goes,
            *([self.message_is_made] * 2),
            *([self.some_leave] * 3),
            *([self.answers_come] * 3),
            self.sender_dies,
            self.person_settles_uncertain,
            self.rest_is_cancelled,
            self.failed_are_tried_again,
            self.gone_from_chats,
            self.message_is_prepared,
            self.button_is_pressed,
            self.person_is_marked,
            self.segment_is_frozen,
        ]
        change = self.random.choice(changes)
        with self.engine.begin() as connection:
            change(connection)
        return change.__name__

    def people_come(self, connection: Connection) -> None:
        pick = self.random.choice
        for _ in range(self.random.randint(1, 5)):
            number, self.next_id = self.next_id * 4_999_999_999, self.next_id + 1
            attributes: dict[str, Any] = {
                name: pick(values)
                for name, values in (
                    ("city", ("Omsk", "Tomsk", "", None)),
                    ("level", (1, 2.5, -3)),
                    ("paid", (True, False)),
                    ("tags", (["a", "b"], [])),
                    (pick(("x.y", "$1", 'q"uote', "sla/sh", "ti~lde", "Ы")), ("v",)),
                )
                if self.random.random() < 0.7
            }
            connection.execute(
                insert(Users).values(
                    user_id=number,
                    first_name=pick(NAMES),
                    last_name=pick(NAMES),
                    username=pick((None, f"user_{number}")),
                    language_code=pick(("ru", "en", None)),
                    registered_at=pick((None, models.utc_now())),
                    attributes=attributes,
                    updated_at=models.utc_now(),
                )
            )
            for stream in self.random.sample(("4th", "5th", "6th"), self.random.randint(0, 2)):
                connection.execute(insert(Places).values(user_id=number, course_stream=stream))

    def people_change(self, connection: Connection) -> None:
        for number in self._people(connection, 3):
            reason = self.random.choice((None, "blocked"))
            connection.execute(
                update(Users)
                .where(Users.c.user_id == number)
                .values(
                    first_name=self.random.choice(NAMES),
                    unreachable_reason=reason,
                    unreachable_since=models.utc_now() if reason else None,
                    attributes={"city": "Perm", f"new {self.next_id}": "1"},
                    updated_at=models.utc_now(),
                )
            )

    def place_changes(self, connection: Connection) -> None:
        for number in self._people(connection, 2):
            there = Places.c.user_id == number, Places.c.course_stream == "4th"
            if connection.execute(select(Places).where(*there)).first() is None:
                connection.execute(insert(Places).values(user_id=number, course_stream="4th"))
            else:
                connection.execute(
                    update(Places).where(*there).values(status="left", enrolled_at=models.utc_now())
                )
            connection.execute(
                update(Users).where(Users.c.user_id == number).values(updated_at=models.utc_now())
            )

    def person_goes(self, connection: Connection) -> None:
        for number in self._people(connection, 1):
            connection.execute(delete(Places).where(Places.c.user_id == number))
            connection.execute(delete(Users).where(Users.c.user_id == number))

    def message_is_made(self, connection: Connection) -> None:
        people = self._people(connection, 20)
        message = self._message(connection, len(people))
        self._write_recipients(connection, message, people)

    def some_leave(self, connection: Connection) -> None:
        for row in self._recipients(connection, S.PENDING):
            self._set(connection, row, S.SENDING, sending_at=models.utc_now())

    def answers_come(self, connection: Connection) -> None:
        for row in self._recipients(connection, S.SENDING):
            after = self.random.choice((S.SENT, S.SENT, S.FAILED, S.UNCERTAIN, S.PENDING))
            self._set(
                connection,
                row,
                after,
                reason={S.FAILED: "blocked", S.UNCERTAIN: "no_answer"}.get(after),
                error_code=403 if after is S.FAILED else None,
                sent_at=models.utc_now() if after is S.SENT else None,
            )

    def sender_dies(self, connection: Connection) -> None:
        """What was on its way for an hour comes back as uncertain."""
        for row in self._recipients(connection, S.SENDING):
            self._set(connection, row, S.UNCERTAIN, reason="interrupted")

    def person_settles_uncertain(self, connection: Connection) -> None:
        after = self.random.choice((S.SENT, S.PENDING))
        for row in self._recipients(connection, S.UNCERTAIN):
            self._set(connection, row, after, reason="marked" if after is S.SENT else None)

    def rest_is_cancelled(self, connection: Connection) -> None:
        for row in self._recipients(connection, S.PENDING, most=100):
            self._set(connection, row, S.CANCELLED)

    def failed_are_tried_again(self, connection: Connection) -> None:
        for row in self._recipients(connection, S.FAILED):
            self._set(connection, row, S.PENDING, reason=None, error_code=None)

    def gone_from_chats(self, connection: Connection) -> None:
        for row in self._recipients(connection, S.SENT):
            self._set(connection, row, S.DELETED)

    def message_is_prepared(self, connection: Connection) -> None:
        """A large message whose recipients are half written; or the end of writing them."""
        open_ = connection.execute(select(models.message_preparations)).first()
        if open_ is None:
            message = self._message(connection, 0)
            connection.execute(insert(models.message_preparations).values(message_id=message))
            self._write_recipients(connection, message, self._people(connection, 5))
            return
        mine = Recipients.c.message_id == open_.message_id
        total = connection.execute(
            select(func.count()).select_from(Recipients).where(mine)
        ).scalar_one()
        connection.execute(
            update(History).where(History.c.id == open_.message_id).values(total_recipients=total)
        )
        connection.execute(delete(models.message_preparations))

    def button_is_pressed(self, connection: Connection) -> None:
        for row in self._recipients(connection, S.SENT):
            key = {"message_id": row.message_id, "user_id": row.user_id, "button": "more"}
            there = [Presses.c[name] == value for name, value in key.items()]
            if connection.execute(select(Presses).where(*there)).first() is None:
                connection.execute(insert(Presses).values(**key, pressed_at=models.utc_now()))

    def person_is_marked(self, connection: Connection) -> None:
        for number in self._people(connection, 2):
            gone = connection.execute(delete(Marks).where(Marks.c.user_id == number)).rowcount
            if not gone:
                connection.execute(
                    insert(Marks).values(
                        user_id=number,
                        reason="asked",
                        marked_by="anna",
                        marked_at=models.utc_now(),
                    )
                )

    def segment_is_frozen(self, connection: Connection) -> None:
        segment = self.random.randint(1, 2)
        connection.execute(delete(Members).where(Members.c.segment_id == segment))
        for number in self._people(connection, 4):
            connection.execute(insert(Members).values(segment_id=segment, user_id=number))

    def _people(self, connection: Connection, most: int) -> list[int]:
        known = [row.user_id for row in connection.execute(select(Users.c.user_id))]
        return self.random.sample(known, min(most, len(known)))

    def _recipients(self, connection: Connection, status: S, most: int = 6) -> list[Any]:
        preparing = select(models.message_preparations.c.message_id)
        rows = connection.execute(
            select(Recipients).where(
                Recipients.c.delivery_status == status, Recipients.c.message_id.not_in(preparing)
            )
        ).all()
        return self.random.sample(rows, self.random.randint(0, min(most, len(rows))))

    def _message(self, connection: Connection, total: int) -> int:
        now = models.utc_now()
        found: int = connection.execute(
            insert(History).returning(History.c.id),
            {
                "message_text": self.random.choice(("", "Hello", "Привет")),
                "author": "anna",
                "bot_id": 1,
                "recipient_type": "group",
                "buttons": [],
                "options": {},
                "left_out": {},
                "created_at": now,
                "scheduled_at": now,
                "started_at": now,
                "status": "sending",
                "action": self.random.choice(("send", "send", "edit")),
                "total_recipients": total,
            },
        ).scalar_one()
        return found

    def _write_recipients(self, connection: Connection, message: int, people: list[int]) -> None:
        for number in people:
            connection.execute(
                insert(Recipients).values(
                    message_id=message, user_id=number, delivery_status=S.PENDING
                )
            )

    def _set(self, connection: Connection, row: Any, after: S, **values: Any) -> None:
        connection.execute(
            update(Recipients)
            .where(Recipients.c.id == row.id)
            .values(delivery_status=after, **values)
        )
        moved: dict[str, Any] = {}
        for status, change in ((S(row.delivery_status), -1), (after, 1)):
            if status in COUNTERS:
                moved[COUNTERS[status]] = History.c[COUNTERS[status]] + change
        if moved:
            connection.execute(update(History).where(History.c.id == row.message_id).values(moved))


def in_database(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that the store should have, read by SQLAlchemy."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with engine.connect() as connection:
        open_ = {row.message_id for row in connection.execute(select(models.message_preparations))}
        for kept in tables.ALL:
            columns = [kept.table.c[name] for name in kept.columns if name != "attributes"]
            rows = [tuple(row) for row in connection.execute(select(*columns))]
            if kept is tables.RECIPIENTS:
                rows = [row for row in rows if row[0] not in open_]
            found[kept.name] = sorted(rows, key=repr)
        people = connection.execute(select(Users.c.user_id, Users.c.attributes)).all()
        sends = set(
            connection.execute(select(History.c.id).where(History.c.action == "send")).scalars()
        )
        rows = connection.execute(select(Recipients)).all()
    found["histories"] = _histories([r for r in rows if r.message_id in sends - open_])
    found["attributes"] = sorted(
        (row.user_id, name, as_text(value))
        for row in people
        for name, value in row.attributes.items()
        if value is not None
    )
    return found


def in_store(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that the store has."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with store.cursor() as cursor:
        for kept in tables.ALL:
            names = ", ".join(name for name in kept.columns if name != "attributes")
            rows = cursor.execute(f"SELECT {names} FROM {kept.name}").to_arrow_table().to_pylist()
            found[kept.name] = sorted((tuple(row.values()) for row in rows), key=repr)
        people = cursor.execute("FROM users").to_arrow_table().to_pylist()
        histories = cursor.execute("FROM histories").to_arrow_table().to_pylist()
    found["histories"] = sorted(
        (row["user_id"], what, row[what]) for row in histories for what in COUNTED if row[what]
    )
    found["attributes"] = sorted(
        (row["user_id"], name[2:], value)
        for row in people
        for name, value in row.items()
        if name.startswith("a:") and value is not None
    )
    return found


def _histories(rows: list[Any]) -> list[tuple[Any, ...]]:
    """Each person's moments by what came of it, the newest first, by plain Python."""
    moments: dict[tuple[int, str], list[datetime]] = {}
    for row in rows:
        for what, statuses in COUNTED.items():
            if row.delivery_status in statuses:
                at = (row.sent_at or row.sending_at) if what == "got" else row.sending_at
                moments.setdefault((row.user_id, what), []).append(at)
    return sorted(
        (person, what, sorted(those, reverse=True)) for (person, what), those in moments.items()
    )


def as_text(value: Any) -> str:
    """An attribute's value as the store keeps it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ",".join(f'"{item}"' for item in value) + "]"
    return str(value)


def long_ago(engine: Engine, column: Any, by: timedelta) -> None:
    """Move all times of a column back, as if so much time had gone by since."""
    with engine.begin() as connection:
        key = next(iter(column.table.primary_key))
        for row in connection.execute(select(key, column).where(column.is_not(None))).all():
            moment: datetime = row[1] - by
            connection.execute(update(column.table).where(key == row[0]).values({column: moment}))
