"""What webhooks are told of, written into the outbox by whatever makes it happen."""

import json
import secrets
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from hsl import database, outward
from hsl.models import COUNTERS

Hooks, Deliveries = outward.webhooks, outward.webhook_deliveries


class Event(StrEnum):
    """What happened."""

    MESSAGE_FINISHED = "message.finished"  # sent, cancelled or failed
    BOT_STOPPED = "bot.stopped"  # Telegram refuses the bot
    BOT_WORKS_AGAIN = "bot.works_again"
    TEST = "test"


TOLD = tuple(event for event in Event if event is not Event.TEST)


def tell(connection: Connection, event: Event, data: Mapping[str, Any]) -> None:
    """Put an event into the outbox of each webhook that asks for it, within this transaction."""
    for hook in connection.execute(select(Hooks.c.id, Hooks.c.events).where(Hooks.c.active)):
        if event in hook.events:
            put(connection, hook.id, event, data)


def put(connection: Connection, webhook_id: int, event: Event, data: Mapping[str, Any]) -> int:
    """Put an event into one webhook's outbox; the delivery's id."""
    now = database.now(connection)
    body = {"type": event, "timestamp": now.isoformat(), "data": dict(data)}
    number: int = connection.execute(
        insert(Deliveries).returning(Deliveries.c.id),
        {
            "webhook_id": webhook_id,
            "event_id": f"evt_{secrets.token_hex(12)}",
            "event": event,
            "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
            "created_at": now,
            "next_attempt_at": now,
            "attempts": 0,
        },
    ).scalar_one()
    return number


def message_finished(connection: Connection, row: Row[Any]) -> None:
    """A message is over: `row` of message_history as it is now. It names no person."""
    tell(
        connection,
        Event.MESSAGE_FINISHED,
        {
            "message_id": row.id,
            "status": row.status,
            "status_reason": row.status_reason,
            "author": row.author,
            "total_recipients": row.total_recipients,
            **{status.value: getattr(row, name) for status, name in COUNTERS.items()},
            "started_at": row.started_at and row.started_at.isoformat(),
            "finished_at": row.finished_at and row.finished_at.isoformat(),
        },
    )
