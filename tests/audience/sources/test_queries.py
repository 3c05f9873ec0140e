"""Another database is only read: one SELECT, in a session that cannot write, for a limited time."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from hsl.audience.sources import addresses, queries, runs
from hsl.audience.sources.errors import SourceError, SourceStoppedError
from hsl.settings import Settings
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


class Relay:
    """Stands before a database, and falls silent when it is told to: a network that is cut."""

    def __init__(self, family: int, place: Any) -> None:
        self._family, self._place = family, place
        self._ends: list[socket.socket] = []
        self.is_silent = False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.socket(self._family)
                far.connect(self._place)
                self._ends += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while block := source.recv(65_536):
                if b"pg_sleep" in block:
                    self.is_silent = True
                if not self.is_silent:
                    target.sendall(block)

    def close(self) -> None:
        for end in [self._server, *self._ends]:
            end.close()


@pytest.fixture
def silent(postgres_address: str) -> Iterator[str]:
    """The address of a real PostgreSQL that is not heard of again after a query of pg_sleep."""
    folder = str(make_url(postgres_address).query["host"])
    relay = Relay(socket.AF_UNIX, f"{folder}/.s.PGSQL.5432")
    yield f"postgresql://postgres@127.0.0.1:{relay.port}/postgres?sslmode=disable"
    relay.close()


SLEEPING = "SELECT CAST(pg_sleep(0) AS text) AS user_id"


def test_a_database_that_falls_silent_is_given_up(
    silent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "GRACE", 0.1)
    began = time.monotonic()
    with pytest.raises(SourceError, match="The query takes over 1 s"):
        queries.to_parquet(
            addresses.resolve(silent), SLEEPING, tmp_path / "out.parquet", patience=1.0
        )
    assert time.monotonic() - began < 6


def test_a_silent_database_holds_no_shutdown(
    silent: str, engine: Engine, keep: Callable[..., object], settings: Settings
) -> None:
    keep(silent, query=SLEEPING)
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    with pytest.raises(SourceStoppedError, match="The run was stopped, and nothing was changed"):
        runs.run(engine, "school", settings=settings, actor="anna", stop=stop)


def test_a_session_finds_a_cut_network_by_itself(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    backend = platform.engine.url.get_backend_name()

    def look(connection: Any) -> None:
        driver = connection.connection.driver_connection
        if backend == "postgresql":
            given = driver.info.get_parameters()
            seen.append((given["keepalives_idle"], given["tcp_user_timeout"]))
        if backend == "mysql":
            seen.append(
                (driver._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                 driver._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))
            )  # fmt: skip

    reading_ = queries._reading

    @contextmanager
    def looked(*given: Any) -> Iterator[Any]:
        with reading_(*given) as connection:
            look(connection)
            yield connection

    monkeypatch.setattr(queries, "_reading", looked)
    rows(platform, "SELECT id FROM users", tmp_path)
    assert seen == {
        "postgresql": [("5", "10000")], "mysql": [(5, 10_000)], "sqlite": [],
    }[backend]  # fmt: skip


def test_a_value_of_no_persons_size_is_refused(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_CELL", 5)
    with pytest.raises(SourceError, match=r"The column name has a value of .* MiB\. Leave"):
        rows(platform, "SELECT id, name FROM users", tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(queries, "MOST_BYTES", 5)
    with pytest.raises(SourceError, match="The query gives more than 0 GiB"):
        rows(platform, "SELECT id, name FROM users", tmp_path)


def test_rows_stand_together_in_the_file(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(queries, "ROWS_TOGETHER", 3)
    assert len(rows(platform, "SELECT id FROM users", tmp_path)) == 5
    assert pyarrow.parquet.ParquetFile(tmp_path / "out.parquet").num_row_groups == 2
