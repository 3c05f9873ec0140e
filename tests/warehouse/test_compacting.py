"""What deleted rows held is given back while people read, and nothing is lost where it fails."""

import threading
import time
from collections.abc import Callable

import duckdb
import pytest
from sqlalchemy import Engine, insert, text
from world import OpenStore, World

from hsl import models
from hsl.warehouse import compacting, limits
from hsl.warehouse import store as warehouse
from hsl.warehouse.store import Store

ROWS = 200_000


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.02)


@pytest.fixture
def database() -> duckdb.DuckDBPyConnection:
    found = limits.open_database("1GB")
    found.execute(f"CREATE TABLE t AS SELECT i, md5(i::VARCHAR) AS word FROM range({ROWS}) AS r(i)")
    limits.lock(found)
    return found


def _change(database: duckdb.DuckDBPyConnection) -> None:
    with database.cursor() as cursor:
        cursor.execute("BEGIN; DELETE FROM t")
        cursor.execute(f"INSERT INTO t SELECT i, md5(i::VARCHAR) FROM range({ROWS}) AS r(i)")
        cursor.execute("COMMIT")


def test_changed_rows_take_no_more_and_more_memory(database: duckdb.DuckDBPyConnection) -> None:
    compacting.compact(database)
    before = compacting.used(database)
    for _ in range(4):
        _change(database)
    assert compacting.used(database) > 3 * before  # so it would grow
    assert compacting.compact(database)
    assert compacting.used(database) < 1.5 * before


def test_a_reader_keeps_its_moment(database: duckdb.DuckDBPyConnection) -> None:
    with limits.reading(database) as reader:
        asked = "SELECT count(*), min(word) FROM t"
        first = reader.execute(asked).fetchone()
        with database.cursor() as cursor:
            cursor.execute("DELETE FROM t WHERE i % 2 = 0")
        assert compacting.compact(database)
        assert reader.execute(asked).fetchone() == first
    assert database.execute("SELECT count(*) FROM t").fetchone() == (ROWS // 2,)


def test_it_waits_for_what_holds_it_off(database: duckdb.DuckDBPyConnection) -> None:
    _change(database)
    with database.cursor() as writer:
        writer.execute("BEGIN; UPDATE t SET word = '' WHERE i = 7")
        threading.Timer(0.3, lambda: writer.execute("COMMIT")).start()
        assert compacting.compact(database)
    assert database.execute("SELECT word FROM t WHERE i = 7").fetchone() == ("",)


def test_without_room_it_is_left_alone() -> None:
    tight = limits.open_database("40MB")
    tight.execute("CREATE TABLE t AS SELECT md5(i::VARCHAR) AS word FROM range(600000) AS r(i)")
    assert compacting.used(tight) > 1 - compacting.ROOM
    assert not compacting.compact(tight)
    assert tight.execute("SELECT count(*) FROM t").fetchone() == (600_000,)


def test_a_store_does_it_once_enough_was_written(
    engine: Engine,
    world: World,
    open_store: OpenStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = threading.Event()
    real = compacting.compact

    def seen(cursor: duckdb.DuckDBPyConnection) -> bool:
        assert real(cursor)
        done.set()
        return True

    monkeypatch.setattr(compacting, "compact", seen)
    store = open_store()
    people = _people(store)
    assert not done.is_set()
    monkeypatch.setattr(warehouse, "WORTH_COMPACTING", 100)
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [
                {"user_id": 10**12 + n, "attributes": {}, "updated_at": models.utc_now()}
                for n in range(100)
            ],
        )
    store.refresh()
    assert done.wait(60)
    assert _people(store) == people + 100


def test_a_store_that_is_lost_is_read_anew(
    engine: Engine, world: World, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(memory="60MB", folder=None)
    people, first = _people(store), store.loaded_at
    with store._cursor() as writer, pytest.raises(duckdb.Error):
        writer.execute("CREATE TABLE t (word VARCHAR)")
        while True:  # until there is no more room
            writer.execute("INSERT INTO t SELECT md5(random()::VARCHAR) FROM range(20000)")
    monkeypatch.setattr(compacting, "ROOM", -1.0)
    store._changed_since_compacted = warehouse.WORTH_COMPACTING
    store._keep_house()
    until(lambda: store._state is None or store.loaded_at != first)
    assert _people(store) == people
    with engine.begin() as connection:
        connection.execute(
            text("DELETE FROM users WHERE user_id = (SELECT min(user_id) FROM users)")
        )
    store.refresh()
    assert _people(store) == people - 1


def _people(store: Store) -> int:
    return int(store.row("SELECT count(*) FROM users")[0])
