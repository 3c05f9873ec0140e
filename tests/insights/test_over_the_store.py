"""Over the real store, from SQLite and from PostgreSQL, figures and people are the same."""

from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine, insert

from hsl import insights, models
from hsl.audience.snapshot import Snapshot
from hsl.warehouse.store import Store
from tests.insights.raw import NOW, House, Memory, random_house
from tests.insights.test_edges import BERLIN, FIGURES

HOUSE = random_house(21, people=150)


def write(engine: Engine, house: House) -> None:
    """The rows into the main database, with what it asks for besides."""
    always: dict[str, Any] = {
        "buttons": [], "options": {}, "left_out": {}, "version": 1, "bot_id": 1, "status": "sent",
        "recipient_type": "group", "audience_mode": "frozen", "audience_at_creation": 0,
        "created_at": NOW, "scheduled_at": NOW, "total_recipients": 0, "successful_deliveries": 0,
        "failed_deliveries": 0, "uncertain_deliveries": 0, "cancelled_deliveries": 0,
        "deleted_deliveries": 0,
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(
            insert(models.users), [{"attributes": {}} | vars(p) for p in house.people]
        )
        connection.execute(
            insert(models.enrollments), [dict(vars(p)) for p in [*house.places, *house.left]]
        )
        connection.execute(
            insert(models.message_history), [always | vars(sent) for sent in house.messages]
        )
        connection.execute(
            insert(models.message_recipients), [{"attempts": 1} | vars(r) for r in house.rows]
        )


@pytest.fixture
def store(engine: Engine) -> Store:
    write(engine, HOUSE)
    return Store(engine, folder=None, refresh_after=300)


def test_every_figure_is_the_same(store: Store) -> None:
    plain = Memory(HOUSE)
    for chosen in (insights.Filter(), insights.Filter(streams=("4th_stream",), author="anna")):
        for name, figure in FIGURES.items():
            found, expected = figure(store, chosen), figure(plain, chosen)
            assert len(found) > 0, name
            pd.testing.assert_frame_equal(found, expected, obj=name)
    number = int(insights.by_message(store, insights.Filter())["message_id"].iloc[0])
    found, expected = insights.result(store, number), insights.result(plain, number)
    pd.testing.assert_frame_equal(found.funnel, expected.funnel)
    pd.testing.assert_frame_equal(found.by_stream, expected.by_stream)


def test_the_authors_are_those_of_messages_that_count(store: Store) -> None:
    assert insights.authors(store) == ["anna", "boris"]


def test_a_cohort_behind_a_mark_holds_as_many_on_the_audience_page(store: Store) -> None:
    chosen = insights.Filter(streams=("4th_stream", "5th_stream"))
    number = str(insights.by_message(store, chosen)["message_id"].iloc[0])
    day = f"{insights.over_time(store, chosen, BERLIN)['day'].iloc[-1]:%Y-%m-%d}"
    keys = {
        "stream": "4th_stream", "reachable": "4th_stream", "blocked": "5th_stream",
        "message": number, "day": day, "week": day, "reason": "blocked",
        "reason_day": f"{day}|blocked", "reach": "5th_stream", "churn": number, "load": "3",
    }  # fmt: skip
    index = Snapshot(store)
    found = 0
    for figure, key in keys.items():
        for door in insights.people_behind(store, insights.Mark(figure, chosen, BERLIN, key, NOW)):
            assert door.cohort is not None
            assert index.count(door.cohort).people == door.people, (figure, door.words)
            found += 1
    assert found > len(keys)
