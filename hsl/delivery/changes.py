"""Changes of what was written: of a message for those still to come, and in chats where it arrived.

What arrived is edited or deleted by a run: a message of its own whose recipients are those who got
the first one. It goes the same road, so it is paced, recorded, paused and resumed like any other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, insert, literal, select, update

from hsl import audit, database, models
from hsl.acting import Permission, needs
from hsl.delivery import approving, outbox, preparing
from hsl.delivery.outbox import OutboxError
from hsl.media import lasting
from hsl.message.content import Content
from hsl.models import Action, AudienceMode, DeliveryStatus, MessageStatus
from hsl.words import _

History, Recipients = outbox.History, outbox.Recipients
Versions = models.message_versions
DELETABLE_FOR = timedelta(hours=48)  # core.telegram.org/bots/api#deletemessage
ARRIVED = {MessageStatus.SENT, MessageStatus.CANCELLED, MessageStatus.FAILED, MessageStatus.PAUSED}


@dataclass(frozen=True)
class Version:
    """What a message said until `replaced_at`."""

    number: int
    content: Content
    replaced_at: datetime
    replaced_by: str


@needs(Permission.SEND)
def edit(
    engine: Engine, message_id: int, content: Content, *, actor: str, draft_id: int | None = None
) -> int:
    """Change a scheduled or paused message for everybody still to come; its new version.

    Who got an earlier version keeps it, and the recipient's row says which. Raises OutboxError.
    """
    _require_good(content)
    with engine.begin() as connection:
        outbox.finish_draft(connection, draft_id)
        allowed = {MessageStatus.SCHEDULED, MessageStatus.PAUSED}
        row = outbox.locked(connection, message_id, allowed, "message_edited")
        _require_send(row)
        if row.started_at is None and not lasting.can_wait(connection, row.bot_id, content):
            raise OutboxError(_("Nothing was changed. {reason}", reason=_(lasting.MAY_LAPSE)))
        before = Content.from_row(row._asdict())
        connection.execute(
            insert(Versions).values(
                message_id=message_id,
                version=row.version,
                content=before.model_dump(mode="json"),
                replaced_at=models.utc_now(),
                replaced_by=actor,
            )
        )
        connection.execute(
            update(History)
            .where(History.c.id == message_id)
            .values(
                **content.as_row(),
                version=row.version + 1,
            )
        )
        audit.record(
            connection,
            actor=actor,
            action="message_edited",
            object_type="message",
            object_id=message_id,
            details={
                "version": row.version + 1,
                "before": before.text[:200],
                "after": content.text[:200],
            },
        )
        approving.hold_if_many(connection, message_id, by=actor)
    return int(row.version) + 1


@needs(Permission.SEND)
def edit_sent(
    engine: Engine, message_id: int, content: Content, *, actor: str, draft_id: int | None = None
) -> int:
    """Change the text and buttons of a message in the chats where it arrived; the run's id."""
    _require_good(content)
    with (
        _recipients_of_a_run(engine, message_id, Action.EDIT) as prepared,
        engine.begin() as connection,
    ):
        outbox.finish_draft(connection, draft_id)
        row = outbox.locked(connection, message_id, ARRIVED, "edited in its chats")
        _require_send(row)
        if content.message_type != row.message_type or content.file_id != row.file_id:
            raise OutboxError(_("Only the text and the buttons of a sent message can be changed."))
        return _run(connection, row, Action.EDIT, content, actor, prepared)


@needs(Permission.SEND)
def delete_sent(engine: Engine, message_id: int, *, actor: str) -> int:
    """Delete a message from the chats where it arrived within the last 48 hours; the run's id."""
    with (
        _recipients_of_a_run(engine, message_id, Action.DELETE) as prepared,
        engine.begin() as connection,
    ):
        row = outbox.locked(connection, message_id, ARRIVED, "deleted from its chats")
        _require_send(row)
        return _run(
            connection, row, Action.DELETE, Content.from_row(row._asdict()), actor, prepared
        )


def deletable(engine: Engine, message_id: int) -> int:
    """In how many chats a message can still be deleted."""
    return _count_reached(engine, message_id, Action.DELETE)


def editable(engine: Engine, message_id: int) -> int:
    """In how many chats a message stands, and can be edited."""
    return _count_reached(engine, message_id, Action.EDIT)


def versions(engine: Engine, message_id: int) -> list[Version]:
    """What the message said before its edits, the first version first."""
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(
            select(Versions).where(Versions.c.message_id == message_id).order_by(Versions.c.version)
        ).all()
    return [
        Version(row.version, Content.from_json(row.content), row.replaced_at, row.replaced_by)
        for row in rows
    ]


def may_be_deletable(started_at: datetime | None) -> bool:
    """Whether a message that started then may stand in a chat where it can be deleted."""
    # It may have been on its way for a day; `deletable` counts exactly.
    return started_at is not None and started_at > models.utc_now() - 2 * DELETABLE_FOR


def mark_deleted(connection: Connection, target: int, user_ids: list[int]) -> None:
    """Write down, at the message that was sent, that it is gone from these people's chats."""
    gone = connection.execute(
        update(Recipients)
        .where(
            Recipients.c.message_id == target,
            Recipients.c.user_id.in_(user_ids),
            Recipients.c.delivery_status == DeliveryStatus.SENT,
        )
        .values(delivery_status=DeliveryStatus.DELETED)
    ).rowcount
    connection.execute(
        update(History)
        .where(History.c.id == target)
        .values(
            successful_deliveries=History.c.successful_deliveries - gone,
            deleted_deliveries=History.c.deleted_deliveries + gone,
        )
    )


def _count_reached(engine: Engine, message_id: int, action: Action) -> int:
    with database.read_only(engine).begin() as connection:
        found = connection.execute(
            select(func.count()).select_from(Recipients).where(*_reached(message_id, action))
        )
        return int(found.scalar_one())


@contextmanager
def _recipients_of_a_run(engine: Engine, message_id: int, action: Action) -> Iterator[int | None]:
    """Many recipients are written in steps before the run is made; few with it (None)."""
    people = _people_of_a_run(message_id, action)
    if not outbox.is_large(engine, people):
        yield None
        return
    with preparing.prepared(engine, people) as prepared:
        yield prepared.message_id


def _people_of_a_run(message_id: int, action: Action) -> Select[Any]:
    return select(
        Recipients.c.user_id, Recipients.c.username, Recipients.c.telegram_message_id
    ).where(*_reached(message_id, action))


def _run(
    connection: Connection,
    row: Row[Any],
    action: Action,
    content: Content,
    actor: str,
    prepared: int | None,
) -> int:
    running = connection.execute(
        select(History.c.id).where(
            History.c.target_message_id == row.id,
            History.c.status.in_(
                [MessageStatus.SCHEDULED, MessageStatus.SENDING, MessageStatus.PAUSED]
            ),
        )
    ).first()
    if running is not None:
        raise OutboxError(
            _(
                "Message {run} changes message {number} already. Wait for it, or cancel it.",
                run=str(running.id),
                number=str(row.id),
            )
        )
    people = _people_of_a_run(row.id, action)
    if prepared is not None and not preparing.finish(connection, prepared):
        raise OutboxError(
            _("Writing the recipients took too long. Nothing was changed; try again.")
        )
    total = connection.execute(
        select(func.count()).select_from(people.subquery())
        if prepared is None
        else select(func.count()).where(Recipients.c.message_id == prepared)
    ).scalar_one()
    if total == 0:
        raise OutboxError(
            _(
                "Message {number} stands in no chat where it can be changed: it reached nobody, or "
                "its 48 hours are over.",
                number=str(row.id),
            )
        )
    now = models.utc_now()
    run_id: int = connection.execute(
        insert(History).returning(History.c.id),
        {
            **({} if prepared is None else {"id": prepared}),
            **content.as_row(),
            "options": row.options,
            "version": 1,
            "action": action,
            "target_message_id": row.id,
            "author": actor,
            "bot_id": row.bot_id,
            "status": MessageStatus.SCHEDULED,
            "recipient_type": row.recipient_type,
            "recipient_group": f"who got message {row.id}",
            "audience_mode": AudienceMode.FROZEN,
            "audience_at_creation": total,
            "created_at": now,
            "scheduled_at": now,
            "late_limit": outbox.LATE_LIMIT,
            **dict.fromkeys(outbox.COUNTERS.values(), 0),
            "total_recipients": total,
        },
    ).scalar_one()
    if prepared is None:
        connection.execute(
            insert(Recipients).from_select(
                [
                    "user_id",
                    "username",
                    "telegram_message_id",
                    "message_id",
                    "delivery_status",
                    "attempts",
                ],
                people.add_columns(
                    literal(run_id, models.RowId),
                    literal(DeliveryStatus.PENDING.value),
                    literal(0),
                ),
            )
        )
    audit.record(
        connection,
        actor=actor,
        action=f"message_{action}_in_chats",
        object_type="message",
        object_id=row.id,
        details={"run": run_id, "recipients": total, "preview": content.text[:200]},
    )
    approving.hold_if_many(connection, run_id, by=actor)
    return run_id


def _reached(message_id: int, action: Action) -> list[Any]:
    reached: list[Any] = [
        Recipients.c.message_id == message_id,
        Recipients.c.delivery_status == DeliveryStatus.SENT,
        Recipients.c.telegram_message_id.is_not(None),
    ]
    if action is Action.DELETE:
        reached.append(Recipients.c.sent_at > models.utc_now() - DELETABLE_FOR)
    return reached


def _require_good(content: Content) -> None:
    problems = content.check()
    if problems:
        raise OutboxError(_("Nothing was changed: {problem}", problem=problems[0].message))


def _require_send(row: Row[Any]) -> None:
    if row.action == Action.TEST:
        raise OutboxError(
            _(
                "Message {number} is a test and is not changed. Send another test.",
                number=str(row.id),
            )
        )
    if row.action != Action.SEND:
        raise OutboxError(
            _(
                "Message {number} itself changes another one and cannot be changed.",
                number=str(row.id),
            )
        )
