"""Four eyes: a message to many goes only once a second person has approved it as it stands.

What is asked for is frozen by its fingerprint. An approval that is open keeps the message from
being started and its people from being sent to, in SQL; one that was given holds as long as
content, audience and plan still have that fingerprint.
"""

import hashlib
import json
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from hsl import audit, database, models
from hsl.acting import current
from hsl.models import COUNTERS, Action, AudienceMode, MessageStatus

History, Recipients, Approvals = (
    models.message_history,
    models.message_recipients,
    models.approvals,
)
APPROVED, REJECTED, REPLACED = "approved", "rejected", "replaced"
GROWTH = 1.1  # times as many people as were approved may be in a group that is chosen at its start
EXEMPT = (Action.TEST, Action.DELETE)
UNFINISHED = (MessageStatus.SCHEDULED, MessageStatus.SENDING, MessageStatus.PAUSED)
WORDS = (
    "message_text", "message_type", "file_id", "buttons", "translations", "options", "action",
    "target_message_id", "bot_id", "recipient_type", "recipient_group", "audience",
    "audience_mode", "keep_quiet",
)  # fmt: skip
AT_ONCE = 50_000  # ids


class WaitsError(Exception):
    """A message cannot start, as so many `people` need a second person first."""

    def __init__(self, people: int) -> None:
        super().__init__(people)
        self.people = people


def is_open() -> ColumnElement[bool]:
    """That a message of `History` waits for a second person."""
    return exists(
        select(Approvals.c.id).where(
            Approvals.c.message_id == History.c.id, Approvals.c.decision.is_(None)
        )
    )


def is_waiting() -> ColumnElement[bool]:
    """That a message of `History` which is not over waits for a second person."""
    return is_open() & History.c.status.in_(UNFINISHED)


def are_many(source: Engine | Connection, people: int) -> bool:
    """Whether so many people are more than one may write to without a second person."""
    most = database.second_approver_over(source)
    return bool(most) and people > most


def hold_if_many(
    connection: Connection, message_id: int, *, by: str, anew: bool = False, more: int = 0
) -> bool:
    """Let the message wait for a second person where it needs one; whether it does.

    An approval that fits covers it, unless it is to be asked `anew`. So many `more` people follow.
    """
    row = connection.execute(select(History).where(History.c.id == message_id)).one()
    people = _people(connection, row) + more
    if not (_needs(connection, row, people) if anew else lacks(connection, row, people)):
        return False
    ask(connection, row, people, by=by)
    return True


def lacks(connection: Connection, row: Row[Any], people: int) -> bool:
    """Whether so many people need a second person who has not approved this as it stands."""
    people = max(people, _people(connection, row))
    if not _needs(connection, row, people):
        return False
    last = connection.execute(
        select(Approvals)
        .where(Approvals.c.message_id == row.id)
        .order_by(Approvals.c.id.desc())
        .limit(1)
    ).one_or_none()
    return (
        last is None
        or last.decision != APPROVED
        or people > last.people * GROWTH
        or last.fingerprint != fingerprint(connection, row)
    )


def ask(connection: Connection, row: Row[Any], people: int, *, by: str) -> None:
    """Write down that a second person is needed, in place of what was asked before."""
    connection.execute(
        update(Approvals)
        .where(Approvals.c.message_id == row.id, Approvals.c.decision.is_(None))
        .values(decision=REPLACED, decided_at=models.utc_now())
    )
    actor = current()
    connection.execute(
        insert(Approvals).values(
            message_id=row.id,
            people=max(people, _people(connection, row)),
            fingerprint=fingerprint(connection, row),
            asked_by=by,
            asked_as=actor.name,
            asked_account=actor.account_id,
            asked_at=models.utc_now(),
        )
    )
    audit.record(
        connection,
        actor=by,
        action="approval_asked",
        object_type="message",
        object_id=row.id,
        details={"recipients": people},
    )


def fingerprint(connection: Connection, row: Row[Any]) -> str:
    """SHA-256 of content, audience and plan as they stand in the database."""
    stands: dict[str, Any] = {name: getattr(row, name) for name in WORDS}
    stands["scheduled_at"] = row.scheduled_at.isoformat()
    if row.audience_mode == AudienceMode.FROZEN or row.started_at is not None:
        stands["people"] = _digest(connection, row.id)
    return hashlib.sha256(
        json.dumps(stands, sort_keys=True, separators=(",", ":"), default=str).encode()
    ).hexdigest()


def _digest(connection: Connection, message_id: int) -> str:
    found = connection.execute(
        select(Recipients.c.user_id)
        .where(Recipients.c.message_id == message_id)
        .order_by(Recipients.c.user_id),
        execution_options={"yield_per": AT_ONCE},
    )
    digest = hashlib.sha256()
    for row in found:
        digest.update(b"%d," % row.user_id)
    return digest.hexdigest()


def _needs(connection: Connection, row: Row[Any], people: int) -> bool:
    return are_many(connection, people) and row.action not in EXEMPT


def _people(connection: Connection, row: Row[Any]) -> int:
    """To how many people it is still to go; an experiment's arms count together."""
    settled = sum((History.c[name] for name in COUNTERS.values()), start=literal(0))
    if row.started_at is None and row.audience_mode == AudienceMode.LIVE:
        waiting: ColumnElement[Any] = History.c.audience_at_creation
    else:
        waiting = History.c.total_recipients - settled
    together = (
        History.c.id == row.id
        if row.experiment_id is None
        else (History.c.experiment_id == row.experiment_id)
        & (History.c.status != MessageStatus.CANCELLED)
    )
    found = select(func.coalesce(func.sum(waiting), 0)).where(together)
    return int(connection.execute(found).scalar_one())
