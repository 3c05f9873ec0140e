"""Each kind of file as rows that DuckDB reads: their line, their columns, and what is wrong."""

import codecs
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from hsl.audience.columns import ImportRefused, letters
from hsl.quoting import identifier, literal
from hsl.words import _

MEMORY_LIMIT = "700MB"
MOST_ASIDE = "8GB"  # that DuckDB writes aside
MOST_BYTES = 2 * 2**30  # of a file
MOST_UNPACKED = 2**30  # bytes of an Excel file's sheets and texts
MOST_SHARED = 256 * 2**20  # bytes of its texts alone, which are held in memory
MOST_LINE = 2_000_000  # bytes of a line of CSV
ROWS_AT_ONCE = 10_000
ABSENT = "\x01"  # stands for a value that CSV cannot hold, so that NULL is a cell that is not there
SHORT = "fewer cells than the header: it may be cut off"
LONG = "more cells than the header"


@dataclass(frozen=True)
class Opened:
    """A file's rows: `rows` is SQL of a table with `line` and a column for each of `columns`.

    `columns` and `types` tell by DuckDB's name of a column theirs, and its type; `fault` is SQL for
    why a row is none, else NULL. A spreadsheet's texts are escaped, see `table.inert`.
    """

    rows: str
    columns: dict[str, str]
    types: dict[str, str]
    fault: str = "CAST(NULL AS VARCHAR)"
    is_spreadsheet: bool = False


def open_file(reader: duckdb.DuckDBPyConnection, path: Path) -> Opened:
    """The rows of a file of people, whose kind its name tells. Raises ImportRefused."""
    if not path.is_file():
        raise ImportRefused(_("{path} is not a file. Check the name.", path=path))
    if path.stat().st_size > MOST_BYTES:
        raise ImportRefused(
            _(
                "{name} is larger than {most} GiB. Split it into smaller files.",
                name=path.name,
                most=MOST_BYTES // 2**30,
            )
        )
    with refusing(path.name):
        match path.suffix.lower():
            case ".csv" | ".tsv" | ".txt":
                return _csv(reader, path)
            case ".parquet":
                return _parquet(reader, path)
            case ".jsonl" | ".ndjson" | ".json":
                return _json(reader, path)
            case ".xlsx":
                return _sheet(reader, path)
    raise ImportRefused(
        _(
            "{name} is of an unknown kind. Use .csv, .tsv, .parquet, .xlsx or .jsonl.",
            name=path.name,
        )
    )


@contextmanager
def refusing(name: str) -> Iterator[None]:
    """Raise ImportRefused for what DuckDB or Arrow cannot take of the file `name`."""
    try:
        yield
    except (duckdb.OutOfMemoryException, MemoryError):
        raise ImportRefused(
            _(
                "{name} unpacks to more than the {most_aside} that may be put aside for it. Split "
                "it into smaller files. Nothing was changed.",
                name=name,
                most_aside=MOST_ASIDE,
            )
        ) from None
    except (duckdb.Error, pa.ArrowException) as error:
        words = str(error).splitlines()[0].rstrip(".")
        if "Maximum line size" in str(error):
            words = _("a line has more than {most} bytes", most=MOST_LINE)
        raise ImportRefused(
            _("{name} cannot be read: {words}. Nothing was changed.", name=name, words=words)
        ) from None


def _csv(reader: duckdb.DuckDBPyConnection, path: Path) -> Opened:
    """The header is the first row: DuckDB's own reading of it would rename what it finds twice."""
    _require_utf8(path)
    # Several threads would cut a file between the lines of one cell, and refuse it then.
    table = (
        f"read_csv({literal(str(path))}, all_varchar = true, header = false, null_padding = true, "
        "parallel = false, "
        f"nullstr = {literal(ABSENT)}, max_line_size = {MOST_LINE})"
    )
    found = reader.execute(f"SELECT * FROM {table} LIMIT 1")
    places = [str(column[0]) for column in found.description or ()]
    head = found.fetchone()
    if head is None:
        raise ImportRefused(_("{name} is empty. Its first line names the columns.", name=path.name))
    names = [str(cell) for cell in head if cell is not None]
    rows = f"(SELECT * FROM (SELECT row_number() OVER () AS line, * FROM {table}) WHERE line > 1)"
    named, beyond = places[: len(names)], places[len(names) :]
    columns = dict(zip(named, names, strict=True))
    for place, name in zip(named, names, strict=True):
        if not name.strip("\ufeff ") and not _has_values(reader, rows, place):
            del columns[place]
    more = " OR ".join(f"{column} <> ''" for column in beyond)
    fault = f"CASE WHEN {named[-1]} IS NULL THEN '{SHORT}' "
    fault += f"WHEN {more} THEN '{LONG}' END" if more else "END"
    return Opened(rows, columns, dict.fromkeys(columns, "VARCHAR"), fault, is_spreadsheet=True)


def _has_values(reader: duckdb.DuckDBPyConnection, rows: str, column: str) -> bool:
    found = reader.execute(f"SELECT 1 FROM {rows} WHERE trim({column}) <> '' LIMIT 1").fetchone()
    return found is not None


def _parquet(reader: duckdb.DuckDBPyConnection, path: Path) -> Opened:
    table = f"read_parquet({literal(str(path))})"
    # DuckDB renames what it finds twice; the file's own schema does not.
    return _numbered(table, _types(reader, table), pq.read_schema(path).names)


def _json(reader: duckdb.DuckDBPyConnection, path: Path) -> Opened:
    table = f"read_json({literal(str(path))}, format = 'newline_delimited')"
    types = _types(reader, table)
    return _numbered(table, types, list(types))


def _types(reader: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    described = reader.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
    return {str(row[0]): str(row[1]) for row in described}


def _numbered(table: str, types: Mapping[str, str], names: Sequence[str]) -> Opened:
    """The table's rows with their lines; a column of theirs may be called "line" as well."""
    places = [f"c{number}" for number in range(len(types))]
    listed = ", ".join(
        f"{identifier(column)} AS {place}" for column, place in zip(types, places, strict=True)
    )
    return Opened(
        f"(SELECT row_number() OVER () AS line, {listed} FROM {table})",
        dict(zip(places, names, strict=True)),
        dict(zip(places, types.values(), strict=True)),
    )


def _sheet(reader: duckdb.DuckDBPyConnection, path: Path) -> Opened:
    """The first sheet, written aside as Parquet, as it would not fit into memory."""
    _refuse_large_sheets(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:
        raise ImportRefused(
            _("{name} is not an Excel file: {error}.", name=path.name, error=error)
        ) from None
    lines = book.worksheets[0].iter_rows(values_only=True)
    head = [_cell(cell) for cell in next(lines, ())]
    while head and not head[-1]:
        head.pop()
    if not head:
        raise ImportRefused(
            _("{name} is empty. The first row of its sheet names the columns.", name=path.name)
        )
    names = {f"c{place}": name for place, name in enumerate(head) if name}
    found = reader.execute("SELECT current_setting('temp_directory')").fetchone()
    # The same file may be opened more than once, and its rows must stay.
    with tempfile.NamedTemporaryFile(
        dir=found and found[0], suffix=".parquet", delete=False
    ) as aside:
        _write_aside(path.name, head, lines, aside)
    book.close()
    return Opened(
        f"read_parquet({literal(aside.name)})",
        {place: _without_zone(name) for place, name in names.items()},
        dict.fromkeys(names, "VARCHAR"),
        is_spreadsheet=True,
    )


def _refuse_large_sheets(path: Path) -> None:
    """Raise ImportRefused for what would fill the memory: a packed file tells its real sizes."""
    try:
        with zipfile.ZipFile(path) as packed:
            sizes = {part.filename: part.file_size for part in packed.infolist()}
    except (zipfile.BadZipFile, OSError) as error:
        raise ImportRefused(
            _("{name} is not an Excel file: {error}.", name=path.name, error=error)
        ) from None
    shared = sum(size for name, size in sizes.items() if "sharedstrings" in name.lower())
    if shared > MOST_SHARED or sum(sizes.values()) > MOST_UNPACKED:
        most = MOST_SHARED if shared > MOST_SHARED else MOST_UNPACKED
        raise ImportRefused(
            _(
                "{name} unpacks to more than {most} MiB. Save it as CSV or Parquet and use that.",
                name=path.name,
                most=most // 2**20,
            )
        )


def _write_aside(
    name: str, head: Sequence[str], lines: Iterator[Sequence[Any]], aside: IO[bytes]
) -> None:
    kept = [place for place, words in enumerate(head) if words]
    zoned = [words != _without_zone(words) for words in head]
    schema = pa.schema([("line", pa.int64()), *((f"c{place}", pa.string()) for place in kept)])
    numbered = enumerate(lines, start=2)
    with pq.ParquetWriter(aside, schema, compression="zstd") as writer:
        while some := list(islice(numbered, ROWS_AT_ONCE)):
            rows = [(line, [_cell(cell) for cell in row]) for line, row in some]
            rows = [(line, row) for line, row in rows if any(row)]
            for _line, row in rows:
                _refuse_unnamed(name, head, row)
            columns = [pa.array([line for line, _ in rows], pa.int64())]
            for place in kept:
                zone = "+00:00" if zoned[place] else ""
                cells = [row[place] if place < len(row) else "" for _, row in rows]
                columns.append(pa.array([cell and cell + zone for cell in cells], pa.string()))
            writer.write_batch(pa.record_batch(columns, schema=schema))


def _refuse_unnamed(name: str, head: Sequence[str], row: Sequence[str]) -> None:
    for place, cell in enumerate(row):
        if cell and (place >= len(head) or not head[place]):
            raise ImportRefused(
                _(
                    "{name}: column {letters} has no name. Name it in the first row, or take it "
                    "out.",
                    name=name,
                    letters=letters(place),
                )
            )


def _without_zone(column: str) -> str:
    """Our own files say UTC in the head of a column of times: Excel's have no zone."""
    return column.removesuffix(" (UTC)")


def _cell(value: object) -> str:
    """A cell as text; Excel keeps whole numbers as fractions at times."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _require_utf8(path: Path) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise ImportRefused(
                _(
                    "{name} is not UTF-8. Save it as “CSV UTF-8” and import it again.",
                    name=path.name,
                )
            ) from None
