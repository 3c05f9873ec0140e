"""Archived recipients as they are read: sums from a file's footer, rows by DuckDB.

Every function takes a connection to the main database, which knows what is archived and where.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
from sqlalchemy import Connection

from hsl.archive import ArchiveError, catalogue, files
from hsl.models import DeliveryStatus, RecipientOrder

AT_ONCE = 10_000  # rows
COLUMNS = files.COLUMNS
ORDERS = {
    RecipientOrder.CHOSEN: "id",
    RecipientOrder.FIRST: "sent_at ASC NULLS LAST, id",
    RecipientOrder.LAST: "sent_at DESC NULLS LAST, id DESC",
}


@dataclass(frozen=True)
class Wanted:
    """Which recipients of a message. A person fits whose username begins so, or who is named."""

    message_id: int
    status: str | None = None
    reason: str | None = None
    username: str = ""
    user_ids: Collection[int] | None = None


class Press(NamedTuple):
    """A press in a file of presses: our message's number, or Telegram's in the person's chat."""

    line: int
    message_id: int | None
    telegram_message_id: int | None
    user_id: int


def failed_by_reason(
    connection: Connection, message_ids: Sequence[int]
) -> dict[int, dict[str, int]]:
    """By archived message: how many failed for each reason. Empty where no file can tell."""
    if not message_ids:
        return {}
    try:
        of = catalogue.files_of(connection, message_ids)
        people = {number: files.people_in(of[number].path)[number] for number in message_ids}
    except ArchiveError:
        # A list of messages must not fail for a file; verify and the doctor tell of it.
        return {}
    found: dict[int, dict[str, int]] = {number: {} for number in message_ids}
    for number, counts in people.items():
        for (status, reason), count in counts.items():
            if status == DeliveryStatus.FAILED:
                named = reason or "other"
                found[number][named] = found[number].get(named, 0) + count
    return found


def reasons(connection: Connection, message_id: int) -> list[str]:
    """The reasons that stand at an archived message's recipients."""
    file = catalogue.files_of(connection, [message_id])[message_id]
    people = files.people_in(file.path)[message_id]
    return sorted({reason for _, reason in people if reason})


def recipients(
    connection: Connection,
    wanted: Wanted,
    *,
    order: RecipientOrder = RecipientOrder.CHOSEN,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[dict[str, Any]], int]:
    """Some of an archived message's recipients that fit, in this order, and how many fit."""
    file = catalogue.files_of(connection, [wanted.message_id])[wanted.message_id]
    reader = files.connect()
    fits, values = _fits(reader, wanted)
    source = f"FROM read_parquet($file) WHERE {fits}"
    values |= {"file": str(file.path)}
    total = _run(reader, f"SELECT count(*) {source}", values, file.path).fetchall()[0][0]
    rows = _run(
        reader,
        f"SELECT {', '.join(COLUMNS)} {source} ORDER BY {ORDERS[order]} "
        f"LIMIT {int(limit)} OFFSET {int(offset)}",
        values,
        file.path,
    )
    return rows.to_arrow_table().to_pylist(), int(total)


def recipients_after(
    connection: Connection, message_id: int, status: str | None, last: int, limit: int
) -> list[dict[str, Any]]:
    """Some of an archived message's recipients whose user ids follow `last`, by these ids."""
    file = catalogue.files_of(connection, [message_id])[message_id]
    rows = _run(
        files.connect(),
        f"SELECT {', '.join(COLUMNS)} FROM read_parquet($file) WHERE message_id = $message "
        "AND user_id > $last AND ($status IS NULL OR delivery_status = $status) "
        f"ORDER BY user_id LIMIT {int(limit)}",
        {"file": str(file.path), "message": message_id, "last": last, "status": status},
        file.path,
    )
    found: list[dict[str, Any]] = rows.to_arrow_table().to_pylist()
    return found


def all_recipients(connection: Connection, message_id: int) -> Iterator[dict[str, Any]]:
    """All of an archived message's recipients, in their order."""
    file = catalogue.files_of(connection, [message_id])[message_id]
    rows = _run(
        files.connect(),
        f"SELECT {', '.join(COLUMNS)} FROM read_parquet($file) WHERE message_id = $message "
        "ORDER BY id",
        {"file": str(file.path), "message": message_id},
        file.path,
    )
    for batch in rows.to_arrow_reader(AT_ONCE):
        yield from batch.to_pylist()


def got_by_version(connection: Connection, message_id: int) -> dict[int, int]:
    """How many people got which version of an archived message, also where it was deleted later."""
    return dict(
        _of_message(
            connection,
            message_id,
            "SELECT version, count(*) FROM read_parquet($file) WHERE message_id = $message "
            f"AND delivery_status IN ('{DeliveryStatus.SENT}', '{DeliveryStatus.DELETED}') "
            "AND version IS NOT NULL GROUP BY version",
        )
    )


def tried_again(connection: Connection, message_id: int) -> int:
    """How many tries of an archived message did not count."""
    ((found,),) = _of_message(
        connection,
        message_id,
        "SELECT coalesce(sum(attempts - 1), 0) FROM read_parquet($file) "
        "WHERE message_id = $message AND attempts > 1",
    )
    return int(found)


def _of_message(connection: Connection, message_id: int, sql: str) -> list[tuple[Any, ...]]:
    file = catalogue.files_of(connection, [message_id])[message_id]
    values = {"file": str(file.path), "message": message_id}
    return _run(files.connect(), sql, values, file.path).fetchall()


def of_person(connection: Connection, user_id: int) -> list[dict[str, Any]]:
    """Every archived row of one person."""
    paths = [file.path for file in catalogue.listed(connection)]
    if not paths:
        return []
    for path in paths:
        if not path.exists():
            raise files.missing(path)
    rows = _run(
        files.connect(),
        f"SELECT {', '.join(COLUMNS)} FROM read_parquet($files) WHERE user_id = $person",
        {"files": [str(path) for path in paths], "person": user_id},
        paths[0].parent.parent,
    )
    return list(rows.to_arrow_table().to_pylist())


def pressed(file: catalogue.File, presses: Sequence[Press]) -> list[tuple[int, int]]:
    """Line and message of those of these presses that are of a recipient in this file."""
    reader = files.connect()
    columns = zip(*presses, strict=True)
    given = [pa.array(column, pa.int64()) for column in columns]
    reader.register("presses", pa.table(given, names=list(Press._fields)))
    fits = "p.message_id = r.message_id"
    in_chat = "p.message_id IS NULL AND p.telegram_message_id = r.telegram_message_id"
    rows = _run(
        reader,
        "SELECT DISTINCT p.line, r.message_id FROM read_parquet($file) AS r JOIN presses AS p "
        f"ON p.user_id = r.user_id AND ({fits} OR ({in_chat}))",
        {"file": str(file.path)},
        file.path,
    )
    return rows.fetchall()


def batches(
    connection: Connection, columns: Sequence[str], message_ids: Collection[int] | None = None
) -> Iterator[pa.RecordBatch]:
    """Archived rows of these messages (of all, if not given) as Arrow, with these columns."""
    wanted = None if message_ids is None else set(message_ids)
    names = [name for name in files.COLUMNS if name in columns]
    for file in catalogue.listed(connection):
        inside = files.people_in(file.path).keys()
        chosen = inside if wanted is None else inside & wanted
        if not chosen:
            continue
        reader = files.connect()
        reader.register("chosen", pa.table({"message_id": pa.array(sorted(chosen), pa.int64())}))
        rows = _run(
            reader,
            f"SELECT {', '.join(names)} FROM read_parquet($file) "
            "WHERE message_id IN (SELECT message_id FROM chosen)",
            {"file": str(file.path)},
            file.path,
        )
        yield from rows.to_arrow_reader(AT_ONCE * 10)


def _fits(reader: duckdb.DuckDBPyConnection, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    fits = ["message_id = $message"]
    values: dict[str, Any] = {"message": wanted.message_id}
    if wanted.status:
        fits.append("delivery_status = $status")
        values["status"] = wanted.status
    if wanted.reason:
        fits.append("reason = $reason")
        values["reason"] = wanted.reason
    if wanted.username:
        ids = pa.array(list(wanted.user_ids or ()), pa.int64())
        reader.register("named", pa.table({"user_id": ids}))
        fits.append(
            "(starts_with(lower(username), lower($username)) "
            "OR user_id IN (SELECT user_id FROM named))"
        )
        values["username"] = wanted.username
    return " AND ".join(fits), values


def _run(
    reader: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any], path: Path
) -> duckdb.DuckDBPyConnection:
    if not path.exists():
        raise files.missing(path)
    try:
        return reader.execute(sql, values)
    except duckdb.Error as fault:
        raise files.broken(path, str(fault).splitlines()[0]) from fault
