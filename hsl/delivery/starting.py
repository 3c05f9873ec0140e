"""Starting what is due: people chosen late, lateness limits, and what cannot start set aside."""

import logging
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select, update
from sqlalchemy.exc import InterfaceError, OperationalError

from hsl import database, spans
from hsl.delivery import approving, choosing, outbox, preparing, trouble
from hsl.delivery.outbox import History
from hsl.models import AudienceMode, MessageStatus

logger = logging.getLogger(__name__)


def start_due(
    engine: Engine, *, now: datetime, resolve: outbox.Resolve, bot_id: int | None = None
) -> list[int]:
    """Start every scheduled message (of this bot) whose time has come, and return their ids.

    A live audience is resolved here; a large one in steps before the transaction that starts it.
    One that is later than its limit, as nothing ran at its time, is paused instead, and so is one
    that cannot be started; neither keeps the others from starting. Where `resolve` raises
    outbox.OutboxError, the reason is its sentence.
    """
    due = select(History).where(
        History.c.status == MessageStatus.SCHEDULED,
        History.c.scheduled_at <= now,
        ~approving.is_open(),
    )
    if bot_id is not None:
        due = due.where(History.c.bot_id == bot_id)
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(due.order_by(History.c.id)).all()
    started: list[int] = []
    for row in rows:
        try:
            if _start_one(engine, row, now, resolve):
                started.append(row.id)
        except preparing.PreparationError:
            continue  # another process starts it
        except approving.WaitsError as waits:
            with engine.begin() as connection:
                held = _held_scheduled(connection, row.id)
                if held is not None:
                    approving.ask(connection, held, waits.people, by=held.author)
        except Exception as fault:
            if isinstance(fault, OperationalError | InterfaceError):
                raise  # the database is away, which is no fault of the message
            logger.exception("Message %s cannot be started", row.id)
            with engine.begin() as connection:
                _set_aside(connection, row.id, fault)
    return started


def _start_one(engine: Engine, row: Row[Any], now: datetime, resolve: outbox.Resolve) -> bool:
    live = row.audience_mode == AudienceMode.LIVE and not _is_too_late(row, now)
    people = resolve(row.audience) if live else None
    if people is not None and outbox.is_large(engine, people):
        with (
            preparing.prepared(engine, people, message_id=row.id) as prepared,
            engine.begin() as connection,
        ):
            choosing.hold(connection, people)
            held = _held_scheduled(connection, row.id)
            if held is None or not preparing.finish(connection, row.id):
                return False
            chosen = preparing.settled(connection, prepared, people)
            _start(connection, row, now, chosen)
        return True
    with engine.begin() as connection:
        if people is not None:
            choosing.hold(connection, people)
        held = _held_scheduled(connection, row.id)
        if held is None or preparing.is_going_on(connection, row.id):
            return False
        if _is_too_late(held, now):
            _hold_back(connection, held, (now - held.scheduled_at).total_seconds())
            return False
        chosen = choosing.Chosen(held.total_recipients, held.left_out)
        if held.audience_mode == AudienceMode.LIVE:
            chosen = choosing.write(connection, row.id, resolve(held.audience))
        _start(connection, held, now, chosen)
    return True


def _held_scheduled(connection: Connection, message_id: int) -> Row[Any] | None:
    """The message's row, locked, if it is scheduled still and nobody else has it."""
    return connection.execute(
        select(History)
        .where(
            History.c.id == message_id,
            History.c.status == MessageStatus.SCHEDULED,
            ~approving.is_open(),
        )
        .with_for_update(skip_locked=True)
    ).one_or_none()


def _start(
    connection: Connection, message: Row[Any], now: datetime, chosen: choosing.Chosen
) -> None:
    """Let it be sent; a message to nobody is over at once. Raises approving.WaitsError."""
    if approving.lacks(connection, message, chosen.recipients):
        raise approving.WaitsError(chosen.recipients)
    is_live = message.audience_mode == AudienceMode.LIVE
    connection.execute(
        update(History)
        .where(History.c.id == message.id)
        .values(
            status=MessageStatus.SENDING,
            started_at=now,
            total_recipients=chosen.recipients,
            left_out=chosen.left_out,
            # All of them are chosen here, so that none has an outcome.
            **(dict.fromkeys(outbox.COUNTERS.values(), 0) if is_live else {}),
        )
    )
    trouble.pause_started(connection, message.id)
    outbox.finish_complete(connection, [message.id], now=now)


def _set_aside(connection: Connection, message_id: int, fault: Exception) -> None:
    row = _held_scheduled(connection, message_id)
    if row is not None:
        reason = (
            f"Its people cannot be chosen: {fault} Mend that and resume it."
            if isinstance(fault, outbox.OutboxError)
            else f"It could not be started ({type(fault).__name__}): its audience cannot be read "
            "by this program. Cancel it, and write it anew."
        )
        outbox.set_status(
            connection, row, MessageStatus.PAUSED, reason, "scheduler", "message_not_started"
        )


def _is_too_late(row: Row[Any], now: datetime) -> bool:
    late = (now - row.scheduled_at).total_seconds()
    return row.late_limit is not None and late > row.late_limit


def _hold_back(connection: Connection, row: Row[Any], late: float) -> None:
    reason = (
        f"Nothing was running at its time, and now it is {spans.words(late)} late. "
        "Resume it to send it all the same, or cancel it."
    )
    outbox.set_status(
        connection, row, MessageStatus.PAUSED, reason, "scheduler", "message_too_late"
    )
