"""What is archived: the files that `archived_months` lists, and which message is in which.

`files`, which brings DuckDB and PyArrow, is loaded when a file is read: most
commands ask only whether anything is archived.
"""

import fcntl
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from hsl import database, models
from hsl.archive import ArchiveError

History, Months = models.message_history, models.archived_months


@dataclass(frozen=True)
class File:
    """One listed file."""

    month: str
    name: str
    rows: int
    sha256: str
    archived_at: datetime
    path: Path

    def check(self) -> None:
        """Raises ArchiveError where it is missing or another than was written."""
        from hsl.archive import files

        if files.sha256_of(self.path) != self.sha256:
            raise ArchiveError(
                f"The archive's file {self.path} is not the one that was written (its SHA-256 "
                "differs). Bring it back from a backup."
            )


def month_of(moment: datetime) -> str:
    """The month of a time in UTC, such as "2025-03"."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def path_of(source: Engine | Connection, month: str, name: str) -> Path:
    """Where a file lies: in the archive's folder, in one for its month."""
    return database.archive_of(source) / month / name


def listed(connection: Connection, months: Collection[str] | None = None) -> list[File]:
    """The files, of these months if given, in order."""
    found = select(Months).order_by(Months.c.month, Months.c.file)
    if months is not None:
        found = found.where(Months.c.month.in_(months))
    return [
        File(
            r.month,
            r.file,
            r.rows,
            r.sha256,
            r.archived_at,
            path_of(connection, r.month, r.file),
        )
        for r in connection.execute(found)
    ]


def paths(engine: Engine) -> list[Path]:
    """Where the listed files lie."""
    with database.read_only(engine).begin() as connection:
        return [file.path for file in listed(connection)]


def files_of(connection: Connection, message_ids: Collection[int]) -> dict[int, File]:
    """The file of each of these archived messages. Raises ArchiveError where one has none."""
    from hsl.archive import files

    rows = connection.execute(
        select(History.c.id, History.c.started_at).where(History.c.id.in_(message_ids))
    ).all()
    found: dict[int, File] = {}
    for file in listed(connection, {month_of(row.started_at) for row in rows}):
        found |= {number: file for number in files.people_in(file.path) if number in message_ids}
    lost = sorted(set(message_ids) - set(found))
    if lost:
        raise ArchiveError(
            f"No file of the archive has message {lost[0]}. Bring back the database and the "
            "archive of one and the same backup."
        )
    return found


def archived_among(connection: Connection, message_ids: Collection[int]) -> set[int]:
    """Those of these messages whose recipients' rows are in the archive."""
    found = connection.execute(
        select(History.c.id).where(
            History.c.id.in_(message_ids), History.c.archived_at.is_not(None)
        )
    )
    return {row.id for row in found}


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """While it lasts, no other process archives or restores. Raises ArchiveError."""
    folder = database.archive_of(engine)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArchiveError(
                "Another `hsl archive` is at work on this archive. Wait until it is done."
            ) from None
        yield
