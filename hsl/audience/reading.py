"""Reading files of people with DuckDB: everything as text, every row with its line number."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from hsl import table
from hsl.audience import columns, formats
from hsl.audience.formats import Opened
from hsl.quoting import identifier, literal

MOST_TEXT = 10_000  # characters of a value


@contextmanager
def open_reader(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that keeps within its memory by writing aside in `folder`.

    Raises ImportRefused for what it cannot take of the files that are read by it.
    """
    limits: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": formats.MEMORY_LIMIT,
        "max_temp_directory_size": formats.MOST_ASIDE,
        "threads": 2,
    }
    with formats.refusing("The file"), duckdb.connect(config=limits) as reader:
        # It would draw its own progress on standard output, in the middle of a command's JSON.
        reader.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        reader.execute(f"SET temp_directory = {literal(str(folder))}")
        reader.execute("SET autoinstall_known_extensions = false")
        yield reader


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
        return columns.attributes_of(self.columns)


def read(
    reader: duckdb.DuckDBPyConnection,
    paths: Sequence[Path],
    mapping: Mapping[str, str] | None = None,
    *,
    most_rows: int | None = None,
) -> Read:
    """Fill the table `raw` (line, fault, and text columns) from files of which later ones win.

    `fault` is why a row is none. `mapping` names their columns that have another name here; ""
    leaves a column out. Raises ImportRefused for a file that is not such a table.
    """
    found: list[tuple[Path, Opened, dict[str, str | None]]] = []
    all_columns: dict[str, str | None] = {}
    for path in paths:
        opened = formats.open_file(reader, path)
        theirs = columns.columns_of(list(opened.columns.values()), path.name, mapping or {})
        found.append((path, opened, theirs))
        all_columns |= theirs
    kept = [*columns.KNOWN, *columns.attributes_of(all_columns)]
    listed = ", ".join(f"{column(ours)} VARCHAR" for ours in kept)
    reader.execute(f"CREATE TABLE raw (line BIGINT, fault VARCHAR, {listed})")
    limit = "" if most_rows is None else f"LIMIT {most_rows}"
    begins: list[tuple[int, str]] = []
    line = 0
    for path, opened, theirs in found:
        begins.append((line, path.name))
        chosen = ", ".join(
            f"{_as_text(opened, place)} AS {column(ours)}"
            for place, name in opened.columns.items()
            if (ours := theirs[name]) is not None
        )
        with formats.refusing(path.name):
            reader.execute(
                f"INSERT INTO raw BY NAME SELECT line + {line} AS line, {opened.fault} AS fault, "
                f"{chosen} FROM {opened.rows} {limit}"
            )
        counted = reader.execute("SELECT max(line) FROM raw").fetchone()
        line = max(line, (counted and counted[0]) or 0)
    return Read(all_columns, tuple(begins))


def column_names(reader: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """The columns of a file, whatever they mean. Raises ImportRefused where it is no table."""
    return list(formats.open_file(reader, path).columns.values())


def column(ours: str) -> str:
    """The column of `raw` that holds a column of ours, as SQL takes it.

    An attribute has any name, so that it must not meet one of the table's own.
    """
    return ours if ours in columns.KNOWN else identifier(f"a:{ours}")


def _as_text(opened: Opened, place: str) -> str:
    kind = opened.types[place]
    nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION"))
    value = f"to_json({place})" if nested else place
    if kind == "JSON":  # of a column with values of several kinds: text without its quotes
        value = f"json_extract_string({place}, '$')"
    text = f"CAST({value} AS VARCHAR)"
    if opened.is_spreadsheet:
        text = f"regexp_replace({text}, {literal(table.ESCAPED_WITHIN)}, '\\1\\2', 'g')"
        text = f"regexp_replace({text}, {literal(table.ESCAPED)}, '\\1')"
    # One more than is taken, so that it is seen; a whole one could be gigabytes in every row.
    return f"nullif(trim(left({text}, {MOST_TEXT + 1})), '')"
