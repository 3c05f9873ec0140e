"""The state machine against a model of what Telegram accepted, in orders of hypothesis's own."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, delete, event, insert, select, update

from hsl import dispatch, models
from hsl.delivery import changes, outbox, pace, starting, steering, sums, tick, trouble
from hsl.delivery.outcome import Outcome, Verdict, lost, never_left
from hsl.message.content import Content
from hsl.models import RecipientType

BOT = 1
FAST = pace.Rhythm(rate=10_000)
PEOPLE = range(1, 9)
BLOCKED = Outcome(Verdict.FAILED, "blocked", True, 403, "bot was blocked by the user")
SLOW_DOWN = Outcome(Verdict.RATE_LIMITED, retry_after=1.0)
BAD_TEXT = Outcome(Verdict.MESSAGE_FAULT, "message_fault", description="can't parse entities")
REVOKED = Outcome(Verdict.BOT_FAULT, "bot_fault", error_code=401, description="Unauthorized")
FAR = 10**8  # seconds
# What a request comes to, and whether Telegram took the message.
ANSWERS = {
    "accepted": (Outcome(Verdict.SENT, telegram_message_id=1), True),
    "accepted, answer lost": (lost("timeout"), True),
    "lost on the way": (lost("timeout"), False),
    "never left": (never_left("no connection"), False),
    "refused": (BLOCKED, False),
    "slow down": (SLOW_DOWN, False),
    "bad text": (BAD_TEXT, False),
    "revoked": (REVOKED, False),
}


class KilledError(Exception):
    """The process died between two statements."""


@dataclass
class Process:
    """A sender as it is in memory: what left, and what came back and is not recorded yet."""

    name: str
    in_flight: list[tick.Departure] = field(default_factory=list)
    results: list[tick.Result] = field(default_factory=list)
    in_doubt: bool = False  # the last commit was not answered

    @property
    def on_their_way(self) -> set[int]:
        back = {result.departure.recipient_id for result in self.results}
        return back | {departure.recipient_id for departure in self.in_flight}


@contextmanager
def dying(engine: Engine, at: int) -> Iterator[None]:
    """The process dies before the `at`-th statement from here on; never where that is 0."""
    counted = 0

    def maybe_die(*_: Any) -> None:
        nonlocal counted
        counted += 1
        if counted == at:
            raise KilledError

    event.listen(engine, "before_cursor_execute", maybe_die)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", maybe_die)


class Delivery(RuleBasedStateMachine):
    """Messages, senders that die at any statement, and people who change their minds."""

    engine: ClassVar[Engine]
    messages = Bundle("messages")

    def __init__(self) -> None:
        super().__init__()
        self.now = time.time()
        self.accepted: Counter[tuple[int, int]] = Counter()
        self.allowed: Counter[tuple[int, int]] = Counter()
        self.cancelled: set[int] = set()
        self.count = 0
        with self.engine.begin() as connection:
            for table in (
                models.message_recipients,
                models.message_history,
                models.message_versions,
                models.workers,
                models.bot_pace,
                models.users,
            ):
                connection.execute(delete(table))
            connection.execute(
                insert(models.users),
                [{"user_id": i, "attributes": {}, "updated_at": models.utc_now()} for i in PEOPLE],
            )
        self.processes = [self.begin(), self.begin()]

    def begin(self) -> Process:
        self.count += 1
        name = f"w{self.count}"
        with self.engine.begin() as connection:
            connection.execute(
                insert(models.workers).values(
                    name=name,
                    kind="scheduler",
                    host="here",
                    pid=1,
                    started_at=self.moment(),
                    beat_at=datetime.fromtimestamp(self.now + FAR, UTC),
                )
            )
        return Process(name)

    def clock(self) -> float:
        return self.now

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)

    @rule(target=messages, people=st.sets(st.sampled_from(list(PEOPLE)), min_size=1))
    def create(self, people: set[int]) -> int:
        users = models.users
        number = outbox.create(
            self.engine,
            outbox.NewMessage(
                content=Content(text="Hello"),
                people=select(users.c.user_id, users.c.username).where(users.c.user_id.in_(people)),
                author="anna",
                bot_id=BOT,
                recipient_type=RecipientType.GROUP,
            ),
        )
        for person in people:
            self.allowed[(number, person)] = 1
        return number

    @rule()
    def start(self) -> None:
        self.now += 1
        starting.start_due(self.engine, now=self.moment(), resolve=no_live_audience)

    @rule()
    def start_late(self) -> None:
        """Nothing ran for two hours: what has not started is too late by now, and asks."""
        self.now += 7200
        starting.start_due(self.engine, now=self.moment(), resolve=no_live_audience)

    @rule(
        which=st.integers(0, 1),
        most=st.integers(1, 5),
        dies_at=st.integers(0, 40),
        answered=st.booleans(),
    )
    def tick(self, which: int, most: int, dies_at: int, answered: bool) -> None:
        """Record and depart in one transaction; the process may die before its n-th statement.

        Its commit may also succeed without the process learning of it.
        """
        self.now += 2
        process = self.processes[which]
        results, process.results = process.results, []
        on_their_way = process.on_their_way | {r.departure.recipient_id for r in results}
        try:
            with dying(self.engine, dies_at), self.engine.begin() as connection:
                if process.in_doubt:
                    tick.give_back(
                        connection,
                        worker=process.name,
                        bot_id=BOT,
                        rhythm=FAST,
                        on_their_way=on_their_way,
                    )
                tick.record(
                    connection,
                    results,
                    worker=process.name,
                    bot_id=BOT,
                    rhythm=FAST,
                    clock=self.clock,
                )
                departures = tick.depart(
                    connection,
                    worker=process.name,
                    bot_id=BOT,
                    rhythm=FAST,
                    clock=self.clock,
                    horizon=0.1,
                    most=most,
                )
        except KilledError:
            self.die(which)
            return
        process.in_doubt = not answered
        if not answered:
            process.results = results
            return
        for departure in departures:
            assert departure.message_id not in self.cancelled
        process.in_flight += departures

    @rule(which=st.integers(0, 1), answer=st.sampled_from(sorted(ANSWERS)))
    def answer(self, which: int, answer: str) -> None:
        process = self.processes[which]
        if not process.in_flight:
            return
        departure = process.in_flight.pop(0)
        outcome, taken = ANSWERS[answer]
        self.accepted[(departure.message_id, departure.user_id)] += taken
        process.results.append(tick.Result(departure, outcome, models.utc_now()))

    @rule(which=st.integers(0, 1), arrived=st.booleans())
    def kill(self, which: int, arrived: bool) -> None:
        """The process dies; what it had sent may have arrived all the same."""
        for departure in self.processes[which].in_flight:
            self.accepted[(departure.message_id, departure.user_id)] += arrived
        self.die(which)

    def die(self, which: int) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                update(models.workers)
                .where(models.workers.c.name == self.processes[which].name)
                .values(beat_at=datetime.fromtimestamp(self.now - 10_000, UTC))
            )
        self.processes[which] = self.begin()

    @rule(which=st.integers(0, 1), silent=st.booleans())
    def fall_silent(self, which: int, silent: bool) -> None:
        """The process hangs, so that its heartbeat stops, or wakes up again."""
        beat = self.now + (-10_000 if silent else FAR)
        with self.engine.begin() as connection:
            connection.execute(
                update(models.workers)
                .where(models.workers.c.name == self.processes[which].name)
                .values(beat_at=datetime.fromtimestamp(beat, UTC))
            )

    @rule()
    def recover(self) -> None:
        with self.engine.begin() as connection:
            tick.recover(connection, now=self.moment())

    @rule(message=messages, dies_at=st.integers(0, 12))
    def pause(self, message: int, dies_at: int) -> None:
        self.try_to(lambda: steering.pause(self.engine, message, actor="anna"), dies_at)

    @rule(message=messages, dies_at=st.integers(0, 12))
    def resume(self, message: int, dies_at: int) -> None:
        self.try_to(lambda: steering.resume(self.engine, message, actor="anna"), dies_at)

    @rule(message=messages, dies_at=st.integers(0, 12))
    def cancel(self, message: int, dies_at: int) -> None:
        self.try_to(lambda: steering.cancel(self.engine, message, actor="anna"), dies_at)
        # It may have died between saying so and settling everybody.
        with self.engine.begin() as connection:
            history = models.message_history.c
            found = connection.execute(select(history.id).where(history.status == "cancelled"))
            self.cancelled |= {row.id for row in found}

    @rule()
    def settle_cancelled(self) -> None:
        steering.settle_cancelled(self.engine)

    @rule(message=messages, dies_at=st.integers(0, 12))
    def retry(self, message: int, dies_at: int) -> None:
        self.try_to(lambda: dispatch.retry_failed(self.engine, message, actor="anna"), dies_at)

    @rule(message=messages, dies_at=st.integers(0, 12))
    def mark_delivered(self, message: int, dies_at: int) -> None:
        self.try_to(lambda: steering.mark_delivered(self.engine, message, actor="anna"), dies_at)

    @rule(message=messages, dies_at=st.integers(0, 12))
    def send_again(self, message: int, dies_at: int) -> None:
        uncertain = [row.user_id for row in self.rows() if row[:2] == (message, "uncertain")]
        if self.try_to(lambda: dispatch.send_again(self.engine, message, actor="anna"), dies_at):
            for person in uncertain:
                self.allowed[(message, person)] += 1

    @rule(message=messages, dies_at=st.integers(0, 12))
    def edit(self, message: int, dies_at: int) -> None:
        new = Content(text="Hello again")
        self.try_to(lambda: changes.edit(self.engine, message, new, actor="anna"), dies_at)

    @rule(target=messages, message=messages, deleting=st.booleans(), dies_at=st.integers(0, 12))
    def change_in_chats(self, message: int, deleting: bool, dies_at: int) -> Any:
        new, runs = Content(text="Another text"), []

        def run() -> None:
            if deleting:
                runs.append(changes.delete_sent(self.engine, message, actor="anna"))
            else:
                runs.append(changes.edit_sent(self.engine, message, new, actor="anna"))

        if not self.try_to(run, dies_at):
            return multiple()
        for row in self.rows():
            if row.message_id == runs[0]:
                self.allowed[(runs[0], row.user_id)] = 1
        return runs[0]

    @rule()
    def bot_works_again(self) -> None:
        with self.engine.begin() as connection:
            trouble.end(connection, BOT)

    def try_to(self, change: Any, dies_at: int) -> bool:
        try:
            with dying(self.engine, dies_at):
                change()
        except (outbox.OutboxError, KilledError):
            return False
        return True

    def rows(self) -> list[Any]:
        table = models.message_recipients.c
        with self.engine.begin() as connection:
            return list(
                connection.execute(
                    select(table.message_id, table.delivery_status, table.user_id)
                ).all()
            )

    @invariant()
    def nobody_got_it_twice(self) -> None:
        for key, times in self.accepted.items():
            assert times <= self.allowed[key]

    @invariant()
    def counters_equal_a_count_and_add_up(self) -> None:
        with self.engine.begin() as connection:
            messages = connection.execute(select(models.message_history)).all()
            counted = sums.closing_sums(connection, [row.id for row in messages])
        for row in messages:
            closing = counted[row.id]
            assert closing.total == row.total_recipients
            assert closing.sent == row.successful_deliveries
            assert closing.failed == row.failed_deliveries
            assert closing.uncertain == row.uncertain_deliveries
            assert closing.cancelled == row.cancelled_deliveries
            assert closing.deleted == row.deleted_deliveries
            if row.status == "sent":
                assert closing.not_tried == 0

    @invariant()
    def whoever_is_on_the_way_has_somebody_who_knows(self) -> None:
        table = models.message_recipients.c
        with self.engine.begin() as connection:
            rows = connection.execute(
                select(table.id, table.lease_owner).where(table.delivery_status == "sending")
            ).all()
        for process in self.processes:
            mine = {row.id for row in rows if row.lease_owner == process.name}
            assert process.in_doubt or mine <= process.on_their_way

    @invariant()
    def who_counts_as_never_tried_did_not_get_it(self) -> None:
        for message, status, person in self.rows():
            if status in {"pending", "failed", "cancelled"} and self.allowed[(message, person)] < 2:
                assert self.accepted[(message, person)] == 0


def no_live_audience(_cohort: Any) -> Any:
    raise AssertionError("no message here has a live audience")


def test_no_order_of_events_doubles_or_loses_anybody(engine: Engine) -> None:
    machine = type("DeliveryHere", (Delivery,), {"engine": engine})
    examples = 60 if engine.dialect.name == "sqlite" else 25
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


@pytest.mark.slow
def test_no_order_of_events_in_many_examples(engine: Engine) -> None:
    machine = type("DeliveryHere", (Delivery,), {"engine": engine})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=600,
            stateful_step_count=80,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
