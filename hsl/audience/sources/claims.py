"""One run of a source at a time, over all processes; a run whose process died is closed.

The source's row is locked while a run begins, and a run gives signs among the workers. One that
gives none for half a minute is closed, and could not write any more: its last act is to find
itself unfinished, in the transaction that changes the people.
"""

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from hsl import audit, database, models
from hsl.audience.sources import registry
from hsl.audience.sources.errors import SourceBusyError, SourceStoppedError
from hsl.words import _

Sources, Runs, Workers = models.sources, models.source_runs, models.workers
DIED = "Its process stopped before it was done, and nothing was changed."
KEPT_RUNS = 500  # of one source
LARGEST_KEPT = timedelta(days=31)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claim:
    """The right to run a source."""

    source: registry.Source
    run_id: int
    actor: str


def begin(engine: Engine, name: str, *, actor: str, only_if_due: bool = False) -> Claim | None:
    """Begin a run; None where it was to run only if due, and is not.

    Raises SourceBusyError while another process runs it, SourceError where there is none.
    """
    source = registry.named(engine, name)
    busy = SourceBusyError(_("{name} is being read right now. Wait until that is done.", name=name))
    with engine.begin() as connection:
        now = database.now(connection)
        row = connection.execute(
            select(Sources).where(Sources.c.id == source.id).with_for_update(skip_locked=True)
        ).one_or_none()
        if row is None:
            raise busy
        if only_if_due and (row.next_run_at is None or row.next_run_at > now):
            return None
        if _close_dead(connection, now, source_id=row.id):
            raise busy
        made = connection.execute(
            insert(Runs).values(source_id=row.id, started_at=now).returning(Runs.c.id)
        )
        run_id = int(made.scalar_one())
        connection.execute(
            insert(Workers).values(
                name=registry.worker_name(run_id),
                kind="source",
                host=socket.gethostname(),
                pid=os.getpid(),
                started_at=now,
                beat_at=now,
            )
        )
        if row.every_minutes is not None:
            after = now + timedelta(minutes=row.every_minutes)
            connection.execute(
                update(Sources).where(Sources.c.id == row.id).values(next_run_at=after)
            )
    return Claim(source, run_id, actor)


def close_dead(engine: Engine) -> None:
    """Close runs whose process gives no sign any more."""
    with database.read_only(engine).begin() as connection:
        unfinished = select(Runs.c.id).where(Runs.c.finished_at.is_(None)).limit(1)
        if connection.execute(unfinished).one_or_none() is None:
            return
    with engine.begin() as connection:
        _close_dead(connection, database.now(connection))


def _close_dead(connection: Connection, now: datetime, *, source_id: int | None = None) -> bool:
    """Close dead runs, and say whether others are alive."""
    chosen = select(Runs.c.id, Runs.c.source_id).where(Runs.c.finished_at.is_(None))
    if source_id is not None:
        chosen = chosen.where(Runs.c.source_id == source_id)
    alive = False
    for run in connection.execute(chosen).all():
        worker = Workers.c.name == registry.worker_name(run.id)
        beat = connection.execute(select(Workers.c.beat_at).where(worker)).scalar_one_or_none()
        if beat is not None and now - beat <= registry.SILENT_AFTER:
            alive = True
            continue
        end(connection, run.id, error=DIED)
        audit.record(
            connection,
            actor="scheduler",
            action="source_failed",
            object_type="source",
            object_id=_name(connection, run),
            details={"run": run.id, "error": DIED},
        )
    return alive


def _name(connection: Connection, run: Row[Any]) -> str | None:
    found = connection.execute(select(Sources.c.name).where(Sources.c.id == run.source_id))
    return found.scalar_one_or_none()


def end(connection: Connection, run_id: int, **figures: Any) -> None:
    """Close a run in the caller's transaction. Raises SourceStoppedError if it was closed."""
    closed = connection.execute(
        update(Runs)
        .where(Runs.c.id == run_id, Runs.c.finished_at.is_(None))
        .values(finished_at=database.now(connection), **figures)
    )
    if closed.rowcount != 1:
        raise SourceStoppedError(
            _("The run gave no sign for too long and was closed. Run it again.")
        )
    connection.execute(delete(Workers).where(Workers.c.name == registry.worker_name(run_id)))


def forget_old(connection: Connection, source_id: int) -> None:
    """Keep the last runs of a source, and each day's largest, by which later ones are judged."""
    oldest = (
        select(Runs.c.id)
        .where(Runs.c.source_id == source_id)
        .order_by(Runs.c.id.desc())
        .offset(KEPT_RUNS)
        .limit(1)
    )
    last = connection.execute(oldest).scalar_one_or_none()
    if last is None:
        return
    people = Runs.c.added + Runs.c.updated + Runs.c.unchanged
    day = func.date(Runs.c.started_at)
    ranked = (
        select(
            Runs.c.id,
            func.row_number()
            .over(partition_by=day, order_by=[people.desc(), Runs.c.id])
            .label("place"),
        )
        .where(
            Runs.c.source_id == source_id,
            Runs.c.error.is_(None),
            Runs.c.started_at >= database.now(connection) - LARGEST_KEPT,
        )
        .subquery()
    )
    largest = select(ranked.c.id).where(ranked.c.place == 1)
    connection.execute(
        delete(Runs).where(
            Runs.c.source_id == source_id, Runs.c.id <= last, Runs.c.id.not_in(largest)
        )
    )


def fail(engine: Engine, claim: Claim, words: str) -> None:
    """Close a run that changed nothing, with why."""
    try:
        with engine.begin() as connection:
            end(connection, claim.run_id, error=words)
            forget_old(connection, claim.source.id)
            audit.record(
                connection,
                actor=claim.actor,
                action="source_failed",
                object_type="source",
                object_id=claim.source.name,
                details={"run": claim.run_id, "error": words},
            )
    except SourceStoppedError:
        return
    except SQLAlchemyError as fault:
        # It is closed as dead later on.
        logger.error("the end of run %s is not written: %s", claim.run_id, type(fault).__name__)


@contextmanager
def signs(engine: Engine, claim: Claim) -> Iterator[None]:
    """Give signs that the run is alive, from a thread of its own."""
    over = threading.Event()
    worker = Workers.c.name == registry.worker_name(claim.run_id)

    def give() -> None:
        while not over.wait(registry.BEAT):
            try:
                with engine.begin() as connection:
                    beat = update(Workers).where(worker)
                    connection.execute(beat.values(beat_at=database.now(connection)))
            except SQLAlchemyError as fault:
                # On SQLite the run itself keeps others from writing; the next turn tries again.
                logger.debug("no sign of run %s: %s", claim.run_id, type(fault).__name__)

    thread = threading.Thread(target=give, name=f"run-{claim.run_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
