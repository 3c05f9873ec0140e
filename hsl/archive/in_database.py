"""A message's rows as they stand in the database, read and written as Arrow."""

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.csv
from sqlalchemy import Connection, Row, select

from hsl import models
from hsl.archive import files

Recipients = models.message_recipients
READ_AT_ONCE = 50_000  # rows
Progress = Callable[[str, int], None]


def rows_of(
    connection: Connection, messages: Sequence[int], progress: Progress = lambda _s, _r: None
) -> Iterator[Any]:
    """The rows of these messages in the database as Arrow batches, by message and person."""
    gathered: list[Row[Any]] = []
    for number in messages:
        found = connection.execute(
            select(Recipients)
            .where(Recipients.c.message_id == number)
            .order_by(Recipients.c.user_id),
            execution_options={"yield_per": READ_AT_ONCE},
        )
        for some in found.partitions():
            progress("read", len(some))
            gathered += some
            if len(gathered) >= READ_AT_ONCE:  # many small messages go together
                yield files.batch(gathered)
                gathered = []
    if gathered:
        yield files.batch(gathered)


def insert(connection: Connection, rows: pa.RecordBatch, columns: Sequence[str]) -> None:
    """Add rows, of which these columns are given, as fast as the database's driver can."""
    if not rows.num_rows:
        return
    given = rows.select(list(columns))
    names = ", ".join(columns)
    if connection.dialect.name == "postgresql":
        lines = io.BytesIO()
        pyarrow.csv.write_csv(
            _with_times_as_text(given, files.MOMENT),
            lines,
            pyarrow.csv.WriteOptions(include_header=False),
        )
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY {Recipients.name} ({names}) FROM STDIN (FORMAT csv)") as copy:
            copy.write(lines.getvalue())
        return
    given = _with_times_as_text(given, pa.timestamp("us"))  # SQLite's are naive UTC
    connection.exec_driver_sql(
        f"INSERT INTO {Recipients.name} ({names}) VALUES ({', '.join('?' * len(columns))})",
        list(zip(*[column.to_pylist() for column in given.columns], strict=True)),
    )


def _with_times_as_text(rows: pa.RecordBatch, kind: pa.DataType) -> pa.RecordBatch:
    columns = [
        column.cast(kind).cast(pa.string()) if pa.types.is_timestamp(column.type) else column
        for column in rows.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=rows.schema.names)
