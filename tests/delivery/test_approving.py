"""Four eyes: nobody is sent to, by any path, before a second person has approved what stands."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from hsl import acting, database, models
from hsl.acting import ROLES, Actor, NotAllowedError, Role
from hsl.delivery import (
    changes,
    deciding,
    outbox,
    pace,
    rescheduling,
    starting,
    steering,
    tick,
)
from hsl.message.content import Content
from hsl.models import AudienceMode, DeliveryStatus, MessageStatus, utc_now

BOT = 1
ANNA = Actor("anna", ROLES[Role.APPROVER], account_id=1)
BORIS = Actor("boris", ROLES[Role.APPROVER], account_id=2)
EDITOR = Actor("eva", ROLES[Role.EDITOR], account_id=3)
PEOPLE = select(models.users.c.user_id, models.users.c.username)


@pytest.fixture
def strict(engine: Engine, people: list[int]) -> Engine:
    """A database in which more than ten people need a second person; there are twenty."""
    return engine.execution_options(**{database.SECOND_APPROVER: 10})


def create(engine: Engine, **arguments: Any) -> int:
    new = outbox.NewMessage(
        **{
            "content": Content(text="Hello"),
            "people": PEOPLE,
            "author": "anna",
            "bot_id": BOT,
            "recipient_type": models.RecipientType.GROUP,
            **arguments,
        }
    )
    with acting.acting_as(ANNA):
        return outbox.create(engine, new)


def left(engine: Engine, *, after: timedelta = timedelta()) -> int:
    """Start what is due, and let leave who may; how many left."""
    starting.start_due(engine, now=utc_now() + after, resolve=lambda _chosen: PEOPLE)
    with engine.begin() as connection:
        rhythm = pace.Rhythm(rate=1000.0)
        gone = tick.depart(connection, worker="w", bot_id=BOT, rhythm=rhythm, horizon=5.0, most=100)
    return len(gone)


def status(engine: Engine, number: int) -> str:
    history = models.message_history.c
    with engine.begin() as connection:
        found = connection.execute(select(history.status).where(history.id == number))
        return str(found.scalar_one())


def approve(engine: Engine, number: int, actor: Actor = BORIS) -> None:
    with acting.acting_as(actor):
        deciding.approve(engine, number, actor=actor.name)


def test_it_waits_for_another_person_and_then_goes(strict: Engine) -> None:
    number = create(strict)
    assert (left(strict), status(strict, number)) == (0, "scheduled")
    assert [one.people for one in deciding.waiting(strict)] == [20]
    for actor, refusal in ((ANNA, outbox.OutboxError), (EDITOR, NotAllowedError)):
        with pytest.raises(refusal):
            approve(strict, number, actor)
    same = Actor("another name", ROLES[Role.ADMIN], account_id=1)
    with pytest.raises(outbox.OutboxError, match="another person than anna"):
        approve(strict, number, same)
    assert left(strict) == 0
    approve(strict, number)
    assert left(strict) > 0


def test_few_people_need_nobody(strict: Engine) -> None:
    create(strict, people=PEOPLE.where(models.users.c.user_id < 110))
    assert not deciding.waiting(strict)
    assert left(strict) == 10


def test_a_change_after_the_asking_is_asked_for_anew(strict: Engine) -> None:
    number = create(strict, scheduled_at=utc_now() + timedelta(hours=1))
    approve(strict, number)
    with acting.acting_as(BORIS):
        changes.edit(strict, number, Content(text="Other words"), actor="boris")
    with pytest.raises(outbox.OutboxError, match="another person than boris"):
        approve(strict, number)
    assert left(strict, after=timedelta(hours=1)) == 0
    approve(strict, number, ANNA)
    with acting.acting_as(ANNA):
        rescheduling.reschedule(strict, number, utc_now() + timedelta(minutes=5), actor="anna")
    assert left(strict, after=timedelta(hours=1)) == 0
    approve(strict, number)
    assert left(strict, after=timedelta(hours=1)) > 0


def test_what_was_changed_past_the_program_is_not_approved_and_does_not_start(
    strict: Engine,
) -> None:
    number = create(strict)
    forged = update(models.message_history).where(models.message_history.c.id == number)
    with strict.begin() as connection:
        connection.execute(forged.values(message_text="Buy"))
    with pytest.raises(outbox.OutboxError, match="not what was asked for"):
        approve(strict, number)
    with strict.begin() as connection:
        connection.execute(forged.values(message_text="Hello"))
    approve(strict, number)
    with strict.begin() as connection:
        connection.execute(forged.values(message_text="Buy"))
    assert left(strict) == 0
    assert [one.message_id for one in deciding.waiting(strict)] == [number]


def test_a_group_chosen_at_its_start_waits_where_it_has_grown(strict: Engine) -> None:
    some = PEOPLE.where(models.users.c.user_id < 105)
    number = create(
        strict,
        people=some,
        scheduled_at=utc_now() + timedelta(minutes=1),
        audience_mode=AudienceMode.LIVE,
        cohort={},
    )
    assert not deciding.waiting(strict)
    assert left(strict, after=timedelta(minutes=2)) == 0
    assert [one.people for one in deciding.waiting(strict)] == [20]
    approve(strict, number)
    assert left(strict, after=timedelta(minutes=2)) > 0


def test_rejected_it_is_a_draft_again_with_the_reason(strict: Engine) -> None:
    number = create(strict)
    with acting.acting_as(BORIS):
        with pytest.raises(outbox.OutboxError, match="Say why"):
            deciding.reject(strict, number, actor="boris", reason=" ")
        draft = deciding.reject(strict, number, actor="boris", reason="the wrong link")
    assert (left(strict), status(strict, number)) == (0, MessageStatus.CANCELLED)
    with strict.begin() as connection:
        made = connection.execute(select(models.drafts).where(models.drafts.c.id == draft)).one()
        message = connection.execute(
            select(models.message_history).where(models.message_history.c.id == number)
        ).one()
    assert (made.author, made.content["text"]) == ("anna", "Hello")
    assert message.status_reason == "Rejected by boris: the wrong link"
    assert message.cancelled_deliveries == 20


def test_trying_many_again_is_asked_for(strict: Engine) -> None:
    from hsl.delivery import again

    number = create(strict)
    approve(strict, number)
    left(strict)
    recipients, history = models.message_recipients, models.message_history
    with strict.begin() as connection:
        connection.execute(
            update(recipients)
            .where(recipients.c.message_id == number)
            .values(delivery_status=DeliveryStatus.FAILED, reason="blocked", lease_owner=None)
        )
        connection.execute(
            update(history)
            .where(history.c.id == number)
            .values(status=MessageStatus.SENT, failed_deliveries=20)
        )
        connection.execute(update(recipients).values(sending_at=utc_now() - timedelta(minutes=5)))
    with acting.acting_as(ANNA):
        assert again.retry_failed(strict, number, actor="anna", excluded=lambda _c: []) == 20
    assert left(strict) == 0
    with acting.acting_as(ANNA):
        steering.pause(strict, number, actor="anna")
        steering.resume(strict, number, actor="anna")
    assert left(strict) == 0
    approve(strict, number)
    assert left(strict) > 0


def test_each_decision_is_audited(strict: Engine) -> None:
    from hsl import audit

    first, second = create(strict), create(strict)
    approve(strict, first)
    with acting.acting_as(BORIS):
        deciding.reject(strict, second, actor="boris", reason="no")
    found = {entry.action: entry for entry in audit.entries(strict)[0]}
    assert found["approval_asked"].actor == "anna"
    assert found["approval_approved"].details["asked_by"] == "anna"
    assert found["approval_rejected"].details["reason"] == "no"
