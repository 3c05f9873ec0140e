"""SQLite read by another process: the same rows, in one moment, and no lock lost here."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, text
from world import World, in_database, in_store

from hsl import database, models
from hsl.warehouse import source, tables
from hsl.warehouse.errors import StoreError
from hsl.warehouse.sqlite_reader import Reader
from hsl.warehouse.store import Store


@pytest.fixture
def sqlite(tmp_path: Path) -> Engine:
    engine = database.open_engine(f"sqlite:///{tmp_path / 'a #%b.db'}")
    database.migrate(engine)
    return engine


def test_it_reads_the_same(sqlite: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MUCH", 0)
    world = World(sqlite, 1)
    empty = Store(sqlite, folder=None, refresh_after=300.0)
    assert in_store(empty) == in_database(sqlite)
    for _ in range(40):
        world.step()
    empty.refresh()
    assert in_store(empty) == in_database(sqlite)
    full = Store(sqlite, folder=None, refresh_after=300.0)
    assert in_store(full) == in_database(sqlite)


@pytest.mark.parametrize("much", [True, False])
def test_it_reads_one_moment(engine: Engine, much: bool) -> None:
    world = World(engine, 1)
    with engine.begin() as connection:
        world.people_come(connection)
    with source.opened(engine, much=much) as rows:
        before = rows.answer("SELECT count(*) FROM users")
        with engine.begin() as connection:
            world.people_come(connection)
        assert rows.answer("SELECT count(*) FROM users") == before
        assert rows.read(tables.USERS).read_all().num_rows == before[0][0]


def test_a_failed_statement_is_said(sqlite: Engine) -> None:
    with (
        pytest.raises(StoreError, match="no such table"),
        Reader(str(sqlite.url.database)) as reader,
    ):
        reader.read("SELECT * FROM absent")


def test_rows_that_nobody_takes_keep_nobody(sqlite: Engine) -> None:
    with sqlite.begin() as connection:
        connection.execute(
            insert(models.users),
            [
                {
                    "user_id": number,
                    "first_name": "x" * 500,
                    "attributes": {},
                    "updated_at": models.utc_now(),
                }
                for number in range(1, 5001)
            ],
        )
    with (
        pytest.raises(ZeroDivisionError),
        source.opened(sqlite, much=True) as rows,
    ):
        rows.read(tables.USERS)
        raise ZeroDivisionError


def test_this_process_keeps_its_locks(sqlite: Engine, tmp_path: Path) -> None:
    """What is committed while the other reads is there for everybody afterwards."""
    with sqlite.connect() as writer, source.opened(sqlite, much=True) as rows:
        rows.answer("SELECT count(*) FROM users")
        writer.execute(
            insert(models.users).values(
                user_id=1, attributes={}, updated_at=models.utc_now(), first_name="Kept"
            )
        )
        writer.commit()
    other = database.open_engine(str(sqlite.url))
    with other.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM users")).scalar_one() == 1
    other.dispose()
