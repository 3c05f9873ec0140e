"""One file of the archive: its columns, how it is written, and how it is found to be whole.

A file is `<archive>/<month>/<name>.parquet`: every column of message_recipients, ordered by message
and person. Its footer tells, without reading a row, how many people each message has by status and
reason.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import BigInteger, Column, Integer

from hsl import models
from hsl.archive import ArchiveError
from hsl.models import UtcDateTime

FOOTER = b"hsl.people"  # [[message_id, delivery_status, reason, people], …] as JSON
OWNER = b"hsl.database"  # of which the rows were, see `database.identity`
MEMORY_LIMIT = "1GB"
Recipients = models.message_recipients
MOMENT = pa.timestamp("us", "UTC")
COLUMNS = tuple(column.name for column in Recipients.columns)


@dataclass(frozen=True)
class Tally:
    """How many rows a message has of a status and reason, and a checksum over all their columns."""

    rows: int
    checksum: int


# By message, delivery status and reason.
Tallies = dict[tuple[int, str, str | None], Tally]


@dataclass(frozen=True)
class Written:
    """A file that was read back and found equal to what was written."""

    path: Path
    rows: int
    sha256: str
    tallies: Tallies


def _arrow_type(column: Column[Any]) -> pa.DataType:
    if isinstance(column.type, UtcDateTime):
        return MOMENT
    if isinstance(column.type, BigInteger):
        return pa.int64()
    if isinstance(column.type, Integer):
        return pa.int32()
    return pa.string()


SCHEMA = pa.schema([(column.name, _arrow_type(column)) for column in Recipients.columns])


def _tally(columns: Sequence[str], source: str) -> str:
    return (
        "SELECT message_id, delivery_status, reason, count(*), "
        f"CAST(sum(hash({', '.join(columns)})) AS VARCHAR) FROM {source} GROUP BY ALL"
    )


def batch(rows: Sequence[Sequence[Any]]) -> pa.RecordBatch:
    """Rows of message_recipients, in the order of its columns, as Arrow."""
    columns = zip(*rows, strict=True) if rows else [()] * len(COLUMNS)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def connect() -> duckdb.DuckDBPyConnection:
    """A DuckDB that reads the archive's files; its times are UTC."""
    connection = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "threads": 2})
    connection.execute("SET TimeZone = 'UTC'")
    # In a notebook without ipywidgets DuckDB will not hear of its bar, and draws none.
    with contextlib.suppress(duckdb.InvalidInputException):
        connection.execute("SET enable_progress_bar = false")
    return connection


class Counter:
    """Tallies rows as they pass, by these columns of them."""

    def __init__(self, columns: Sequence[str] = COLUMNS) -> None:
        self._columns = columns
        self._database = connect()
        self.tallies: Tallies = {}

    def add(self, rows: pa.RecordBatch) -> None:
        """Count these too."""
        self._database.register("rows_now", pa.Table.from_batches([rows]))
        merge(self.tallies, self._database.execute(_tally(self._columns, "rows_now")).fetchall())
        self._database.unregister("rows_now")


def merge(tallies: Tallies, found: Iterable[tuple[Any, ...]]) -> None:
    """Add counted lines (message, status, reason, rows, checksum) to `tallies`."""
    for message_id, status, reason, rows, checksum in found:
        before = tallies.get((message_id, status, reason), Tally(0, 0))
        tallies[message_id, status, reason] = Tally(
            before.rows + rows, before.checksum + int(checksum)
        )


def tallies_in(path: Path, columns: Sequence[str] = COLUMNS) -> Tallies:
    """A file's tallies, counted over all of its rows by these columns.

    Raises ArchiveError where it is broken.
    """
    found: Tallies = {}
    try:
        tally = _tally(columns, "read_parquet($1)")
        lines = connect().execute(tally, [str(path)]).fetchall()
    except duckdb.Error as fault:
        raise broken(path, str(fault).splitlines()[0]) from fault
    merge(found, lines)
    return found


def write(path: Path, rows: Iterable[pa.RecordBatch], *, owner: str) -> Written:
    """Write rows beside `path`, read them back, compare, and only then give them its name.

    `owner` is the identity of the database that they are of. Raises ArchiveError where what was
    read is not what was written; then no such file is there.
    """
    counter = Counter()
    _make_folder(path.parent)
    part = path.with_suffix(".part")
    try:
        with pq.ParquetWriter(part, SCHEMA, compression="zstd") as writer:
            for some in rows:
                writer.write_batch(some)
                counter.add(some)
            people = json.dumps(_people(counter.tallies))
            writer.add_key_value_metadata({FOOTER: people, OWNER: owner})
        _sync(part)
        if tallies_in(part) != counter.tallies or people_in(part) != _by_message(counter.tallies):
            raise ArchiveError(
                f"{part} does not read back as it was written. Nothing was taken out of the "
                "database. Check this disk, then run the command again."
            )
        digest = sha256_of(part)
        part.replace(path)
        _sync(path.parent)
    finally:
        part.unlink(missing_ok=True)
    total = sum(tally.rows for tally in counter.tallies.values())
    return Written(path, total, digest, counter.tallies)


def people_in(path: Path) -> dict[int, dict[tuple[str, str | None], int]]:
    """By message: how many people of each status and reason, from the file's footer alone."""
    try:
        facts = path.stat()
        return _footer(str(path), facts.st_mtime_ns, facts.st_size)
    except FileNotFoundError:
        raise missing(path) from None
    except (pa.ArrowInvalid, KeyError, ValueError) as fault:
        raise broken(path, str(fault).splitlines()[0]) from fault


@lru_cache(maxsize=256)
def _footer(path: str, _mtime: int, _size: int) -> dict[int, dict[tuple[str, str | None], int]]:
    metadata = pq.read_metadata(path).metadata
    found: dict[int, dict[tuple[str, str | None], int]] = {}
    for message_id, status, reason, people in json.loads(metadata[FOOTER]):
        found.setdefault(message_id, {})[status, reason] = people
    return found


def owner_of(path: Path) -> str:
    """The identity of the database that a file's rows are of; empty where the file tells none."""
    try:
        metadata = pq.read_metadata(path).metadata or {}
    except (OSError, pa.ArrowInvalid):
        return ""
    return bytes(metadata.get(OWNER, b"")).decode("utf-8", "replace")


def _people(tallies: Tallies) -> list[list[Any]]:
    return [[*key, tally.rows] for key, tally in sorted(tallies.items(), key=_order)]


def _order(item: tuple[tuple[int, str, str | None], Tally]) -> tuple[int, str, str]:
    message_id, status, reason = item[0]
    return message_id, status, reason or ""


def _by_message(tallies: Tallies) -> dict[int, dict[tuple[str, str | None], int]]:
    found: dict[int, dict[tuple[str, str | None], int]] = {}
    for (message_id, status, reason), tally in tallies.items():
        found.setdefault(message_id, {})[status, reason] = tally.rows
    return found


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hexadecimal. Raises ArchiveError where it is missing."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise missing(path) from None


def missing(path: Path) -> ArchiveError:
    """What to say of a listed file that is not there."""
    return ArchiveError(
        f"The archive's file {path} is not there. Bring it back from a backup; where several "
        "machines share the database, HSL_DATA_DIR must hold the same archive on all of them."
    )


def broken(path: Path, why: str) -> ArchiveError:
    """What to say of a file that cannot be read."""
    return ArchiveError(
        f"The archive's file {path} cannot be read: {why}. Bring it back from a backup."
    )


def _make_folder(folder: Path) -> None:
    for missing_one in [f for f in [*reversed(folder.parents), folder] if not f.exists()]:
        missing_one.mkdir(exist_ok=True)
        _sync(missing_one.parent)


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
