"""One moment of the main database, as Arrow.

PostgreSQL is read by ADBC, in this process. SQLite is read through the engine's own library when it
is little, and by another process with ADBC (`sqlite_reader`) when it is much: that is three times
as fast, and a second copy of SQLite in this process would drop the first one's file locks
(sqlite.org/howtocorrupt.html, 2.2.1); tried here, rows committed before were gone.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import adbc_driver_postgresql.dbapi
import pyarrow as pa
from sqlalchemy import Connection, Engine

from hsl import database
from hsl.quoting import literal
from hsl.warehouse.sqlite_reader import MISSING, MISSING_NUMBER, Reader
from hsl.warehouse.tables import STATUS, Kept

ROWS_AT_ONCE = 20_000
MUCH = 50_000  # rows from which on another process reads SQLite


class TooMuchError(RuntimeError):
    """More rows are asked for than this source should read: open another for much."""


class Source(Protocol):
    """One moment of the main database."""

    def read(self, kept: Kept, where: str = "true") -> pa.RecordBatchReader:
        """The rows of a table that fit, its kept columns in order."""

    def answer(self, sql: str) -> list[tuple[Any, ...]]:
        """The few rows of a small question."""

    def moment(self, at: datetime) -> str:
        """A time as this database's SQL takes it."""

    def seconds(self, column: str) -> str:
        """SQL for a column of times as text that is the same whenever it is read."""

    def typed(self, kept: Kept, name: str) -> str:
        """DuckDB's SQL for a column of what `read` gives, in the type it is kept as."""

    def allow(self, rows: int) -> None:
        """Raises TooMuchError where so many rows should be read from another source."""


@contextmanager
def opened(engine: Engine, *, much: bool) -> Iterator[Source]:
    """The database as it is now; what is committed later is not seen."""
    handed = Handed()
    with ExitStack() as open_:
        if engine.dialect.name == "postgresql":
            plain = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
            adbc = open_.enter_context(adbc_driver_postgresql.dbapi.connect(plain))
            cursors = open_.enter_context(ExitStack())
            open_.callback(handed.end)
            with adbc.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield _Postgresql(adbc, cursors, handed)
            return
        # Also while another process reads: whoever closes a database last takes its log away.
        connection = open_.enter_context(database.read_only(engine).begin())
        if much and engine.url.database not in {None, "", ":memory:"}:
            reader = open_.enter_context(Reader(str(engine.url.database)))
            open_.callback(handed.end)
            yield _SqliteProcess(reader, handed)
        else:
            open_.callback(handed.end)
            yield _Sqlite(connection, handed, patient=much)


def is_much(engine: Engine) -> bool:
    """True where all of the database should be read by another process."""
    if engine.dialect.name == "postgresql":
        return False
    with database.read_only(engine).begin() as connection:
        row = connection.exec_driver_sql(
            "SELECT (SELECT count(*) FROM users), (SELECT max(id) FROM message_recipients)"
        ).one()
    return max(row[0] or 0, row[1] or 0) > MUCH


class Handed:
    """Rows that are handed to DuckDB for as long as their source is open.

    After a query fails, a thread of DuckDB may still ask for rows; asked of a source that is closed
    meanwhile, they would end this process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._over = False

    def out(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> pa.RecordBatchReader:
        """The batches, which end when this is over."""
        return pa.RecordBatchReader.from_batches(schema, self._guarded(batches))

    def end(self) -> None:
        """Hand out no more; returns when nobody is being handed any."""
        with self._lock:
            self._over = True

    def _guarded(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        while True:
            with self._lock:
                batch = None if self._over else next(batches, None)
            if batch is None:
                return
            yield batch


class _SqliteWords:
    """What SQLite's rows look like: times are naive UTC text."""

    def moment(self, at: datetime) -> str:
        return literal(f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}")

    def seconds(self, column: str) -> str:
        return f"CAST({column} AS text)"

    def typed(self, kept: Kept, name: str) -> str:
        if kept.is_moment(name):
            # By way of TIMESTAMP, as the cast that looks at the time zone is far slower.
            return f"CAST(CAST({name} AS TIMESTAMP) AS TIMESTAMPTZ)"
        return f"CAST({name} AS {sql_type(kept, name)})"


class _Sqlite(_SqliteWords):
    def __init__(self, connection: Connection, handed: Handed, *, patient: bool) -> None:
        self._connection = connection
        self._handed = handed
        self._patient = patient

    def read(self, kept: Kept, where: str = "true") -> pa.RecordBatchReader:
        columns = ", ".join(kept.columns)
        rows = self._connection.exec_driver_sql(
            f"SELECT {columns} FROM {kept.name} WHERE {where}"
        ).cursor
        return self._handed.out(kept.schema, _batches(rows, kept.schema))

    def answer(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._connection.exec_driver_sql(sql)]

    def allow(self, rows: int) -> None:
        if rows > MUCH and not self._patient:
            raise TooMuchError


class _SqliteProcess(_SqliteWords):
    def __init__(self, reader: Reader, handed: Handed) -> None:
        self._reader = reader
        self._handed = handed

    def read(self, kept: Kept, where: str = "true") -> pa.RecordBatchReader:
        # ADBC guesses a column's type by its first rows, so no row may lack a value.
        columns = ", ".join(
            f"coalesce({name}, {self._missing(kept, name)}) AS {name}" for name in kept.columns
        )
        rows = self._reader.read(f"SELECT {columns} FROM {kept.name} WHERE {where}")
        # Where there are no rows, ADBC takes every column for numbers.
        cast = (batch.cast(kept.schema) for batch in rows)
        return self._handed.out(kept.schema, cast)

    def answer(self, sql: str) -> list[tuple[Any, ...]]:
        rows = self._reader.read(sql).read_all().to_pylist()
        return [tuple(row.values()) for row in rows]

    def typed(self, kept: Kept, name: str) -> str:
        there = f"nullif({name}, {self._missing(kept, name)})"
        if kept.is_moment(name):
            return f"CAST(CAST({there} AS TIMESTAMP) AS TIMESTAMPTZ)"
        return f"CAST({there} AS {sql_type(kept, name)})"

    def allow(self, rows: int) -> None:
        """It reads any number of rows."""

    def _missing(self, kept: Kept, name: str) -> str:
        number = kept.schema.field(name).type == pa.int64()
        return str(MISSING_NUMBER) if number else f"'{MISSING}'"


class _Postgresql:
    def __init__(self, connection: Any, cursors: ExitStack, handed: Handed) -> None:
        self._connection = connection
        self._cursors = cursors
        self._handed = handed

    def read(self, kept: Kept, where: str = "true") -> pa.RecordBatchReader:
        columns = ", ".join(
            f"CAST({name} AS text) AS {name}" if name == "attributes" else name
            for name in kept.columns
        )
        # A cursor that is let go takes its unread rows along.
        cursor = self._cursors.enter_context(self._connection.cursor())
        cursor.execute(f"SELECT {columns} FROM {kept.name} WHERE {where}")
        rows = cursor.fetch_record_batch()
        return self._handed.out(rows.schema, iter(rows))

    def answer(self, sql: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def moment(self, at: datetime) -> str:
        return f"CAST({literal(at.astimezone(UTC).isoformat())} AS timestamptz)"

    def seconds(self, column: str) -> str:
        return f"CAST(extract(epoch FROM {column}) AS text)"

    def typed(self, kept: Kept, name: str) -> str:
        kind = "TIMESTAMPTZ" if kept.is_moment(name) else sql_type(kept, name)
        return f"CAST({name} AS {kind})"

    def allow(self, rows: int) -> None:
        """It reads any number of rows."""


def sql_type(kept: Kept, name: str) -> str:
    """DuckDB's type of a column that is kept, other than a time."""
    if name == STATUS:
        return "delivery_status"
    if name == "error_code":
        return "INTEGER"
    return "BIGINT" if kept.schema.field(name).type == pa.int64() else "VARCHAR"


def _batches(rows: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    while found := rows.fetchmany(ROWS_AT_ONCE):
        columns = [
            pa.array(column, kind)
            for column, kind in zip(zip(*found, strict=True), schema.types, strict=True)
        ]
        yield pa.record_batch(columns, schema=schema)
