"""What a second person decides about a message to many people: approve it, or give it back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, insert, select, update

from hsl import audit, database, models
from hsl.acting import Permission, current, needs
from hsl.delivery import approving, outbox, steering
from hsl.delivery.approving import Approvals, History
from hsl.message.content import Content
from hsl.models import MessageStatus
from hsl.words import _


@dataclass(frozen=True)
class Waiting:
    """A message that waits for a second person, and to how many people it would go."""

    message_id: int
    people: int
    asked_by: str
    asked_at: datetime
    may_decide: bool  # whether whoever asks here is another person, and may send


def waiting(engine: Engine) -> list[Waiting]:
    """The messages that wait for a second person, the longest waiting first."""
    return _waiting(engine)


def of_message(engine: Engine, message_id: int) -> Waiting | None:
    """What this message waits for; None where it waits for nobody."""
    return next(iter(_waiting(engine, History.c.id == message_id)), None)


def of_experiment(engine: Engine, experiment_id: int) -> Waiting | None:
    """What the first arm of this experiment waits for, as all do; None where it waits for nobody.

    Its number of people is that of all arms together.
    """
    return next(iter(_waiting(engine, History.c.experiment_id == experiment_id)), None)


def _waiting(engine: Engine, *fits: ColumnElement[bool]) -> list[Waiting]:
    statement = (
        select(Approvals)
        .join(History, History.c.id == Approvals.c.message_id)
        .where(Approvals.c.decision.is_(None), History.c.status.in_(approving.UNFINISHED), *fits)
        .order_by(Approvals.c.id)
    )
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(statement).all()
    return [
        Waiting(
            row.message_id,
            row.people,
            row.asked_by,
            row.asked_at,
            current().may(Permission.SEND) and not _is_same(row),
        )
        for row in rows
    ]


@needs(Permission.SEND)
def approve(engine: Engine, message_id: int, *, actor: str) -> None:
    """Let the message go, as another person than who asked; all arms of an experiment together.

    Raises OutboxError where it waits for nobody, for somebody else, or is not what was asked for.
    """
    with engine.begin() as connection:
        for number in _together(connection, message_id):
            row, asked = _asked(connection, number)
            if asked.fingerprint != approving.fingerprint(connection, row):
                raise outbox.OutboxError(
                    _(
                        "Message {number} is not what was asked for any more. Edit or move it, "
                        "and it is asked for anew.",
                        number=str(number),
                    )
                )
            _decide(connection, asked, approving.APPROVED, actor, None)
            if row.scheduled_at <= models.utc_now():
                # Who approves it has seen that its time has come.
                connection.execute(
                    update(History).where(History.c.id == number).values(late_limit=None)
                )


@needs(Permission.SEND)
def reject(engine: Engine, message_id: int, *, actor: str, reason: str) -> int | None:
    """Let nobody (else) get the message; the id of the draft that it is again.

    None where some have got it already. Raises OutboxError as `approve`.
    """
    if not reason.strip():
        raise outbox.OutboxError(_("Say why, so that its author can mend it."))
    with engine.begin() as connection:
        rows = []
        for number in _together(connection, message_id):
            row, asked = _asked(connection, number)
            _decide(connection, asked, approving.REJECTED, actor, reason.strip())
            connection.execute(
                update(History)
                .where(History.c.id == number)
                .values(finished_at=models.utc_now(), written_as=None)
            )
            said = f"Rejected by {actor}: {reason.strip()}"
            outbox.set_status(
                connection, row, MessageStatus.CANCELLED, said, actor, "message_cancelled"
            )
            rows.append(row)
        draft_id = None if rows[0].started_at is not None else _as_draft(connection, rows[0])
    steering.settle_cancelled(engine)
    return draft_id


def _together(connection: Connection, message_id: int) -> list[int]:
    experiment = select(History.c.experiment_id).where(History.c.id == message_id)
    found = connection.execute(
        select(History.c.id)
        .where(
            History.c.experiment_id == experiment.scalar_subquery(),
            approving.is_waiting(),
        )
        .order_by(History.c.id)
    ).all()
    return [row.id for row in found] or [message_id]


def _asked(connection: Connection, message_id: int) -> tuple[Row[Any], Row[Any]]:
    """The locked message and what is asked for it. Raises OutboxError where this one may not."""
    row = outbox.locked(connection, message_id, set(approving.UNFINISHED), "message_approved")
    asked = connection.execute(
        select(Approvals).where(
            Approvals.c.message_id == message_id, Approvals.c.decision.is_(None)
        )
    ).one_or_none()
    if asked is None:
        raise outbox.OutboxError(
            _("Message {number} waits for no approval.", number=str(message_id))
        )
    if _is_same(asked):
        raise outbox.OutboxError(
            _(
                "Message {number} needs another person than {name}, who asked for it.",
                number=str(message_id),
                name=asked.asked_by,
            )
        )
    return row, asked


def _is_same(asked: Row[Any]) -> bool:
    """Whether who acts is who asked: by account, and by name."""
    actor = current()
    if actor.account_id is not None and actor.account_id == asked.asked_account:
        return True
    return actor.name.casefold() in {asked.asked_by.casefold(), asked.asked_as.casefold()}


def _decide(
    connection: Connection, asked: Row[Any], decision: str, actor: str, reason: str | None
) -> None:
    connection.execute(
        update(Approvals)
        .where(Approvals.c.id == asked.id)
        .values(
            decision=decision,
            decided_by=actor,
            decided_account=current().account_id,
            decided_at=models.utc_now(),
            reason=reason,
        )
    )
    audit.record(
        connection,
        actor=actor,
        action=f"approval_{decision}",
        object_type="message",
        object_id=asked.message_id,
        details={
            "recipients": asked.people,
            "asked_by": asked.asked_by,
            **({} if reason is None else {"reason": reason}),
        },
    )


def _as_draft(connection: Connection, row: Row[Any]) -> int:
    """The message as a draft of its author's; an experiment's has the text of its first arm."""
    audience = row.audience
    if row.experiment_id is not None:
        experiments = models.experiments.c
        audience = connection.execute(
            select(experiments.audience).where(experiments.id == row.experiment_id)
        ).scalar_one()
    number: int = connection.execute(
        insert(models.drafts)
        .values(
            author=row.author,
            content=Content.from_row(row._asdict()).model_dump(mode="json"),
            audience=audience,
            # What was written in no draft keeps to its bot, in use or not.
            plan=(row.written_as or {"plan": {"bot": row.bot_id}})["plan"],
            follows_message_id=row.follows_message_id,
            revision=0,
            updated_at=models.utc_now(),
        )
        .returning(models.drafts.c.id)
    ).scalar_one()
    return number
