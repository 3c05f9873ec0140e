"""One tick of a sender, in ONE transaction: record outcomes, take permits, write intents.

A row is sent only after the intent (`sending`) of exactly that row was committed by this worker. A
worker that dies leaves `sending` rows behind; `recover` makes them `uncertain`, as nobody knows
whether Telegram took them.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, exists, func, select, text, update

from hsl import audit, database, models
from hsl.delivery import approving, outbox, pace, queue, steering, trouble, withdrawing
from hsl.delivery import changes as changes_of_chats
from hsl.delivery.outcome import Outcome, Verdict
from hsl.delivery.quiet import QuietHours
from hsl.models import Action, DeliveryStatus, MessageStatus
from hsl.webhooks import events

History, Recipients = outbox.History, outbox.Recipients
People, Workers = models.users, models.workers
TRIED_AGAIN = {
    Verdict.NOT_SENT, Verdict.RATE_LIMITED, Verdict.BOT_FAULT, Verdict.PAID_REFUSED,
}  # fmt: skip
ALIKE_IN_A_ROW = 10  # unknown refusals with one description that stop a message
Clock = Callable[[], float]
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
WORKER_SILENT = 20.0  # seconds without a beat after which a worker counts as dead
_SENDING = select(
    History.c.id,
    History.c.action,
    History.c.total_recipients,
    History.c.keep_quiet,
    History.c.version,
).where(
    History.c.bot_id == bindparam("bot"),
    History.c.status == MessageStatus.SENDING,
    ~approving.is_open(),
)
# Written out, as a partial index is only for those who name its condition.
_IS_SENDING = Recipients.c.delivery_status == bindparam(
    "sending", DeliveryStatus.SENDING.value, literal_execute=True
)
# A mark that was set while a message was made is unknown to it. The column has another name here,
# as SQLAlchemy leaves out the tables' names in a RETURNING on SQLite, where one could not tell
# which user_id is meant.
_marked = select(models.suppressions.c.user_id.label("marked_id")).subquery("marked_people")
_IS_MARKED = exists(select(_marked.c.marked_id).where(_marked.c.marked_id == Recipients.c.user_id))
_HELD_SENDING = _SENDING.order_by(History.c.id).with_for_update()


@dataclass(frozen=True)
class Departure:
    """A recipient whose intent is written: send at `at` (of `steady_time`) or give back."""

    recipient_id: int
    message_id: int
    user_id: int
    at: float
    attempts: int
    person: dict[str, Any]
    telegram_message_id: int | None = None  # of the message in the chat that a run changes
    may_pay: bool = True  # false while Telegram takes no paid broadcast from this bot


@dataclass(frozen=True)
class Result:
    """What became of a departure; `personal`: the text was made for this person alone."""

    departure: Departure
    outcome: Outcome
    at: datetime
    personal: bool = False


def record(
    connection: Connection,
    results: Sequence[Result],
    *,
    worker: str,
    bot_id: int,
    rhythm: pace.Rhythm,
    clock: Clock | None = None,
) -> None:
    """Write outcomes down, with counters, reachability, pace and stops that follow from them."""
    if not results:
        return
    bot = pace.lock(connection, bot_id, rhythm)
    now = _read(clock, connection)
    messages = {result.departure.message_id for result in results}
    targets = _targets_of_deletions(connection, messages)
    statuses = _lock_messages(connection, messages | set(targets.values()))
    marked = _marked_meanwhile(connection, results)
    # By attempt too: an answer to the time before must not hide the one to this time.
    by_attempt = {(r.departure.recipient_id, r.departure.attempts): r for r in results}
    held = connection.execute(
        select(Recipients.c.id, Recipients.c.delivery_status, Recipients.c.attempts)
        .where(
            database.among(connection, Recipients.c.id, [key[0] for key in by_attempt]),
            Recipients.c.lease_owner == worker,
            # A row that was declared uncertain while its answer was on the way learns the truth.
            Recipients.c.delivery_status.in_([DeliveryStatus.SENDING, DeliveryStatus.UNCERTAIN]),
        )
        .order_by(Recipients.c.id)
        .with_for_update()
    ).all()
    changes: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rows: list[dict[str, Any]] = []
    gone: dict[int, list[int]] = defaultdict(list)
    for row in held:
        before, result = row.delivery_status, by_attempt.get((row.id, row.attempts))
        if result is None:
            continue  # a person has sent to them again, and this is the answer to the time before
        after = _status_after(result, statuses[result.departure.message_id])
        if after is DeliveryStatus.PENDING and row.id in marked:
            after = DeliveryStatus.CANCELLED
        rows.append(_recipient_values(result, after))
        if after is DeliveryStatus.SENT and result.departure.message_id in targets:
            gone[targets[result.departure.message_id]].append(result.departure.user_id)
        counters = changes[result.departure.message_id]
        if before in outbox.COUNTERS:
            counters[outbox.COUNTERS[before]] -= 1
        if after in outbox.COUNTERS:
            counters[outbox.COUNTERS[after]] += 1
    if rows:
        _write_outcomes(connection, rows)
    for message_id in sorted(changes):
        moved = {name: History.c[name] + by for name, by in changes[message_id].items() if by}
        if moved:
            connection.execute(update(History).where(History.c.id == message_id).values(moved))
    for target, user_ids in sorted(gone.items()):
        changes_of_chats.mark_deleted(connection, target, user_ids)
    _mark_reachability(connection, results)
    _act_on_faults(connection, bot, results, now)
    if any(result.outcome.verdict is Verdict.SENT for result in results):
        trouble.forget_looks(connection, bot)
    outbox.finish_complete(connection, sorted(messages), now=datetime.fromtimestamp(now, UTC))


def depart(
    connection: Connection,
    *,
    worker: str,
    bot_id: int,
    rhythm: pace.Rhythm,
    horizon: float,
    most: int,
    quiet: QuietHours | None = None,
    clock: Clock | None = None,
) -> list[Departure]:
    """Take permits for the coming `horizon` seconds and write the intents of those who leave.

    `clock` gives seconds since 1970; the database's, unless given. It is asked only when the bot's
    row is held: permits of a moment before a long wait for it would leave at once, beside those of
    another process.
    `quiet` holds for the messages that ask to be kept for the morning.
    """
    if most < 1 or connection.execute(_SENDING.limit(1), {"bot": bot_id}).first() is None:
        return []
    bot = pace.lock(connection, bot_id, rhythm)
    now, steady = _read(clock, connection), steady_time()
    messages = connection.execute(_HELD_SENDING, {"bot": bot_id}).all()
    permits = pace.permits(connection, bot, rhythm, now=now, horizon=horizon, most=most)
    if not permits:
        return []
    line = queue.Line(connection, datetime.fromtimestamp(now, UTC), quiet)
    chosen = line.next(messages, most=len(permits), turn=bot.departures)
    permits = permits[: len(chosen)]
    pace.use(connection, bot, rhythm, permits, now=now)
    if not chosen:
        return []
    taken = connection.execute(
        update(Recipients)
        .where(
            database.among(connection, Recipients.c.id, chosen),
            Recipients.c.delivery_status == DeliveryStatus.PENDING,
        )
        .values(
            delivery_status=DeliveryStatus.SENDING,
            lease_owner=worker,
            sending_at=datetime.fromtimestamp(now, UTC),
            attempts=Recipients.c.attempts + 1,
            version=case({row.id: row.version for row in messages}, value=Recipients.c.message_id),
        )
        .returning(
            Recipients.c.id,
            Recipients.c.message_id,
            Recipients.c.user_id,
            Recipients.c.attempts,
            Recipients.c.telegram_message_id,
            _IS_MARKED.label("marked"),
        )
    ).all()
    sends = {row.id for row in messages if row.action in models.SENDS}
    marked = [row for row in taken if row.marked and row.message_id in sends]
    if marked:
        withdrawing.take_back(connection, [row.id for row in marked], actor="scheduler")
        taken = [row for row in taken if row not in marked]
    found = connection.execute(
        select(People).where(
            database.among(connection, People.c.user_id, [row.user_id for row in taken])
        )
    )
    names = tuple(found.keys())
    people = {row.user_id: dict(zip(names, row, strict=True)) for row in found}
    return [
        Departure(
            row.id,
            row.message_id,
            row.user_id,
            steady + permit.at - now,
            row.attempts,
            people.get(row.user_id, {}),
            row.telegram_message_id,
            bot.may_pay(now),
        )
        for row, permit in zip(taken, permits, strict=False)
    ]


def give_back(
    connection: Connection, *, worker: str, bot_id: int, rhythm: pace.Rhythm, on_their_way: set[int]
) -> int:
    """Undo intents of this worker whose commit was not answered; return how many.

    What stands as `sending` for it and is not among `on_their_way` never left.
    """
    pace.lock(connection, bot_id, rhythm)
    mine = and_(_IS_SENDING, Recipients.c.lease_owner == worker)
    found = connection.execute(select(Recipients.c.id, Recipients.c.message_id).where(mine)).all()
    lost = {row.id: row.message_id for row in found if row.id not in on_their_way}
    statuses = _lock_messages(connection, set(lost.values()))
    ended = [i for i, m in lost.items() if statuses[m] == MessageStatus.CANCELLED]
    connection.execute(
        update(Recipients)
        .where(Recipients.c.id.in_(lost.keys() - set(ended)), _IS_SENDING)
        .values(delivery_status=DeliveryStatus.PENDING)
    )
    steering.cancel_rows(connection, ended, [lost[i] for i in ended])
    return len(lost)


def recover(connection: Connection, *, now: datetime, worker: str = "") -> int:
    """Make `uncertain` what dead workers left on its way; return how many.

    Whoever asks (`worker`) is alive, however long its machine slept.
    """
    alive = select(Workers.c.name).where(Workers.c.beat_at > now - timedelta(seconds=WORKER_SILENT))
    left = and_(
        _IS_SENDING, Recipients.c.lease_owner.not_in(alive), Recipients.c.lease_owner != worker
    )
    left_behind = connection.execute(
        select(Recipients.c.message_id, History.c.bot_id)
        .join(History, History.c.id == Recipients.c.message_id)
        .where(left)
        .distinct()
    ).all()
    messages = [row.message_id for row in left_behind]
    if not messages:
        return 0
    # In the house's order: a tick holds its bot while it locks messages one after the other.
    connection.execute(
        select(models.bot_pace.c.bot_id)
        .where(models.bot_pace.c.bot_id.in_({row.bot_id for row in left_behind}))
        .order_by(models.bot_pace.c.bot_id)
        .with_for_update()
    ).all()
    _lock_messages(connection, set(messages))
    lost = connection.execute(
        update(Recipients)
        .where(left, Recipients.c.message_id.in_(messages))
        .values(
            delivery_status=DeliveryStatus.UNCERTAIN,
            reason="interrupted",
            error_description="The sender stopped before Telegram's answer was recorded.",
        )
        .returning(Recipients.c.message_id)
    ).all()
    per_message: dict[int, int] = defaultdict(int)
    for row in lost:
        per_message[row.message_id] += 1
    if per_message:
        connection.execute(
            update(History)
            .where(History.c.id.in_(per_message))
            .values(
                uncertain_deliveries=History.c.uncertain_deliveries
                + case(per_message, value=History.c.id, else_=0)
            )
        )
        outbox.finish_complete(connection, sorted(per_message), now=now)
    return len(lost)


def steady_time() -> float:
    """Seconds of a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(_STEADY)


def _read(clock: Clock | None, connection: Connection) -> float:
    return clock() if clock is not None else database.now(connection).timestamp()


def _targets_of_deletions(connection: Connection, ids: set[int]) -> dict[int, int]:
    """For each of these that deletes another message from its chats, the other one's id."""
    rows = connection.execute(
        select(History.c.id, History.c.target_message_id).where(
            History.c.id.in_(ids), History.c.action == Action.DELETE
        )
    ).all()
    return {row.id: row.target_message_id for row in rows}


def _lock_messages(connection: Connection, ids: set[int]) -> dict[int, str]:
    rows = connection.execute(
        select(History.c.id, History.c.status)
        .where(History.c.id.in_(ids))
        .order_by(History.c.id)
        .with_for_update()
    ).all()
    return {row.id: row.status for row in rows}


def _marked_meanwhile(connection: Connection, results: Sequence[Result]) -> set[int]:
    """Of the recipients that would be tried again, those who must not be written to any more."""
    again = [result.departure for result in results if result.outcome.verdict in TRIED_AGAIN]
    if not again:
        return set()
    marks = models.suppressions.c.user_id
    rows = connection.execute(select(marks).where(marks.in_([d.user_id for d in again])))
    people = {row.user_id for row in rows}
    if not people:
        return set()
    sends = select(History.c.id).where(
        History.c.id.in_([d.message_id for d in again]), History.c.action.in_(models.SENDS)
    )
    messages = {row.id for row in connection.execute(sends)}
    return {d.recipient_id for d in again if d.user_id in people and d.message_id in messages}


_RECORDED = (
    "delivery_status",
    "reason",
    "error_code",
    "error_description",
    "telegram_message_id",
    "next_attempt_at",
    "sent_at",
)
NO_REASON = {DeliveryStatus.SENT, DeliveryStatus.CANCELLED}
_RECORD = (
    update(Recipients)
    .where(Recipients.c.id == bindparam("recipient"))
    .values({name: bindparam(name) for name in _RECORDED})
)
# PostgreSQL takes all of a tick's outcomes as arrays in one statement: a third of the time.
_RECORD_TOGETHER = text(
    f"UPDATE message_recipients AS r SET {', '.join(f'{name} = o.{name}' for name in _RECORDED)} "
    "FROM unnest(CAST(:recipient AS bigint[]), CAST(:delivery_status AS text[]), "
    "CAST(:reason AS text[]), CAST(:error_code AS integer[]), "
    "CAST(:error_description AS text[]), CAST(:telegram_message_id AS bigint[]), "
    "CAST(:next_attempt_at AS timestamptz[]), CAST(:sent_at AS timestamptz[])) "
    f"AS o(recipient, {', '.join(_RECORDED)}) WHERE r.id = o.recipient"
)


def _write_outcomes(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if connection.dialect.name == "postgresql":
        names = ("recipient", *_RECORDED)
        together = {name: [row[name] for row in rows] for name in names}
        connection.execute(_RECORD_TOGETHER, together)
    else:
        connection.execute(_RECORD, rows)


def _status_after(result: Result, message_status: str) -> DeliveryStatus:
    verdict = result.outcome.verdict
    if verdict is Verdict.SENT:
        return DeliveryStatus.SENT
    if verdict is Verdict.UNCERTAIN:
        return DeliveryStatus.UNCERTAIN
    if verdict in {Verdict.FAILED, Verdict.MESSAGE_FAULT, Verdict.MIGRATED}:
        return DeliveryStatus.FAILED
    if message_status == MessageStatus.CANCELLED:
        return DeliveryStatus.CANCELLED
    if message_status == MessageStatus.SENT:
        # It counted as uncertain meanwhile, and an ended message is never picked up again.
        return DeliveryStatus.FAILED
    return DeliveryStatus.PENDING


def _recipient_values(result: Result, after: DeliveryStatus) -> dict[str, Any]:
    outcome = result.outcome
    wait = None
    if after is DeliveryStatus.PENDING and outcome.verdict is Verdict.NOT_SENT:
        step = min(result.departure.attempts, len(queue.BACKOFF)) - 1
        wait = result.at + timedelta(seconds=queue.BACKOFF[max(step, 0)])
    waiting = after is DeliveryStatus.PENDING
    return {
        "recipient": result.departure.recipient_id,
        "delivery_status": after,
        "reason": None if waiting or after in NO_REASON else outcome.reason or "not_sent",
        "error_code": outcome.error_code,
        "error_description": outcome.description,
        "telegram_message_id": outcome.telegram_message_id or result.departure.telegram_message_id,
        "next_attempt_at": wait,
        "sent_at": result.at if after is DeliveryStatus.SENT else None,
    }


def _mark_reachability(connection: Connection, results: Sequence[Result]) -> None:
    lost: dict[str, list[int]] = defaultdict(list)
    for result in results:
        if result.outcome.unreachable and result.outcome.reason:
            lost[result.outcome.reason].append(result.departure.user_id)
    for reason, ids in sorted(lost.items()):
        connection.execute(
            update(People)
            .where(People.c.user_id.in_(ids))
            .values(
                unreachable_reason=reason,
                unreachable_since=func.coalesce(People.c.unreachable_since, models.utc_now()),
                updated_at=models.utc_now(),
            )
        )
    reached = [
        result.departure.user_id
        for result in results
        if result.outcome.verdict is Verdict.SENT
        and result.departure.person.get("unreachable_reason")
    ]
    if reached:
        connection.execute(
            update(People)
            .where(People.c.user_id.in_(reached), People.c.unreachable_reason.is_not(None))
            .values(unreachable_reason=None, unreachable_since=None, updated_at=models.utc_now())
        )


def _act_on_faults(
    connection: Connection, bot: pace.BotState, results: Sequence[Result], now: float
) -> None:
    for result in results:
        outcome = result.outcome
        if outcome.verdict is Verdict.RATE_LIMITED:
            pace.refused(connection, bot, retry_after=outcome.retry_after or 1.0, now=now)
        elif outcome.verdict is Verdict.NOT_SENT:
            pace.hold(connection, bot, seconds=pace.HOLD_OFFLINE, now=now)
        elif outcome.verdict is Verdict.PAID_REFUSED:
            pace.refuse_paid(connection, bot, outcome.description or "refused", now=now)
        elif outcome.verdict is Verdict.BOT_FAULT:
            trouble.begin(connection, bot, outcome)
        elif outcome.verdict is Verdict.MESSAGE_FAULT and not (
            result.personal and outcome.is_of_the_text
        ):
            stop_message(connection, result.departure.message_id, outcome.description or "")


def stop_message(connection: Connection, message_id: int, description: str) -> None:
    """Abort a message for a fault of its own; the rest of its people stay untried."""
    stopped = connection.execute(
        update(History)
        .where(History.c.id == message_id, History.c.status == MessageStatus.SENDING)
        .values(
            status=MessageStatus.FAILED,
            status_reason=f"Telegram refused the message: {description}",
            finished_at=models.utc_now(),
        )
        .returning(History)
    ).one_or_none()
    if stopped is not None:
        audit.record(
            connection,
            actor="scheduler",
            action="message_failed",
            object_type="message",
            object_id=message_id,
            details={"description": description},
        )
        events.message_finished(connection, stopped)
