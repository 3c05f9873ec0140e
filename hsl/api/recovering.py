"""The answer to a request whose deed was done and whose answer was lost, from its audit entry."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Engine

from hsl.api import once, shapes, shaping
from hsl.audience import segments
from hsl.delivery import history

MADE = {"message_created", "message_scheduled", "segment_added"}


def recovered(engine: Engine, bot_id: int, done: dict[str, Any]) -> once.Kept | None:
    """What would have been answered; None where the entry does not say enough."""
    make = _WAYS.get(str(done.get("action")))
    found = None if make is None else make(engine, done)
    if found is None:
        return None
    status = 201 if done["action"] in MADE else 200
    return once.Kept(status, "application/json", found.model_dump_json().encode())


def _message(engine: Engine, done: dict[str, Any]) -> shapes.Message | None:
    found = history.one(engine, int(done["object_id"]))
    return None if found is None else shaping.message(found)


def _segment(engine: Engine, done: dict[str, Any]) -> shapes.SegmentRecord | None:
    return next(
        (
            shaping.segment(one)
            for one in segments.listing(engine)
            if str(one.id) == done["object_id"]
        ),
        None,
    )


def _again(engine: Engine, done: dict[str, Any]) -> shapes.Again | None:
    message = _message(engine, done)
    if message is None:
        return None
    return shapes.Again(people=int(done["details"].get("people", 0)), message=message)


def _imported(_engine: Engine, done: dict[str, Any]) -> shapes.Imported:
    counts = {name: int(done["details"][name]) for name in ("added", "updated", "unchanged")}
    return shapes.Imported(**counts, rejected=int(done["details"]["rejected"]))


_WAYS: dict[str, Callable[[Engine, dict[str, Any]], BaseModel | None]] = {
    "message_created": _message,
    "message_scheduled": _message,
    "message_paused": _message,
    "message_resumed": _message,
    "message_cancelled": _message,
    "message_retried": _again,
    "uncertain_marked_delivered": _again,
    "uncertain_sent_again": _again,
    "segment_added": _segment,
    "import": _imported,
}
