"""Reports by the clock: of the right period, once, made up for, tried again, and finished later."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import adbc_driver_manager
import duckdb
import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import OperationalError

from hsl import audit, doctor, models, scheduler
from hsl.archive import files
from hsl.reports import schedule, writing
from hsl.settings import Settings, SettingsError, load_settings
from tests.archive.past import Past
from tests.typing_commands import Terminal

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
MORNING = datetime(2025, 4, 1, 9, tzinfo=UTC)  # after the messages of the night
FIRST = "report-2025-03-31-0800-to-2025-04-01-0800.html"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "reports"


@pytest.fixture
def settings(folder: Path, database_address: str, tmp_path: Path) -> Settings:
    return load_settings(
        report_folder=folder,
        report_every="daily 08:00",
        database_url=database_address,
        data_dir=tmp_path,
    )


@pytest.fixture
def look(past: Past, settings: Settings) -> Callable[[datetime], None]:
    """One scheduler's look at a time, until it is done with what it found."""
    reports = schedule.Reports(past.engine, settings)

    def look(now: datetime) -> None:
        reports.look(now)
        reports.wait()

    return look


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def set_status(past: Past, name: str, status: str) -> None:
    history = models.message_history
    with past.engine.begin() as connection:
        connection.execute(
            update(history).where(history.c.id == past.ids[name]).values(status=status)
        )


def test_the_period_that_is_due(folder: Path) -> None:
    settings = load_settings(
        report_folder=folder, report_every="mon 08:00", time_zone="Europe/Moscow"
    )
    monday = datetime(2026, 11, 23, 8, tzinfo=MOSCOW)
    week = schedule.Period(monday - timedelta(days=7), monday)
    assert schedule.due(settings, monday) == week
    assert schedule.due(settings, monday + timedelta(days=6, hours=23)) == week
    before = schedule.due(settings, monday - timedelta(seconds=1))
    assert before is not None
    assert before.until == week.since
    assert schedule.due(load_settings(), monday) is None
    with pytest.raises(SettingsError, match="HSL_REPORT_EVERY"):
        load_settings(HSL_REPORT_EVERY="mondays 8")


def test_periods_follow_each_other_without_a_gap_when_clocks_change(folder: Path) -> None:
    settings = load_settings(
        report_folder=folder, report_every="daily 02:30", time_zone="Europe/Berlin"
    )
    for noon in (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)):
        found = [schedule.due(settings, noon + timedelta(days=day)) for day in range(4)]
        for one, following in pairwise(found):
            assert one is not None
            assert following is not None
            assert one.until == following.since
            assert timedelta(hours=22) < following.until - following.since < timedelta(hours=26)


def test_it_is_written_once_and_the_next_at_its_time(
    look: Callable[[datetime], None], folder: Path
) -> None:
    look(MORNING)
    assert names_in(folder) == [FIRST]
    assert "3 messages that started" in (folder / FIRST).read_text("utf-8")
    written = (folder / FIRST).stat().st_mtime_ns
    look(MORNING + timedelta(hours=1))
    look(datetime(2025, 4, 2, 7, 59, 59, tzinfo=UTC))
    assert names_in(folder) == [FIRST]
    look(datetime(2025, 4, 2, 8, tzinfo=UTC))
    assert names_in(folder) == [FIRST, "report-2025-04-01-0800-to-2025-04-02-0800.html"]
    assert (folder / FIRST).stat().st_mtime_ns == written


def test_after_a_restart_nothing_is_written_twice_and_what_was_missed_is_made_up_for(
    look: Callable[[datetime], None], past: Past, settings: Settings, folder: Path
) -> None:
    look(MORNING)
    written = (folder / FIRST).stat().st_mtime_ns
    anew = schedule.Reports(past.engine, settings)
    anew.look(MORNING + timedelta(minutes=1))
    anew.wait()
    assert (folder / FIRST).stat().st_mtime_ns == written
    # Off over three times: of these the last period is made up for.
    anew.look(MORNING + timedelta(days=3, hours=5))
    anew.wait()
    assert names_in(folder) == [FIRST, "report-2025-04-03-0800-to-2025-04-04-0800.html"]


def test_a_report_by_hand_is_not_taken_for_the_one_that_is_due(
    look: Callable[[datetime], None], past: Past, folder: Path
) -> None:
    day = datetime(2025, 3, 31, tzinfo=UTC)
    zone = ZoneInfo("UTC")
    for streams in ((), ("4th_stream",)):
        writing.period(past.engine, day, day + timedelta(days=1), zone, folder, streams)
    look(MORNING)
    assert FIRST in names_in(folder)
    assert len(names_in(folder)) == 3


def test_what_was_still_going_is_written_anew_when_it_is_over(
    look: Callable[[datetime], None], past: Past, settings: Settings, folder: Path
) -> None:
    set_status(past, "april", "sending")
    look(MORNING)
    half = (folder / FIRST).read_text("utf-8")
    assert "still being sent" in half
    assert "This report is written anew when that is over." in half
    set_status(past, "april", "sent")
    look(MORNING + timedelta(minutes=1))  # another is paused
    assert (folder / FIRST).read_text("utf-8") == half
    set_status(past, "paused", "cancelled")
    # Another scheduler, days later and with another rule, knows it by the file alone.
    changed = settings.model_copy(update={"report_every": "mon 11:00"})
    anew = schedule.Reports(past.engine, changed)
    for minute in range(2):  # the one that is due comes first
        anew.look(MORNING + timedelta(days=20, minutes=minute))
        anew.wait()
    whole = (folder / FIRST).read_text("utf-8")
    assert "Not over" not in whole
    assert "3 messages that started" in whole
    written = (folder / FIRST).stat().st_mtime_ns
    anew.look(MORNING + timedelta(days=20, minutes=2))
    anew.wait()
    assert (folder / FIRST).stat().st_mtime_ns == written


@pytest.mark.parametrize(
    "fault",
    [
        duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate data"),
        adbc_driver_manager.OperationalError(
            "connection lost", status_code=adbc_driver_manager.AdbcStatusCode.IO
        ),
        ValueError("8 is no part of 7."),
        OSError(28, "No space left on device"),
        OperationalError("SELECT", {}, Exception("the database went away")),
        MemoryError(),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_every_failure_is_said_in_one_sentence_and_tried_again_at_growing_distances(
    look: Callable[[datetime], None],
    past: Past,
    settings: Settings,
    folder: Path,
    fault: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tried: list[int] = []

    def fails(*_given: object) -> Path:
        tried.append(minute)
        raise fault

    caplog.set_level(logging.INFO, "hsl.reports")
    with monkeypatch.context() as patched:
        patched.setattr(writing, "scheduled", fails)
        for minute in range(200):
            look(MORNING + timedelta(minutes=minute))
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == len(tried)
    assert errors[0].getMessage().startswith(f"The report {FIRST} could not be written into")
    assert not any(record.exc_info or "\n" in record.getMessage() for record in errors)
    check = doctor._reports(past.engine, settings)
    assert not check.ok
    assert check.detail == errors[-1].getMessage()
    entries, total = audit.entries(past.engine, action="report_failed")
    assert (total, entries[0].object_id) == (len(tried), FIRST)
    look(MORNING + timedelta(minutes=243))
    assert names_in(folder) == [FIRST]
    check = doctor._reports(past.engine, settings)
    assert check.ok
    assert FIRST in check.detail


def test_too_little_memory_for_duckdb_is_said(
    look: Callable[[datetime], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(files, "MEMORY_LIMIT", "1KB")
    look(MORNING)
    (record,) = caplog.records
    assert "could not be written" in record.getMessage()
    assert "emory" in record.getMessage()


def test_a_folder_that_cannot_be_is_said_to_the_doctor(
    look: Callable[[datetime], None],
    past: Past,
    settings: Settings,
    folder: Path,
    database_address: str,
    tmp_path: Path,
) -> None:
    assert doctor._reports(past.engine, load_settings()).ok
    assert doctor._reports(past.engine, settings).ok
    folder.write_text("a file in the folder's place")
    look(MORNING)
    hsl = Terminal(database_address, tmp_path)
    done = hsl(
        "doctor", "--json", HSL_REPORT_FOLDER=str(folder), HSL_TELEGRAM_API_URL="http://127.0.0.1:1"
    )
    check = next(check for check in json.loads(done.stdout) if check["name"] == "reports")
    assert not check["ok"]
    assert str(folder) in check["detail"]
    assert "tried again at" in check["detail"]


def test_a_broken_mark_stops_no_other_report(
    look: Callable[[datetime], None], past: Past, folder: Path
) -> None:
    folder.mkdir()
    broken = folder / "report-2025-01-01-0800-to-2025-01-02-0800.html"
    broken.write_text('<meta name="hsl-unfinished" content="{">')
    look(MORNING)
    assert FIRST in names_in(folder)
    look(MORNING + timedelta(minutes=1))
    (entry, *_), total = audit.entries(past.engine, action="report_failed")
    assert total == 1
    assert broken.name in entry.details["said"]


def test_a_password_is_in_no_sentence(
    look: Callable[[datetime], None],
    past: Past,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Told:
        """An engine whose address has a password."""

        url = past.engine.url.set(password="s3cret")

        def __getattr__(self, name: str) -> object:
            return getattr(past.engine, name)

    def fails(*_given: object) -> Path:
        raise ValueError("postgresql://anna:s3cret@db is no address")

    monkeypatch.setattr(writing, "scheduled", fails)
    reports = schedule.Reports(Told(), settings)  # type: ignore[arg-type]
    reports.look(MORNING)
    reports.wait()
    assert "s3cret" not in caplog.text
    assert "anna:***@db" in caplog.text


def test_the_scheduler_looks_by_itself(past: Past, settings: Settings, folder: Path) -> None:
    working = scheduler.Scheduler(settings, past.engine)
    assert "report" in str([job.job_func for job in working._jobs.get_jobs()])
    working.report()
    working._reports.wait()
    assert len(names_in(folder)) == 1


def test_a_report_that_was_thrown_away_is_written_again(
    look: Callable[[datetime], None], past: Past, folder: Path
) -> None:
    look(MORNING)
    (folder / FIRST).unlink()
    with past.engine.begin() as connection:
        connection.execute(delete(models.enrollments))
    look(MORNING + timedelta(hours=2))
    assert names_in(folder) == [FIRST]
