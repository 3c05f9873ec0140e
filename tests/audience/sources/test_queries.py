"""Another database is only read: one SELECT, in a session that cannot write, for a limited time."""

import time
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from sqlalchemy.exc import SQLAlchemyError

from hsl.audience.sources import addresses, queries
from hsl.audience.sources.errors import SourceError
from tests.audience.sources.school import Platform


def rows(platform: Platform, query: str, folder: Path, **how: Any) -> list[dict[str, Any]]:
    target = folder / "out.parquet"
    queries.to_parquet(addresses.resolve(platform.address), query, target, **how)
    return list(pyarrow.parquet.read_table(target).to_pylist())


@pytest.mark.parametrize("backend", ["postgresql", "mysql", "sqlite"])
@pytest.mark.parametrize(
    "query",
    [
        "",
        ";",
        "DELETE FROM users",
        "UPDATE users SET id = 1",
        "INSERT INTO users SELECT * FROM users",
        "DROP TABLE users",
        "SELECT 1; DELETE FROM users",
        "SELECT 1; SELECT 2",
        "WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone",
        "SELECT * FROM users FOR UPDATE",
        "SELECT * INTO copied FROM users",
        "TRUNCATE TABLE users",
        "SET x = 1",
        "PRAGMA journal_mode",
        "ATTACH 'x' AS y",
        "COPY users TO '/tmp/x'",
        "CALL something()",
        "BEGIN",
        "EXPLAIN SELECT 1",
        "SELECT 1 /*!50000 INTO OUTFILE '/tmp/x' */",
        "SELECT 'x' INTO OUTFILE '/tmp/x'",
        "SELECT FROM WHERE",
        "this is no SQL",
    ],
)
def test_anything_but_one_select_is_refused(backend: str, query: str) -> None:
    with pytest.raises(SourceError, match=r"query|comment"):
        queries.check(query, backend)


@pytest.mark.parametrize("backend", ["postgresql", "mysql", "sqlite"])
@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 AS user_id",
        "select * from users where name like '%delete%; drop table x' -- DELETE\n;",
        "WITH a AS (SELECT 1 AS x) SELECT * FROM a UNION ALL SELECT 2",
        "SELECT (SELECT count(*) FROM users) AS n, CASE WHEN 1 = 1 THEN 'x' END AS y",
    ],
)
def test_a_select_is_taken_as_it_is(backend: str, query: str) -> None:
    assert queries.check(query, backend) == query.rstrip(";").strip()


def test_the_session_itself_refuses_to_write(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "check", lambda query, _backend: query)
    # psycopg reads through a cursor that is declared for a query, so that nothing else fits in.
    with pytest.raises((SourceError, SQLAlchemyError)):
        rows(platform, "DELETE FROM bookings", tmp_path)
    with pytest.raises((SourceError, SQLAlchemyError)):
        rows(platform, "UPDATE users SET city = 'x'", tmp_path)
    monkeypatch.undo()
    assert len(rows(platform, "SELECT * FROM bookings", tmp_path)) == 5


def test_a_session_of_postgresql_cannot_write_by_a_function_either(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    address = request.getfixturevalue("postgres_address")
    platform = Platform(address, None)  # type: ignore[arg-type]
    with pytest.raises(SourceError, match="read-only"):
        rows(platform, "SELECT lo_create(0) AS user_id", tmp_path)
    assert rows(platform, "SELECT 1 AS a", tmp_path) == [{"a": "1"}]


def test_values_come_as_the_importer_reads_them(platform: Platform, tmp_path: Path) -> None:
    found = rows(
        platform,
        "SELECT telegram_id, name, surname, city, signed_up_on, telegram_id / 1000000 AS million,"
        " '50%' AS share, 2 * 1.0 AS number FROM users WHERE id IN (2, 3) AND name NOT LIKE '%%x'"
        " ORDER BY id",
        tmp_path,
    )
    assert found[0]["telegram_id"] == "700000002"
    assert (found[0]["name"], found[0]["share"], found[0]["number"]) == ("Борис", "50%", "2")
    assert found[0]["signed_up_on"] == "2026-01-11"
    assert found[1]["surname"] is None


def test_a_database_is_read_in_batches(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "ROWS_AT_ONCE", 2)
    told: list[int] = []
    found = rows(platform, "SELECT id FROM users ORDER BY id", tmp_path, tell=told.append)
    assert [row["id"] for row in found] == ["1", "2", "3", "4", "5"]
    assert told == [2, 4, 5]
    assert len(rows(platform, "SELECT id FROM users -- all", tmp_path, most_rows=3)) == 3


def test_no_rows_are_a_table_all_the_same(platform: Platform, tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    address = addresses.resolve(platform.address)
    assert queries.to_parquet(address, "SELECT id FROM users WHERE id < 0", target) == 0
    assert pyarrow.parquet.read_schema(target).names == ["id"]


def test_a_slow_query_is_given_up(platform: Platform, tmp_path: Path) -> None:
    endless = {
        "postgresql": "SELECT pg_sleep(30)",
        "mysql": "SELECT count(*) AS n FROM seq_1_to_100000000 a, seq_1_to_100000000 b",
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT count(*) FROM n",
    }[platform.engine.url.get_backend_name()]
    began = time.monotonic()
    with pytest.raises(SourceError, match=r"The query takes over 1 s"):
        rows(platform, endless, tmp_path, patience=1.0)
    assert time.monotonic() - began < 10


def test_an_error_is_one_sentence_with_the_databases_words(
    platform: Platform, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=r"does not answer the query: .*nowhere"):
        rows(platform, "SELECT id FROM nowhere", tmp_path)


def test_two_columns_of_one_name_are_refused(platform: Platform, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="two columns named id"):
        rows(platform, "SELECT u.id, b.id FROM users u, bookings b", tmp_path)
