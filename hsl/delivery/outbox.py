"""The outbox: making a message, ending it, and the one way to change its state with its audit.

`starting` starts what is due, `steering` is what a person does with it, `tick` sends it.

Locks are always taken in the order bot_pace, message_history, message_recipients.
"""

import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from hsl import audit, database, models
from hsl.acting import Permission, needs
from hsl.archive import catalogue
from hsl.delivery import approving, choosing, preparing, sums, told
from hsl.errors import PlainError
from hsl.media import lasting
from hsl.message.content import Content
from hsl.models import (
    Action,
    AudienceMode,
    MessageStatus,
    RecipientType,
)
from hsl.webhooks import events
from hsl.words import N_, _

logger = logging.getLogger(__name__)
History = models.message_history
Recipients = models.message_recipients
COUNTERS = models.COUNTERS
LATE_LIMIT = 3600.0  # seconds
LARGE = 20_000  # recipients from which a message is written in steps
Resolve = Callable[[Mapping[str, Any]], choosing.People]
OTHERWISE = N_("Message {number} is {status} and cannot be changed so; it must be {wanted}.")
VERBS = {  # what is said of a message whose status does not allow it
    "message_paused": N_("Message {number} is {status} and cannot be paused; it must be {wanted}."),
    "message_resumed": N_(
        "Message {number} is {status} and cannot be resumed; it must be {wanted}."
    ),
    "message_cancelled": N_(
        "Message {number} is {status} and cannot be cancelled; it must be {wanted}."
    ),
    "message_retried": N_(
        "Message {number} is {status} and cannot be retried; it must be {wanted}."
    ),
    "message_edited": N_("Message {number} is {status} and cannot be edited; it must be {wanted}."),
    "edited in its chats": N_(
        "Message {number} is {status} and cannot be edited in its chats; it must be {wanted}."
    ),
    "deleted from its chats": N_(
        "Message {number} is {status} and cannot be deleted from its chats; it must be {wanted}."
    ),
}


class OutboxError(PlainError, ValueError):
    """A message cannot be made or changed as asked; nothing was changed."""


@dataclass(frozen=True)
class NewMessage:
    """A message to be made. `people` selects user_id, username and perhaps `rule`: see `choosing`.

    Without `scheduled_at` it is due at once. If it can start only more than `late_limit` seconds
    after its time, it is paused and asks. `cohort` is the audience as it was filtered, and
    `recipient_group` says it in words. With `keep_quiet` nobody gets it in their sleep. One that is
    due at once waits for `take_back` seconds, in which it can be taken back, as the draft that it
    was `written_as`; see `hsl.taking_back`.
    """

    content: Content
    people: choosing.People
    author: str
    bot_id: int
    recipient_type: RecipientType
    scheduled_at: datetime | None = None
    recipient_group: str | None = None
    cohort: Mapping[str, Any] | None = None
    audience_mode: AudienceMode = AudienceMode.FROZEN
    follows_message_id: int | None = None
    rule_id: int | None = None
    late_limit: float | None = LATE_LIMIT
    keep_quiet: bool = False
    experiment_id: int | None = None
    arm: str | None = None
    cap_ignored_because: str = ""
    take_back: float = 0.0  # seconds
    written_as: Mapping[str, Any] | None = None
    action: Action = Action.SEND

    @property
    def can_be_taken_back(self) -> bool:
        """True where it is to go now, but not before somebody could take it back."""
        return self.scheduled_at is None and self.take_back > 0


@needs(Permission.SEND)
def create(engine: Engine, new: NewMessage, *, draft_id: int | None = None) -> int:
    """Make a message and its recipients in one transaction, and return its id.

    `draft_id` names the draft that it was written in: it goes with the transaction, so that a
    second click finds none. Raises OutboxError, and then nothing was made.
    """
    _check_new(new, models.utc_now())
    with contextlib.ExitStack() as stack:
        prepared = prepare(engine, new, stack)
        with engine.begin() as connection:
            draft = finish_draft(connection, draft_id)
            return add(connection, replace(new, written_as=draft), prepared=prepared)


def prepare(
    engine: Engine, new: NewMessage, stack: contextlib.ExitStack
) -> preparing.Prepared | None:
    """Write a large message's recipients in steps, for `add` within the `stack`; else None."""
    if new.audience_mode is not AudienceMode.FROZEN or not is_large(engine, new.people):
        return None
    return stack.enter_context(preparing.prepared(engine, new.people))


def is_large(engine: Engine, people: choosing.People) -> bool:
    """True for so many people that they are better written in steps."""
    with database.read_only(engine).begin() as connection:
        found = choosing.resolved(connection, people)
        some = found.order_by(None).limit(LARGE + 1).subquery()
        return connection.execute(select(func.count()).select_from(some)).scalar_one() > LARGE


def add(
    connection: Connection, new: NewMessage, *, prepared: preparing.Prepared | None = None
) -> int:
    """What `create` does, within the caller's transaction.

    A rule's message may have nobody yet: its group is chosen when it starts. With `prepared` its
    recipients are written already, see `preparing`.
    """
    now = models.utc_now()
    _check_new(new, now)
    if new.scheduled_at is not None and not lasting.can_wait(connection, new.bot_id, new.content):
        raise OutboxError(_("Nothing was made. {reason}", reason=_(lasting.MAY_LAPSE)))
    can_be_taken_back = new.can_be_taken_back
    leaves = new.scheduled_at or now + timedelta(seconds=new.take_back)
    message_id: int = connection.execute(
        insert(History).returning(History.c.id),
        {
            **({} if prepared is None else {"id": prepared.message_id}),
            **new.content.as_row(),
            "options": {},
            "author": new.author,
            "bot_id": new.bot_id,
            "status": MessageStatus.SCHEDULED,
            "recipient_type": new.recipient_type,
            "recipient_group": new.recipient_group,
            "audience": None if new.cohort is None else dict(new.cohort),
            "audience_mode": new.audience_mode,
            "audience_at_creation": 0,
            "follows_message_id": new.follows_message_id,
            "rule_id": new.rule_id,
            "experiment_id": new.experiment_id,
            "arm": new.arm,
            "created_at": now,
            "scheduled_at": leaves,
            "take_back_until": leaves if can_be_taken_back else None,
            "written_as": dict(new.written_as) if can_be_taken_back and new.written_as else None,
            "late_limit": new.late_limit,
            "keep_quiet": new.keep_quiet,
            "version": 1,
            "action": new.action,
            **dict.fromkeys(COUNTERS.values(), 0),
            "total_recipients": 0,
        },
    ).scalar_one()
    chosen = _choose(connection, message_id, new, prepared)
    live = new.audience_mode is AudienceMode.LIVE
    connection.execute(
        update(History)
        .where(History.c.id == message_id)
        .values(
            audience_at_creation=chosen.recipients,
            total_recipients=0 if live else chosen.recipients,
            left_out=chosen.left_out,
        )
    )
    audit.record(
        connection,
        actor=new.author,
        action="message_scheduled" if new.scheduled_at else "message_created",
        object_type="message",
        object_id=message_id,
        details={
            "recipients": chosen.recipients,
            "group": new.recipient_group,
            "preview": new.content.text[:200],
            "type": new.content.message_type,
            "buttons": sum(len(line) for line in new.content.buttons),
            "scheduled_at": leaves.isoformat(),
            "audience_mode": new.audience_mode,
            **({"languages": list(new.content.languages)} if new.content.translations else {}),
            **({"test": True} if new.action is Action.TEST else {}),
            **({"left_out": chosen.left_out} if chosen.left_out else {}),
            **(
                {"frequency_cap_ignored_because": new.cap_ignored_because}
                if new.cap_ignored_because
                else {}
            ),
            **({} if new.rule_id is None else {"rule": new.rule_id}),
            **(
                {}
                if new.experiment_id is None
                else {"experiment": new.experiment_id, "arm": new.arm}
            ),
        },
    )
    if new.experiment_id is None:  # its arms are asked for together
        approving.hold_if_many(connection, message_id, by=new.author)
    return message_id


def _choose(
    connection: Connection,
    message_id: int,
    new: NewMessage,
    prepared: preparing.Prepared | None,
) -> choosing.Chosen:
    """Write a frozen message's recipients, or count a live one's as they are now."""
    if prepared is not None:
        if not preparing.finish(connection, prepared.message_id):
            raise OutboxError(
                _("Writing the recipients took too long. Nothing was sent; try again.")
            )
        chosen = preparing.settled(connection, prepared, new.people)
    elif new.audience_mode is AudienceMode.LIVE:
        chosen = choosing.count(connection, new.people)
    else:
        chosen = choosing.write(connection, message_id, new.people)
    if chosen.recipients == 0 and new.rule_id is None:
        if chosen.left_out:
            rules = ", ".join(f"{people:,} by {rule}" for rule, people in chosen.left_out.items())
            raise OutboxError(_("Nobody may get it: all are left out ({rules}).", rules=rules))
        raise OutboxError(_("Nobody is chosen. Choose people on the Audience page first."))
    return chosen


def finish_draft(connection: Connection, draft_id: int | None) -> dict[str, Any] | None:
    """Take the draft away with what it became; a second click finds none and raises OutboxError.

    Returns it as `NewMessage.written_as` has it.
    """
    if draft_id is None:
        return None
    row = connection.execute(
        delete(models.drafts).where(models.drafts.c.id == draft_id).returning(models.drafts)
    ).one_or_none()
    if row is None:
        raise OutboxError(_("This draft was sent or discarded before. Nothing was sent twice."))
    kept = ("author", "content", "audience", "plan", "follows_message_id")
    return {name: row._mapping[name] for name in kept}


def _check_new(new: NewMessage, now: datetime) -> None:
    problems, scheduled_at = new.content.check(), new.scheduled_at
    if problems:
        raise OutboxError(_("Nothing was sent: {problem}", problem=problems[0].message))
    if scheduled_at is not None:
        if scheduled_at.tzinfo is None:
            raise OutboxError(
                _("{time} has no time zone. Add one, such as +03:00.", time=str(scheduled_at))
            )
        if scheduled_at <= now:
            raise OutboxError(
                _("{time} is in the past. Choose a later time.", time=scheduled_at.isoformat())
            )
    if new.audience_mode is AudienceMode.LIVE and (scheduled_at is None or new.cohort is None):
        raise OutboxError(
            _("Only a scheduled message to a filtered group can choose people later.")
        )


def finish_complete(connection: Connection, message_ids: list[int], *, now: datetime) -> list[int]:
    """End those of these sending messages whose every recipient has an outcome."""
    settled = sum((History.c[name] for name in COUNTERS.values()), start=literal(0))
    finished = connection.execute(
        update(History)
        .where(
            History.c.id.in_(message_ids),
            History.c.status == MessageStatus.SENDING,
            History.c.total_recipients == settled,
        )
        .values(status=MessageStatus.SENT, finished_at=now, sent_at=now, status_reason=None)
        .returning(History)
    ).all()
    for row in finished:
        _record_result(connection, row)
        events.message_finished(connection, row)
    return [row.id for row in finished]


def _record_result(connection: Connection, row: Row[Any]) -> None:
    scheduled = row.scheduled_at > row.created_at and row.take_back_until is None
    kind = "scheduled_message_sent" if scheduled else "message_send_production"
    if row.action == Action.TEST:
        kind = "message_send_test"
    audit.record(
        connection,
        actor="scheduler",
        action=kind,
        object_type="message",
        object_id=row.id,
        details={
            "author": row.author,
            "recipients": row.total_recipients,
            "group": row.recipient_group,
            "preview": row.message_text[:200],
            "result": row.status,
            "statistics": {status.value: getattr(row, name) for status, name in COUNTERS.items()},
            "seconds": (
                (row.finished_at - row.started_at).total_seconds() if row.started_at else None
            ),
        },
    )


def locked(
    connection: Connection, message_id: int, allowed: set[MessageStatus], action: str
) -> Row[Any]:
    """The message's row, locked. Raises OutboxError where its status does not allow `action`."""
    row = connection.execute(
        select(History).where(History.c.id == message_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise OutboxError(
            _("There is no message {number}. `hsl status` lists them.", number=str(message_id))
        )
    if preparing.is_going_on(connection, message_id):
        raise OutboxError(
            _(
                "Message {number} is just starting. Try again in a few seconds.",
                number=str(message_id),
            )
        )
    if row.status not in allowed:
        raise OutboxError(_refusal(row, allowed, action))
    if row.archived_at is not None:
        month = catalogue.month_of(row.started_at)
        raise OutboxError(
            _(
                "Message {number} is archived, so nothing about its recipients can change. Bring "
                "them back first: python -m hsl archive --restore {month}",
                number=str(message_id),
                month=month,
            )
        )
    return row


def _refusal(row: Row[Any], allowed: set[MessageStatus], action: str) -> str:
    """Why a message cannot be changed, and in which states it could be."""
    return _(
        VERBS.get(action, OTHERWISE),
        number=str(row.id),
        status=_(str(row.status)),
        wanted=", ".join(_(status) for status in sorted(allowed)),
    )


def set_status(
    connection: Connection,
    row: Row[Any],
    status: MessageStatus,
    reason: str | None,
    actor: str,
    action: str,
    **details: object,
) -> None:
    """Move the locked message to `status`, with its audit entry."""
    now_there = connection.execute(
        update(History)
        .where(History.c.id == row.id)
        .values(status=status, status_reason=reason)
        .returning(History)
    ).one()
    audit.record(
        connection,
        actor=actor,
        action=action,
        object_type="message",
        object_id=row.id,
        details={
            "before": row.status,
            "after": status,
            "sum": told.stored_sum(sums.counted_sums(connection, [now_there])[row.id]),
            **details,
        },
    )
    if status is MessageStatus.CANCELLED:
        events.message_finished(connection, now_there)
