"""Tables as files for other programs: CSV, Parquet and Excel, written as the rows come.

CSV and Excel are read by spreadsheets, which would execute a text that begins like a formula: such
a text gets an apostrophe before it. Where Excel's list separator is another than the comma, a cell
of CSV begins within our texts too. Parquet keeps every value as it is.
"""

import csv
import io
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")
WITHIN = re.compile(r"([;\t\r\n])(?=[=+\-@])")
ESCAPED, ESCAPED_WITHIN = r"^'([=+\-@\t\r])", r"([;\t\r\n])'([=+\-@])"  # as RE2 reads them too
AT_ONCE = 10_000  # rows
SHEET_ROWS = 1_048_576  # that a sheet of Excel holds, its head among them
CELL_LENGTH = 32_767  # characters that a cell of Excel holds
NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
EXACT_DIGITS = 10**15  # above, Excel rounds a number


class Format(StrEnum):
    """What a table is written as."""

    CSV = "csv"
    PARQUET = "parquet"
    EXCEL = "xlsx"

    @property
    def words(self) -> str:
        """Its name for people."""
        return {"csv": "CSV", "parquet": "Parquet", "xlsx": "Excel"}[self.value]

    @property
    def mime(self) -> str:
        """Its media type."""
        return {
            "csv": "text/csv",
            "parquet": "application/vnd.apache.parquet",
            "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }[self.value]


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DAY = "day"
    TIME = "time"
    JSON = "json"


@dataclass(frozen=True)
class Column:
    """A column's name and kind."""

    name: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True)
class Table:
    """Rows as they come from where they are, once; `ending` is a last line for people to read."""

    columns: tuple[Column, ...]
    rows: Iterable[Sequence[object]]
    ending: tuple[str, ...] = ()


def of_frame(frame: "pd.DataFrame") -> Table:
    """The rows of a frame; a time without a zone is a day, as in the figures."""
    columns = tuple(Column(str(name), _kind(kind)) for name, kind in frame.dtypes.items())
    known = frame.astype(object).where(frame.notna(), None)
    rows = (
        [_of_kind(value, column.kind) for value, column in zip(line, columns, strict=True)]
        for line in known.itertuples(index=False, name=None)
    )
    return Table(columns, rows)


def _kind(kind: Any) -> Kind:
    if getattr(kind, "tz", None) is not None:
        return Kind.TIME
    kinds = {"b": Kind.BOOLEAN, "i": Kind.INTEGER, "u": Kind.INTEGER, "f": Kind.NUMBER,
             "M": Kind.DAY}  # fmt: skip
    return kinds.get(getattr(kind, "kind", "O"), Kind.TEXT)


def _of_kind(value: Any, kind: Kind) -> object:
    if value is None:
        return None
    made: dict[Kind, Callable[[Any], object]] = {
        Kind.BOOLEAN: bool,
        Kind.INTEGER: int,
        Kind.NUMBER: float,
        Kind.DAY: lambda moment: moment.date(),
        Kind.TIME: lambda moment: moment.to_pydatetime(),
        Kind.TEXT: str,
    }
    return made[kind](value)


def as_file(table: Table, form: Format) -> IO[bytes]:
    """The table as a file without a name, at its beginning; it is gone once it is closed."""
    with tempfile.TemporaryFile() as file:
        write(table, form, file)
        file.flush()
        # For reading alone, which is what takes files of any kind.
        found = os.fdopen(os.dup(file.fileno()), "rb")
    found.seek(0)
    return found


def write(table: Table, form: Format, file: IO[bytes]) -> None:
    """Write the table into an open file; only some thousand rows are in memory at a time."""
    writers: dict[Format, Callable[[Table, IO[bytes]], None]] = {
        Format.CSV: _write_csv,
        Format.PARQUET: _write_parquet,
        Format.EXCEL: _write_excel,
    }
    writers[form](table, file)


def inert(value: object) -> object:
    """A value that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def inert_in_csv(value: object) -> object:
    """A value that no spreadsheet takes for a formula, whatever it takes for a separator."""
    return inert(WITHIN.sub(r"\1'", value) if isinstance(value, str) else value)


def _write_csv(table: Table, file: IO[bytes]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([inert_in_csv(column.name) for column in table.columns])
    writer.writerows([inert_in_csv(_plain(value)) for value in row] for row in table.rows)
    if table.ending:
        writer.writerow([inert_in_csv(words) for words in table.ending])
    text.flush()
    text.detach()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value


def _write_parquet(table: Table, file: IO[bytes]) -> None:
    import pyarrow as pa  # whoever writes an audit entry has no need of it
    import pyarrow.parquet as pq

    types = {
        Kind.TEXT: pa.string(),
        Kind.INTEGER: pa.int64(),
        Kind.NUMBER: pa.float64(),
        Kind.BOOLEAN: pa.bool_(),
        Kind.DAY: pa.date32(),
        Kind.TIME: pa.timestamp("us", "UTC"),
        Kind.JSON: pa.string(),
    }
    schema = pa.schema([(column.name, types[column.kind]) for column in table.columns])
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        lines = iter(table.rows)
        while rows := list(islice(lines, AT_ONCE)):
            columns = [
                pa.array([_stored(value) for value in values], kind)
                for values, kind in zip(zip(*rows, strict=True), schema.types, strict=True)
            ]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def _stored(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _write_excel(table: Table, file: IO[bytes]) -> None:
    import openpyxl  # it takes a while, and few want Excel

    book = openpyxl.Workbook(write_only=True)
    head = [
        inert(f"{column.name} (UTC)" if column.kind is Kind.TIME else column.name)
        for column in table.columns
    ]
    lines: Iterator[Sequence[object]] = iter(table.rows)
    if table.ending:
        lines = chain(lines, [table.ending])
    first = next(lines, None)
    while True:
        sheet = book.create_sheet()
        sheet.append(head)
        some = [] if first is None else chain([first], islice(lines, SHEET_ROWS - 2))
        for row in some:
            sheet.append([_cell(value) for value in row])
        first = next(lines, None)
        if first is None:
            break
    book.save(file)


def _cell(value: object) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, int) and abs(value) >= EXACT_DIGITS:
        return str(value)
    plain = inert(_plain(value))
    return NO_XML.sub("\ufffd", plain)[:CELL_LENGTH] if isinstance(plain, str) else plain
