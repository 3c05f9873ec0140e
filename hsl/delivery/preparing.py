"""A large message's recipients, written in steps, so that another message goes on meanwhile.

One statement for a million people would hold SQLite's only write lock for ten seconds, and nobody
could be sent to. The recipients get the id of a message that does not exist yet; the transaction
that makes it shows all of them at once. What a dead process left half-written is cleared away.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from hsl import database, models
from hsl.delivery import choosing
from hsl.models import DeliveryStatus, MessageStatus, RecipientType

Recipients, History = models.message_recipients, models.message_history
Preparations = models.message_preparations
AT_ONCE = 5_000  # recipients in one transaction
BREATH = 0.02  # seconds between two of them, in which others get SQLite's lock
STALE = timedelta(minutes=2)  # without a step, a preparation counts as abandoned
ABANDONED = datetime(1970, 1, 1, tzinfo=UTC)  # its beat once it is being cleared away

_chosen = Table(
    "chosen_people",
    MetaData(),
    Column("place", Integer, primary_key=True),
    Column("user_id", BigInteger),
    Column("username", String),
    Column("rule", String),
    Column("telegram_message_id", BigInteger),  # where a message in the chat is to be changed
    prefixes=["TEMPORARY"],
)


class PreparationError(RuntimeError):
    """The preparation is another process's, or was cleared away as abandoned."""


@dataclass(frozen=True)
class Prepared:
    """The message that the recipients wait for, and how many each rule left out of them `since`."""

    message_id: int
    since: datetime
    left_out: dict[str, int]


@contextmanager
def prepared(
    engine: Engine, people: choosing.People, *, message_id: int | None = None
) -> Iterator[Prepared]:
    """Write recipients for all of `people` whom no rule leaves out, see `choosing`.

    `people` selects user_id, username and, for a change in the chats, telegram_message_id.
    Make the message within the block, in a transaction that calls `finish`; if the block is left
    without that, the recipients are taken away again. `message_id` names a message that is there
    already and has no recipients yet. Raises PreparationError.
    """
    message_id = _reserve(engine) if message_id is None else _take(engine, message_id)
    try:
        yield _write(engine, message_id, people)
    finally:
        _discard(engine, message_id)


def finish(connection: Connection, message_id: int) -> bool:
    """Let the message have its recipients; False if they are or were cleared away meanwhile."""
    done = connection.execute(
        delete(Preparations).where(
            Preparations.c.message_id == message_id, Preparations.c.beat_at != ABANDONED
        )
    )
    return done.rowcount == 1


def settled(connection: Connection, prepared: Prepared, people: choosing.People) -> choosing.Chosen:
    """What came of the recipients, in the transaction that lets the message have them."""
    return choosing.settled(
        connection,
        prepared.message_id,
        people,
        since=prepared.since,
        left_out=prepared.left_out,
    )


def clear_stale(engine: Engine, *, now: datetime) -> int:
    """Take away what dead processes left half-written; return how many messages."""
    with database.read_only(engine).begin() as connection:
        stale = connection.execute(
            select(Preparations.c.message_id).where(Preparations.c.beat_at < now - STALE)
        ).all()
    for row in stale:
        if _abandon(engine, row.message_id, now):
            _discard(engine, row.message_id)
    return len(stale)


def _abandon(engine: Engine, message_id: int, now: datetime) -> bool:
    """Say that it is cleared away, so that a writer that only slept does not go on."""
    with engine.begin() as connection:
        done = connection.execute(
            update(Preparations)
            .where(Preparations.c.message_id == message_id, Preparations.c.beat_at < now - STALE)
            .values(beat_at=ABANDONED)
        )
    return done.rowcount == 1


def _reserve(engine: Engine) -> int:
    """An id that no other message gets: of a row that is made and taken back."""
    now = models.utc_now()
    with engine.begin() as connection:
        message_id: int = connection.execute(
            insert(History).returning(History.c.id),
            {
                "message_text": "",
                "buttons": [],
                "options": {},
                "version": 1,
                "action": models.Action.SEND,
                "author": "",
                "bot_id": 0,
                "status": MessageStatus.CANCELLED,
                "recipient_type": RecipientType.GROUP,
                "audience_at_creation": 0,
                "created_at": now,
                "scheduled_at": now,
                "keep_quiet": False,
                "total_recipients": 0,
                "successful_deliveries": 0,
                "failed_deliveries": 0,
                "uncertain_deliveries": 0,
                "cancelled_deliveries": 0,
                "deleted_deliveries": 0,
            },
        ).scalar_one()
        connection.execute(delete(History).where(History.c.id == message_id))
        beat = database.now(connection)
        connection.execute(insert(Preparations).values(message_id=message_id, beat_at=beat))
    return message_id


def _take(engine: Engine, message_id: int) -> int:
    try:
        with engine.begin() as connection:
            connection.execute(
                insert(Preparations).values(message_id=message_id, beat_at=database.now(connection))
            )
    except IntegrityError as fault:
        raise PreparationError(f"Message {message_id} is being prepared by another.") from fault
    return message_id


def is_going_on(connection: Connection, message_id: int) -> bool:
    """True while this message's recipients are being written."""
    found = select(Preparations.c.message_id).where(Preparations.c.message_id == message_id)
    return connection.execute(found).first() is not None


def _write(engine: Engine, message_id: int, people: choosing.People) -> Prepared:
    # The people are resolved once, into a table of this connection, without SQLite's write lock.
    with database.read_only(engine).connect() as connection:
        with connection.begin():
            since = database.now(connection)
            found = choosing.resolved(connection, people).order_by(None).subquery()
            _chosen.create(connection)
            in_chat = found.c.get("telegram_message_id", null())
            connection.execute(
                insert(_chosen).from_select(
                    ["place", "user_id", "username", "rule", "telegram_message_id"],
                    select(
                        func.row_number().over(order_by=found.c.user_id),
                        found.c.user_id,
                        found.c.username,
                        choosing.rule_of(found),
                        in_chat,
                    ),
                )
            )
            choosing.check(connection, people)
            left_out = choosing.left_out(connection, _chosen)
            last: int | None = connection.execute(select(func.max(_chosen.c.place))).scalar_one()
            total = last or 0
        try:
            for start in range(0, total, AT_ONCE):
                with connection.begin():
                    _write_some(connection, message_id, start)
                time.sleep(BREATH)
        finally:
            with connection.begin():
                _chosen.drop(connection)
    return Prepared(message_id, since, left_out)


def _write_some(connection: Connection, message_id: int, start: int) -> None:
    beat = connection.execute(
        update(Preparations)
        .where(Preparations.c.message_id == message_id, Preparations.c.beat_at != ABANDONED)
        .values(beat_at=database.now(connection))
    )
    if beat.rowcount != 1:  # this process stalled for so long that it was taken for dead
        raise PreparationError(f"The recipients of message {message_id} were cleared away.")
    connection.execute(
        insert(Recipients).from_select(
            [
                "message_id",
                "user_id",
                "username",
                "telegram_message_id",
                "delivery_status",
                "attempts",
            ],
            select(
                literal(message_id, models.RowId),
                _chosen.c.user_id,
                _chosen.c.username,
                _chosen.c.telegram_message_id,
                literal(DeliveryStatus.PENDING.value),
                literal(0),
            ).where(
                _chosen.c.place > start,
                _chosen.c.place <= start + AT_ONCE,
                _chosen.c.rule.is_(None),
            ),
        )
    )


def _discard(engine: Engine, message_id: int) -> None:
    """Take an unfinished preparation's recipients away in steps; a finished one's stay."""
    open_ = select(Preparations.c.message_id).where(Preparations.c.message_id == message_id)
    some = select(Recipients.c.id).where(Recipients.c.message_id == message_id).limit(AT_ONCE)
    while True:
        with engine.begin() as connection:
            if connection.execute(open_.with_for_update()).first() is None:
                return
            if connection.execute(some.limit(1)).first() is None:
                connection.execute(
                    delete(Preparations).where(Preparations.c.message_id == message_id)
                )
                return
            connection.execute(delete(Recipients).where(Recipients.c.id.in_(some)))
        time.sleep(BREATH)
