"""Rewriting the archive's files where a person is in them: each is read back before it counts."""

import uuid
from collections.abc import Iterator, Mapping

import pyarrow as pa
from sqlalchemy import Engine, select, update

from hsl import database, models
from hsl.archive import catalogue, files, reading
from hsl.models import FIRST_PSEUDONYM

AT_ONCE = 50_000  # rows
Months, Presses = models.archived_months, models.button_presses
PRESSES_AT_ONCE = 20  # messages whose presses one transaction changes
TELLING = ("username", "telegram_message_id", "error_description")  # beside the id
NO_PAIRS = pa.table({"message": pa.array([], pa.int64()), "pseudonym": pa.array([], pa.int64())})


def forget(engine: Engine, user_id: int, pseudonyms: Mapping[int, int]) -> int:
    """Put pseudonyms, by message, in the person's place, and return how many files.

    The rows stay, so that every sum stays. Raises ArchiveError; what was rewritten by then stays,
    and the next call goes on from there.
    """
    found = [file for file in _listed(engine) if _has(file, f"user_id = {user_id:d}")]
    pairs = pa.table(
        {
            "message": pa.array(list(pseudonyms), pa.int64()),
            "pseudonym": pa.array(list(pseudonyms.values()), pa.int64()),
        }
    )
    for file in found:
        _rewrite(engine, file, f"a.user_id = {user_id:d}", "p.pseudonym", pairs)
    return len(found)


def forget_before(engine: Engine, month: str) -> int:
    """Put ids of nobody in everybody's place in the files before a month; return how many rows.

    Presses of these messages follow their recipient. Raises ArchiveError.
    """
    somebody, total = f"user_id < {FIRST_PSEUDONYM}", 0
    for file in _listed(engine):
        if file.month >= month or not _has(file, somebody):
            continue
        counted = f"SELECT count(*) FROM read_parquet($1) WHERE {somebody}"
        total += files.connect().execute(counted, [str(file.path)]).fetchall()[0][0]
        _follow(engine, file)
        _rewrite(engine, file, f"a.{somebody}", f"{FIRST_PSEUDONYM} + a.id", NO_PAIRS)
    return total


def _follow(engine: Engine, file: catalogue.File) -> None:
    """Presses of a file's messages go to the ids that their recipients get."""
    messages = sorted(files.people_in(file.path))
    asked = "SELECT id FROM read_parquet($1) WHERE message_id = $2 AND user_id = $3"
    reader = files.connect()
    for start in range(0, len(messages), PRESSES_AT_ONCE):
        with engine.begin() as connection:
            some = messages[start : start + PRESSES_AT_ONCE]
            for message, user in connection.execute(
                select(Presses.c.message_id, Presses.c.user_id)
                .where(Presses.c.message_id.in_(some), Presses.c.user_id < FIRST_PSEUDONYM)
                .distinct()
            ).all():
                row = reader.execute(asked, [str(file.path), message, user]).fetchone()
                if row is not None:
                    connection.execute(
                        update(Presses)
                        .where(Presses.c.message_id == message, Presses.c.user_id == user)
                        .values(user_id=FIRST_PSEUDONYM + row[0])
                    )


def _rewrite(
    engine: Engine, file: catalogue.File, whose: str, new_id: str, pairs: pa.Table
) -> None:
    """Write a file anew, without what tells who they are in the rows of `whose`."""
    name = f"{file.name.partition('.')[0][:40]}-{uuid.uuid4().hex[:8]}.parquet"
    written = files.write(
        catalogue.path_of(engine, file.month, name),
        _rows(file, whose, new_id, pairs),
        owner=database.identity(engine),
    )
    with engine.begin() as connection:
        connection.execute(
            update(Months)
            .where(Months.c.month == file.month, Months.c.file == file.name)
            .values(file=name, rows=written.rows, sha256=written.sha256)
        )
    file.path.unlink(missing_ok=True)


def messages_of(engine: Engine, user_id: int) -> list[int]:
    """The archived messages that have a row of the person."""
    with database.read_only(engine).begin() as connection:
        return [int(row["message_id"]) for row in reading.of_person(connection, user_id)]


def _listed(engine: Engine) -> list[catalogue.File]:
    """The files. Raises ArchiveError for one that is not whole."""
    with database.read_only(engine).begin() as connection:
        listed = catalogue.listed(connection)
    for file in listed:
        file.check()
    return listed


def _has(file: catalogue.File, condition: str) -> bool:
    asked = f"SELECT 1 FROM read_parquet($1) WHERE {condition} LIMIT 1"
    return files.connect().execute(asked, [str(file.path)]).fetchone() is not None


def _rows(
    file: catalogue.File, whose: str, new_id: str, pairs: pa.Table
) -> Iterator[pa.RecordBatch]:
    reader = files.connect()
    reader.register("pseudonyms", pairs)
    instead = {**dict.fromkeys(TELLING, "NULL"), "user_id": new_id}
    columns = (
        f"CASE WHEN {whose} THEN {instead[name]} ELSE a.{name} END AS {name}"
        if name in instead
        else f"a.{name}"
        for name in files.COLUMNS
    )
    found = reader.execute(
        f"SELECT {', '.join(columns)} FROM read_parquet($1) a "
        "LEFT JOIN pseudonyms p ON p.message = a.message_id "
        f"ORDER BY a.message_id, {files.COLUMNS.index('user_id') + 1}",
        [str(file.path)],
    ).to_arrow_reader(AT_ONCE)
    for batch in found:
        yield batch.cast(files.SCHEMA)
