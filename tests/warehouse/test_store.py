"""The store as its readers have it: one moment, nothing but reading, within memory and time."""

import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Connection, Engine, delete, insert, select, update
from world import OpenStore, World, in_database, in_store

from hsl import audit, models
from hsl.audience import importer
from hsl.warehouse import limits, loading, refreshing, source
from hsl.warehouse.attributes import AttributeType
from hsl.warehouse.errors import StoreError
from hsl.warehouse.store import Store


def _people(store: Store) -> int:
    return int(store.frame("SELECT count(*) AS n FROM users")["n"][0])


def _people_are_imported(engine: Engine, world: World) -> None:
    with engine.begin() as connection:
        world.people_come(connection)
        _note_an_import(connection)


def test_a_reader_keeps_its_moment_during_a_refresh(
    engine: Engine, world: World, open_store: OpenStore
) -> None:
    store = open_store()
    before = _people(store)
    with store.cursor() as reader:
        first = reader.execute("SELECT count(*) FROM users").fetchone()
        with engine.begin() as connection:
            world.people_come(connection)
        store.refresh()
        assert reader.execute("SELECT count(*) FROM users").fetchone() == first == (before,)
    assert _people(store) > before


def test_nobody_waits_for_a_refresh(
    engine: Engine, world: World, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store()
    before = _people(store)
    _people_are_imported(engine, world)
    inside, go_on = threading.Event(), threading.Event()
    real = refreshing._suppressions

    def slow(cursor: duckdb.DuckDBPyConnection, rows: source.Source) -> int:
        inside.set()
        assert go_on.wait(30)
        return real(cursor, rows)

    monkeypatch.setattr(refreshing, "_suppressions", slow)
    refresher = threading.Thread(target=store.refresh)
    refresher.start()
    assert inside.wait(30)
    # Its people are written, but not all is: readers go on with the state before, at once.
    began = time.monotonic()
    assert _people(store.fresh()) == before
    assert time.monotonic() - began < 5
    go_on.set()
    refresher.join(30)
    assert _people(store) > before


def test_an_import_is_there_at_once(
    engine: Engine, world: World, open_store: OpenStore, tmp_path: Path
) -> None:
    store = open_store()
    before, version = _people(store), store.people_version
    file = tmp_path / "more.csv"
    file.write_text("user_id,first_name,stream,height\n77,Nine,9th,1.80\n")
    importer.import_file(engine, file, actor="anna", rejects_dir=tmp_path)
    assert _people(store.fresh()) == before + 1
    assert store.people_version > version
    assert store.attributes["height"] is AttributeType.NUMBER


def test_a_failed_refresh_changes_nothing(
    engine: Engine, world: World, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store()
    before = in_store(store)
    world.step()
    with engine.begin() as connection:
        world.people_come(connection)

    def broken(*_: object) -> int:
        raise OSError("the network is gone")

    with monkeypatch.context() as patched:
        patched.setattr(refreshing, "_members", broken)
        with pytest.raises(OSError, match="network"):
            store.refresh()
        assert in_store(store) == before
    store.refresh()
    assert in_store(store) == in_database(engine)


def test_where_it_cannot_be_refreshed_readers_go_on_and_it_is_tried_again(
    engine: Engine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    store = Store(engine, folder=None, refresh_after=300.0, clock=lambda: clock[0])
    before, tries = _people(store), []
    _people_are_imported(engine, world)

    def broken(*_: object) -> int:
        tries.append(1)
        raise duckdb.OutOfMemoryException("no room")

    with monkeypatch.context() as patched:
        patched.setattr(refreshing, "_members", broken)
        assert _people(store.fresh()) == before
        assert _people(store.fresh()) == before
        assert len(tries) == 1
    clock[0] += 16
    assert _people(store.fresh()) > before


def test_somebody_waits_only_so_long_for_people_who_came_in(
    engine: Engine, world: World, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store()
    before = _people(store)
    _people_are_imported(engine, world)
    go_on, done = threading.Event(), threading.Event()
    real = refreshing._members

    def slow(cursor: duckdb.DuckDBPyConnection, rows: source.Source) -> int:
        assert go_on.wait(30)
        done.set()
        return real(cursor, rows)

    monkeypatch.setattr(refreshing, "_members", slow)
    monkeypatch.setattr("hsl.warehouse.store.AT_MOST", 0.05)
    assert _people(store.fresh()) == before
    go_on.set()
    assert done.wait(30)
    store.refresh()
    assert _people(store) > before


def test_a_question_that_takes_too_much_memory_is_a_sentence(engine: Engine, world: World) -> None:
    store = Store(engine, folder=None, refresh_after=300.0, memory="60MB")
    _people(store)
    with pytest.raises(StoreError, match="HSL_INDEX_MEMORY"):
        store.frame("SELECT list(a.range) FROM range(9000000) AS a GROUP BY a.range % 2")


REFUSED = [
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM '{file}'",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM read_parquet('http://127.0.0.1:1/x')",
    "COPY users TO '{file}.out'",
    "EXPORT DATABASE '{file}.out'",
    "ATTACH '{file}' AS other",
    "ATTACH ':memory:' AS other; CREATE TABLE other.t AS SELECT 1",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET memory_limit = '100GB'",
    "RESET memory_limit",
    "PRAGMA threads = 64",
    "INSERT INTO users (user_id) VALUES (1)",
    "DELETE FROM users",
    "UPDATE users SET first_name = 'x'",
    "DROP TABLE users",
    "CREATE TABLE mine (a INTEGER)",
    "CREATE OR REPLACE VIEW users AS SELECT 1",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_a_reader_reaches_nothing_else(
    world: World, open_store: OpenStore, tmp_path: Path, sql: str
) -> None:
    store = open_store()
    before = in_store(store)
    file = tmp_path / "secret.csv"
    file.write_text("a\n1\n")
    with store.cursor() as reader, pytest.raises(duckdb.Error):
        reader.execute(sql.format(file=file))
    with pytest.raises((duckdb.Error, limits.OnlyReadingError)):
        store.frame(sql.format(file=file))
    assert in_store(store) == before
    assert not Path(f"{file}.out").exists()


@pytest.mark.parametrize("sql", ["COMMIT; DROP TABLE users", "SELECT 1; SELECT 2", "CHECKPOINT"])
def test_a_frame_is_of_one_select(world: World, open_store: OpenStore, sql: str) -> None:
    with pytest.raises(limits.OnlyReadingError, match="one SELECT"):
        open_store().frame(sql)


def test_a_question_ends_in_time(world: World, open_store: OpenStore) -> None:
    endless = "SELECT count(*) FROM range(1000000000000) AS a, range(100000) AS b"
    began = time.monotonic()
    with (
        open_store().cursor() as reader,
        pytest.raises(limits.TooLongError, match=r"over 0\.3 s"),
        limits.within(reader, 0.3),
    ):
        reader.execute(endless).fetchall()
    assert time.monotonic() - began < 10


def test_what_does_not_fit_is_said_and_nothing_is_lost(
    engine: Engine, world: World, open_store: OpenStore
) -> None:
    store = open_store(memory="40MB", folder=None)
    before = _people(store)
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [
                {
                    "user_id": 10**12 + number,
                    "first_name": f"{number} " + "x" * 3000,
                    "attributes": {},
                    "updated_at": models.utc_now(),
                }
                for number in range(30_000)
            ],
        )
    with pytest.raises(StoreError, match="HSL_INDEX_MEMORY"):
        store.refresh()
    assert _people(store) == before
    with store.cursor() as reader, pytest.raises(duckdb.OutOfMemoryException):
        reader.execute("SELECT list(i || repeat('x', 1000)) FROM range(1000000) AS r(i)").fetchall()
    assert _people(store) == before


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2.5", "1e3"], AttributeType.NUMBER),
        (["007", "12"], AttributeType.TEXT),
        (["2026-01-31", "2026-01-31 10:00", "2026-01-31T10:00:00Z"], AttributeType.DATE),
        (["2026-02-31"], AttributeType.TEXT),
        (["2026-02-29"], AttributeType.TEXT),
        (["2024-02-29", "2000-02-29"], AttributeType.DATE),
        (["2026-11-24T"], AttributeType.TEXT),
        (["2026-11-24T99:99"], AttributeType.TEXT),
        (["1e400"], AttributeType.TEXT),
        (["1" * 31], AttributeType.TEXT),
        (["0." + "1" * 31], AttributeType.TEXT),
        ([True, "false"], AttributeType.BOOLEAN),
        ([["a"], []], AttributeType.LIST),
        ([["a"], "a"], AttributeType.TEXT),
        (["1", "one"], AttributeType.TEXT),
        ([1, None], AttributeType.NUMBER),
        ([None], AttributeType.TEXT),
    ],
)
def test_it_tells_what_an_attributes_values_are(
    engine: Engine, open_store: OpenStore, values: list[object], kind: AttributeType
) -> None:
    with engine.begin() as connection:
        for number, value in enumerate(values, start=1):
            connection.execute(
                insert(models.users).values(
                    user_id=number, attributes={"x.y 'z\"": value}, updated_at=models.utc_now()
                )
            )
    assert open_store().attributes == {"x.y 'z\"": kind}


def test_archived_recipients_are_there_too(
    engine: Engine, world: World, open_store: OpenStore, tmp_path: Path
) -> None:
    before = in_database(engine)["message_recipients"]
    store = open_store()
    message = _archive(engine, tmp_path)
    store.refresh()
    assert in_store(store)["message_recipients"] == before
    anew = open_store(folder=None)
    assert in_store(anew)["message_recipients"] == before
    by_default = open_store()
    assert in_store(by_default)["message_recipients"] == before
    with engine.begin() as connection:
        # A number that is wrong has all of its recipients read again, out of the archive.
        connection.execute(
            update(models.message_history)
            .where(models.message_history.c.id == message)
            .values(total_recipients=models.message_history.c.total_recipients + 1)
        )
    store.refresh()
    assert in_store(store)["message_recipients"] == before


def test_a_lost_archive_is_said_and_read_when_it_is_back(
    engine: Engine, world: World, open_store: OpenStore, tmp_path: Path
) -> None:
    before = in_database(engine)["message_recipients"]
    _archive(engine, tmp_path)
    file = tmp_path / "archive" / "2026-11" / "old.parquet"
    away = file.rename(tmp_path / "away.parquet")
    store = open_store()
    assert len(in_store(store)["message_recipients"]) < len(before)
    assert "old.parquet cannot be read" in store.lost[0]
    store.save()
    away.rename(file)
    for found in (store, open_store()):
        found.refresh()
        assert in_store(found)["message_recipients"] == before
        assert found.lost == ()


def test_a_file_that_is_back_is_read_also_where_a_refresh_is_given_up(
    engine: Engine, world: World, open_store: OpenStore, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    before = in_database(engine)["message_recipients"]
    _archive(engine, tmp_path)
    file = tmp_path / "archive" / "2026-11" / "old.parquet"
    away = file.rename(tmp_path / "away.parquet")
    store = open_store()
    assert store.lost
    away.rename(file)
    real, asked = refreshing._members, []

    def too_much(cursor: duckdb.DuckDBPyConnection, rows: source.Source) -> int:
        asked.append(1)
        if len(asked) == 1:
            raise source.TooMuchError
        return real(cursor, rows)

    monkeypatch.setattr(refreshing, "_members", too_much)
    store.refresh()
    assert in_store(store)["message_recipients"] == before
    assert store.lost == ()


def test_what_is_no_json_stops_nothing(engine: Engine, open_store: OpenStore) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL takes no such JSON")
    with engine.begin() as connection:
        for number, value in ((1, float("nan")), (2, 1)):
            connection.execute(
                insert(models.users).values(
                    user_id=number, attributes={"a": value}, updated_at=models.utc_now()
                )
            )
    rows = open_store().frame('SELECT user_id, "a:a" AS a FROM users ORDER BY user_id')
    assert rows["a"].tolist()[1] == "1"


def test_a_month_that_is_restored_while_it_is_read_is_said_to_be_lost_until_the_next_look(
    engine: Engine,
    world: World,
    open_store: OpenStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = in_database(engine)["message_recipients"]
    history, recipients = models.message_history, models.message_recipients
    with engine.begin() as connection:
        message = connection.execute(select(history.c.id).limit(1)).scalar_one()
        rows = connection.execute(select(recipients).where(recipients.c.message_id == message))
        kept = [dict(row._mapping) for row in rows]
    _archive(engine, tmp_path)
    read = loading.from_archive

    def restored_meanwhile(*found: Any) -> None:
        with engine.begin() as connection:
            connection.execute(insert(recipients), kept)
            connection.execute(update(history).values(archived_at=None))
            connection.execute(models.archived_months.delete())
        (tmp_path / "archive" / "2026-11" / "old.parquet").unlink()
        read(*found)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(loading, "from_archive", restored_meanwhile)
        store = open_store()
        assert len(in_store(store)["message_recipients"]) < len(before)
        assert "old.parquet cannot be read" in store.lost[0]
    store.refresh()
    assert in_store(store)["message_recipients"] == before
    assert store.lost == ()


def _archive(engine: Engine, folder: Path) -> int:
    """Move one message's recipients into a file; its id."""
    history, recipients = models.message_history, models.message_recipients
    with engine.begin() as connection:
        message = int(connection.execute(select(history.c.id).limit(1)).scalar_one())
        rows = connection.execute(select(recipients).where(recipients.c.message_id == message))
        columns = list(rows.keys())
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        month = folder / "archive" / "2026-11"
        month.mkdir(parents=True)
        kinds = {
            name: pa.timestamp("us", "UTC")
            if name.endswith("_at")
            else pa.int64()
            if name in {"id", "message_id", "user_id", "error_code"}
            else pa.string()
            for name in ("message_id", "user_id", "delivery_status", "reason", "sending_at",
                         "sent_at", "error_code")
        }  # fmt: skip
        pq.write_table(
            pa.table({n: pa.array([r[n] for r in found], k) for n, k in kinds.items()}),
            month / "old.parquet",
        )
        connection.execute(delete(recipients).where(recipients.c.message_id == message))
        connection.execute(
            update(history).where(history.c.id == message).values(archived_at=models.utc_now())
        )
        connection.execute(
            insert(models.archived_months).values(
                month="2026-11", file="old.parquet", rows=len(found), sha256=""
            )
        )
    return message


def _note_an_import(connection: Connection) -> None:
    audit.record(connection, actor="anna", action="import")
