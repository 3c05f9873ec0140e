"""What is not kept for ever: after so many days nobody knows any more who got or pressed what.

Recipients' rows stay, each with an id of nobody, so that every sum stays. Presses and drafts go.
Done in short transactions, so that the sender hardly waits.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    and_,
    delete,
    exists,
    func,
    select,
    tuple_,
    update,
)

from hsl import audit, database, models
from hsl.archive import catalogue
from hsl.models import FIRST_PSEUDONYM
from hsl.privacy import NO_LONGER, rewriting
from hsl.settings import Settings

AT_ONCE = 2_000  # rows of a transaction
BREATH = 0.02  # seconds between two
History, Recipients = models.message_history, models.message_recipients
Presses, Drafts = models.button_presses, models.drafts
OVER = (models.MessageStatus.SENT, models.MessageStatus.CANCELLED, models.MessageStatus.FAILED)


@dataclass(frozen=True)
class Kept:
    """How many rows were let go of, or are due to be."""

    recipients: int = 0
    presses: int = 0
    drafts: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.recipients + self.presses + self.drafts


def due(engine: Engine, settings: Settings, now: datetime) -> Kept:
    """How many rows of the database are older than the settings let them be."""
    with database.read_only(engine).begin() as connection:
        ids = {name: _due(name, before) for name, before in _limits(settings, now).items()}
        return Kept(
            **{
                name: connection.execute(
                    select(func.count()).select_from(found.subquery())
                ).scalar_one()
                for name, found in ids.items()
            }
        )


def let_go(engine: Engine, settings: Settings, now: datetime) -> Kept:
    """Do what is due, and write it down where it was anything. Raises ArchiveError."""
    limits = _limits(settings, now)
    done = {name: _in_steps(engine, name, before) for name, before in limits.items()}
    if "recipients" in limits:
        month = catalogue.month_of(limits["recipients"])
        with catalogue.alone(engine):
            done["recipients"] += rewriting.forget_before(engine, month)
    found = Kept(**done)
    if found.total:
        with engine.begin() as connection:
            audit.record(connection, actor="scheduler", action=NO_LONGER, details=done)
    return found


def _limits(settings: Settings, now: datetime) -> dict[str, datetime]:
    days = {
        "recipients": settings.keep_recipients_days,
        "presses": settings.keep_presses_days,
        "drafts": settings.keep_drafts_days,
    }
    return {name: now - timedelta(days=count) for name, count in days.items() if count}


def _due(name: str, before: datetime) -> Select[Any]:
    if name == "recipients":
        old = select(History.c.id).where(
            History.c.status.in_(OVER), History.c.archived_at.is_(None),
            History.c.finished_at < before,
        )  # fmt: skip
        return select(Recipients.c.id).where(
            Recipients.c.message_id.in_(old), Recipients.c.user_id < FIRST_PSEUDONYM
        )
    if name == "presses":
        return select(Presses.c.message_id, Presses.c.user_id, Presses.c.button).where(
            Presses.c.pressed_at < before
        )
    return select(Drafts.c.id).where(Drafts.c.updated_at < before)


def _in_steps(engine: Engine, name: str, before: datetime) -> int:
    steps: dict[str, Callable[[Connection, datetime], int]] = {
        "recipients": _recipients,
        "presses": _presses,
        "drafts": _drafts,
    }
    total = 0
    while True:
        with engine.begin() as connection:
            some = steps[name](connection, before)
        total += some
        if some < AT_ONCE:
            return total
        time.sleep(BREATH)


def _recipients(connection: Connection, before: datetime) -> int:
    ids: Sequence[int] = (
        connection.execute(_due("recipients", before).limit(AT_ONCE)).scalars().all()
    )
    theirs = and_(
        Recipients.c.message_id == Presses.c.message_id, Recipients.c.user_id == Presses.c.user_id
    )
    becomes = select(FIRST_PSEUDONYM + Recipients.c.id).where(theirs).scalar_subquery()
    some = database.among(connection, Recipients.c.id, ids)
    connection.execute(update(Presses).where(exists().where(theirs, some)).values(user_id=becomes))
    connection.execute(
        update(Recipients)
        .where(some)
        .values(
            user_id=FIRST_PSEUDONYM + Recipients.c.id,
            username=None,
            telegram_message_id=None,
            error_description=None,
        )
    )
    return len(ids)


def _presses(connection: Connection, before: datetime) -> int:
    keys = tuple_(Presses.c.message_id, Presses.c.user_id, Presses.c.button)
    some = _due("presses", before).limit(AT_ONCE)
    return connection.execute(delete(Presses).where(keys.in_(some))).rowcount


def _drafts(connection: Connection, before: datetime) -> int:
    ids: Sequence[int] = connection.execute(_due("drafts", before).limit(AT_ONCE)).scalars().all()
    for table in (models.draft_versions, models.draft_presence):
        connection.execute(delete(table).where(table.c.draft_id.in_(ids)))
    connection.execute(delete(Drafts).where(Drafts.c.id.in_(ids)))
    return len(ids)
