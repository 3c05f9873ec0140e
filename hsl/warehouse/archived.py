"""The recipients of archived messages, out of their Parquet files."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
from sqlalchemy import Engine

from hsl.archive import catalogue
from hsl.warehouse.source import Source
from hsl.warehouse.tables import RECIPIENTS

log = logging.getLogger(__name__)


class Archive:
    """The files that the main database lists."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lost: dict[Path, str] = {}

    @property
    def lost(self) -> tuple[str, ...]:
        """A sentence for each file that could not be read when it was wanted last."""
        return tuple(self._lost.values())

    def noted(self) -> dict[Path, str]:
        """The files that are lost, to be noted again where what was read since is given up."""
        return dict(self._lost)

    def note(self, lost: dict[Path, str]) -> None:
        """Take these for the lost files."""
        self._lost = lost

    def is_incomplete(self, source: Source) -> bool:
        """Whether a file that `source` lists could not be read; others are forgotten."""
        if self._lost:
            listed = self._listed(source)
            self._lost = {file: words for file, words in self._lost.items() if file in listed}
        return bool(self._lost)

    def rows(self, messages: Sequence[int], source: Source) -> Iterator[pa.Table]:
        """These messages' recipients, file by file; a file that cannot be read is noted as lost.

        `source` tells which files there are, at the moment at which these messages are archived:
        where one was restored since, its file is noted as lost, and the next refresh finds the
        rows. Arrow reads the files, as the store itself may open none.
        """
        wanted = ds.field("message_id").isin(list(messages))
        for file in self._listed(source) if messages else []:
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

    def _listed(self, source: Source) -> list[Path]:
        found = source.answer("SELECT month, file FROM archived_months ORDER BY month, file")
        return [catalogue.path_of(self._engine, month, name) for month, name in found]
