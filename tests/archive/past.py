"""Messages of some time ago, with outcomes of every kind."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert, select

from hsl import models
from hsl.models import DeliveryStatus

NOW = models.utc_now()
MARCH, APRIL = datetime(2025, 3, 31, 23, 30, tzinfo=UTC), datetime(2025, 4, 1, 0, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Past:
    """The engine, and the ids of its messages by name."""

    engine: Engine
    ids: dict[str, int]

    def rows(self, message_id: int | None = None) -> list[tuple[Any, ...]]:
        """All recipients' rows in the database, of one message if given."""
        recipients = models.message_recipients
        found = select(recipients).order_by(recipients.c.id)
        if message_id is not None:
            found = found.where(recipients.c.message_id == message_id)
        with self.engine.begin() as connection:
            return [tuple(row) for row in connection.execute(found)]

    def message(self, name: str) -> Any:
        """A message's row."""
        history = models.message_history
        with self.engine.begin() as connection:
            return connection.execute(select(history).where(history.c.id == self.ids[name])).one()


def add_message(
    engine: Engine,
    *,
    started_at: datetime | None,
    status: str = "sent",
    people: int = 30,
    finished_at: datetime | None = None,
    **columns: Any,
) -> int:
    """A message to people 100 and up: in turn sent, failed (blocked), failed (other), uncertain."""
    outcomes = [
        (DeliveryStatus.SENT, None),
        (DeliveryStatus.SENT, None),
        (DeliveryStatus.FAILED, "blocked"),
        (DeliveryStatus.FAILED, None),
        (DeliveryStatus.UNCERTAIN, "no_answer"),
        (DeliveryStatus.DELETED, None),
    ]
    chosen = [outcomes[i % len(outcomes)] for i in range(people)]
    counted = {s: sum(1 for outcome, _ in chosen if outcome is s) for s in DeliveryStatus}
    began = started_at or NOW
    with engine.begin() as connection:
        number: int = connection.execute(
            insert(models.message_history).returning(models.message_history.c.id),
            {
                "message_text": "Hello <b>all</b>",
                "message_type": "text",
                "buttons": [],
                "options": {},
                "left_out": {},
                "audience_mode": "frozen",
                "action": "send",
                "author": "anna",
                "bot_id": 1,
                "status": status,
                "recipient_type": "group",
                "created_at": began,
                "scheduled_at": began,
                "started_at": started_at,
                "finished_at": finished_at or (started_at and started_at + timedelta(hours=1)),
                "total_recipients": people,
                "successful_deliveries": counted[DeliveryStatus.SENT],
                "failed_deliveries": counted[DeliveryStatus.FAILED],
                "uncertain_deliveries": counted[DeliveryStatus.UNCERTAIN],
                "deleted_deliveries": counted[DeliveryStatus.DELETED],
                **columns,
            },
        ).scalar_one()
        connection.execute(
            insert(models.message_recipients),
            [
                {
                    "message_id": number,
                    "user_id": 100 + place,
                    "username": None if place % 7 == 0 else f"Name{place}",
                    "delivery_status": outcome,
                    "reason": reason,
                    "error_code": 403 if reason == "blocked" else None,
                    "error_description": "«Forbidden»" if reason == "blocked" else None,
                    "attempts": 1 + place % 3,
                    "telegram_message_id": 2**40 + place,
                    "version": 1,
                    "sending_at": began + timedelta(microseconds=place),
                    "sent_at": began + timedelta(seconds=place, microseconds=7),
                }
                for place, (outcome, reason) in enumerate(chosen)
            ],
        )
    return number
