"""Audiences that ask about archived messages: in the database they would get a wrong answer.

People are chosen in the main database, whose rows of archived messages are gone. An audience that
needs them is refused with what to do, and never quietly answered without them. It is read in its
stored form (JSON), whatever conditions are made of.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from hsl import database, models
from hsl.archive import catalogue
from hsl.models import Action

History = models.message_history
OLDER_KEYS = ("got_message", "missed_message")  # of audiences as they were stored before


def problem(connection: Connection, audience: Mapping[str, Any]) -> str | None:
    """Why this audience cannot be chosen while messages are archived; None where it can."""
    if not connection.execute(select(models.archived_months.c.month).limit(1)).first():
        return None
    conditions = list(_conditions(audience))
    named = {number for condition in conditions for number in _named(condition)}
    for number in sorted(catalogue.archived_among(connection, named)):
        started: datetime = connection.execute(
            select(History.c.started_at).where(History.c.id == number)
        ).scalar_one()
        return (
            f"It asks about message {number}, which is archived. Bring it back first: "
            f"python -m hsl archive --restore {catalogue.month_of(started)}"
        )
    for condition in conditions:
        if condition.get("kind") == "messages":
            found = _archived_of(connection, condition)
            if found is not None:
                return found
    return None


def _conditions(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for part in value.values():
            yield from _conditions(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _conditions(part)


def _named(condition: Mapping[str, Any]) -> list[int]:
    found = [condition.get(key) for key in OLDER_KEYS]
    if condition.get("kind") == "message":
        found.append(condition.get("message_id"))
    return [number for number in found if isinstance(number, int)]


def _archived_of(connection: Connection, condition: Mapping[str, Any]) -> str | None:
    """Whether a count of messages (in some days, of the last ones, or ever) meets archived ones."""
    archived: list[ColumnElement[bool]] = [
        History.c.archived_at.is_not(None),
        History.c.action == Action.SEND,
    ]
    days, last = condition.get("days"), condition.get("last")
    if days is not None:
        since = database.now(connection) - timedelta(days=int(days))
        ended = func.coalesce(History.c.finished_at, History.c.started_at)
        found = select(History.c.started_at).where(*archived, ended >= since)
        words = f"the last {days} days"
    elif last is not None:
        latest = (
            select(History.c.id)
            .where(
                History.c.action == Action.SEND,
                History.c.started_at.is_not(None),
                History.c.recipient_group.is_not(None),
            )
            .order_by(History.c.started_at.desc(), History.c.id.desc())
            .limit(int(last))
        )
        found = select(History.c.started_at).where(*archived, History.c.id.in_(latest))
        words = f"the last {last} messages"
    else:
        found = select(History.c.started_at).where(*archived)
        words = "all messages ever"
    row = connection.execute(found.order_by(History.c.started_at.desc()).limit(1)).first()
    if row is None:
        return None
    month = catalogue.month_of(row.started_at)
    return (
        f"It counts {words}, and some of {month} are archived. Count a shorter time, or bring "
        f"them back first: python -m hsl archive --restore {month}"
    )
