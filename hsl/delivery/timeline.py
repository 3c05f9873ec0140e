"""What happened to a message, from its making to its end, told in plain words.

Stands on the audit log, which has each change; on the message's own times; and on its recipients'
attempts, as a refusal that was tried again leaves no other trace.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select

from hsl import database, models
from hsl.archive import catalogue
from hsl.delivery import pace, sums, told
from hsl.models import SENDS, Action, AudienceMode
from hsl.words import N_, _, plural

Log, History, Recipients = models.audit_log, models.message_history, models.message_recipients
ITSELF = "scheduler"  # the actor of what nobody did by hand
BOT_EVENTS = ("bot_stopped", "bot_works_again")
WORDS = {  # by the audit's action
    "message_created": N_("Written, to go at once to {people}"),
    "message_scheduled": N_("Scheduled, for {people}"),
    "message_edited": N_("Text changed for those still to come: version {version}"),
    "message_edit_in_chats": N_("Being edited in {chats}, by message {run}"),
    "message_delete_in_chats": N_("Being deleted from {chats}, by message {run}"),
    "message_paused": N_("Paused"),
    "message_resumed": N_("Resumed"),
    "message_cancelled": N_("Cancelled"),
    "message_taken_back": N_("Taken back before it left; nobody got it"),
    "message_rescheduled": N_("Moved to another time"),
    "approval_asked": N_("Waits for a second approver: {people}"),
    "approval_approved": N_("Approved as it stands: {people}"),
    "approval_rejected": N_("Rejected: {reason}"),
    "message_retried": N_("Tries the failed again: {people}"),
    "message_too_late": N_("Held back: nothing was running at its time, and it was too late after"),
    "message_not_started": N_("Held back: it could not be started"),
    "database_is_older": N_("Held back: the database is an older copy, and may miss who got it"),
    "message_failed": N_("Stopped: Telegram refused the message ({description})"),
    "uncertain_marked_delivered": N_("Uncertain, taken for delivered: {people}"),
    "uncertain_sent_again": N_("Uncertain, sent to once more: {people}"),
}
BY_RULE = N_("Made by rule {rule}, for {people}")
FINISHED = ("message_send_production", "scheduled_message_sent")
OF_THE_BOT = {  # by the list of messages in the entry
    "paused": N_("Paused: Telegram refused the bot ({description})"),
    "resumed": N_("Went on: Telegram takes the bot again"),
    "waiting": N_(
        "Telegram takes the bot again, but later than this message may be: it waits for a person"
    ),
}


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
    values = {"number": str(row.target_message_id), "chats": _chats(row.total_recipients)}
    if row.action == Action.EDIT:
        words = _("Made to edit message {number} in {chats}", **values)
    elif row.action == Action.DELETE:
        words = _("Made to delete message {number} from {chats}", **values)
    else:
        return []
    return [Event(row.created_at, words, row.author)]


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
        return [Event(row.started_at, _("Began, in {chats}", chats=_chats(row.total_recipients)))]
    people = _people(row.total_recipients)
    if row.audience_mode == AudienceMode.LIVE:
        before = row.audience_at_creation
        words = _("Started, to {people} ({before} when it was made)", people=people, before=before)
        return [Event(row.started_at, words)]
    return [Event(row.started_at, _("Started, to {people}", people=people))]


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
        said = str(entry.details.get("description"))
        found += [
            Event(entry.at, _(words, description=said))
            for name, words in OF_THE_BOT.items()
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
    seconds = round(bot.held_seconds)
    if bot.held_seconds != pace.HOLD_OFFLINE:
        words = _("Telegram asked to wait {seconds} s (429), and nobody was sent to",
                  seconds=seconds)  # fmt: skip
    else:
        words = _("Telegram could not be reached, or asked to wait: a hold of {seconds} s",
                  seconds=seconds)  # fmt: skip
    return [Event(at, words)]


def _words(action: str, details: dict[str, Any], kind: Action) -> str:
    if action in FINISHED:
        return _finished(details.get("seconds"))
    form = BY_RULE if action == "message_scheduled" and "rule" in details else WORDS.get(action)
    if form is None:
        return action.replace("_", " ").capitalize()
    number = details.get("people", details.get("recipients", 0))
    return _(
        form,
        people=_people(number) if kind in SENDS else _chats(number),
        chats=_chats(number),
        version=str(details.get("version")),
        run=str(details.get("run")),
        rule=str(details.get("rule")),
        description=str(details.get("description")),
    )


def _people(count: int) -> str:
    return plural("{n} person", "{n} people", count)


def _chats(count: int) -> str:
    return plural("{n} chat", "{n} chats", count)


def _finished(seconds: float | None) -> str:
    if seconds is None:
        return _("Finished")
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return _("Finished after {hours} h {minutes} min", hours=hours, minutes=minutes)
    if minutes:
        return _("Finished after {minutes} min {seconds} s", minutes=minutes, seconds=rest)
    return _("Finished after {seconds} s", seconds=rest)


def _sum(details: dict[str, Any], action: Action) -> str:
    """The closing sum as it was then; a run's speaks of chats."""
    if details.get("sum"):
        if action in SENDS:
            return told.closing(str(details["sum"]))
        done = "edited" if action is Action.EDIT else "deleted"
        return told.closing(str(details["sum"]), whole="chats", done=done)
    counted = details.get("statistics") or {}
    return _sum_of(counted, details).of_action(action).sentence() if counted else ""


def _sum_of(counted: dict[str, int], details: dict[str, Any]) -> sums.ClosingSum:
    return sums.ClosingSum(
        total=details.get("recipients", 0),
        sent=counted.get("sent", 0),
        failed_by_reason={"failed": counted["failed"]} if counted.get("failed") else {},
        uncertain=counted.get("uncertain", 0),
        cancelled=counted.get("cancelled", 0),
        deleted=counted.get("deleted", 0),
    )
