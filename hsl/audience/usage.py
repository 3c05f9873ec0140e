"""Where segments are used: in other segments, trays, drafts, scheduled messages and rules."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from hsl import models
from hsl.audience import conditions
from hsl.audience.cohort import Audience, Cohort
from hsl.models import AudienceMode, MessageStatus
from hsl.words import N_, _

History, Rules = models.message_history, models.recurring_messages


def names(cohort: Cohort) -> Iterator[str]:
    """The segments that a cohort names, as often as it names them."""
    if cohort.where is not None:
        yield from _names(cohort.where)


def of_segment(connection: Connection, name: str) -> list[str]:
    """What uses this segment, in words such as "segment VIP" or "scheduled message 12"."""
    found = [
        _(words, name=str(label)) for words, label, chosen in _all(connection) if name in chosen
    ]
    return list(dict.fromkeys(found))


def _all(connection: Connection) -> Iterator[tuple[str, object, set[str]]]:
    for row in connection.execute(select(models.segments).order_by(models.segments.c.id)):
        yield N_("segment {name}"), row.name, set(names(Cohort.model_validate(row.cohort)))
    for row in connection.execute(select(models.selection_entries)):
        yield (
            N_("the selection of {name}"),
            row.author,
            set(names(Cohort.model_validate(row.cohort))),
        )
    drafts = models.drafts
    for row in connection.execute(select(drafts).where(drafts.c.audience.is_not(None))):
        yield N_("draft {name}"), row.id, _of_audience(row.audience)
    waiting = select(History.c.id, History.c.audience).where(
        History.c.status.in_([MessageStatus.SCHEDULED, MessageStatus.PAUSED]),
        History.c.audience_mode == AudienceMode.LIVE,
        History.c.started_at.is_(None),
        History.c.audience.is_not(None),
    )
    for row in connection.execute(waiting.order_by(History.c.id)):
        yield N_("scheduled message {name}"), row.id, _of_audience(row.audience)
    at_work = select(Rules.c.id, Rules.c.audience).where(Rules.c.stopped_at.is_(None))
    for row in connection.execute(at_work):
        yield N_("recurring message {name}"), row.id, _of_audience(row.audience["chosen"])


def _of_audience(stored: Any) -> set[str]:
    if not stored:  # a draft's that goes to the tray, stored as JSON's null
        return set()
    audience = Audience.model_validate(stored)
    return {name for cohort in (*audience.include, *audience.exclude) for name in names(cohort)}


def _names(condition: conditions.Condition) -> Iterator[str]:
    match condition:
        case conditions.Segment():
            yield condition.name
        case conditions.Not():
            yield from _names(condition.of)
        case conditions.All() | conditions.AnyOf():
            for part in condition.of:
                yield from _names(part)
