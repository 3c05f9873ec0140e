"""Rows of the main database as Arrow, all of one moment.

PostgreSQL is read by ADBC. SQLite is read through the engine's own library: a second copy of SQLite
in one process drops the first one's file locks (sqlite.org/howtocorrupt.html, 2.2.1); tried here,
rows committed before were gone.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

import adbc_driver_postgresql.dbapi
import pyarrow as pa
from sqlalchemy import Engine

from hsl import database
from hsl.warehouse.tables import Kept

ROWS_AT_ONCE = 20_000


class Source(Protocol):
    """One moment of the main database."""

    def read(self, kept: Kept, where: str = "true") -> pa.RecordBatchReader:
        """The rows of a table that fit, its kept columns in order."""


@contextmanager
def opened(engine: Engine) -> Iterator[Source]:
    """The database as it is now; what is committed later is not seen."""
    if engine.dialect.name == "sqlite":
        with database.read_only(engine).begin() as connection:
            yield _Sqlite(connection)
        return
    plain = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with adbc_driver_postgresql.dbapi.connect(plain) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        with ExitStack() as cursors:
            yield _Postgresql(connection, cursors)


class _Sqlite:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def read(self, kept: Kept, where: str = "true") -> pa.RecordBatchReader:
        columns = ", ".join(kept.columns)
        rows = self._connection.exec_driver_sql(
            f"SELECT {columns} FROM {kept.name} WHERE {where}"
        ).cursor
        return pa.RecordBatchReader.from_batches(kept.schema, _batches(rows, kept.schema))


class _Postgresql:
    def __init__(self, connection: Any, cursors: ExitStack) -> None:
        self._connection = connection
        self._cursors = cursors

    def read(self, kept: Kept, where: str = "true") -> pa.RecordBatchReader:
        columns = ", ".join(
            f"CAST({name} AS text) AS {name}" if name == "attributes" else name
            for name in kept.columns
        )
        # A cursor that is let go takes its unread rows along.
        cursor = self._cursors.enter_context(self._connection.cursor())
        cursor.execute(f"SELECT {columns} FROM {kept.name} WHERE {where}")
        return cursor.fetch_record_batch()


def _batches(rows: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    while found := rows.fetchmany(ROWS_AT_ONCE):
        columns = [
            pa.array(column, kind)
            for column, kind in zip(zip(*found, strict=True), schema.types, strict=True)
        ]
        yield pa.record_batch(columns, schema=schema)
