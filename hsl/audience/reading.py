"""Reading a file of people with DuckDB: everything as text, every row with its line number."""

import codecs
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa

from hsl.errors import PlainError

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
UNHEADED = {".parquet", ".jsonl", ".ndjson", ".json"}  # whose first line is a person
ALIASES = {"course_stream": "stream", "id": "user_id"}


class ImportRefused(PlainError, ValueError):  # noqa: N818 - the house's word for it
    """The file cannot be read as a table of people; nothing was changed."""


def open_reader(folder: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB that keeps within its memory by writing aside in `folder`."""
    reader = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "threads": 2})
    # It would draw its own progress on standard output, in the middle of a command's JSON.
    reader.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    reader.execute(f"SET temp_directory = {_quoted(str(folder))}")
    reader.execute("SET autoinstall_known_extensions = false")
    return reader


@dataclass(frozen=True)
class Read:
    """What was read: each of their columns with ours, and which line each file begins after.

    Ours is None where a column is left out. Lines count through all files.
    """

    columns: dict[str, str | None]
    begins: tuple[tuple[int, str], ...]

    @property
    def attributes(self) -> list[str]:
        """Columns of ours that are attributes."""
        return attributes_of(self.columns)


def read(
    reader: duckdb.DuckDBPyConnection,
    paths: Sequence[Path],
    mapping: Mapping[str, str] | None = None,
    *,
    most_rows: int | None = None,
) -> Read:
    """Fill the table `raw` (line, then text columns) from files of which later ones win.

    `mapping` names their columns that have another name here; "" leaves a column out. Raises
    ImportRefused for a file that is not such a table.
    """
    found: list[tuple[Path, str, dict[str, str]]] = []
    columns: dict[str, str | None] = {}
    for path in paths:
        if not path.is_file():
            raise ImportRefused(f"{path} is not a file. Check the name.")
        with _refusing(path):
            source = _source(reader, path)
            described = reader.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        types = {str(row[0]): str(row[1]) for row in described}
        found.append((path, source, types))
        columns |= columns_of(list(types), path.name, mapping or {})
    kept = [*KNOWN, *attributes_of(columns)]
    listed = ", ".join(f"{_name(column)} VARCHAR" for column in kept)
    reader.execute(f"CREATE TABLE raw (line BIGINT, {listed})")
    limit = "" if most_rows is None else f"LIMIT {most_rows}"
    begins: list[tuple[int, str]] = []
    line = 0
    for path, source, types in found:
        begins.append((line, path.name))
        header = 0 if path.suffix.lower() in UNHEADED else 1
        chosen = ", ".join(
            f"{_as_text(theirs, kind)} AS {_name(ours)}"
            for theirs, kind in types.items()
            if (ours := columns[theirs]) is not None
        )
        with _refusing(path):
            reader.execute(
                f"INSERT INTO raw BY NAME SELECT row_number() OVER () + {line + header} AS line, "
                f"{chosen} FROM {source} {limit}"
            )
        counted = reader.execute("SELECT max(line) FROM raw").fetchone()
        line = max(line + header, (counted and counted[0]) or 0)
    return Read(columns, tuple(begins))


def column_names(reader: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """The columns of a file, whatever they mean. Raises ImportRefused where it is no table."""
    with _refusing(path):
        described = reader.execute(f"DESCRIBE SELECT * FROM {_source(reader, path)}").fetchall()
    return [str(row[0]) for row in described]


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        words = str(error).splitlines()[0]
        raise ImportRefused(f"{path.name} cannot be read: {words}. Nothing was changed.") from None


def _as_text(column: str, kind: str) -> str:
    nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION"))
    value = f"to_json({_name(column)})" if nested else _name(column)
    if kind == "JSON":  # of a column with values of several kinds: text without its quotes
        value = f"json_extract_string({_name(column)}, '$')"
    return f"nullif(trim(CAST({value} AS VARCHAR)), '')"


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
            name = f"sheet {path.name}"
            reader.register(name, _sheet(path))
            return _name(name)
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


def columns_of(
    found: Sequence[str], where: str, mapping: Mapping[str, str]
) -> dict[str, str | None]:
    """Our column for each of theirs, None where it is left out. Raises ImportRefused."""
    wanted = {_plain(theirs): _plain(ours) for theirs, ours in mapping.items()}
    there = [_plain(original) for original in found]
    for theirs in wanted:
        if theirs not in there:
            raise ImportRefused(
                f"{where} has no column {theirs}, which is mapped; found: "
                f"{', '.join(found)[:200]}. Correct the mapping."
            )
    columns: dict[str, str | None] = {}
    for original, name in zip(found, there, strict=True):
        if name in wanted:
            columns[original] = wanted[name] or None
        elif ALIASES.get(name) in wanted.values():
            columns[original] = name  # another column is that already
        else:
            columns[original] = ALIASES.get(name, name)
    ours = [column for column in columns.values() if column is not None]
    if "user_id" not in ours:
        raise ImportRefused(
            f"{where} has no column user_id; found: {', '.join(found)[:200]}. "
            "Name the column of Telegram ids user_id."
        )
    twice = sorted({column for column in ours if ours.count(column) > 1})
    if twice:
        raise ImportRefused(f"{where} has two columns for {twice[0]}. Rename one of them.")
    return columns


def attributes_of(columns: Mapping[str, str | None]) -> list[str]:
    """Those of our columns that are attributes."""
    return [c for c in dict.fromkeys(columns.values()) if c is not None and c not in KNOWN]


def _plain(column: str) -> str:
    return column.lstrip("\ufeff").strip().lower()


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _quoted(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"
