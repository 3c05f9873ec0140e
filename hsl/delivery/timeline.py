"""What happened to a message, from its making to its end, told in plain words.

Stands on the audit log, which has each change; on the message's own times; and on its recipients'
attempts, as a refusal that was tried again leaves no other trace.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select

from hsl import database, models
from hsl.archive import catalogue
from hsl.delivery import pace, sums
from hsl.models import SENDS, Action, AudienceMode

Log, History, Recipients = models.audit_log, models.message_history, models.message_recipients
ITSELF = "scheduler"  # the actor of what nobody did by hand
BOT_EVENTS = ("bot_stopped", "bot_works_again")


@dataclass(frozen=True)
class Event:
    """One thing that happened; `by` is the person who did it, `sum` the closing sum after it."""

    at: datetime
    words: str
    by: str | None = None
    sum: str = ""


def events(engine: Engine, message_id: int) -> list[Event]:
    """Everything recorded about this message, the first first; none where there is no message."""
    with database.read_only(engine).begin() as connection:
        row = connection.execute(select(History).where(History.c.id == message_id)).one_or_none()
        if row is None:
            return []
        found = [
            *_made_as_run(row),
            *_own(connection, row),
            *_started(row),
            *_of_the_bot(connection, row),
            *_refused(connection, row),
        ]
    return sorted(found, key=lambda event: event.at)


def tried_again(engine: Engine, message_id: int) -> int:
    """How many tries did not count: Telegram asked to wait (429), or could not be reached.

    Raises ArchiveError where the file of an archived message is not there.
    """
    again = select(func.coalesce(func.sum(Recipients.c.attempts - 1), 0)).where(
        Recipients.c.message_id == message_id, Recipients.c.attempts > 1
    )
    with database.read_only(engine).begin() as connection:
        if catalogue.archived_among(connection, [message_id]):
            from hsl.archive import reading

            return reading.tried_again(connection, message_id)
        return int(connection.execute(again).scalar_one())


def _made_as_run(row: Row[Any]) -> list[Event]:
    """The beginning of a run, which the audit keeps at the message that it changes."""
    where = f"message {row.target_message_id}"
    chats = f"{row.total_recipients:,} chats"
    if row.action == Action.EDIT:
        return [Event(row.created_at, f"Made to edit {where} in {chats}", row.author)]
    if row.action == Action.DELETE:
        return [Event(row.created_at, f"Made to delete {where} from {chats}", row.author)]
    return []


def _own(connection: Connection, row: Row[Any]) -> list[Event]:
    entries = connection.execute(
        select(Log)
        .where(Log.c.object_type == "message", Log.c.object_id == str(row.id))
        .order_by(Log.c.id)
    ).all()
    return [
        Event(
            entry.at,
            _words(entry.action, entry.details, Action(row.action)),
            None if entry.actor == ITSELF else entry.actor,
            _sum(entry.details, Action(row.action)),
        )
        for entry in entries
    ]


def _started(row: Row[Any]) -> list[Event]:
    if row.started_at is None:
        return []
    if row.action not in SENDS:
        return [Event(row.started_at, f"Began, in {row.total_recipients:,} chats")]
    words = f"Started, to {row.total_recipients:,} people"
    if row.audience_mode == AudienceMode.LIVE:
        words += f" ({row.audience_at_creation:,} when it was made)"
    return [Event(row.started_at, words)]


def _of_the_bot(connection: Connection, row: Row[Any]) -> list[Event]:
    """What a fault of the bot did to this message; the entry names the messages it concerned."""
    entries = connection.execute(
        select(Log)
        .where(
            Log.c.object_type == "bot",
            Log.c.object_id == str(row.bot_id),
            Log.c.action.in_(BOT_EVENTS),
            Log.c.at >= row.created_at,
        )
        .order_by(Log.c.id)
    ).all()
    found = []
    for entry in entries:
        told = {
            "paused": f"Paused: Telegram refused the bot ({entry.details.get('description')})",
            "resumed": "Went on: Telegram takes the bot again",
            "waiting": "Telegram takes the bot again, but later than this message may be: it waits "
            "for a person",
        }
        found += [
            Event(entry.at, words)
            for name, words in told.items()
            if row.id in entry.details.get(name, [])
        ]
    return found


def _refused(connection: Connection, row: Row[Any]) -> list[Event]:
    """The bot's last hold, where it fell into this message's time."""
    bot = connection.execute(
        select(models.bot_pace).where(models.bot_pace.c.bot_id == row.bot_id)
    ).one_or_none()
    if bot is None or bot.not_before is None or row.started_at is None:
        return []
    at = bot.not_before - timedelta(seconds=bot.held_seconds)
    if at < row.started_at or (row.finished_at is not None and at > row.finished_at):
        return []
    length = f"{bot.held_seconds:,.0f} s"
    if bot.held_seconds != pace.HOLD_OFFLINE:
        return [Event(at, f"Telegram asked to wait {length} (429), and nobody was sent to")]
    return [Event(at, f"Telegram could not be reached, or asked to wait: a hold of {length}")]


def _words(action: str, details: dict[str, Any], kind: Action) -> str:
    number = details.get("people", details.get("recipients", 0))
    count = _count(number, kind)
    chats, run = f"{number:,} chats", details.get("run")
    made = f"Made by rule {details['rule']}" if "rule" in details else "Scheduled"
    told = {
        "message_created": f"Written, to go at once to {count}",
        "message_scheduled": f"{made}, for {count}",
        "message_edited": f"Text changed for those still to come: version {details.get('version')}",
        "message_edit_in_chats": f"Being edited in {chats}, by message {run}",
        "message_delete_in_chats": f"Being deleted from {chats}, by message {run}",
        "message_paused": "Paused",
        "message_resumed": "Resumed",
        "message_cancelled": "Cancelled",
        "message_retried": f"Tries the failed again: {count}",
        "message_too_late": "Held back: nothing was running at its time, and it was too late after",
        "message_not_started": "Held back: it could not be started",
        "database_is_older": "Held back: the database is an older copy, and may miss who got it",
        "message_failed": f"Stopped: Telegram refused the message ({details.get('description')})",
        "uncertain_marked_delivered": f"Uncertain, taken for delivered: {count}",
        "uncertain_sent_again": f"Uncertain, sent to once more: {count}",
        "message_send_production": _finished(details),
        "message_send_test": _finished(details),
        "scheduled_message_sent": _finished(details),
    }
    return told.get(action) or action.replace("_", " ").capitalize()


def _count(number: int, kind: Action) -> str:
    one, more = ("person", "people") if kind in SENDS else ("chat", "chats")
    return f"{number:,} {one if number == 1 else more}"


def _finished(details: dict[str, Any]) -> str:
    seconds = details.get("seconds")
    if seconds is None:
        return "Finished"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    took = f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else ""
    return f"Finished after {took or f'{rest} s'}"


def _sum(details: dict[str, Any], action: Action) -> str:
    """The closing sum as it was then; a run's speaks of chats."""
    sentence = str(details.get("sum") or _sum_of(details.get("statistics") or {}, details))
    if action in SENDS:
        return sentence
    done = "edited" if action is Action.EDIT else "deleted"
    return re.sub(r"\bsent\b", done, sentence.replace(" chosen = ", " chats = "))


def _sum_of(counted: dict[str, int], details: dict[str, Any]) -> str:
    if not counted:
        return ""
    return sums.ClosingSum(
        total=details.get("recipients", 0),
        sent=counted.get("sent", 0),
        failed_by_reason={"failed": counted["failed"]} if counted.get("failed") else {},
        uncertain=counted.get("uncertain", 0),
        cancelled=counted.get("cancelled", 0),
        deleted=counted.get("deleted", 0),
    ).sentence()
