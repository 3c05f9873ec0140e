"""Reports by the clock: at HSL_REPORT_EVERY, of the time since the one before, into a folder.

What is due is told by the files that are there, so that any number of schedulers may look, and one
that was off at the time makes up for it.
"""

import logging
import threading
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hsl.archive import ArchiveError
from hsl.delivery.recurring import Repeat
from hsl.settings import Settings

LONGEST = timedelta(days=8)  # between two times of a weekly rule, and a day for shifted clocks
logger = logging.getLogger(__name__)


def due(settings: Settings, now: datetime) -> tuple[datetime, datetime] | None:
    """The last period that is over, from one time of the rule to the next; None without a rule."""
    if settings.report_folder is None:
        return None
    rule = Repeat.parse(f"{settings.report_every} {settings.time_zone}")
    times: list[datetime] = []
    moment = rule.after(now - 2 * LONGEST)
    while moment is not None and moment <= now:
        times.append(moment)
        moment = rule.after(moment)
    return (times[-2], times[-1]) if len(times) > 1 else None


def name_of(since: datetime, until: datetime, zone: ZoneInfo) -> str:
    """A period's file, such as report-2026-11-16-to-2026-11-23.html."""
    first, last = (moment.astimezone(zone).date() for moment in (since, until))
    return f"report-{first}-to-{last}.html"


class Reports:
    """Writes what is due, in a thread of its own: counting may take longer than a heartbeat."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._at_work: threading.Thread | None = None

    def look(self, now: datetime) -> None:
        """Begin to write the report that is due and not there yet."""
        found = due(self._settings, now)
        folder = self._settings.report_folder
        if found is None or folder is None or (self._at_work and self._at_work.is_alive()):
            return
        if (folder / name_of(*found, self._settings.zone)).exists():
            return
        self._at_work = threading.Thread(target=self._write, args=found, name="report", daemon=True)
        self._at_work.start()

    def wait(self) -> None:
        """Wait for the report that is being written."""
        if self._at_work is not None:
            self._at_work.join()

    def _write(self, since: datetime, until: datetime) -> None:
        folder = self._settings.report_folder
        if folder is None:
            return
        # It brings pandas and DuckDB with it, which a scheduler without reports need not load.
        from hsl.reports import writing

        try:
            path = writing.period(self._engine, since, until, self._settings.zone, folder)
            logger.info("Wrote the report %s", path)
        except (OSError, ArchiveError, SQLAlchemyError) as fault:
            # The next look tries again.
            logger.error("The report into %s failed: %s", folder, fault)
