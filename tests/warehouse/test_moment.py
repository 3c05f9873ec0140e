"""Figures of one moment agree with each other, whatever the store reads meanwhile."""

import duckdb
import pytest
from sqlalchemy import Engine
from world import OpenStore, World

from hsl.warehouse import moment
from hsl.warehouse.errors import StoreError

PEOPLE = "SELECT count(*) AS n FROM users"


def test_it_stays_as_it_was_while_the_store_goes_on(
    engine: Engine, world: World, open_store: OpenStore
) -> None:
    store = open_store()
    with moment.of(store) as then:
        first = then.frame(PEOPLE)["n"][0]
        with engine.begin() as connection:
            world.people_come(connection)
        store.refresh()
        assert then.frame(PEOPLE)["n"][0] == first
        assert then.read_at < store.loaded_at
    with moment.of(store) as now:
        assert now.read_at == store.loaded_at
        assert now.frame(PEOPLE)["n"][0] > first


def test_after_a_question_that_failed_the_next_is_answered(
    world: World, open_store: OpenStore
) -> None:
    with moment.of(open_store()) as then:
        before = then.frame(PEOPLE)["n"][0]
        with pytest.raises(duckdb.Error):
            then.frame("SELECT CAST('x' AS INTEGER) AS n FROM users")
        assert then.frame(PEOPLE)["n"][0] == before


def test_a_moment_that_is_gone_is_said(engine: Engine, world: World, open_store: OpenStore) -> None:
    store = open_store()
    with moment.of(store) as then:
        with pytest.raises(duckdb.Error):
            then.frame("SELECT CAST('x' AS INTEGER) AS n FROM users")
        with engine.begin() as connection:
            world.people_come(connection)
        store.refresh()
        with pytest.raises(StoreError, match="read anew"):
            then.frame(PEOPLE)
