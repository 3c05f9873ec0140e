"""A source's first rows as they would become people, before anything is changed."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

from hsl.acting import Permission, needs
from hsl.audience import columns, importer, reading
from hsl.audience.sources import definitions, guessing, runs
from hsl.audience.sources.errors import SourceError
from hsl.settings import Settings
from hsl.words import _

ROWS = 20
# What is shown of a column whose value may be none that can be kept: then the words as they came.
OF_THE_CHECKED = {
    "user_id": "raw_id",
    "registered_at": "coalesce(registered_at, raw_registered)",
    "enrolled_at": "coalesce(enrolled_at, raw_enrolled)",
}


@dataclass(frozen=True)
class Row:
    """One row: the columns that it has a value for, and why it would be rejected, if it would."""

    line: int
    person: dict[str, str]
    attributes: dict[str, str]
    problem: str | None


@dataclass(frozen=True)
class Column:
    """One of their columns, and what becomes of it: ours is None where it is left out."""

    theirs: str
    ours: str | None

    @property
    def becomes(self) -> str:
        """Such as "user_id", "attribute city" or "left out"."""
        if self.ours is None:
            return "left out"
        return self.ours if self.ours in columns.KNOWN else f"attribute {self.ours}"


@dataclass(frozen=True)
class Preview:
    """Their columns and the first rows; `problem` says why it cannot be read with this mapping."""

    columns: list[Column]
    rows: list[Row]
    mapping: dict[str, str]
    problem: str | None = None

    @property
    def rejected(self) -> int:
        """How many of the rows shown would be rejected."""
        return sum(row.problem is not None for row in self.rows)


@needs(Permission.MANAGE)
def preview(
    definition: definitions.Definition, settings: Settings, *, propose: bool = False
) -> Preview:
    """The first rows of a source, by its mapping or by a proposed one.

    Raises SourceError where it cannot be reached or read at all.
    """
    try:
        with (
            tempfile.TemporaryDirectory(prefix="hsl-source-") as named,
            reading.open_reader(Path(named)) as reader,
        ):
            fetched = runs.fetch(
                definition, Path(named), settings=settings, tell=lambda _got: None, most_rows=ROWS
            )
            return _looked_at(reader, fetched, definition.mapping, propose)
    except SourceError:
        raise
    except importer.ImportRefused as refused:
        raise SourceError(str(refused)) from None
    except Exception as error:
        cause = runs.cause_of(error, definition.name)
        raise SourceError(
            _("{name} cannot be looked at: {cause}.", name=definition.name, cause=cause)
        ) from error


def _looked_at(
    reader: duckdb.DuckDBPyConnection, fetched: runs.Fetched, mapping: dict[str, str], propose: bool
) -> Preview:
    theirs = _theirs(reader, fetched)
    if propose:
        mapping = guessing.propose(theirs)
    try:
        found = reading.read(reader, fetched.paths, mapping, most_rows=ROWS)
    except importer.ImportRefused as refused:
        shown = [Column(name, mapping.get(name, name.strip().lower()) or None) for name in theirs]
        return Preview(shown, [], mapping, fetched.explained(str(refused)))
    importer.examine(reader, found.attributes)
    return Preview(
        [Column(theirs, ours) for theirs, ours in found.columns.items()], _rows(reader), mapping
    )


def _rows(reader: duckdb.DuckDBPyConnection) -> list[Row]:
    shown = ", ".join(OF_THE_CHECKED.get(name, name) for name in columns.KNOWN)
    rows = reader.execute(
        f"""SELECT line, reason, attributes, {shown}
        FROM checked LEFT JOIN (SELECT line, reason FROM rejects) USING (line) ORDER BY line"""
    ).fetchall()
    return [
        Row(
            line=line,
            person={
                name: _moment(str(value)) if name.endswith("_at") else str(value)
                for name, value in zip(columns.KNOWN, values, strict=True)
                if value is not None
            },
            attributes={name: str(value) for name, value in json.loads(attributes).items()},
            problem=reason,
        )
        for line, reason, attributes, *values in rows
    ]


def _theirs(reader: duckdb.DuckDBPyConnection, fetched: runs.Fetched) -> list[str]:
    try:
        return reading.column_names(reader, fetched.paths[0])
    except importer.ImportRefused as refused:
        raise SourceError(fetched.explained(str(refused))) from None


def _moment(words: str) -> str:
    """A time in UTC as people read it; what is no such time stays as it came."""
    day, _, clock = words.partition(" ")
    if clock == "00:00:00.000000":
        return day
    return f"{words.removesuffix('.000000')} UTC" if words.endswith(".000000") else words
