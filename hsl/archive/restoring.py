"""Bringing a month back, every row as it was, and checking what is archived.

The rows go in by small steps while the messages still count as archived, so that nobody reads
them; one transaction then makes them the message's own again, once they equal the file's.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Engine, delete, select, update

from hsl import audit, database
from hsl.acting import Permission, needs
from hsl.archive import ArchiveError, catalogue, files, in_database, storing
from hsl.archive.in_database import Progress
from hsl.archive.storing import COUNTERS, History, Months, Recipients

INSERTED_AT_ONCE = 1_000  # rows: a transaction that senders hardly notice
SHARE = 0.5  # of the time of a step, for which others get SQLite's lock before the next
# A row comes back with its id, unless another row has got that meanwhile.
BUT_ID = tuple(name for name in files.COLUMNS if name != "id")


@dataclass(frozen=True)
class Checked:
    """One file: what is wrong with it, or nothing."""

    month: str
    file: str
    rows: int
    problem: str | None


@needs(Permission.MANAGE)
def restore(
    engine: Engine,
    month: str,
    *,
    actor: str,
    progress: Progress = lambda _stage, _rows: None,
) -> int:
    """Bring a month's rows back into the database, and return how many. Raises ArchiveError."""
    with catalogue.alone(engine):
        with database.read_only(engine).begin() as connection:
            found = catalogue.listed(connection, [month])
        if not found:
            raise ArchiveError(
                f"Nothing of {month} is archived. `python -m hsl archive --list` shows what is."
            )
        for file in found:
            file.check()
        for file in found:
            _bring_back(engine, file, actor, progress)
    return sum(file.rows for file in found)


def verify(engine: Engine) -> list[Checked]:
    """Read every file whole and compare it with what the database knows of it."""
    with database.read_only(engine).begin() as connection:
        found = catalogue.listed(connection)
        rows = connection.execute(select(History).where(History.c.archived_at.is_not(None))).all()
    archived = {row.id: row for row in rows}
    in_files: set[int] = set()
    checked = []
    for file in found:
        try:
            file.check()
            tallies = files.tallies_in(file.path)
            in_files |= {message_id for message_id, _, _ in tallies}
            problem = _problem(file, tallies, archived)
        except ArchiveError as fault:
            problem = str(fault)
        checked.append(Checked(file.month, file.name, file.rows, problem))
    lost = sorted(set(archived) - in_files)
    if lost and all(one.problem is None for one in checked):
        words = f"Message {lost[0]} is marked as archived and is in no file."
        checked.append(Checked(catalogue.month_of(archived[lost[0]].started_at), "", 0, words))
    return checked


def _problem(file: catalogue.File, tallies: files.Tallies, archived: dict[int, Any]) -> str | None:
    if sum(tally.rows for tally in tallies.values()) != file.rows:
        return f"It has other rows than the {file.rows:,} that are listed."
    by_message: dict[int, dict[str, int]] = {}
    for (message_id, status, _reason), tally in tallies.items():
        counts = by_message.setdefault(message_id, {})
        counts[status] = counts.get(status, 0) + tally.rows
    for message_id, counts in by_message.items():
        row = archived.get(message_id)
        if row is None:
            return f"Message {message_id} is in it and not marked as archived."
        if sum(counts.values()) != row.total_recipients or any(
            counts.get(status, 0) != getattr(row, name) for status, name in COUNTERS.items()
        ):
            return f"Message {message_id} has other recipients in it than its counters say."
    return None


def _bring_back(engine: Engine, file: catalogue.File, actor: str, progress: Progress) -> None:
    messages = sorted(files.people_in(file.path))
    for some in _rows(file):
        _insert_missing(engine, some)
        progress("restored", some.num_rows)
    counter = files.Counter(BUT_ID)
    with database.read_only(engine).begin() as connection:
        for batch in in_database.rows_of(connection, messages):
            counter.add(batch)
    if counter.tallies != files.tallies_in(file.path, BUT_ID):
        raise ArchiveError(
            f"The rows of {file.name} in the database are not those of the file. The file counts "
            "as before. `python -m hsl archive --before DATE` clears them; then restore again."
        )
    _give_back(engine, file, messages, actor)
    file.path.unlink(missing_ok=True)


def _give_back(engine: Engine, file: catalogue.File, messages: Sequence[int], actor: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            update(History).where(History.c.id.in_(messages)).values(archived_at=None)
        )
        connection.execute(
            delete(Months).where(Months.c.month == file.month, Months.c.file == file.name)
        )
        audit.record(
            connection,
            actor=actor,
            action="restored",
            object_type="month",
            object_id=file.month,
            details={"file": file.name, "rows": file.rows, "messages": len(messages)},
        )


def _rows(file: catalogue.File) -> Iterator[pa.RecordBatch]:
    reader = (
        files.connect()
        .execute(f"SELECT {', '.join(files.COLUMNS)} FROM read_parquet($1)", [str(file.path)])
        .to_arrow_reader(INSERTED_AT_ONCE)
    )
    for batch in reader:
        for start in range(0, batch.num_rows, INSERTED_AT_ONCE):
            yield batch.slice(start, INSERTED_AT_ONCE)


def _insert_missing(engine: Engine, rows: pa.RecordBatch) -> None:
    began = time.monotonic()
    with engine.begin() as connection:
        missing = rows.filter(pc.invert(_are_there(connection, rows)))
        taken = _ids_taken(connection, missing)
        in_database.insert(connection, missing.filter(pc.invert(taken)), files.COLUMNS)
        # Another row has the id by now, as SQLite gives the highest one away again; the database
        # gives these new ones.
        in_database.insert(connection, missing.filter(taken), BUT_ID)
    took = time.monotonic() - began if engine.dialect.name == "sqlite" else 0.0
    time.sleep(max(storing.REST, SHARE * took))


def _are_there(connection: Connection, rows: pa.RecordBatch) -> pa.Array:
    """Which of them an archive run or a restore that was ended has left."""
    messages, people = rows.column("message_id").to_pylist(), rows.column("user_id").to_pylist()
    found = connection.execute(
        select(Recipients.c.message_id, Recipients.c.user_id).where(
            Recipients.c.message_id.in_(set(messages)),
            database.among(connection, Recipients.c.user_id, people),
        )
    )
    there = {(row.message_id, row.user_id) for row in found}
    return pa.array([pair in there for pair in zip(messages, people, strict=True)], pa.bool_())


def _ids_taken(connection: Connection, rows: pa.RecordBatch) -> pa.Array:
    ids = rows.column("id").to_pylist()
    found = connection.execute(
        select(Recipients.c.id).where(database.among(connection, Recipients.c.id, ids))
    )
    taken: set[int] = set(found.scalars())
    return pa.array([number in taken for number in ids], pa.bool_())
