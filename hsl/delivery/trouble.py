"""A fault of the bot: it pauses all of the bot's messages, and is over when its cause is.

While it lasts, one process at a time asks Telegram for the bot (getMe), at growing distances; a
new token or a person's "resume" end it at once. Messages that it paused then go on by themselves,
unless they are later by now than their limit: those wait for a person, as late ones always do.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, or_, select, update

from hsl import audit, database, models, spans
from hsl.delivery import pace
from hsl.delivery.outcome import Outcome
from hsl.models import MessageStatus
from hsl.webhooks import events
from hsl.words import in_english

History, Bots = models.message_history, models.bot_pace
FIRST_LOOK = 15.0  # seconds until the bot is asked for the first time
LONGEST_LOOK = 600.0  # seconds between two looks, however long it lasts


def begin(connection: Connection, bot: pace.BotState, outcome: Outcome) -> None:
    """Pause all of a bot's messages for a fault of the bot, such as a revoked token."""
    if bot.trouble:
        return
    words = outcome.description or f"status {outcome.error_code}"
    bot.trouble = f"Telegram refused the bot: {words}"
    now = database.now(connection)
    connection.execute(
        update(Bots)
        .where(Bots.c.bot_id == bot.bot_id)
        .values(trouble=bot.trouble, trouble_since=now, **_next_look(bot.trouble_looks, now))
    )
    told = {"bot_id": bot.bot_id, "description": words}
    events.tell(connection, events.Event.BOT_STOPPED, told)
    paused = connection.execute(
        update(History)
        .where(History.c.bot_id == bot.bot_id, History.c.status == MessageStatus.SENDING)
        .values(status=MessageStatus.PAUSED, status_reason=bot.trouble)
        .returning(History.c.id)
    ).all()
    _tell(connection, bot.bot_id, "bot_stopped", description=words, paused=_ids(paused))


def pause_started(connection: Connection, message_id: int) -> None:
    """Let a message that just started wait too where its bot is in trouble."""
    words = select(Bots.c.trouble).where(Bots.c.bot_id == History.c.bot_id).scalar_subquery()
    paused = connection.execute(
        update(History)
        .where(History.c.id == message_id, words.is_not(None))
        .values(status=MessageStatus.PAUSED, status_reason=words)
        .returning(History.c.id, History.c.bot_id, History.c.status_reason)
    ).one_or_none()
    if paused is not None:
        words_there = {"description": paused.status_reason, "paused": [paused.id]}
        _tell(connection, paused.bot_id, "bot_stopped", **words_there)


def look_due(engine: Engine, bot_id: int) -> bool:
    """True when this process is to ask for the bot now; no other one will at the same time."""
    asked = select(Bots.c.trouble_looks, Bots.c.trouble_look_at).where(
        Bots.c.bot_id == bot_id, Bots.c.trouble.is_not(None)
    )
    with database.read_only(engine).begin() as connection:
        row = connection.execute(asked).one_or_none()
        now = database.now(connection)
    if row is None or (row.trouble_look_at is not None and row.trouble_look_at > now):
        return False
    with engine.begin() as connection:
        taken = connection.execute(
            update(Bots)
            .where(Bots.c.bot_id == bot_id, Bots.c.trouble_look_at == row.trouble_look_at)
            .values(_next_look(row.trouble_looks, now))
        )
    return taken.rowcount == 1


def end(connection: Connection, bot_id: int) -> list[int]:
    """The cause is over: go on with what it paused and is not too late; the messages' ids."""
    bot = connection.execute(
        select(Bots).where(Bots.c.bot_id == bot_id).with_for_update()
    ).one_or_none()
    if bot is None or bot.trouble is None:
        return []
    now = database.now(connection)
    connection.execute(
        update(Bots).where(Bots.c.bot_id == bot_id).values(trouble=None, trouble_since=None)
    )
    late = (now - bot.trouble_since).total_seconds() if bot.trouble_since else 0.0
    paused = and_(
        History.c.bot_id == bot_id,
        History.c.status == MessageStatus.PAUSED,
        History.c.status_reason == bot.trouble,
    )
    in_time = or_(History.c.late_limit.is_(None), History.c.late_limit >= late)
    resumed = _move(connection, and_(paused, in_time), MessageStatus.SENDING, None)
    with in_english():  # as it is stored
        words = f"Telegram refused the bot for {spans.words(late)}. Resume it, or cancel it."
    waiting = _move(connection, paused, MessageStatus.PAUSED, words)
    _tell(connection, bot_id, "bot_works_again", resumed=resumed, waiting=waiting)
    told = {"bot_id": bot_id, "resumed": resumed, "waiting": waiting}
    events.tell(connection, events.Event.BOT_WORKS_AGAIN, told)
    return resumed


def forget_looks(connection: Connection, bot: pace.BotState) -> None:
    """A message was taken, so that the next trouble is looked at soon again."""
    if bot.trouble_looks and not bot.trouble:
        bot.trouble_looks = 0
        connection.execute(update(Bots).where(Bots.c.bot_id == bot.bot_id).values(trouble_looks=0))


def _next_look(looks: int, now: datetime) -> dict[str, Any]:
    wait = min(FIRST_LOOK * 2 ** min(looks, 10), LONGEST_LOOK)
    return {"trouble_looks": looks + 1, "trouble_look_at": now + timedelta(seconds=wait)}


def _move(
    connection: Connection, which: ColumnElement[bool], status: MessageStatus, reason: str | None
) -> list[int]:
    rows = connection.execute(
        update(History)
        .where(which)
        .values(status=status, status_reason=reason)
        .returning(History.c.id)
    ).all()
    return _ids(rows)


def _ids(rows: Any) -> list[int]:
    return sorted(row.id for row in rows)


def _tell(connection: Connection, bot_id: int, action: str, **details: Any) -> None:
    audit.record(
        connection,
        actor="scheduler",
        action=action,
        object_type="bot",
        object_id=bot_id,
        details=details,
    )
