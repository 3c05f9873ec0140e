"""Backups by the clock: every so many hours into a folder, the last ones and weekly ones kept.

What is due is told by the files that are there, so that a scheduler that was off makes up for it.
"""

import logging
import re
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from hsl.backups import BackupError, making
from hsl.settings import Settings

FILE = re.compile(r"hsl-(\d{8}T\d{6}Z)\.zip")
AFTER_FAILURE = timedelta(minutes=15)
logger = logging.getLogger(__name__)


def made_at(path: Path) -> datetime | None:
    """When a backup was made, by its file's name; None where it is no backup's name."""
    found = FILE.fullmatch(path.name)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def listed(folder: Path) -> list[tuple[datetime, Path]]:
    """The backups in a folder, the newest first."""
    dated = ((made_at(path), path) for path in folder.glob("hsl-*.zip"))
    return sorted(((moment, path) for moment, path in dated if moment), reverse=True)


def folder_of(settings: Settings) -> Path:
    """Where backups go where nothing else is said."""
    return settings.backup_folder or settings.data_dir / "backups"


def superfluous(backups: Sequence[tuple[datetime, Path]], *, last: int, weeks: int) -> list[Path]:
    """Those that are neither among the `last` ones nor the newest of one of the last `weeks`."""
    kept = {path for _moment, path in backups[:last]}
    of_week: dict[tuple[int, int], Path] = {}
    for moment, path in backups:
        year, week, _day = moment.isocalendar()
        if (year, week) not in of_week and len(of_week) < weeks:
            of_week[year, week] = path
    kept.update(of_week.values())
    return [path for _moment, path in backups if path not in kept]


def clear(settings: Settings, folder: Path) -> list[Path]:
    """Remove the backups that need not be kept; they are returned."""
    removed = superfluous(listed(folder), last=settings.backup_keep, weeks=settings.backup_weeks)
    for path in removed:
        path.unlink(missing_ok=True)
    return removed


class Backups:
    """Makes what is due, in a thread of its own: copying may take longer than a heartbeat."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._at_work: threading.Thread | None = None
        self._again_at: datetime | None = None

    def look(self, now: datetime) -> None:
        """Begin a backup if one is due."""
        folder = self._settings.backup_folder
        at_work = self._at_work is not None and self._at_work.is_alive()
        if folder is None or at_work or (self._again_at is not None and now < self._again_at):
            return
        newest = next(iter(listed(folder)), None)
        if newest is not None and now - newest[0] < timedelta(hours=self._settings.backup_every):
            return
        self._at_work = threading.Thread(
            target=self._make, args=(folder, now), name="backup", daemon=True
        )
        self._at_work.start()

    def wait(self) -> None:
        """Wait for the backup that is being made."""
        if self._at_work is not None:
            self._at_work.join()

    def _make(self, folder: Path, now: datetime) -> None:
        try:
            made = making.make(self._engine, folder)
            self._again_at = None
            clear(self._settings, folder)
        except (BackupError, OSError) as fault:
            self._again_at = now + AFTER_FAILURE
            logger.error("%s", fault)
        else:
            logger.info("Made the backup %s", made.path)
