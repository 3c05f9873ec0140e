"""The closing sum: what became of everybody that a message was meant for."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from hsl import models
from hsl.models import Action, DeliveryStatus
from hsl.words import N_, _

RATE_WINDOW = 10.0  # seconds
UNREADABLE = "archive_missing"  # the reason of those whose reasons no file of the archive tells
REASON_WORDS = {  # in English; `reason_words` says them to a reader
    "blocked": N_("blocked the bot"),
    "deactivated": N_("deactivated"),
    "never_started": N_("never started the bot"),
    "not_found": N_("not found"),
    "is_bot": N_("bots"),
    "kicked": N_("bot was removed"),
    "message_fault": N_("refused for the message itself"),
    "other": N_("refused for another reason"),
    "not_sent": N_("not sent before its message ended"),
    "no_answer": N_("no answer came"),
    "interrupted": N_("the sender was stopped"),
    "marked": N_("marked as delivered"),
    "no_such_message": N_("not in the chat any more"),
    "failed": N_("failed"),  # for any of these reasons
    UNREADABLE: N_("failed; the archive's file that says why cannot be read"),
}


def reason_words(reason: str) -> str:
    """A recipient's reason in the reader's language; one that is not known, as it is stored."""
    return _(REASON_WORDS.get(reason, reason))


@dataclass(frozen=True)
class Segment:
    """One term of a sum: `kind` is a delivery status, `words` say it to a person."""

    kind: str
    words: str
    people: int


@dataclass(frozen=True)
class ClosingSum:
    """chosen = sent + failed by reason + uncertain + cancelled + deleted + not tried.

    `whole` and `done` are the English words for the total and for `sent`, to be translated where
    they are shown: a run that deletes a message tells of chats, and of how many it was deleted
    from.
    """

    total: int = 0
    sent: int = 0
    failed_by_reason: dict[str, int] = field(default_factory=dict)
    uncertain: int = 0
    cancelled: int = 0
    deleted: int = 0
    in_flight: int = 0
    pending: int = 0
    whole: str = N_("chosen")
    done: str = N_("sent")

    @property
    def failed(self) -> int:
        """All that failed, whatever the reason."""
        return sum(self.failed_by_reason.values())

    @property
    def not_tried(self) -> int:
        """Those without an outcome yet: waiting, or on their way at this moment."""
        return self.pending + self.in_flight

    def of_action(self, action: Action) -> "ClosingSum":
        """The same in the words of a run that edits or deletes a message, where it is one."""
        if action is Action.EDIT:
            return replace(self, whole=N_("chats"), done=N_("edited"))
        if action is Action.DELETE:
            return replace(self, whole="chats", done=N_("deleted"))
        return self

    def in_short(self) -> "ClosingSum":
        """The same with all that failed as one term, whatever the reason."""
        return replace(self, failed_by_reason={"failed": self.failed} if self.failed else {})

    def segments(self) -> list[Segment]:
        """The sum's terms in order; those of nobody are left out."""
        failed = sorted(self.failed_by_reason.items(), key=lambda item: (-item[1], item[0]))
        found = [
            Segment("sent", _(self.done), self.sent),
            *(Segment("failed", reason_words(r), people) for r, people in failed),
            Segment("uncertain", _("uncertain"), self.uncertain),
            Segment("cancelled", _("cancelled"), self.cancelled),
            Segment("deleted", _("deleted"), self.deleted),
            Segment("pending", _("not tried yet"), self.not_tried),
        ]
        return [segment for segment in found if segment.people]

    def sentence(self) -> str:
        """Such as "1,204 chosen = 1,150 sent + 54 blocked the bot"."""
        terms = self.segments() or [Segment("sent", _(self.done), 0)]
        return equation(self.total, _(self.whole), [(term.people, term.words) for term in terms])


def equation(total: int, whole: str, terms: Sequence[tuple[int, str]]) -> str:
    """A sum of people and of what became of them, in words that are translated already."""
    said = [_("{people} {what}", people=people, what=what) for people, what in terms]
    return _("{total} {whole} = {terms}", total=total, whole=whole, terms=" + ".join(said))


def closing_sums(connection: Connection, message_ids: Sequence[int]) -> dict[int, ClosingSum]:
    """The closing sum of each of these messages, counted over their recipients in one query.

    Of an archived message, whose counters cannot change any more, it comes from these.
    """
    row, history = models.message_recipients.c, models.message_history
    archived = connection.execute(
        select(history).where(history.c.id.in_(message_ids), history.c.archived_at.is_not(None))
    ).all()
    if archived:
        of_archive = counted_sums(connection, archived)
        return of_archive | closing_sums(
            connection, [number for number in message_ids if number not in of_archive]
        )
    counted = connection.execute(
        select(row.message_id, row.delivery_status, row.reason, func.count().label("people"))
        .where(row.message_id.in_(message_ids))
        .group_by(row.message_id, row.delivery_status, row.reason)
    ).all()
    by_message: dict[int, dict[str, int]] = {number: {} for number in message_ids}
    reasons: dict[int, dict[str, int]] = {number: {} for number in message_ids}
    for line in counted:
        message_id, status, people = line.message_id, line.delivery_status, line.people
        reason = line.reason or "other"
        if status == DeliveryStatus.FAILED:
            named = reasons[message_id]
            named[reason] = named.get(reason, 0) + people
        else:
            found = by_message[message_id]
            found[status] = found.get(status, 0) + people
    return {
        number: ClosingSum(
            total=sum(found.values()) + sum(reasons[number].values()),
            sent=found.get(DeliveryStatus.SENT, 0),
            failed_by_reason=reasons[number],
            uncertain=found.get(DeliveryStatus.UNCERTAIN, 0),
            cancelled=found.get(DeliveryStatus.CANCELLED, 0),
            deleted=found.get(DeliveryStatus.DELETED, 0),
            in_flight=found.get(DeliveryStatus.SENDING, 0),
            pending=found.get(DeliveryStatus.PENDING, 0),
        )
        for number, found in by_message.items()
    }


def counted_sums(connection: Connection, messages: Sequence[Row[Any]]) -> dict[int, ClosingSum]:
    """The same from the counters of these rows of `message_history`, which equal the count.

    Only failed recipients are read, for their reasons, which of an archived message stand in its
    file; `in_flight` stands within `pending`.
    """
    row = models.message_recipients.c
    failed = [message for message in messages if message.failed_deliveries]
    archived = [message.id for message in failed if message.archived_at is not None]
    counted = connection.execute(
        select(row.message_id, row.reason, func.count().label("people"))
        .where(
            row.message_id.in_([m.id for m in failed if m.archived_at is None]),
            row.delivery_status == DeliveryStatus.FAILED,
        )
        .group_by(row.message_id, row.reason)
    ).all()
    reasons: dict[int, dict[str, int]] = {message.id: {} for message in messages}
    for line in counted:
        reasons[line.message_id][line.reason or "other"] = line.people
    in_files = _failed_in_files(connection, archived)
    for message in failed:
        if message.archived_at is not None:
            unknown = {UNREADABLE: message.failed_deliveries}
            reasons[message.id] = in_files.get(message.id, unknown)
    return {
        message.id: ClosingSum(
            total=message.total_recipients,
            sent=message.successful_deliveries,
            failed_by_reason=reasons[message.id],
            uncertain=message.uncertain_deliveries,
            cancelled=message.cancelled_deliveries,
            deleted=message.deleted_deliveries,
            pending=message.total_recipients
            - message.successful_deliveries
            - message.failed_deliveries
            - message.uncertain_deliveries
            - message.cancelled_deliveries
            - message.deleted_deliveries,
        )
        for message in messages
    }


def _failed_in_files(connection: Connection, archived: Sequence[int]) -> dict[int, dict[str, int]]:
    if not archived:
        return {}
    from hsl.archive import reading  # it brings DuckDB, which few messages need

    return reading.failed_by_reason(connection, archived)


def closing_sum(connection: Connection, message_id: int) -> ClosingSum:
    """One message's closing sum."""
    return closing_sums(connection, [message_id])[message_id]


def progress(connection: Connection, message_id: int) -> dict[str, float | None]:
    """How far a message is: `percent`, `rate` (outcomes a second lately) and `seconds_left`."""
    history, row = models.message_history.c, models.message_recipients.c
    message = connection.execute(
        select(models.message_history).where(history.id == message_id)
    ).one()
    closing = counted_sums(connection, [message])[message_id]
    since = models.utc_now() - timedelta(seconds=RATE_WINDOW)
    lately = connection.execute(
        select(func.count(), func.min(row.sending_at)).where(
            # The sum keeps SQLite from reading all of the message instead of the last seconds.
            row.message_id + 0 == message_id,
            row.sending_at > since,
            row.delivery_status != DeliveryStatus.SENDING,
        )
    ).one()
    counted, first = int(lately[0]), lately[1]
    span = max((models.utc_now() - first).total_seconds(), 1.0) if first else RATE_WINDOW
    rate = counted / span
    settled = closing.total - closing.not_tried
    return {
        "percent": 100.0 * settled / closing.total if closing.total else 0.0,
        "rate": round(rate, 2),
        "seconds_left": closing.not_tried / rate if rate else None,
    }
