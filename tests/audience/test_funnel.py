"""A funnel counts what each condition leaves and takes, as plain Python does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hsl import database
from hsl.audience import conditions as c
from hsl.audience import funnel
from hsl.audience.cohort import Cohort
from hsl.audience.offers import offers
from hsl.warehouse.store import Store
from tests.audience import plain, world
from tests.audience.cohorts import conditions

ROWS = world.make(3)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    file: Path = tmp_path_factory.mktemp("funnel") / "hsl.db"
    engine = database.open_engine(f"sqlite:///{file}")
    database.migrate(engine)
    world.fill(engine, ROWS)
    yield Store(engine, folder=None, refresh_after=300.0)
    engine.dispose()


@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(of=st.lists(conditions, min_size=2, max_size=4))
def test_each_step_leaves_what_plain_python_leaves(store: Store, of: list[c.Condition]) -> None:
    cohort = Cohort(where=c.All(of=tuple(of)))
    parts = funnel.parts(cohort)
    before = len(ROWS.users)
    for place, step in enumerate(funnel.steps(store, cohort, now=world.NOW)):
        so_far = c.all_of(*parts[: place + 1])
        assert step.people == len(plain.ids(Cohort(where=so_far), ROWS))
        assert step.taken == before - step.people
        before = step.people
    alone = funnel.alone(store, parts, now=world.NOW)
    assert alone == [len(plain.ids(Cohort(where=part), ROWS)) for part in parts]


def test_a_segment_is_looked_up_and_keeps_its_name(store: Store) -> None:
    def expand(cohort: Cohort) -> Cohort:
        inside = c.All(of=(c.Reachable(), c.InStream(streams=("4th",))))
        return Cohort(where=inside) if isinstance(cohort.where, c.Segment) else cohort

    cohort = Cohort(where=c.All(of=(c.Everyone(), c.Segment(name="Alumni"))))
    steps = funnel.steps(store, cohort, expand=expand)
    wanted = Cohort(streams=("4th",), reachable=True)
    assert [step.words for step in steps] == ["everybody", "in the segment Alumni"]
    assert steps[1].people == len(plain.ids(wanted, ROWS))


def test_nobody_has_no_funnel(store: Store) -> None:
    assert funnel.steps(store, Cohort()) == []
    assert funnel.alone(store, []) == []


def test_it_offers_what_there_is(store: Store) -> None:
    found = offers(store)
    assert found.statuses == ("active", "left")
    assert found.reasons == ("blocked", "not_found")
    assert found.buttons == ("no", "yes")
    sent = [m for m in ROWS.message_history if m["action"] == "send" and m["started_at"]]
    assert {message.id for message in found.messages} == {m["id"] for m in sent}
    assert found.messages[0].started_at == max(m["started_at"] for m in sent)
