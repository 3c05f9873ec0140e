"""Where the recipients of archived messages lie."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from hsl import database, models

FOLDER = "archive"  # in the data folder; in it a folder for each month
Months = models.archived_months


def finder(
    engine: Engine,
    folder: Path | None,
    archive_files: Callable[[Connection], list[Path]] | None,
) -> Callable[[], Sequence[Path]] | None:
    """A function that names the archive's files; None where there can be none."""
    if archive_files is None and folder is None:
        return None

    def files() -> Sequence[Path]:
        with database.read_only(engine).begin() as connection:
            if archive_files is not None:
                return archive_files(connection)
            assert folder is not None
            return listed(connection, folder)

    return files


def listed(connection: Connection, folder: Path) -> list[Path]:
    """The files that `archived_months` names, below the data folder."""
    rows = connection.execute(select(Months.c.month, Months.c.file).order_by(*Months.primary_key))
    return [folder / FOLDER / row.month / row.file for row in rows]
