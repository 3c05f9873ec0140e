"""Reports by the clock: at HSL_REPORT_EVERY, of the time since the one before, into a folder.

What is due is told by the files that are there, so that any number of schedulers may look, and one
that was off at the time makes up for it. A report of messages that were still being sent is written
anew when they are over.
"""

import contextvars
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from hsl import audit, database, models
from hsl.delivery.recurring import Repeat
from hsl.models import MessageStatus
from hsl.reports import names, unfinished
from hsl.settings import Settings

LONGEST = timedelta(days=8)  # between two times of a weekly rule, and a day for shifted clocks
FIRST_WAIT = timedelta(minutes=1)  # after a failure; each further one doubles it
LONGEST_WAIT = timedelta(hours=1)
GOING = (MessageStatus.SENDING, MessageStatus.PAUSED)
OBJECT = "report"  # in the audit log
WRITTEN, FAILED = "report_written", "report_failed"
SEARCH = "that is due"  # in the place of a name, while it is not known which one is
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Period:
    """From `since` until before `until`."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class _Failed:
    """How often in a row a report failed, and when it may be tried again."""

    times: int
    again_at: datetime


def due(settings: Settings, now: datetime) -> Period | None:
    """The last period that is over, from one time of the rule to the next; None without a rule."""
    if settings.report_folder is None:
        return None
    rule = Repeat.parse(f"{settings.report_every} {settings.time_zone}")
    times: list[datetime] = []
    moment = rule.after(now - 2 * LONGEST)
    while moment is not None and moment <= now:
        times.append(moment)
        moment = rule.after(moment)
    return Period(times[-2], times[-1]) if len(times) > 1 else None


class Reports:
    """Writes what is due, in a thread of its own: counting may take longer than a heartbeat."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._at_work: threading.Thread | None = None
        self._finished: set[tuple[str, int]] = set()  # files without a mark, and when changed
        self._failed: dict[str, _Failed] = {}

    def look(self, now: datetime) -> None:
        """Begin to write a report that is due and not there yet, or to be written anew."""
        folder = self._settings.report_folder
        if folder is None or (self._at_work is not None and self._at_work.is_alive()):
            return
        self._at_work = threading.Thread(
            target=contextvars.copy_context().run,  # with who acts
            args=(self._write_next, folder, now),
            name="report",
            daemon=True,
        )
        self._at_work.start()

    def wait(self) -> None:
        """Wait for the report that is being written."""
        if self._at_work is not None:
            self._at_work.join()

    def _write_next(self, folder: Path, now: datetime) -> None:
        name = SEARCH
        if self._waits(name, now):
            return
        try:
            for period in self._wanted(folder, now):
                name = names.scheduled(period.since, period.until, self._settings.zone)
                if not self._waits(name, now):
                    self._write(folder, name, period)
                    break
                name = SEARCH
            self._failed.pop(SEARCH, None)
        # Whatever it was, from a full disk to DuckDB's memory: it is said, and tried again.
        except Exception as fault:
            self._fail(folder, name, fault, now)

    def _waits(self, name: str, now: datetime) -> bool:
        return name in self._failed and now < self._failed[name].again_at

    def _wanted(self, folder: Path, now: datetime) -> Iterator[Period]:
        found = due(self._settings, now)
        if found is not None:
            name = names.scheduled(found.since, found.until, self._settings.zone)
            if not (folder / name).exists():
                yield found
        for path in sorted(filter(names.is_scheduled, folder.glob("report-*.html"))):
            key = path.name, path.stat().st_mtime_ns
            if key in self._finished:
                continue
            mark = unfinished.of_file(path)
            if mark is None:
                self._finished.add(key)
            elif not self._is_going(mark.messages):
                yield Period(mark.since, mark.until)

    def _is_going(self, messages: tuple[int, ...]) -> bool:
        history = models.message_history.c
        asked = select(history.id).where(history.id.in_(messages), history.status.in_(GOING))
        with database.read_only(self._engine).begin() as connection:
            return connection.execute(asked.limit(1)).first() is not None

    def _write(self, folder: Path, name: str, period: Period) -> None:
        # It brings pandas and DuckDB with it, which a scheduler without reports need not load.
        from hsl.reports import writing

        path = writing.scheduled(
            self._engine, period.since, period.until, self._settings.zone, folder / name
        )
        self._failed.pop(name, None)
        self._record(WRITTEN, name, path=str(path))
        logger.info("Wrote the report %s", path)

    def _fail(self, folder: Path, name: str, fault: Exception, now: datetime) -> None:
        times = self._failed[name].times + 1 if name in self._failed else 1
        again_at = now + min(FIRST_WAIT * 2 ** min(times - 1, 10), LONGEST_WAIT)
        self._failed[name] = _Failed(times, again_at)
        words = (
            f"The report {name} could not be written into {folder}: {self._cause(fault)}. "
            f"It is tried again at {again_at.astimezone(self._settings.zone):%Y-%m-%d %H:%M %Z}."
        )
        logger.error("%s", words)
        try:
            self._record(FAILED, name, said=words)
        except SQLAlchemyError as unrecorded:
            logger.error("That is not in the audit log: %s", self._cause(unrecorded))

    def _cause(self, fault: Exception) -> str:
        said = str(getattr(fault, "orig", None) or fault).strip() or type(fault).__name__
        password = self._engine.url.password
        words = said.splitlines()[0].rstrip(".")
        return words.replace(str(password), "***") if password else words

    def _record(self, action: str, name: str, **details: str) -> None:
        with self._engine.begin() as connection:
            audit.record(
                connection,
                actor="scheduler",
                action=action,
                object_type=OBJECT,
                object_id=name,
                details=details,
            )
