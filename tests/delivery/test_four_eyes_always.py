"""Whatever approvers do with messages to many, in any order, no path sends without a second one."""

import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, insert, select, update

from hsl import acting, database, models
from hsl.acting import ROLES, Actor, Role
from hsl.delivery import (
    again,
    changes,
    deciding,
    outbox,
    pace,
    rescheduling,
    starting,
    steering,
    tick,
)
from hsl.errors import PlainError
from hsl.message.content import Content
from hsl.models import AudienceMode, DeliveryStatus, RecipientType, utc_now

BOT, MANY = 1, 3
PEOPLE = select(models.users.c.user_id, models.users.c.username)
ACTORS = [Actor(name, ROLES[Role.APPROVER], account_id=i) for i, name in enumerate("ab")]
History, Recipients, Approvals = (
    models.message_history,
    models.message_recipients,
    models.approvals,
)
who = st.sampled_from(ACTORS)
which = st.integers(1, 3)
words = st.sampled_from(["one", "two"])


def machine(template: Path) -> type[RuleBasedStateMachine]:
    class FourEyes(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.folder = tempfile.TemporaryDirectory()
            path = Path(self.folder.name) / "hsl.db"
            shutil.copyfile(template, path)
            self.engine = database.open_engine(f"sqlite:///{path}", second_approver_over=MANY)
            now = utc_now()
            with self.engine.begin() as connection:
                connection.execute(
                    insert(models.users),
                    [{"user_id": i, "attributes": {}, "updated_at": now} for i in range(1, 7)],
                )

            # One that was approved, went, failed for all, and is to be tried again.
            self.create(ACTORS[0], "one", live=False, later=False)
            self.approve(ACTORS[1], 1)
            self.work(DeliveryStatus.FAILED)
            self.retry(ACTORS[0], 1)

        def teardown(self) -> None:
            self.engine.dispose()
            self.folder.cleanup()

        def attempt(
            self, actor: Actor, deed: Callable[..., Any], *given: Any, **named: Any
        ) -> None:
            with acting.acting_as(actor):
                try:
                    deed(self.engine, *given, **named, actor=actor.name)
                except PlainError:
                    return

        @rule(actor=who, text=words, live=st.booleans(), later=st.booleans())
        def create(self, actor: Actor, text: str, live: bool, later: bool) -> None:
            new = outbox.NewMessage(
                content=Content(text=text),
                people=PEOPLE.where(models.users.c.user_id < 3) if live else PEOPLE,
                author=actor.name,
                bot_id=BOT,
                recipient_type=RecipientType.GROUP,
                scheduled_at=utc_now() + timedelta(minutes=1) if live or later else None,
                audience_mode=AudienceMode.LIVE if live else AudienceMode.FROZEN,
                cohort={} if live else None,
            )
            with acting.acting_as(actor):
                outbox.create(self.engine, new)

        @rule(actor=who, number=which, text=words)
        def edit(self, actor: Actor, number: int, text: str) -> None:
            self.attempt(actor, changes.edit, number, Content(text=text))

        @rule(actor=who, number=which)
        def move(self, actor: Actor, number: int) -> None:
            then = utc_now() + timedelta(minutes=2)
            self.attempt(actor, rescheduling.reschedule, number, then)

        @rule(actor=who, number=which, deed=st.sampled_from([steering.pause, steering.resume]))
        def steer(self, actor: Actor, number: int, deed: Callable[..., Any]) -> None:
            self.attempt(actor, deed, number)

        @rule(actor=who, number=which)
        def retry(self, actor: Actor, number: int) -> None:
            self.attempt(actor, again.retry_failed, number, excluded=lambda _connection: [])

        @rule(actor=who, number=which)
        def send_again(self, actor: Actor, number: int) -> None:
            self.attempt(actor, again.send_again, number, excluded=lambda _connection: [])

        @rule(actor=who, number=which)
        def approve(self, actor: Actor, number: int) -> None:
            self.attempt(actor, deciding.approve, number)

        @rule(actor=who, number=which)
        def reject(self, actor: Actor, number: int) -> None:
            self.attempt(actor, deciding.reject, number, reason="no")

        @rule(outcome=st.sampled_from([DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN]))
        def work(self, outcome: DeliveryStatus) -> None:
            """Everything that a scheduler does, later; each departure was approved as it stands."""
            later = utc_now() + timedelta(minutes=5)
            starting.start_due(self.engine, now=later, resolve=lambda _chosen: PEOPLE)
            with self.engine.begin() as connection:
                gone = tick.depart(
                    connection, worker="w", bot_id=BOT, rhythm=pace.Rhythm(rate=1000.0),
                    horizon=5.0, most=100,
                )  # fmt: skip
            for number in {one.message_id for one in gone}:
                self.approved(number)
            self.end(outcome)

        def approved(self, number: int) -> None:
            with self.engine.begin() as connection:
                row = connection.execute(select(History).where(History.c.id == number)).one()
                last = connection.execute(
                    select(Approvals)
                    .where(Approvals.c.message_id == number)
                    .order_by(Approvals.c.id.desc())
                ).first()
            if row.total_recipients <= MANY:
                return
            assert last is not None, "nobody was asked"
            assert last.decision == "approved"
            assert last.decided_by != last.asked_by

        def end(self, outcome: DeliveryStatus) -> None:
            """Give everybody on the way this outcome, and let the next minute begin."""
            counter = models.COUNTERS[outcome]
            with self.engine.begin() as connection:
                on_way = Recipients.c.delivery_status == DeliveryStatus.SENDING
                found = connection.execute(
                    select(Recipients.c.message_id, func.count().label("people"))
                    .where(on_way)
                    .group_by(Recipients.c.message_id)
                ).all()
                connection.execute(
                    update(Recipients)
                    .where(on_way)
                    .values(delivery_status=outcome, sending_at=None, lease_owner=None)
                )
                for row in found:
                    connection.execute(
                        update(History)
                        .where(History.c.id == row.message_id)
                        .values({counter: History.c[counter] + row.people})
                    )
                outbox.finish_complete(connection, [row.message_id for row in found], now=utc_now())

        @invariant()
        def whoever_decided_is_another(self) -> None:
            with self.engine.begin() as connection:
                rows = connection.execute(select(Approvals)).all()
            assert all(row.decided_by != row.asked_by for row in rows)

    return FourEyes


def test_no_path_sends_without_the_second_person(migrated_file: Path) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine(migrated_file),
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            phases=[Phase.generate],  # a failure tells its steps; making them fewer takes long
            suppress_health_check=list(HealthCheck),
        ),
    )
