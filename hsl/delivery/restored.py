"""A database that went back in time, or that nothing served for long: its messages wait and ask.

A database restored from a backup has forgotten who was sent to since. How far a bot's departures
were counted is therefore also noted in a file outside of it; a database that has counted fewer is
an older one. What it was sending, or would start now, waits for a person then.
"""

import json
import os
import threading
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from hsl import audit, database, models, spans
from hsl.models import MessageStatus

History, Bots = models.message_history, models.bot_pace
FILE = "departures.json"  # in the data folder
OLDER = (
    "The database is older than what this bot has sent: it was restored from a backup, and does "
    "not know who got this since. Resume it to send it all the same, or cancel it."
)
UNSERVED = (
    "No scheduler was running for {span}, and the rest is that late. "
    "Resume it to go on, or cancel it."
)

_WRITING = threading.Lock()  # several bots' schedulers in one process write into one file


class Mark:
    """How many departures of a bot on a database this machine has seen, in a file beside it."""

    def __init__(self, folder: Path, bot_id: int, address: str) -> None:
        self._path, self._key = folder / FILE, f"{bot_id} {address}"

    def read(self) -> int:
        """The departures that were noted last; 0 where nothing was, or the file is damaged."""
        return self._all().get(self._key, 0)

    def write(self, departures: int) -> None:
        """Note them; the file is replaced as a whole."""
        with _WRITING:
            noted = {**self._all(), self._key: departures}
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside = self._path.with_suffix(f".{os.getpid()}")
            beside.write_text(json.dumps(noted), "utf-8")
            beside.replace(self._path)

    def _all(self) -> dict[str, int]:
        try:
            noted = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(key): int(count) for key, count in noted.items()}


def departures(connection: Connection, bot_id: int) -> int:
    """How many departures the database has counted for this bot."""
    found = select(Bots.c.departures).where(Bots.c.bot_id == bot_id)
    return connection.execute(found).scalar_one_or_none() or 0


def serve(connection: Connection, bot_id: int, now: datetime) -> None:
    """Note that a scheduler serves this bot now."""
    connection.execute(update(Bots).where(Bots.c.bot_id == bot_id).values(served_at=now))


def hold_back(connection: Connection, bot_id: int, *, seen: int) -> list[int]:
    """Before this bot is served again: pause what may not simply go on; the messages' ids.

    `seen` are the departures that are known from outside of the database.
    """
    now = database.now(connection)
    served = connection.execute(select(Bots.c.served_at).where(Bots.c.bot_id == bot_id)).scalar()
    if served is None:
        return []  # a new database
    sending = and_(History.c.bot_id == bot_id, History.c.status == MessageStatus.SENDING)
    if departures(connection, bot_id) < seen:
        due = and_(
            History.c.bot_id == bot_id,
            History.c.status == MessageStatus.SCHEDULED,
            History.c.scheduled_at <= now,
        )
        return _pause(connection, or_(sending, due), OLDER, "database_is_older")
    late = (now - served).total_seconds()
    words = UNSERVED.format(span=spans.words(late))
    return _pause(connection, and_(sending, History.c.late_limit < late), words, "message_too_late")


def _pause(
    connection: Connection, which: ColumnElement[bool], words: str, action: str
) -> list[int]:
    rows = connection.execute(
        update(History)
        .where(which)
        .values(status=MessageStatus.PAUSED, status_reason=words)
        .returning(History.c.id)
    ).all()
    for row in rows:
        audit.record(
            connection,
            actor="scheduler",
            action=action,
            object_type="message",
            object_id=row.id,
            details={"after": MessageStatus.PAUSED},
        )
    return sorted(row.id for row in rows)
