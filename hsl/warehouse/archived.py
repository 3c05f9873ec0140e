"""The recipients of archived messages, out of their Parquet files."""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
from sqlalchemy import Connection, Engine, select

from hsl import database, models
from hsl.warehouse.tables import RECIPIENTS

log = logging.getLogger(__name__)

FOLDER = "archive"  # in the data folder; in it a folder for each month
ArchiveFiles = Callable[[Connection], list[Path]]
Months = models.archived_months


class Archive:
    """The files that `archive_files` names; if left out, those listed, below the data folder."""

    def __init__(
        self, engine: Engine, folder: Path | None, archive_files: ArchiveFiles | None
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._archive_files = archive_files
        self._lost: dict[Path, str] = {}

    @property
    def lost(self) -> tuple[str, ...]:
        """A sentence for each file that could not be read when it was wanted last."""
        return tuple(self._lost.values())

    def rows(self, messages: Sequence[int]) -> Iterator[pa.Table]:
        """These messages' recipients, file by file; a file that cannot be read is noted as lost.

        Arrow reads them, as the store itself may open no file.
        """
        wanted = ds.field("message_id").isin(list(messages))
        for file in self._files() if messages else []:
            try:
                rows = ds.dataset(file, format="parquet").to_table(
                    columns=list(RECIPIENTS.columns), filter=wanted
                )
            except (OSError, pa.ArrowInvalid) as fault:
                self._lost[file] = (
                    f"The archive's file {file} cannot be read: {str(fault).splitlines()[0]}. "
                    "Put it back where it was, or restore it from a backup."
                )
                log.warning("%s", self._lost[file])
                continue
            self._lost.pop(file, None)
            yield rows

    def _files(self) -> list[Path]:
        with database.read_only(self._engine).begin() as connection:
            if self._archive_files is not None:
                return self._archive_files(connection)
            return [] if self._folder is None else listed(connection, self._folder)


def listed(connection: Connection, folder: Path) -> list[Path]:
    """The files that `archived_months` names, below the data folder."""
    rows = connection.execute(select(Months.c.month, Months.c.file).order_by(*Months.primary_key))
    return [folder / FOLDER / row.month / row.file for row in rows]
