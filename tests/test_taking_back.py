"""What was sent a moment ago is taken back: nobody gets it, and its draft is as it was."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from hsl import audit, dispatch, experiments, models, taking_back
from hsl.audience import selection
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import history, outbox, starting, steering
from hsl.message import drafts
from hsl.message.content import Button, Content
from hsl.settings import load_settings

CONTENT = Content(text="Hi {first_name|you}", buttons=((Button(text="A", callback_data="a"),),))
EVERYBODY = Audience(include=(Cohort(everyone=True),))
PLAN = {"when": "now", "keep_quiet": True}


@pytest.fixture
def engine_with_people(engine: Engine) -> Engine:
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [{"user_id": i, "attributes": {}, "updated_at": models.utc_now()} for i in (1, 2, 3)],
        )
    return engine


def put_more(engine: Engine) -> None:
    """So many people that somebody is in each arm."""
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [
                {"user_id": i, "attributes": {}, "updated_at": models.utc_now()}
                for i in range(10, 60)
            ],
        )


def written(engine: Engine, audience: Audience | None = None, **more: Any) -> drafts.Draft:
    draft = drafts.start(engine, "anna", content=CONTENT, plan=PLAN, **more)
    chosen = None if audience is None else audience.model_dump(mode="json")
    return drafts.save(engine, "anna", draft, content=CONTENT, audience=chosen, plan=PLAN)


def sent(engine: Engine, draft: drafts.Draft, audience: Audience = EVERYBODY, **more: Any) -> int:
    return dispatch.send(
        engine,
        load_settings(),
        content=draft.content,
        audience=audience,
        author="anna",
        draft_id=draft.id,
        take_back=10.0,
        follows_message_id=draft.follows_message_id,
        **more,
    )


def start(engine: Engine, *, after: float) -> list[int]:
    def nobody_chosen_late(_audience: Any) -> Any:
        raise AssertionError("its people were chosen when it was made")

    now = models.utc_now() + timedelta(seconds=after)
    return starting.start_due(engine, now=now, resolve=nobody_chosen_late)


def row_of(engine: Engine, number: int) -> Any:
    with engine.begin() as connection:
        found = select(models.message_history).where(models.message_history.c.id == number)
        return connection.execute(found).one()


def statuses(engine: Engine, number: int) -> list[str]:
    rows = models.message_recipients.c
    with engine.begin() as connection:
        found = connection.execute(select(rows.delivery_status).where(rows.message_id == number))
        return [row.delivery_status for row in found.all()]


def test_it_leaves_only_after_its_seconds(engine_with_people: Engine) -> None:
    engine = engine_with_people
    number = sent(engine, written(engine))
    assert start(engine, after=9) == []
    assert start(engine, after=10.5) == [number]


def test_without_seconds_it_is_due_at_once(engine_with_people: Engine) -> None:
    engine = engine_with_people
    number = dispatch.send(
        engine, load_settings(), content=CONTENT, audience=EVERYBODY, author="anna"
    )
    assert start(engine, after=0.1) == [number]
    with pytest.raises(outbox.OutboxError, match="cannot be taken back any more"):
        taking_back.take_back(engine, number, actor="anna")


def test_nobody_gets_what_was_taken_back(engine_with_people: Engine) -> None:
    engine = engine_with_people
    number = sent(engine, written(engine))
    taking_back.take_back(engine, number, actor="anna")
    assert start(engine, after=3600) == []
    assert statuses(engine, number) == ["cancelled"] * 3
    found = history.one(engine, number)
    assert found is not None
    assert (found.status, found.status_reason) == ("cancelled", "Taken back by anna")
    assert found.taken_back_at is not None
    assert found.started_at is None
    assert found.closing.sentence() == "3 chosen = 3 cancelled"
    entries, _ = audit.entries(engine, action="message_taken_back")
    assert [entry.object_id for entry in entries] == [str(number)]


def test_its_draft_is_there_again_exactly(engine_with_people: Engine) -> None:
    engine = engine_with_people
    first = sent(engine, written(engine))
    before = written(engine, EVERYBODY, follows_message_id=first)
    number = sent(engine, before)
    assert drafts.listing(engine, "anna") == []
    draft_id = taking_back.take_back(engine, number, actor="anna")
    assert draft_id is not None
    again = drafts.load(engine, "anna", draft_id)
    assert again is not None
    kept = ("content", "audience", "plan", "follows_message_id")
    assert [getattr(again, name) for name in kept] == [getattr(before, name) for name in kept]
    assert row_of(engine, number).written_as is None


def test_a_draft_to_the_tray_goes_to_the_tray_again(engine_with_people: Engine) -> None:
    engine = engine_with_people
    selection.add(engine, "anna", Cohort(user_ids=(1, 2)), "two")
    tray = selection.audience(engine, "anna")
    number = sent(engine, written(engine), tray.model_copy(update={"ignore_cap": "why"}))
    draft_id = taking_back.take_back(engine, number, actor="anna")
    again = drafts.load(engine, "anna", draft_id or 0)
    assert again is not None
    assert again.audience is None


def test_its_people_are_named_where_the_tray_has_others_now(engine_with_people: Engine) -> None:
    engine = engine_with_people
    selection.add(engine, "anna", Cohort(user_ids=(1, 2)), "two")
    tray = selection.audience(engine, "anna")
    number = sent(engine, written(engine), tray)
    selection.add(engine, "anna", Cohort(user_ids=(3,)), "one more")
    draft_id = taking_back.take_back(engine, number, actor="anna")
    again = drafts.load(engine, "anna", draft_id or 0)
    assert again is not None
    assert again.audience == tray.model_dump(mode="json")


def test_what_has_begun_is_not_taken_back(engine_with_people: Engine) -> None:
    engine = engine_with_people
    number = sent(engine, written(engine))
    start(engine, after=11)
    before = row_of(engine, number)
    with pytest.raises(outbox.OutboxError, match="cannot be taken back any more"):
        taking_back.take_back(engine, number, actor="anna")
    assert row_of(engine, number) == before
    assert drafts.listing(engine, "anna") == []
    steering.pause(engine, number, actor="anna")
    with pytest.raises(outbox.OutboxError, match="cannot be taken back any more"):
        taking_back.take_back(engine, number, actor="anna")


def test_what_was_paused_before_it_left_is_taken_back(engine_with_people: Engine) -> None:
    engine = engine_with_people
    number = sent(engine, written(engine))
    steering.pause(engine, number, actor="anna")
    assert taking_back.take_back(engine, number, actor="anna") is not None
    with pytest.raises(outbox.OutboxError, match="was taken back already"):
        taking_back.take_back(engine, number, actor="boris")
    assert len(drafts.listing(engine, "anna")) == 1


def test_a_scheduled_one_is_cancelled_or_moved_instead(engine_with_people: Engine) -> None:
    engine = engine_with_people
    at = models.utc_now() + timedelta(hours=1)
    number = sent(engine, written(engine), scheduled_at=at)
    with pytest.raises(outbox.OutboxError, match="cannot be taken back"):
        taking_back.take_back(engine, number, actor="anna")


def test_the_arms_of_an_experiment_go_back_together(engine_with_people: Engine) -> None:
    engine = engine_with_people
    put_more(engine)
    draft = written(engine, EVERYBODY)
    arms = [experiments.Arm("A", 50, CONTENT), experiments.Arm("B", 50, Content(text="B"))]
    experiments.create(
        engine, load_settings(), name="A or B", arms=arms, audience=EVERYBODY, author="anna",
        draft_id=draft.id, take_back=10.0, salt="s",
    )  # fmt: skip
    with engine.begin() as connection:
        numbers = [r.id for r in connection.execute(select(models.message_history.c.id)).all()]
    draft_id = taking_back.take_back(engine, numbers[1], actor="anna")
    assert start(engine, after=60) == []
    assert {row_of(engine, number).status for number in numbers} == {"cancelled"}
    again = drafts.load(engine, "anna", draft_id or 0)
    assert again is not None
    assert (again.content, again.audience) == (CONTENT, EVERYBODY.model_dump(mode="json"))
    assert len(drafts.listing(engine, "anna")) == 1


def test_one_arm_that_began_keeps_all_of_them(engine_with_people: Engine) -> None:
    engine = engine_with_people
    put_more(engine)
    arms = [experiments.Arm("A", 50, CONTENT), experiments.Arm("B", 50, Content(text="B"))]
    experiments.create(
        engine, load_settings(), name="A or B", arms=arms, audience=EVERYBODY, author="anna",
        draft_id=written(engine).id, take_back=10.0, salt="salt",
    )  # fmt: skip
    history_ = models.message_history
    with engine.begin() as connection:
        numbers = [r.id for r in connection.execute(select(history_.c.id)).all()]
        connection.execute(
            update(history_)
            .where(history_.c.id == numbers[-1])
            .values(status="sending", started_at=models.utc_now())
        )
    with pytest.raises(outbox.OutboxError, match="cannot be taken back any more"):
        taking_back.take_back(engine, numbers[0], actor="anna")
    assert row_of(engine, numbers[0]).status == "scheduled"


def test_starting_and_taking_back_at_once_has_one_winner(engine_with_people: Engine) -> None:
    engine = engine_with_people
    won = {"start": 0, "back": 0}
    for _ in range(12):
        number = sent(engine, written(engine))
        back: list[bool] = []
        gate = threading.Barrier(2)

        def take(number: int = number, back: list[bool] = back, gate: Any = gate) -> None:
            gate.wait()
            try:
                taking_back.take_back(engine, number, actor="anna")
                back.append(True)
            except outbox.OutboxError:
                back.append(False)

        other = threading.Thread(target=take)
        other.start()
        gate.wait()
        started = number in start(engine, after=11)
        other.join()
        # On PostgreSQL the starter leaves a row that another holds, and finds it taken back later.
        started = started or number in start(engine, after=11)
        assert [started] != back
        assert row_of(engine, number).status == ("sending" if started else "cancelled")
        assert set(statuses(engine, number)) == {"pending" if started else "cancelled"}
        won["start" if started else "back"] += 1
    assert sum(won.values()) == 12
