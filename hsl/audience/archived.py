"""What the main database no longer knows: the recipients of archived messages.

Their rows have left it for files that only the store reads. A cohort that depends on them would
be other people in the database than on the pages, so it is not looked up there at all.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from hsl import models
from hsl.archive import catalogue
from hsl.audience import conditions as c
from hsl.audience import past
from hsl.audience.cohort import Audience, Cohort
from hsl.models import Action

Messages = models.message_history


def missing(connection: Connection, chosen: Cohort | Audience, *, now: datetime) -> str | None:
    """Why `chosen` cannot be looked up in the main database, in a sentence; None where it can."""
    outcomes, counts = _history(chosen)
    if not outcomes and not counts:
        return None
    archived = connection.execute(
        select(Messages).where(Messages.c.archived_at.is_not(None)).order_by(Messages.c.id)
    ).all()
    asked = {outcome.message_id for outcome in outcomes}
    for message in archived:
        counted = message.action == Action.SEND and any(
            _counts(count, connection, message, now) for count in counts
        )
        if message.id in asked or counted:
            return (
                f"Message {message.id} is archived, so the database cannot tell whom it reached. "
                "Leave that condition out, or bring its month back: "
                f"python -m hsl archive --restore {catalogue.month_of(message.started_at)}"
            )
    return None


def _history(
    chosen: Cohort | Audience,
) -> tuple[list[c.MessageOutcome], list[c.MessageCount]]:
    cohorts = (chosen,) if isinstance(chosen, Cohort) else (*chosen.include, *chosen.exclude)
    leaves = [leaf for cohort in cohorts if cohort.where for leaf in c.leaves(cohort.where)]
    return (
        [leaf for leaf in leaves if isinstance(leaf, c.MessageOutcome)],
        [leaf for leaf in leaves if isinstance(leaf, c.MessageCount)],
    )


def _counts(
    count: c.MessageCount, connection: Connection, message: Row[Any], now: datetime
) -> bool:
    if count.last is not None:
        return message.id in connection.execute(past.last_messages(count.last)).scalars().all()
    if count.days is None:
        return True
    ended: datetime | None = message.finished_at
    return ended is None or ended >= now - timedelta(days=count.days)
