"""Reading a file of people with DuckDB: everything as text, every row with its line number."""

import codecs
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa

MEMORY_LIMIT = "700MB"
KNOWN = (
    "user_id",
    "username",
    "first_name",
    "last_name",
    "language_code",
    "registered_at",
    "stream",
    "status",
    "enrolled_at",
)
ALIASES = {"course_stream": "stream", "id": "user_id"}


class ImportRefused(ValueError):  # noqa: N818 - the house's word for it
    """The file cannot be read as a table of people; nothing was changed."""


def open_reader(folder: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB that keeps within its memory by writing aside in `folder`."""
    reader = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "threads": 2})
    reader.execute("SET TimeZone = 'UTC'")
    reader.execute(f"SET temp_directory = {_quoted(str(folder))}")
    reader.execute("SET autoinstall_known_extensions = false")
    return reader


def read(reader: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """Fill the table `raw` (line, then text columns) and return the attribute columns' names.

    Raises ImportRefused for a file that is not such a table.
    """
    if not path.is_file():
        raise ImportRefused(f"{path} is not a file. Check the name.")
    try:
        source = _source(reader, path)
        described = reader.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        columns = _columns([str(row[0]) for row in described], path)
        chosen = ", ".join(
            f"nullif(trim(CAST({_name(original)} AS VARCHAR)), '') AS {_name(column)}"
            for original, column in columns.items()
        )
        first = 1 if path.suffix.lower() in {".parquet", ".jsonl", ".ndjson", ".json"} else 2
        reader.execute(
            f"CREATE TABLE raw AS SELECT row_number() OVER () + {first - 1} AS line, {chosen} "
            f"FROM {source}"
        )
    except duckdb.Error as error:
        words = str(error).splitlines()[0]
        raise ImportRefused(f"{path.name} cannot be read: {words}. Nothing was changed.") from None
    absent = [name for name in KNOWN if name not in columns.values()]
    for name in absent:
        reader.execute(f"ALTER TABLE raw ADD COLUMN {_name(name)} VARCHAR")
    return [column for column in columns.values() if column not in KNOWN]


def _source(reader: duckdb.DuckDBPyConnection, path: Path) -> str:
    quoted = _quoted(str(path))
    match path.suffix.lower():
        case ".csv" | ".tsv" | ".txt":
            _require_utf8(path)
            return f"read_csv({quoted}, all_varchar = true, header = true, null_padding = true)"
        case ".parquet":
            return f"read_parquet({quoted})"
        case ".jsonl" | ".ndjson" | ".json":
            return f"read_json({quoted}, format = 'newline_delimited')"
        case ".xlsx":
            reader.register("sheet", _sheet(path))
            return "sheet"
    raise ImportRefused(
        f"{path.name} is of an unknown kind. Use .csv, .tsv, .parquet, .xlsx or .jsonl."
    )


def _require_utf8(path: Path) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise ImportRefused(
                f"{path.name} is not UTF-8. Save it as “CSV UTF-8” and import it again."
            ) from None


def _sheet(path: Path) -> pa.Table:
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:
        raise ImportRefused(f"{path.name} is not an Excel file: {error}.") from None
    rows = book.worksheets[0].iter_rows(values_only=True)
    header = [str(cell) for cell in next(rows, ()) if cell is not None]
    columns: list[list[str | None]] = [[] for _ in header]
    for row in rows:
        for column, cell in zip(columns, row, strict=False):
            column.append(None if cell is None else str(cell))
    return pa.table(dict(zip(header, columns, strict=True)))


def _columns(found: list[str], path: Path) -> dict[str, str]:
    columns: dict[str, str] = {}
    for original in found:
        name = original.lstrip("\ufeff").strip().lower()
        columns[original] = ALIASES.get(name, name)
    if "user_id" not in columns.values():
        raise ImportRefused(
            f"{path.name} has no column user_id; found: {', '.join(found)[:200]}. "
            "Name the column of Telegram ids user_id."
        )
    if len(set(columns.values())) < len(columns):
        raise ImportRefused(f"{path.name} has two columns of one name. Rename one of them.")
    return columns


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _quoted(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"
