"""What the main database no longer knows: the recipients of archived messages.

Their rows have left it for files that only the store reads. A cohort that depends on them would
be other people in the database than on the pages, so it is not looked up there at all.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from hsl import models
from hsl.archive import catalogue
from hsl.audience import conditions as c
from hsl.audience import past
from hsl.audience.cohort import Audience, Cohort
from hsl.audience.policy import Cap
from hsl.models import COUNTERS, GOT, Action, DeliveryStatus
from hsl.words import _

Messages = models.message_history
# How many it left towards, whatever came of it.
REACHED = sum(
    (Messages.c[COUNTERS[status]] for status in (*GOT, DeliveryStatus.UNCERTAIN)), start=literal(0)
)
# Nobody was sent an archived message later than that.
LAST_SENT = func.coalesce(Messages.c.finished_at, Messages.c.archived_at)


def missing(connection: Connection, chosen: Cohort | Audience, *, now: datetime) -> str | None:
    """Why `chosen` cannot be looked up in the main database, in a sentence; None where it can."""
    outcomes, counts = _history(chosen)
    if not outcomes and not counts:
        return None
    asked = Messages.c.id.in_({outcome.message_id for outcome in outcomes})
    counted = and_(
        Messages.c.action == Action.SEND, or_(false(), *[_counts(count, now) for count in counts])
    )
    message = connection.execute(_archived().where(or_(asked, counted)).limit(1)).one_or_none()
    if message is None:
        return None
    return _(
        "Message {number} is archived, so the database cannot tell whom it reached. "
        "Leave that condition out, or bring its month back: "
        "python -m hsl archive --restore {month}",
        number=str(message.id),
        month=catalogue.month_of(message.started_at),
    )


def within_cap(connection: Connection, cap: Cap, *, at: datetime) -> str | None:
    """Why the cap cannot be reckoned for a message at `at`, in a sentence; None where it can."""
    message = connection.execute(
        _archived()
        .where(
            Messages.c.action == Action.SEND,
            at - timedelta(days=cap.days) < LAST_SENT,
            REACHED > 0,
        )
        .limit(1)
    ).one_or_none()
    if message is None:
        return None
    return _(
        "The frequency cap ({cap}) counts message {number}, which is archived, so the database "
        "cannot tell who got it. Bring its month back: python -m hsl archive --restore {month}; "
        "or send in spite of the cap.",
        cap=cap.sentence(),
        number=str(message.id),
        month=catalogue.month_of(message.started_at),
    )


def _archived() -> Select[Any]:
    return (
        select(Messages.c.id, Messages.c.started_at)
        .where(Messages.c.archived_at.is_not(None))
        .order_by(Messages.c.id)
    )


def _history(
    chosen: Cohort | Audience,
) -> tuple[list[c.MessageOutcome], list[c.MessageCount]]:
    cohorts = (chosen,) if isinstance(chosen, Cohort) else (*chosen.include, *chosen.exclude)
    leaves = [leaf for cohort in cohorts if cohort.where for leaf in c.leaves(cohort.where)]
    return (
        [leaf for leaf in leaves if isinstance(leaf, c.MessageOutcome)],
        [leaf for leaf in leaves if isinstance(leaf, c.MessageCount)],
    )


def _counts(count: c.MessageCount, now: datetime) -> ColumnElement[bool]:
    if count.last is not None:
        return Messages.c.id.in_(past.last_messages(count.last))
    if count.days is None:
        return true()
    return now - timedelta(days=count.days) <= LAST_SENT
