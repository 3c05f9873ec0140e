"""Moving recipients' rows out of the database, so that a crash leaves them whole in one place.

1. The rows of a month's finished messages are written beside, read back and compared.
2. One transaction, with these messages locked and found unchanged, lists the file and marks the
   messages as archived: from its commit on, their rows are the file's.
3. The rows left in the database, which nobody reads any more, are deleted in small steps. A run
   that was ended here leaves some; the next one checks the file again and goes on.
"""

import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, exists, func, insert, or_, select, update

from hsl import audit, database, models
from hsl.acting import Permission, needs
from hsl.archive import ArchiveError, catalogue, files, in_database, unlisted
from hsl.models import Action, DeliveryStatus, MessageStatus

History, Recipients, Months = (
    models.message_history,
    models.message_recipients,
    models.archived_months,
)
FINISHED = (MessageStatus.SENT, MessageStatus.CANCELLED, MessageStatus.FAILED)
AT_REST = timedelta(hours=48)  # before that it may still be deleted from its chats
MOST_ROWS = 5_000_000  # in a file, unless one message has more
MOST_MESSAGES = 1_000  # in a file
DELETED_AT_ONCE = 2_000  # rows: a transaction that senders hardly notice
REST = 0.01  # seconds between two deletions, in which others may write
COUNTERS = models.COUNTERS


@dataclass(frozen=True)
class Batch:
    """What goes into one file: messages that started in one month (UTC)."""

    month: str
    messages: tuple[int, ...]
    rows: int
    # Each message's row, and how many runs changed it: nothing can change without them.
    seen: dict[int, tuple[Any, ...]] = field(repr=False, hash=False)


@dataclass(frozen=True)
class Archived:
    """One file that was made."""

    month: str
    file: str
    messages: int
    rows: int
    size: int  # bytes


def plan(engine: Engine, before: datetime, *, counted_for: timedelta = AT_REST) -> list[Batch]:
    """What `archive` would move, by file, the oldest month first."""
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(_movable(connection, before, counted_for)).all()
        seen = _seen(connection, rows)
    batches: list[Batch] = []
    now: list[Row[Any]] = []
    for row in rows:
        if now and (
            catalogue.month_of(row.started_at) != catalogue.month_of(now[0].started_at)
            or len(now) == MOST_MESSAGES
            or sum(r.total_recipients for r in now) + row.total_recipients > MOST_ROWS
        ):
            batches.append(_batch(now, seen))
            now = []
        now.append(row)
    return [*batches, _batch(now, seen)] if now else batches


def counted(engine: Engine, before: datetime, *, counted_for: timedelta) -> dict[str, int]:
    """By month: how many messages stay only because the frequency cap still counts them."""
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(_movable(connection, before, AT_REST)).all()
        moves = {row.id for row in connection.execute(_movable(connection, before, counted_for))}
    return dict(Counter(catalogue.month_of(row.started_at) for row in rows if row.id not in moves))


def leftovers(engine: Engine) -> list[int]:
    """Archived messages of which rows are still in the database: a run was ended there."""
    archived = select(History.c.id).where(History.c.archived_at.is_not(None))
    with database.read_only(engine).begin() as connection:
        found = connection.execute(
            archived.where(
                exists(select(Recipients.c.id).where(Recipients.c.message_id == History.c.id))
            ).order_by(History.c.id)
        ).all()
    return [row.id for row in found]


@needs(Permission.MANAGE)
def archive(
    engine: Engine,
    before: datetime,
    *,
    actor: str,
    counted_for: timedelta = AT_REST,
    progress: in_database.Progress = lambda _stage, _rows: None,
) -> list[Archived]:
    """Move the rows of finished messages that started before then; what was made, by file.

    `counted_for` is how long the frequency cap counts a delivery: what was sent since stays. Also
    finishes what an earlier run left. Raises ArchiveError; then every message's rows still
    are in one place, and the next call goes on.
    """
    made = []
    with catalogue.alone(engine):
        _finish_earlier(engine, progress)
        for batch in plan(engine, before, counted_for=counted_for):
            name = f"{batch.messages[0]}-{batch.messages[-1]}-{uuid.uuid4().hex[:8]}.parquet"
            path = catalogue.path_of(engine, batch.month, name)
            with database.read_only(engine).begin() as connection:
                written = files.write(
                    path,
                    in_database.rows_of(connection, batch.messages, progress),
                    owner=database.identity(engine),
                )
            try:
                _hand_over(engine, batch, written, actor)
            except ArchiveError:
                path.unlink()
                raise
            _delete(engine, batch.messages, progress)
            made.append(
                Archived(batch.month, name, len(batch.messages), written.rows, path.stat().st_size)
            )
        unlisted.forget(engine)
    return made


def _movable(connection: Connection, before: datetime, counted_for: timedelta) -> Any:
    run = History.alias()
    last_change = func.coalesce(History.c.finished_at, History.c.started_at)
    now = database.now(connection)
    at_rest = now - AT_REST
    movable = (
        select(History)
        .where(
            History.c.status.in_(FINISHED),
            History.c.archived_at.is_(None),
            History.c.started_at < min(before, at_rest),
            last_change < at_rest,
            or_(History.c.action != Action.SEND, last_change < now - counted_for),
            History.c.total_recipients > 0,
            ~exists(
                select(run.c.id).where(
                    run.c.target_message_id == History.c.id, run.c.status.not_in(FINISHED)
                )
            ),
            # What a dead process left on its way is named uncertain by the next scheduler.
            ~exists(
                select(Recipients.c.id).where(
                    Recipients.c.message_id == History.c.id,
                    Recipients.c.delivery_status == DeliveryStatus.SENDING,
                )
            ),
        )
        .order_by(History.c.started_at, History.c.id)
    )
    if connection.dialect.name == "sqlite":
        # SQLite gives the highest id anew once its row is gone, and the old row could not return.
        newest = select(Recipients.c.message_id).order_by(Recipients.c.id.desc()).limit(1)
        movable = movable.where(
            History.c.id != func.coalesce(newest.correlate(None).scalar_subquery(), 0)
        )
    return movable


def _seen(connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, tuple[Any, ...]]:
    ids = {row.id for row in rows}
    runs = {
        row.target_message_id: int(row.last)
        for row in connection.execute(
            select(History.c.target_message_id, func.max(History.c.id).label("last"))
            .where(History.c.target_message_id.is_not(None))
            .group_by(History.c.target_message_id)
        )
        if row.target_message_id in ids
    }
    return {row.id: (*row, runs.get(row.id)) for row in rows}


def _batch(rows: Sequence[Row[Any]], seen: dict[int, tuple[Any, ...]]) -> Batch:
    ids = tuple(sorted(row.id for row in rows))
    return Batch(
        catalogue.month_of(rows[0].started_at),
        ids,
        sum(row.total_recipients for row in rows),
        {number: seen[number] for number in ids},
    )


def _hand_over(engine: Engine, batch: Batch, written: files.Written, actor: str) -> None:
    with engine.begin() as connection:
        rows = connection.execute(
            select(History)
            .where(History.c.id.in_(batch.messages))
            .order_by(History.c.id)
            .with_for_update()
        ).all()
        if _seen(connection, rows) != batch.seen:
            raise ArchiveError(
                f"A message of {batch.month} was changed while it was read, so all of them stay "
                "in the database. Run the command again."
            )
        for row in rows:
            _require_equal(row, written)
        connection.execute(
            insert(Months).values(
                month=batch.month,
                file=written.path.name,
                rows=written.rows,
                sha256=written.sha256,
                archived_at=models.utc_now(),
            )
        )
        connection.execute(
            update(History)
            .where(History.c.id.in_(batch.messages))
            .values(archived_at=models.utc_now())
        )
        audit.record(
            connection,
            actor=actor,
            action="archived",
            object_type="month",
            object_id=batch.month,
            details={
                "file": written.path.name,
                "rows": written.rows,
                "messages": len(batch.messages),
                "sha256": written.sha256,
            },
        )


def _require_equal(row: Row[Any], written: files.Written) -> None:
    """The file has as many people of each status as the message's counters say."""
    found = dict.fromkeys(DeliveryStatus, 0)
    for (message_id, status, _reason), tally in written.tallies.items():
        if message_id == row.id:
            found[DeliveryStatus(status)] += tally.rows
    counted = {status: found[status] for status in COUNTERS}
    expected = {status: getattr(row, name) for status, name in COUNTERS.items()}
    if counted != expected or sum(found.values()) != row.total_recipients:
        raise ArchiveError(
            f"Message {row.id} has other recipients than its counters say, so nothing of its "
            "month was moved. `python -m hsl doctor` tells more."
        )


def _finish_earlier(engine: Engine, progress: in_database.Progress) -> None:
    left = leftovers(engine)
    if not left:
        return
    with database.read_only(engine).begin() as connection:
        of = catalogue.files_of(connection, left)
    for file in {file.path: file for file in of.values()}.values():
        file.check()
    _delete(engine, left, progress)


def _delete(engine: Engine, messages: Sequence[int], progress: in_database.Progress) -> None:
    for number in messages:
        while gone := _rows_gone(engine, number):
            progress("deleted", gone)
            time.sleep(REST)


def _rows_gone(engine: Engine, message_id: int) -> int:
    some = (
        select(Recipients.c.id).where(Recipients.c.message_id == message_id).limit(DELETED_AT_ONCE)
    )
    with engine.begin() as connection:
        return connection.execute(delete(Recipients).where(Recipients.c.id.in_(some))).rowcount
