"""A/B: arms are stable, disjoint and cover; they are made together or not at all, and compared."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine, func, insert, select, update

from hsl import audit, choice, comparing, dispatch, experiments, models, texts
from hsl.audience import conditions, segments
from hsl.audience.cohort import Audience, Cohort
from hsl.audience.snapshot import Snapshot
from hsl.delivery import outbox, preparing, starting
from hsl.experiments import HOLD_OUT, Arm
from hsl.insights import wilson
from hsl.message import drafts
from hsl.message.content import Button, Content
from hsl.models import AudienceMode, utc_now
from hsl.settings import load_settings
from hsl.warehouse.store import Store

EVERYBODY = Audience(include=(Cohort(everyone=True),))
JOIN = ((Button(text="Join", callback_data="join"), Button(text="No", callback_data="no")),)
A, B = Content(text="Come", buttons=JOIN), Content(text="Please come", buttons=JOIN)
ARMS = (Arm("A", 45, A), Arm("B", 45, B), Arm(HOLD_OUT, 10, None))
PEOPLE = 400


@pytest.fixture
def people(engine: Engine) -> list[int]:
    ids = list(range(1000, 1000 + PEOPLE))
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [
                {
                    "user_id": i,
                    "attributes": {},
                    "language_code": "ru" if i % 3 else "en",
                    "updated_at": utc_now(),
                }
                for i in ids
            ],
        )
    return ids


def create(engine: Engine, **more: Any) -> int:
    wanted = {
        "name": "Please",
        "arms": ARMS,
        "audience": EVERYBODY,
        "author": "anna",
        "salt": "s1",
        **more,
    }
    return experiments.create(engine, load_settings(), **wanted)


def rows(engine: Engine) -> list[Any]:
    with engine.begin() as connection:
        return list(
            connection.execute(
                select(models.message_history).order_by(models.message_history.c.id)
            ).all()
        )


def recipients(engine: Engine, message_id: int | None) -> set[int]:
    row = models.message_recipients.c
    with engine.begin() as connection:
        found = connection.execute(select(row.user_id).where(row.message_id == message_id)).all()
    return {r.user_id for r in found}


def members(engine: Engine, salt: str, low: int, high: int) -> list[int]:
    cohort = Cohort(where=conditions.Arm(salt=salt, low=low, high=high))
    with engine.begin() as connection:
        return sorted(r.user_id for r in connection.execute(segments.people(connection, cohort)))


SHARES = st.lists(st.integers(1, 60), min_size=2, max_size=5).map(
    lambda parts: [100 * part / sum(parts) for part in parts]
)


@given(shares=SHARES)
def test_the_bounds_are_disjoint_and_cover(shares: list[float]) -> None:
    found = experiments.bounds(shares)
    assert (found[0].low, found[-1].high) == (0, texts.BUCKETS)
    assert all(one.high == other.low for one, other in pairwise(found))
    for share, part in zip(shares, found, strict=True):
        assert abs(part.high - part.low - 100 * share) <= 1


@pytest.mark.parametrize("shares", [[50, 49], [100, 1], [0, 100], [-10, 110], []])
def test_shares_that_are_no_whole_are_refused(shares: list[float]) -> None:
    with pytest.raises(outbox.OutboxError, match="add up to"):
        experiments.bounds(shares)


@examples(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(shares=SHARES, salt=st.text("abc0 é", min_size=1, max_size=8))
def test_everybody_is_in_one_arm_and_stays_there(
    engine: Engine, people: list[int], shares: list[float], salt: str
) -> None:
    parts = experiments.bounds(shares)
    found = [members(engine, salt, part.low, part.high) for part in parts]
    assert sorted(i for arm in found for i in arm) == people
    assert found == [members(engine, salt, part.low, part.high) for part in parts]
    by_hand = [
        [
            i
            for i in people
            if texts.begins_bucket(part.low)
            <= texts.hashed(i, salt)
            < texts.begins_bucket(part.high)
        ]
        for part in parts
    ]
    assert found == by_hand


def test_the_index_finds_the_same_arms(engine: Engine, people: list[int]) -> None:
    index = Snapshot(Store(engine, folder=None, refresh_after=300.0))
    for part in experiments.bounds([30, 70]):
        cohort = Cohort(where=conditions.Arm(salt="x", low=part.low, high=part.high))
        found = index.page(cohort, limit=PEOPLE)
        assert sorted(found["user_id"]) == members(engine, "x", part.low, part.high)


def test_each_arm_is_a_message_and_the_hold_out_none(engine: Engine, people: list[int]) -> None:
    number = create(engine)
    first, second = rows(engine)
    assert [(r.experiment_id, r.arm, r.message_text) for r in (first, second)] == [
        (number, "A", "Come"),
        (number, "B", "Please come"),
    ]
    result = comparing.result(engine, number)
    assert [arm.name for arm in result.arms] == ["A", "B", HOLD_OUT]
    held = set(members(engine, "s1", 9000, 10_000))
    arms = [recipients(engine, first.id), recipients(engine, second.id), held]
    assert set().union(*arms) == set(people)
    assert sum(map(len, arms)) == PEOPLE
    assert [arm.people for arm in result.arms] == [len(arm) for arm in arms]
    assert result.arms[2].delivered is None
    (entry,), _ = audit.entries(engine, object_type="experiment")
    assert (entry.actor, entry.action) == ("anna", "experiment_created")


def test_who_may_not_be_written_to_is_left_out_of_every_arm(
    engine: Engine, people: list[int]
) -> None:
    marked = people[:50]
    dispatch.suppress(engine, marked, reason="x", actor="anna")
    result = comparing.result(engine, create(engine))
    assert sum(arm.people for arm in result.arms) == PEOPLE - 50
    assert sum(arm.left_out[models.DO_NOT_MESSAGE] for arm in result.arms) == 50
    for arm in result.arms[:2]:
        assert not recipients(engine, arm.message_id) & set(marked)


def test_all_arms_are_made_or_none(engine: Engine, people: list[int]) -> None:
    draft = drafts.start(engine, "anna", content=A)
    tiny = (Arm("A", 99.99, A), Arm("B", 0.01, B))
    lonely = Audience(include=(Cohort(user_ids=(people[0],)),))
    with pytest.raises(outbox.OutboxError, match=r"Arm [AB]: Nobody is chosen"):
        create(engine, arms=tiny, audience=lonely, draft_id=draft.id)
    assert rows(engine) == []
    assert comparing.listing(engine) == []
    assert drafts.load(engine, "anna", draft.id) is not None
    create(engine, draft_id=draft.id)
    with pytest.raises(outbox.OutboxError, match="sent or discarded"):
        create(engine, draft_id=draft.id)
    assert len(rows(engine)) == 2


@pytest.mark.parametrize(
    ("arms", "complaint"),
    [
        ((Arm("A", 100, A),), "2 to 4 arms"),
        ((Arm("A", 50, A), Arm("A", 50, B)), "one name"),
        ((Arm("A", 50, A), Arm("B", 40, B)), "add up to 90 %"),
        ((Arm("A", 50, A), Arm("B", 50, Content(text="<b>x"))), "Arm B: .*Close it"),
        (
            (Arm("A", 25, A), Arm("B", 25, B), Arm("c", 25, None), Arm("d", 25, None)),
            "at most one hold-out",
        ),
    ],
)
def test_what_is_no_experiment_is_refused(
    engine: Engine, people: list[int], arms: tuple[Arm, ...], complaint: str
) -> None:
    with pytest.raises(outbox.OutboxError, match=complaint):
        create(engine, arms=arms)
    assert rows(engine) == []


def test_large_arms_are_written_in_steps(
    engine: Engine, people: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [set(members(engine, "s1", 0, 4500)), set(members(engine, "s1", 4500, 9000))]
    monkeypatch.setattr(outbox, "LARGE", 50)
    monkeypatch.setattr(preparing, "AT_ONCE", 30)
    create(engine)
    assert [recipients(engine, row.id) for row in rows(engine)] == expected


def test_a_live_audience_is_split_when_it_starts(engine: Engine, people: list[int]) -> None:
    at = utc_now() + timedelta(minutes=1)
    number = create(engine, scheduled_at=at, audience_mode=AudienceMode.LIVE)
    assert sum(arm.people for arm in comparing.result(engine, number).arms) == PEOPLE
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [{"user_id": i, "attributes": {}, "updated_at": utc_now()} for i in range(1, 51)],
        )
    starting.start_due(
        engine,
        now=at + timedelta(seconds=1),
        resolve=lambda chosen: choice.Choice(load_settings(), Audience.model_validate(chosen)),
    )
    first, second = rows(engine)
    assert recipients(engine, first.id) == set(members(engine, "s1", 0, 4500))
    assert recipients(engine, second.id) == set(members(engine, "s1", 4500, 9000))


def deliver(engine: Engine, message_id: int, sent: int, failed: int) -> None:
    """Settle a message's first recipients."""
    row = models.message_recipients.c
    with engine.begin() as connection:
        ids = [
            r.id
            for r in connection.execute(
                select(row.id).where(row.message_id == message_id).order_by(row.user_id)
            )
        ]
        for chosen, status in ((ids[:sent], "sent"), (ids[sent : sent + failed], "failed")):
            connection.execute(
                update(models.message_recipients)
                .where(row.id.in_(chosen))
                .values(delivery_status=status)
            )
        connection.execute(
            update(models.message_history)
            .where(models.message_history.c.id == message_id)
            .values(successful_deliveries=sent, failed_deliveries=failed)
        )


def press(engine: Engine, message_id: int, button: str, people: int) -> None:
    who = sorted(recipients(engine, message_id))[:people]
    with engine.begin() as connection:
        connection.execute(
            insert(models.button_presses),
            [
                {
                    "message_id": message_id,
                    "user_id": i,
                    "button": button,
                    "pressed_at": utc_now(),
                }
                for i in who
            ],
        )


def test_the_arms_are_compared(engine: Engine, people: list[int]) -> None:
    number = create(engine)
    first, second = (row.id for row in rows(engine))
    deliver(engine, first, 100, 20)
    deliver(engine, second, 80, 40)
    press(engine, first, "join", 10)
    press(engine, second, "join", 30)
    press(engine, second, "no", 35)
    a, b, _ = comparing.result(engine, number).arms
    assert a.delivered is not None
    assert b.delivered is not None
    assert (a.delivered.hits, a.delivered.of, a.delivered.difference) == (100, 120, None)
    assert (a.delivered.low, a.delivered.high) == wilson(100, 120)
    assert b.delivered.difference is not None
    assert b.delivered.difference.by == pytest.approx(80 / 120 - 100 / 120)
    assert b.delivered.difference.is_clear
    assert a.pressed is not None
    assert b.pressed is not None
    assert {name: (s.hits, s.of) for name, s in a.pressed.items()} == {
        "join": (10, 100), "no": (0, 100), "any button": (10, 100),
    }  # fmt: skip
    assert {name: (s.hits, s.of) for name, s in b.pressed.items()} == {
        "join": (30, 80), "no": (35, 80), "any button": (35, 80),
    }  # fmt: skip
    assert b.pressed["join"].difference is not None
    assert b.pressed["join"].difference.low > 0


def test_a_difference_has_newcombes_interval() -> None:
    """Newcombe 1998, table II, method 10: 56/70 less 48/80, 9/10 less 3/10, 10/10 less 0/20."""
    for hits, expected in (
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
    ):
        assert comparing.newcombe(*hits) == pytest.approx(expected, abs=0.0002)
    assert comparing.newcombe(0, 0, 1, 2) == (-1.0, 1.0)


@given(st.integers(1, 200), st.integers(1, 200), st.data())
def test_the_interval_holds_the_difference_and_turns_with_it(
    of: int, other_of: int, data: st.DataObject
) -> None:
    hits, other = data.draw(st.integers(0, of)), data.draw(st.integers(0, other_of))
    low, high = comparing.newcombe(hits, of, other, other_of)
    by = hits / of - other / other_of
    assert -1 - 1e-9 <= low <= by + 1e-9
    assert by - 1e-9 <= high <= 1 + 1e-9
    turned = comparing.newcombe(other, other_of, hits, of)
    assert turned == pytest.approx((-high, -low))


def test_it_is_said_in_a_terminal_and_for_machines(engine: Engine, people: list[int]) -> None:
    number = create(engine)
    deliver(engine, rows(engine)[0].id, 10, 0)
    result = comparing.result(engine, number)
    words = result.as_text()
    assert "delivered 100.0 % of 10" in words
    assert "No presses are recorded" in words
    found = result.as_json()
    assert found["arms"][0]["delivered"]["hits"] == 10
    with pytest.raises(comparing.ExperimentError, match="no experiment 99"):
        comparing.result(engine, 99)


def test_nothing_else_counts_as_its_arm(engine: Engine, people: list[int]) -> None:
    number = create(engine)
    dispatch.send(engine, load_settings(), content=A, audience=EVERYBODY, author="anna")
    with engine.begin() as connection:
        count = connection.execute(
            select(func.count()).where(models.message_history.c.experiment_id == number)
        ).scalar_one()
    assert count == 2
