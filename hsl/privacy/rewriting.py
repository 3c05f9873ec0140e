"""Rewriting the archive's files where a person is in them: each is read back before it counts."""

import uuid
from collections.abc import Iterator, Mapping

import pyarrow as pa
from sqlalchemy import Engine, update

from hsl import database, models
from hsl.archive import catalogue, files, reading

AT_ONCE = 50_000  # rows
Months = models.archived_months
_CHANGED = {
    "username": "NULL",
    "telegram_message_id": "NULL",
    "error_description": "NULL",
}


def forget(engine: Engine, user_id: int, pseudonyms: Mapping[int, int]) -> int:
    """Put pseudonyms, by message, in the person's place, and return how many files.

    The rows stay, so that every sum stays. Raises ArchiveError; what was rewritten by then stays,
    and the next call goes on from there.
    """
    changed = 0
    for file in _files_of(engine, user_id):
        rewritten = _rows(file, user_id, pseudonyms)
        name = f"{file.name.partition('.')[0]}-{uuid.uuid4().hex[:8]}.parquet"
        written = files.write(
            catalogue.path_of(engine, file.month, name), rewritten, owner=database.identity(engine)
        )
        with engine.begin() as connection:
            connection.execute(
                update(Months)
                .where(Months.c.month == file.month, Months.c.file == file.name)
                .values(file=name, rows=written.rows, sha256=written.sha256)
            )
        file.path.unlink(missing_ok=True)
        changed += 1
    return changed


def messages_of(engine: Engine, user_id: int) -> list[int]:
    """The archived messages that have a row of the person."""
    with database.read_only(engine).begin() as connection:
        return [int(row["message_id"]) for row in reading.of_person(connection, user_id)]


def _files_of(engine: Engine, user_id: int) -> list[catalogue.File]:
    """The files with a row of the person. Raises ArchiveError for one that is not whole."""
    with database.read_only(engine).begin() as connection:
        listed = catalogue.listed(connection)
    found = []
    for file in listed:
        file.check()
        asked = "SELECT 1 FROM read_parquet($1) WHERE user_id = $2 LIMIT 1"
        if files.connect().execute(asked, [str(file.path), user_id]).fetchone():
            found.append(file)
    return found


def _rows(
    file: catalogue.File, user_id: int, pseudonyms: Mapping[int, int]
) -> Iterator[pa.RecordBatch]:
    reader = files.connect()
    pairs = pa.table(
        {
            "message": pa.array(list(pseudonyms), pa.int64()),
            "pseudonym": pa.array(list(pseudonyms.values()), pa.int64()),
        }
    )
    reader.register("pseudonyms", pairs)
    columns = []
    for name in files.COLUMNS:
        if name == "user_id":
            columns.append(
                "CASE WHEN a.user_id = $person THEN p.pseudonym ELSE a.user_id END AS user_id"
            )
        elif name in _CHANGED:
            columns.append(
                f"CASE WHEN a.user_id = $person THEN {_CHANGED[name]} ELSE a.{name} END AS {name}"
            )
        else:
            columns.append(f"a.{name}")
    found = reader.execute(
        f"SELECT {', '.join(columns)} FROM read_parquet($file) a "
        "LEFT JOIN pseudonyms p ON p.message = a.message_id "
        f"ORDER BY a.message_id, {files.COLUMNS.index('user_id') + 1}",
        {"file": str(file.path), "person": user_id},
    ).to_arrow_reader(AT_ONCE)
    for batch in found:
        yield batch.cast(files.SCHEMA)
