"""One moment of the main database, read as Arrow: what is committed later is not seen.

PostgreSQL is read by ADBC in the snapshot that its connection exports. SQLite is read through the
engine's own library: a second copy of SQLite in one process drops the first one's file locks
(sqlite.org/howtocorrupt.html, 2.2.1).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import adbc_driver_postgresql.dbapi
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Engine, text

from hsl import database

ROWS_AT_ONCE = 50_000
TIME = pa.timestamp("us", "UTC")
PEOPLE = pa.schema(
    [
        ("user_id", pa.int64()),
        ("username", pa.string()),
        ("first_name", pa.string()),
        ("last_name", pa.string()),
        ("language_code", pa.string()),
        ("registered_at", TIME),
        ("unreachable_reason", pa.string()),
        ("unreachable_since", TIME),
        ("attributes", pa.string()),
    ]
)
ENROLLMENTS = pa.schema(
    [
        ("user_id", pa.int64()),
        ("course_stream", pa.string()),
        ("status", pa.string()),
        ("enrolled_at", TIME),
    ]
)
MESSAGES = pa.schema(
    [
        ("id", pa.int64()),
        ("message_text", pa.string()),
        ("message_type", pa.string()),
        ("action", pa.string()),
        ("author", pa.string()),
        ("status", pa.string()),
        ("recipient_group", pa.string()),
        ("rule_id", pa.int64()),
        ("experiment_id", pa.int64()),
        ("arm", pa.string()),
        ("created_at", TIME),
        ("scheduled_at", TIME),
        ("started_at", TIME),
        ("finished_at", TIME),
        ("archived_at", TIME),
        ("total_recipients", pa.int64()),
        ("successful_deliveries", pa.int64()),
        ("failed_deliveries", pa.int64()),
        ("uncertain_deliveries", pa.int64()),
        ("cancelled_deliveries", pa.int64()),
        ("deleted_deliveries", pa.int64()),
    ]
)
DELIVERIES = pa.schema(
    [
        ("message_id", pa.int64()),
        ("user_id", pa.int64()),
        ("delivery_status", pa.string()),
        ("reason", pa.string()),
        ("sending_at", TIME),
        ("sent_at", TIME),
        ("error_code", pa.int32()),
    ]
)


class Moment(Protocol):
    """One moment: its connection, and whole tables of it."""

    connection: Connection

    def read(self, table: str, schema: pa.Schema, where: str = "true") -> Iterator[pa.RecordBatch]:
        """The rows that fit, with the schema's columns; JSON comes as text."""


@contextmanager
def moment(engine: Engine) -> Iterator[Moment]:
    """The database as it is now."""
    if engine.dialect.name == "sqlite":
        with database.read_only(engine).begin() as connection:
            yield _Sqlite(connection)
        return
    plain = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    repeatable = engine.execution_options(isolation_level="REPEATABLE READ")
    with (
        repeatable.begin() as connection,
        adbc_driver_postgresql.dbapi.connect(plain) as reader,
    ):
        name: str = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        with reader.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute(f"SET TRANSACTION SNAPSHOT '{name}'")
        yield _Postgresql(connection, reader)


class _Sqlite:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def read(self, table: str, schema: pa.Schema, where: str = "true") -> Iterator[pa.RecordBatch]:
        found = self.connection.exec_driver_sql(
            f"SELECT {', '.join(schema.names)} FROM {table} WHERE {where}"
        ).cursor
        while rows := found.fetchmany(ROWS_AT_ONCE):
            columns = [
                _column(values, field.type)
                for values, field in zip(zip(*rows, strict=True), schema, strict=True)
            ]
            yield pa.record_batch(columns, schema=schema)


class _Postgresql:
    def __init__(self, connection: Connection, reader: Any) -> None:
        self.connection = connection
        self._reader = reader

    def read(self, table: str, schema: pa.Schema, where: str = "true") -> Iterator[pa.RecordBatch]:
        columns = ", ".join(
            f"CAST({field.name} AS text) AS {field.name}"
            if field.type == pa.string()
            else field.name
            for field in schema
        )
        with self._reader.cursor() as cursor:
            cursor.execute(f"SELECT {columns} FROM {table} WHERE {where}")
            for batch in cursor.fetch_record_batch():
                table_now = pa.Table.from_batches([batch]).cast(schema)
                yield from table_now.to_batches()


def _column(values: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    if kind != TIME:
        return pa.array(values, kind)
    # SQLite keeps times as text in UTC.
    naive = pc.cast(pa.array(values, pa.string()), pa.timestamp("us"))
    return pc.assume_timezone(naive, "UTC")
