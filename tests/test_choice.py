"""Who may get a message is asked in the transaction that writes the recipients, not before it."""

import threading
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Select, select, text, update

from hsl import audit, choice, dispatch, equality, models
from hsl.archive import storing
from hsl.audience import policy, segments
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import again, outbox, preparing, starting, tick
from hsl.message.content import Content
from hsl.models import AudienceMode, MessageStatus, RecipientType, utc_now
from tests.delivery.arena import wait_until
from tests.test_policy import (
    EVERYBODY,
    mark,
    message,
    past_message,
    put,
    recipients,
    send,
    settings,
)


def old_message(engine: Engine, people: list[int]) -> Audience:
    """A message of long ago; the audience of those who missed it."""
    number = past_message(engine, dict.fromkeys(people, "sent"), days_ago=90)
    history = models.message_history
    with engine.begin() as connection:
        connection.execute(
            update(history)
            .where(history.c.id == number)
            .values(
                successful_deliveries=len(people),
                finished_at=utc_now() - timedelta(days=89),
            )
        )
    past_message(engine, {people[0]: "sent"})  # the newest stays on SQLite
    return Audience(include=(Cohort(everyone=True),), exclude=(Cohort(got_message=number),))


def messages(engine: Engine) -> int:
    with engine.begin() as connection:
        return len(connection.execute(select(models.message_history.c.id)).all())


def test_an_archive_run_between_the_look_and_the_message_is_noticed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(engine, [1, 2, 3])
    missed = old_message(engine, [1, 2])
    create, before = outbox.create, messages(engine)

    def late(*found: Any, **named: Any) -> int:
        storing.archive(engine, utc_now(), actor="anna")
        return create(*found, **named)

    monkeypatch.setattr(outbox, "create", late)
    with pytest.raises(outbox.OutboxError, match="is archived"):
        send(engine, audience=missed)
    assert messages(engine) == before


@pytest.mark.parametrize("is_large", [False, True])
def test_an_archive_run_between_two_statements_is_noticed(
    engine: Engine, is_large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("a transaction of SQLite's sees one moment")
    put(engine, [1, 2, 3])
    missed = old_message(engine, [1, 2])
    before, runs = messages(engine), []

    class Late(choice.Choice):
        def people(self, connection: Connection) -> Select[Any]:
            found = super().people(connection)
            if not runs:
                runs.append(storing.archive(engine, utc_now(), actor="anna"))
            return found

    monkeypatch.setattr(outbox, "is_large", lambda *_: is_large)
    with pytest.raises(outbox.OutboxError, match="is archived"):
        outbox.create(
            engine,
            outbox.NewMessage(
                content=Content(text="Hi"),
                people=Late(settings(), missed),
                author="anna",
                bot_id=1,
                recipient_type=RecipientType.GROUP,
            ),
        )
    assert len(runs) == 1
    assert messages(engine) == before


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "LARGE", 5)
    monkeypatch.setattr(preparing, "AT_ONCE", 3)


def starter(cap: str = "") -> Callable[[Any], choice.Choice]:
    return lambda chosen: choice.Choice(settings(cap), Audience.model_validate(chosen))


def meanwhile(monkeypatch: pytest.MonkeyPatch, what: Callable[[], object]) -> None:
    """Do it once, between the first two steps in which a large message's recipients are written."""
    left = [what]

    def then(_seconds: float) -> None:
        if left:
            left.pop()()

    monkeypatch.setattr(preparing, "time", SimpleNamespace(sleep=then))


@pytest.mark.usefixtures("small_steps")
def test_two_large_messages_at_once_see_each_other(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(engine, list(range(1, 21)))
    half = Audience(include=(Cohort(user_ids=tuple(range(1, 11))),))
    other: list[int] = []
    meanwhile(monkeypatch, lambda: other.append(send(engine, "1/7d", half)))
    number = send(engine, "1/7d")
    assert recipients(engine, other[0]) == list(range(1, 11))
    assert recipients(engine, number) == list(range(11, 21))
    found = message(engine, number)
    assert (found.total_recipients, found.left_out) == (10, {policy.CAPPED: 10})


@pytest.mark.usefixtures("small_steps")
def test_a_large_message_sees_who_is_tried_again_meanwhile(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(engine, list(range(1, 21)))
    failed = past_message(engine, {1: "failed", 2: "failed"}, days_ago=3)
    history = models.message_history
    with engine.begin() as connection:
        connection.execute(
            update(history)
            .where(history.c.id == failed)
            .values(created_at=utc_now() - timedelta(days=3), failed_deliveries=2)
        )
    meanwhile(monkeypatch, lambda: dispatch.retry_failed(engine, failed, actor="anna"))
    number = send(engine, "1/7d")
    assert recipients(engine, number) == list(range(3, 21))


@pytest.mark.usefixtures("small_steps")
def test_a_large_message_that_starts_sees_one_that_was_made_meanwhile(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(engine, list(range(1, 21)))
    at = utc_now() + timedelta(minutes=1)
    live = send(engine, "1/7d", scheduled_at=at, audience_mode=AudienceMode.LIVE)
    few = Audience(include=(Cohort(user_ids=(1, 2)),))
    made: list[int] = []
    meanwhile(monkeypatch, lambda: made.append(send(engine, "1/7d", few)))
    later = at + timedelta(seconds=1)
    assert live in starting.start_due(engine, now=later, resolve=starter("1/7d"))
    assert recipients(engine, made[0]) == [1, 2]
    assert recipients(engine, live) == list(range(3, 21))
    assert message(engine, live).left_out == {policy.CAPPED: 2}


@pytest.mark.usefixtures("small_steps")
def test_a_mark_while_a_large_message_starts_leaves_all_its_counters_true(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(engine, list(range(1, 21)))
    at = utc_now() + timedelta(minutes=1)
    live = send(engine, scheduled_at=at, audience_mode=AudienceMode.LIVE)
    meanwhile(monkeypatch, lambda: dispatch.suppress(engine, [1, 2], reason="asked", actor="anna"))
    assert starting.start_due(engine, now=at + timedelta(seconds=1), resolve=starter()) == [live]
    found = message(engine, live)
    assert (found.status, found.total_recipients, found.cancelled_deliveries) == ("sending", 18, 0)
    assert recipients(engine, live) == list(range(3, 21))
    assert found.left_out == {models.DO_NOT_MESSAGE: 2}
    assert equality.compare(engine).unequal == ()


@pytest.mark.usefixtures("small_steps")
def test_a_large_message_that_the_cap_empties_is_over(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(engine, list(range(1, 21)))
    at = utc_now() + timedelta(minutes=1)
    live = send(engine, "1/7d", scheduled_at=at, audience_mode=AudienceMode.LIVE)
    few = Audience(include=(Cohort(user_ids=tuple(range(1, 5))),))
    meanwhile(monkeypatch, lambda: [send(engine, audience=EVERYBODY)])
    assert send(engine, audience=few)
    later = at + timedelta(seconds=1)
    assert live in starting.start_due(engine, now=later, resolve=starter("1/7d"))
    found = message(engine, live)
    assert (found.status, found.total_recipients) == ("sent", 0)


def test_a_mark_leaves_an_archived_message_as_it_is_in_its_file(engine: Engine) -> None:
    put(engine, [1, 2])
    number = past_message(engine, {1: "pending", 2: "sent"}, days_ago=90)
    with engine.begin() as connection:
        history = models.message_history
        connection.execute(
            update(history).where(history.c.id == number).values(archived_at=utc_now())
        )
    dispatch.suppress(engine, [1], reason="asked", actor="anna")
    assert message(engine, number).cancelled_deliveries == 0


@pytest.mark.usefixtures("small_steps")
def test_a_list_that_comes_while_a_large_message_is_written_holds(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(engine, list(range(1, 21)))

    def add_list() -> None:
        staff = Cohort(user_ids=(3, 4))
        segments.add(engine, name="Staff", owner="anna", cohort=staff, is_exclusion=True)

    meanwhile(monkeypatch, add_list)
    number = send(engine)
    assert recipients(engine, number) == [1, 2, *range(5, 21)]
    assert message(engine, number).left_out == {"list: Staff": 2}


def test_two_messages_under_one_cap_are_made_one_after_the_other(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("transactions of SQLite's are one after the other")
    put(engine, [1, 2, 3])
    refused: list[str] = []

    def second() -> None:
        try:
            send(engine, "1/7d")
        except outbox.OutboxError as fault:
            refused.append(str(fault))

    def it_waits() -> bool:
        sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        with engine.begin() as connection:
            return bool(connection.execute(text(sql)).scalar_one())

    thread = threading.Thread(target=second)
    with engine.begin() as connection:
        outbox.add(
            connection,
            outbox.NewMessage(
                content=Content(text="First"),
                people=choice.Choice(settings("1/7d"), EVERYBODY),
                author="anna",
                bot_id=1,
                recipient_type=RecipientType.GROUP,
            ),
        )
        thread.start()
        wait_until(lambda: it_waits() or not thread.is_alive(), "the second waits", patience=90)
    thread.join()
    assert refused == ["Nobody may get it: all are left out (3 by cap)."]


def test_who_is_on_a_list_is_not_tried_again(engine: Engine) -> None:
    put(engine, [1, 2])
    failed = past_message(engine, {1: "failed", 2: "failed"})
    lost = past_message(engine, {1: "uncertain", 2: "uncertain"})
    history = models.message_history
    with engine.begin() as connection:
        for number, column in ((failed, "failed_deliveries"), (lost, "uncertain_deliveries")):
            connection.execute(update(history).where(history.c.id == number).values({column: 2}))
    staff = Cohort(user_ids=(1,))
    segments.add(engine, name="Staff", owner="anna", cohort=staff, is_exclusion=True)
    assert dispatch.retry_failed(engine, failed, actor="anna") == 1
    assert dispatch.send_again(engine, lost, actor="anna") == 1
    rows = models.message_recipients.c
    with engine.begin() as connection:
        found = connection.execute(select(rows.user_id, rows.delivery_status)).all()
    assert sorted((row.user_id, row.delivery_status) for row in found) == [
        (1, "failed"), (1, "uncertain"), (2, "pending"), (2, "pending"),
    ]  # fmt: skip


def stopped_message(engine: Engine, outcomes: dict[int, str]) -> int:
    """A message that Telegram refused: some failed, some are lost, the others wait."""
    number = past_message(engine, outcomes, status=MessageStatus.FAILED)
    history, found = models.message_history, list(outcomes.values())
    with engine.begin() as connection:
        connection.execute(
            update(history)
            .where(history.c.id == number)
            .values(
                failed_deliveries=found.count("failed"),
                uncertain_deliveries=found.count("uncertain"),
            )
        )
    return number


def states(engine: Engine, number: int) -> dict[int, tuple[str, str | None]]:
    rows = models.message_recipients.c
    with engine.begin() as connection:
        found = connection.execute(
            select(rows.user_id, rows.delivery_status, rows.reason).where(rows.message_id == number)
        ).all()
    return {row.user_id: (row.delivery_status, row.reason) for row in found}


def add_staff(engine: Engine, *ids: int) -> None:
    staff = Cohort(user_ids=ids)
    segments.add(engine, name="Staff", owner="anna", cohort=staff, is_exclusion=True)


@pytest.mark.parametrize(
    ("tried", "once_more"), [("failed", dispatch.retry_failed), ("uncertain", dispatch.send_again)]
)
@pytest.mark.parametrize("at_once", [1, 100])
def test_the_rest_of_a_failed_message_goes_to_nobody_on_a_list(
    engine: Engine,
    tried: str,
    once_more: Callable[..., int],
    at_once: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preparing, "AT_ONCE", at_once)
    put(engine, [1, 2, 3, 4, 5])
    number = stopped_message(engine, {1: tried, 2: tried, 3: "pending", 4: "pending", 5: "pending"})
    add_staff(engine, 1, 3, 4)
    assert once_more(engine, number, actor="anna") == 1
    assert states(engine, number) == {
        1: (tried, None),
        2: ("pending", None),
        3: ("cancelled", "list: Staff"),
        4: ("cancelled", "list: Staff"),
        5: ("pending", None),
    }
    found = message(engine, number)
    assert (found.status, found.cancelled_deliveries) == (MessageStatus.SENDING, 2)
    entries, _ = audit.entries(engine, action="message_withdrawn")
    assert sum(entry.details["people"] for entry in entries) == 2
    assert {entry.details["reason"] for entry in entries} == {"list: Staff"}


def test_a_failed_message_whose_rest_is_on_a_list_ends(engine: Engine) -> None:
    put(engine, [1, 2])
    number = stopped_message(engine, {1: "pending", 2: "pending"})
    add_staff(engine, 1, 2)
    assert dispatch.retry_failed(engine, number, actor="anna") == 0
    found = message(engine, number)
    assert (found.status, found.cancelled_deliveries) == (MessageStatus.SENT, 2)


def test_nothing_is_cancelled_where_nobody_is_sent_to_again(engine: Engine) -> None:
    put(engine, [1, 2])
    number = stopped_message(engine, {1: "uncertain", 2: "pending"})
    add_staff(engine, 1, 2)
    with pytest.raises(outbox.OutboxError, match="no such uncertain"):
        dispatch.send_again(engine, number, actor="anna")
    assert states(engine, number) == {1: ("uncertain", None), 2: ("pending", None)}


def test_an_edit_in_the_chats_goes_on_for_those_on_a_list(engine: Engine) -> None:
    put(engine, [1, 2])
    number = stopped_message(engine, {1: "failed", 2: "pending"})
    with engine.begin() as connection:
        connection.execute(update(models.message_history).values(action="edit"))
    add_staff(engine, 1, 2)
    assert dispatch.retry_failed(engine, number, actor="anna") == 1
    assert {status for status, _reason in states(engine, number).values()} == {"pending"}


def test_lists_are_looked_up_once_and_others_write_meanwhile(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "AT_ONCE", 2)
    put(engine, [1, 2, 3, 4, 5])
    number = stopped_message(engine, dict.fromkeys([1, 2, 3, 4, 5], "failed"))
    add_staff(engine, 1)
    looked_up, ask = [], choice.excluded

    def excluded(connection: Connection) -> list[tuple[str, Select[Any]]]:
        looked_up.append(number)
        with engine.begin() as other:
            audit.record(
                other, actor="boris", action="x", object_type="x", object_id="1", details={}
            )
        return ask(connection)

    monkeypatch.setattr(choice, "excluded", excluded)
    assert dispatch.retry_failed(engine, number, actor="anna") == 4
    assert len(looked_up) == 1


def test_who_is_marked_between_two_steps_is_not_tried_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "AT_ONCE", 2)
    put(engine, [1, 2, 3, 4])
    number = stopped_message(engine, dict.fromkeys([1, 2, 3, 4], "failed"))
    monkeypatch.setattr(again, "time", SimpleNamespace(sleep=lambda _: mark(engine, 3)))
    assert dispatch.retry_failed(engine, number, actor="anna") == 3
    assert states(engine, number)[3] == ("failed", None)


@pytest.mark.parametrize(
    ("tried", "once_more"), [("failed", dispatch.retry_failed), ("uncertain", dispatch.send_again)]
)
def test_a_message_that_fails_while_the_lists_are_asked_stays_as_it_is(
    engine: Engine, tried: str, once_more: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(engine, [1, 2])
    number = stopped_message(engine, {1: tried, 2: "pending"})
    history, ask = models.message_history, choice.excluded
    with engine.begin() as connection:
        connection.execute(update(history).values(status=MessageStatus.SENDING))
    add_staff(engine, 2)

    def excluded(connection: Connection) -> list[tuple[str, Select[Any]]]:
        with engine.begin() as other:
            tick.stop_message(other, number, "can't parse entities")
        return ask(connection)

    monkeypatch.setattr(choice, "excluded", excluded)
    with pytest.raises(outbox.OutboxError, match="only just failed"):
        once_more(engine, number, actor="anna")
    assert states(engine, number) == {1: (tried, None), 2: ("pending", None)}
