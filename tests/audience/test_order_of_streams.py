"""Streams stand in the order in which people count: the fourth before the tenth."""

import pytest
from sqlalchemy import Engine, insert

from hsl import models
from hsl.audience.cohort import Cohort
from hsl.audience.snapshot import Snapshot
from hsl.order import naturally
from hsl.warehouse.store import Store
from hsl.warehouse.streams import NATURAL

NAMES = ["10th_stream", "4th_stream", "Поток 12", "поток 2", "Intro", "4th_stream_b", "04", "4"]


@pytest.fixture
def people(engine: Engine) -> Snapshot:
    """One person in each stream, and one in the tenth and the fourth."""
    now = models.utc_now()
    with engine.begin() as connection:
        for number in range(1, len(NAMES) + 3):
            connection.execute(
                insert(models.users).values(
                    user_id=number, attributes={}, registered_at=now, updated_at=now
                )
            )
        places = [
            *enumerate(NAMES, 1),
            (len(NAMES) + 1, "10th_stream"),
            (len(NAMES) + 1, "4th_stream"),
        ]
        for number, stream in places:
            connection.execute(
                insert(models.enrollments).values(user_id=number, course_stream=stream)
            )
    return Snapshot(Store(engine, folder=None, refresh_after=300.0))


def test_facets_charts_and_lists_have_it(people: Snapshot) -> None:
    assert list(people.facets.streams) == naturally(NAMES)
    chart = people.by_stream(Cohort(everyone=True))
    assert chart["stream"].tolist() == [*naturally(NAMES), "not enrolled"]
    rows = people.page(Cohort(everyone=True), sort="streams")
    both = "4th_stream, 10th_stream"
    assert rows["streams"].dropna().tolist() == naturally([*NAMES, both])
    assert rows["streams"].isna().tolist()[-1]
    down = people.page(Cohort(everyone=True), sort="streams", descending=True, offset=1, limit=2)
    assert down["streams"].tolist() == naturally([*NAMES, both])[::-1][1:3]


def test_the_store_orders_as_we_do(people: Snapshot) -> None:
    listed = ", ".join(f"('{name}')" for name in NAMES)
    key = NATURAL.format("name")
    rows = people._store.frame(
        f"SELECT name FROM (VALUES {listed}) AS n(name) ORDER BY {key}, name"
    )
    assert rows["name"].tolist() == naturally(NAMES)
