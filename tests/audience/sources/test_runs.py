"""What a run does to people, and what it must not do."""

import csv
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, text, update

from hsl import database, models
from hsl.audience import importer
from hsl.audience.sources import claims, definitions, registry, runs
from hsl.audience.sources.errors import (
    SourceBusyError,
    SourceError,
    SourceShrunkError,
    SourceStoppedError,
)
from hsl.settings import ROOT, Settings

Keep = Callable[..., definitions.Definition]


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """The file of people that the source reads."""
    return tmp_path / "people.csv"


@pytest.fixture
def read(engine: Engine, settings: Settings, people: Path) -> Callable[..., registry.Run]:
    """Write lines into the file, run the source, and return the run."""

    def run(*lines: str, header: str = "user_id,first_name,stream,status", **how: Any) -> Any:
        people.write_text("\n".join([header, *lines]) + "\n", "utf-8")
        return runs.run(engine, "school", settings=settings, actor="anna", **how)

    return run


Read = Callable[..., registry.Run]
FOUR = ("1,Anna,4th,paid", "2,Boris,4th,paid", "3,Vera,5th,", "4,Daniel,,")


def statuses(engine: Engine) -> dict[tuple[int, str], str | None]:
    with engine.begin() as connection:
        rows = connection.execute(select(models.enrollments)).all()
    return {(row.user_id, row.course_stream): row.status for row in rows}


def names(engine: Engine) -> dict[int, str | None]:
    with engine.begin() as connection:
        rows = connection.execute(select(models.users)).all()
    return {row.user_id: row.first_name for row in rows}


def figures(run: registry.Run) -> tuple[int, int, int, int, int]:
    return run.added, run.updated, run.unchanged, run.left_streams, run.rejected


def actions(engine: Engine) -> list[str]:
    with engine.begin() as connection:
        log = models.audit_log.c
        return list(connection.execute(select(log.action).order_by(log.id)).scalars())


def test_who_is_gone_has_left_and_comes_back_as_given(
    engine: Engine, keep: Keep, people: Path, read: Read
) -> None:
    keep(str(people))
    assert figures(read(*FOUR)) == (4, 0, 0, 0, 0)
    assert figures(read(*FOUR)) == (0, 0, 4, 0, 0)
    assert figures(read(FOUR[0], FOUR[3])) == (0, 0, 2, 2, 0)
    assert statuses(engine) == {(1, "4th"): "paid", (2, "4th"): "left", (3, "5th"): "left"}
    assert names(engine)[2] == "Boris"
    assert figures(read(FOUR[0], FOUR[3])) == (0, 0, 2, 0, 0)
    assert figures(read(*FOUR)) == (0, 2, 2, 0, 0)
    assert statuses(engine) == {(1, "4th"): "paid", (2, "4th"): "paid", (3, "5th"): None}


def test_only_in_exactly_the_streams_that_are_gone(
    engine: Engine, keep: Keep, people: Path, read: Read, tmp_path: Path
) -> None:
    other = tmp_path / "other.csv"
    other.write_text("user_id,stream,status\n1,alumni,active\n2,4th,paid\n", "utf-8")
    importer.import_file(engine, other, actor="anna", rejects_dir=tmp_path)
    keep(str(people))
    read("1,Anna,4th,paid", "1,Anna,5th,paid", "3,Vera,5th,paid")
    assert read("1,Anna,4th,paid", "3,Vera,5th,paid").left_streams == 1
    assert statuses(engine) == {
        (1, "4th"): "paid", (1, "5th"): "left", (1, "alumni"): "active",
        (2, "4th"): "paid", (3, "5th"): "paid",
    }  # fmt: skip


def test_a_place_that_another_source_still_tells_of_is_not_left(
    engine: Engine, keep: Keep, people: Path, read: Read, settings: Settings, tmp_path: Path
) -> None:
    second = tmp_path / "second.csv"
    second.write_text("user_id,stream\n2,4th\n", "utf-8")
    registry.add(
        engine, definitions.define(name="second", kind="files", address=str(second)), actor="anna"
    )
    runs.run(engine, "second", settings=settings, actor="anna")
    keep(str(people))
    read(*FOUR)
    assert read(FOUR[0], FOUR[2], FOUR[3]).left_streams == 0
    assert statuses(engine)[2, "4th"] == "paid"
    second.write_text("user_id,stream\n2,5th\n", "utf-8")
    done = runs.run(engine, "second", settings=settings, actor="anna")
    assert done is not None and done.left_streams == 1
    assert statuses(engine)[2, "4th"] == "left"


def test_those_who_left_may_be_kept(engine: Engine, keep: Keep, people: Path, read: Read) -> None:
    keep(str(people), mark_left=False)
    read(*FOUR)
    assert read(*FOUR[:3]).left_streams == 0
    assert read(FOUR[0], FOUR[1]).left_streams == 0
    assert "left" not in statuses(engine).values()


def test_a_rejected_row_is_not_a_deleted_one(
    engine: Engine, keep: Keep, people: Path, read: Read
) -> None:
    header = "user_id,first_name,stream,status,enrolled_at"
    keep(str(people))
    read("1,Anna,4th,paid,2026-01-01", "2,Boris,4th,paid,2026-01-01", header=header)
    done = read("1,Anna,4th,paid,2026-01-01", "2,Boris,4th,paid,yesterday", header=header)
    assert figures(done) == (0, 0, 1, 0, 1)
    assert statuses(engine)[2, "4th"] == "paid"
    assert done.rejects_file is not None
    with Path(done.rejects_file).open(encoding="utf-8") as file:
        assert [(row["line"], row["user_id"]) for row in csv.DictReader(file)] == [("3", "2")]


@pytest.mark.parametrize("lines", [FOUR[:1], ()])
def test_a_sudden_loss_changes_nothing_until_it_is_accepted(
    engine: Engine, keep: Keep, people: Path, read: Read, lines: tuple[str, ...]
) -> None:
    keep(str(people))
    read(*FOUR)
    before = statuses(engine), names(engine)
    with pytest.raises(SourceShrunkError, match=r"Only \d .* came, after \d in the last 30 days"):
        read(*lines)
    assert (statuses(engine), names(engine)) == before
    assert len(registry.failing(engine)) == 1
    done = read(*lines, accept_shrink=True)
    assert done.left_streams == 3 - len(lines)
    assert registry.failing(engine) == []


def test_a_sudden_loss_of_places_is_one_too(keep: Keep, people: Path, read: Read) -> None:
    keep(str(people))
    read(*(f"{number},N,4th," for number in range(1, 21)))
    with pytest.raises(SourceShrunkError, match="Only 9 places in streams came, after 20"):
        read(*(f"{number},N,{'4th' if number < 10 else ''}," for number in range(1, 21)))


def people_in(stream: str, number: int) -> list[str]:
    return [f"{person},N,{stream}," for person in range(1, number + 1)]


def test_a_loss_in_steps_is_not_believed_either(
    engine: Engine, keep: Keep, people: Path, read: Read
) -> None:
    keep(str(people))
    for number in (100, 50):
        read(*people_in("4th", number))
    for number in (49, 25, 13):
        with pytest.raises(SourceShrunkError, match=f"Only {number} people came, after 100"):
            read(*people_in("4th", number))
    assert list(statuses(engine).values()).count("left") == 50
    read(*people_in("4th", 25), accept_shrink=True)
    assert read(*people_in("4th", 13)).left_streams == 12
    with pytest.raises(SourceShrunkError, match="Only 12 people came, after 25"):
        read(*people_in("4th", 12))


def test_a_loss_of_places_in_steps_is_not_believed_either(
    keep: Keep, people: Path, read: Read
) -> None:
    keep(str(people))
    every = range(1, 41)
    for inside in (40, 20):
        read(*(f"{person},N,{'4th' if person <= inside else ''}," for person in every))
    with pytest.raises(SourceShrunkError, match="Only 19 places in streams came, after 40"):
        read(*(f"{person},N,{'4th' if person <= 19 else ''}," for person in every))


@pytest.mark.parametrize("number", [1, 2, 7, 19])
def test_it_is_never_believed_that_all_places_are_gone(
    engine: Engine, keep: Keep, people: Path, read: Read, number: int
) -> None:
    keep(str(people))
    read(*people_in("4th", number))
    with pytest.raises(SourceShrunkError, match=f"Only 0 places in streams came, after {number}"):
        read(*people_in("", number))
    assert "left" not in statuses(engine).values()
    assert read(*people_in("", number), accept_shrink=True).left_streams == number
    assert read(*people_in("", number)).error is None


def test_what_was_longer_ago_is_no_measure(
    engine: Engine, keep: Keep, people: Path, read: Read
) -> None:
    keep(str(people))
    for number in (100, 50):
        read(*people_in("4th", number))
    with engine.begin() as connection:
        ago = database.now(connection) - timedelta(days=31)
        connection.execute(update(models.source_runs).values(started_at=ago))
    assert read(*people_in("4th", 25)).left_streams == 25


def test_the_largest_run_of_a_day_is_kept_as_a_measure(
    engine: Engine, keep: Keep, people: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "KEPT_RUNS", 2)
    keep(str(people))
    for number in (90, 100, 60, 60, 60):
        read(*people_in("4th", number))
    source = registry.named(engine, "school")
    assert [run.people for run in registry.runs(engine, source.id)] == [60, 60, 100]
    with pytest.raises(SourceShrunkError, match="Only 49 people came, after 100"):
        read(*people_in("4th", 49))


def test_half_is_not_a_sudden_loss(keep: Keep, people: Path, read: Read) -> None:
    keep(str(people))
    read(*FOUR)
    assert read(FOUR[0], FOUR[2]).left_streams == 1


def test_a_failed_run_changes_nothing_and_keeps_its_error(
    engine: Engine, keep: Keep, people: Path, read: Read
) -> None:
    keep(str(people))
    read(*FOUR)
    before = statuses(engine), names(engine)
    with pytest.raises(SourceError, match="no column user_id"):
        read("Anna,9th", header="name,stream")
    assert (statuses(engine), names(engine)) == before
    failed = registry.failing(engine)[0].last_run
    assert failed is not None and failed.error is not None
    assert "no column user_id" in failed.error
    assert figures(failed) == (0, 0, 0, 0, 0)
    assert read(*FOUR).error is None
    assert registry.failing(engine) == []


def test_each_run_is_in_the_audit_with_its_figures(
    engine: Engine, keep: Keep, people: Path, read: Read
) -> None:
    keep(str(people))
    read(*FOUR)
    read(*FOUR)
    with pytest.raises(SourceError):
        read("x", header="name")
    assert actions(engine) == ["source_added", "import", "source_read", "source_failed"]
    with engine.begin() as connection:
        log = models.audit_log
        entry = connection.execute(select(log).where(log.c.action == "import")).one()
    assert (entry.object_type, entry.object_id, entry.actor) == ("source", "school", "anna")
    assert entry.details["added"] == 4


def test_an_error_while_writing_changes_nothing(
    engine: Engine, keep: Keep, people: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(str(people))

    def broken(*_given: object, **_named: object) -> int:
        raise OSError("the disk is full")

    monkeypatch.setattr("hsl.audience.sources.places.settle", broken)
    with pytest.raises(SourceError, match="the disk is full"):
        read(*FOUR)
    assert names(engine) == {}
    assert actions(engine) == ["source_added", "source_failed"]


def test_others_may_write_until_it_begins_to_write(
    engine: Engine, keep: Keep, people: Path, read: Read
) -> None:
    keep(str(people))
    shares = []

    def progress(share: float, _stage: str) -> None:
        if share < 0.75:
            with engine.begin() as connection:
                connection.execute(update(models.sources).values(created_by="other"))
            shares.append(share)

    assert figures(read(*FOUR, progress=progress)) == (4, 0, 0, 0, 0)
    assert max(shares) > 0.7


def test_it_stops_when_it_is_told_to(engine: Engine, keep: Keep, people: Path, read: Read) -> None:
    keep(str(people))
    stop = threading.Event()

    def progress(share: float, _stage: str) -> None:
        if share > 0.8:
            stop.set()

    with pytest.raises(SourceStoppedError):
        read(*FOUR, stop=stop, progress=progress)
    assert names(engine) == {}


def test_a_second_run_at_the_same_time_is_refused(
    engine: Engine, keep: Keep, people: Path, read: Read, settings: Settings
) -> None:
    keep(str(people))
    refused = []

    def progress(share: float, _stage: str) -> None:
        if not refused:
            with pytest.raises(SourceBusyError, match="is being read right now"):
                runs.run(engine, "school", settings=settings, actor="boris")
            refused.append(share)

    assert figures(read(*FOUR, progress=progress)) == (4, 0, 0, 0, 0)
    assert refused
    assert len(registry.runs(engine, registry.named(engine, "school").id)) == 1


def test_a_run_whose_process_died_is_closed_and_may_be_made_again(
    engine: Engine, database_address: str, keep: Keep, people: Path, read: Read, tmp_path: Path
) -> None:
    keep(str(people))
    people.write_text("user_id\n1\n", "utf-8")
    script = (
        "import os, sys, time\n"
        "from hsl import database\n"
        "from hsl.audience.sources import runs\n"
        "from hsl.settings import Settings\n"
        "engine = database.open_engine(sys.argv[1])\n"
        "def hang(share, stage):\n"
        "    print(stage, flush=True)\n"
        "    time.sleep(60)\n"
        "runs.run(engine, 'school', settings=Settings(), actor='x', progress=hang)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, database_address],
        env={**os.environ, "PYTHONPATH": str(ROOT), "HSL_DATA_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    assert registry.named(engine, "school").is_running
    with pytest.raises(SourceBusyError):
        read(*FOUR)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with engine.begin() as connection:  # half a minute passes
        connection.execute(
            update(models.workers).values(beat_at=database.now(connection) - timedelta(seconds=31))
        )
    assert not registry.named(engine, "school").is_running
    assert figures(read(*FOUR)) == (4, 0, 0, 0, 0)
    last = registry.runs(engine, registry.named(engine, "school").id)
    assert last[1].error == claims.DIED


def test_a_run_that_was_taken_for_dead_writes_nothing(
    engine: Engine, keep: Keep, people: Path, read: Read
) -> None:
    keep(str(people))
    closed = []

    def progress(_share: float, _stage: str) -> None:
        if closed:
            return
        with engine.begin() as connection:
            connection.execute(
                update(models.workers).values(
                    beat_at=database.now(connection) - timedelta(minutes=1)
                )
            )
        claims.close_dead(engine)
        closed.append(True)

    with pytest.raises(SourceStoppedError, match="gave no sign"):
        read(*FOUR, progress=progress)
    assert names(engine) == {}


def test_signs_are_given_while_it_runs(
    engine: Engine, keep: Keep, people: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "BEAT", 0.05)
    keep(str(people))
    beats = []

    def progress(share: float, _stage: str) -> None:
        if share < 0.1:
            time.sleep(0.3)
            with engine.begin() as connection:
                worker = connection.execute(select(models.workers)).one()
            beats.append(worker.beat_at - worker.started_at)

    read(*FOUR, progress=progress)
    assert beats[0] > timedelta(seconds=0.1)
    with engine.begin() as connection:
        assert connection.execute(select(models.workers)).all() == []


def test_due_sources_run_and_the_others_do_not(
    engine: Engine, keep: Keep, people: Path, settings: Settings
) -> None:
    people.write_text("user_id\n1\n", "utf-8")
    keep(str(people), every_minutes=15)
    by_hand = definitions.define(name="by hand", kind="files", address=str(people))
    registry.add(engine, by_hand, actor="anna")
    assert runs.due(engine) == ["school"]
    runs.run_due(engine, settings, threading.Event())
    assert runs.due(engine) == []
    source = registry.named(engine, "school")
    assert source.last_run is not None and source.last_run.added == 1
    assert source.next_run_at is not None
    apart = source.next_run_at - source.last_run.started_at
    assert apart == timedelta(minutes=15)
    assert registry.named(engine, "by hand").last_run is None
    assert runs.run(engine, "school", settings=settings, actor="x", only_if_due=True) is None


def test_a_failing_source_does_not_keep_others_from_running(
    engine: Engine, keep: Keep, people: Path, settings: Settings, tmp_path: Path
) -> None:
    people.write_text("user_id\n1\n", "utf-8")
    broken = definitions.define(
        name="broken", kind="files", address=str(tmp_path / "none.csv"), every_minutes=5
    )
    registry.add(engine, broken, actor="anna")
    keep(str(people), every_minutes=5)
    runs.run_due(engine, settings, threading.Event())
    assert names(engine) == {1: None}
    assert [source.name for source in registry.failing(engine)] == ["broken"]


def test_two_sources_that_change_the_same_people_do_not_lock_each_other_out(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    if engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer")
    files = {name: tmp_path / f"{name}.csv" for name in ("one", "two")}
    for name, mine, theirs in (("one", 1, 2), ("two", 2, 1)):
        files[name].write_text(f"user_id,stream\n{mine},{name}\n{theirs},{name}\n", "utf-8")
        given = definitions.define(name=name, kind="files", address=str(files[name]))
        registry.add(engine, given, actor="anna")
        runs.run(engine, name, settings=settings, actor="anna")
        # Mine gets another name, and theirs is gone: it is updated when mine is locked already.
        files[name].write_text(f"user_id,first_name,stream\n{mine},Mine,{name}\n", "utf-8")
    written = {name: threading.Event() for name in files}
    faults: list[Exception] = []

    def run(name: str, other: str) -> None:
        def progress(share: float, stage: str) -> None:
            if share < 0.92 or written[name].is_set():
                return
            written[name].set()
            while not (written[other].is_set() or waits_for_a_lock()):
                written[other].wait(0.05)

        try:
            runs.run(engine, name, settings=settings, actor="anna", progress=progress)
        except SourceError as error:
            faults.append(error)

    def waits_for_a_lock() -> bool:
        with engine.begin() as connection:
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return bool(connection.execute(waiting).scalar_one())

    threads = [
        threading.Thread(target=run, args=names) for names in (("one", "two"), ("two", "one"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    assert names(engine) == {1: "Mine", 2: "Mine"}
    assert sorted(str(status) for status in statuses(engine).values()) == [
        "None", "None", "left", "left",
    ]  # fmt: skip


def test_a_removed_source_leaves_its_people(
    engine: Engine, keep: Keep, people: Path, read: Read
) -> None:
    keep(str(people))
    read(*FOUR)
    registry.remove(engine, "school", actor="anna")
    assert registry.listing(engine) == []
    assert len(names(engine)) == 4
    for table in (models.source_places, models.source_runs):
        with engine.begin() as connection:
            assert connection.execute(select(table)).all() == []
    with pytest.raises(SourceError, match="no source school"):
        registry.remove(engine, "school", actor="anna")


def test_an_import_does_not_touch_do_not_message_marks(engine: Engine, tmp_path: Path) -> None:
    marked = {"user_id": 1, "reason": "asked to", "marked_by": "a", "marked_at": models.utc_now()}
    with engine.begin() as connection:
        connection.execute(insert(models.suppressions).values(**marked))
    file = tmp_path / "people.csv"
    file.write_text("user_id,stream\n1,4th\n2,4th\n", "utf-8")
    importer.import_file(engine, file, actor="anna", rejects_dir=tmp_path)
    with engine.begin() as connection:
        rows = connection.execute(select(models.suppressions)).all()
    assert [dict(row._mapping) for row in rows] == [marked]
