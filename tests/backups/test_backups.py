"""Backups: of one moment, whole, proven, and restored so that nobody gets anything twice."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, insert, select, text, update

from hsl import acting, audit, database, models
from hsl.audience.cohort import Audience, Cohort
from hsl.backups import BackupError, keeping, making, manifest, restoring, upgrading
from hsl.delivery import restored, steering
from hsl.dispatch import send
from hsl.message.content import Content
from hsl.models import MessageStatus
from hsl.settings import Settings, load_settings
from tests.delivery.arena import FIRST_ID, Arena, wait_until

History, Recipients = models.message_history, models.message_recipients


@pytest.fixture
def house(database_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an empty database with 30 people, and one message to them that is due."""
    monkeypatch.setenv("DATABASE_URL", database_address)
    monkeypatch.setenv("HSL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HSL_BACKUP_FOLDER", str(tmp_path / "backups"))
    settings = load_settings()
    engine = database.engine_for(settings)
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [
                {"user_id": i, "first_name": f"P{i}", "attributes": {}, "updated_at": NOW}
                for i in range(1, 31)
            ],
        )
    send(
        engine,
        settings,
        content=Content(text="Hello"),
        audience=Audience(include=(Cohort(everyone=True),)),
        author="anna",
    )
    engine.dispose()
    return settings


NOW = models.utc_now()


@pytest.fixture
def engine_there(house: Settings) -> Iterator[Engine]:
    engine = database.engine_for(house)
    yield engine
    engine.dispose()


def folder(house: Settings) -> Path:
    return keeping.folder_of(house)


def test_a_backup_is_one_file_that_says_what_is_in_it_and_is_proven(
    house: Settings, engine_there: Engine
) -> None:
    made = making.make(engine_there, folder(house))
    path = Path(made.path)
    assert (made.people, made.messages, made.is_verified) == (30, 1, True)
    assert [found.name for found in folder(house).iterdir() if found.suffix] == [path.name]
    assert path.stat().st_mode & 0o777 == 0o600
    found = manifest.read(path)
    assert found.counts.counters["total_recipients"] == 30
    with zipfile.ZipFile(path) as packed:
        said = packed.read(manifest.NAME).decode()
    assert str(house.database_address) not in said
    (entry,) = audit.entries(engine_there, object_type="backup")[0]
    assert (entry.action, entry.object_id) == (making.MADE, path.name)


def test_it_is_of_one_moment_while_others_write(
    house: Settings, engine_there: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that are written between the counting and the copying are in neither."""
    count = manifest.count
    written: list[int] = []

    def count_and_write(connection: object) -> manifest.Counts:
        counts = count(connection)  # type: ignore[arg-type]
        if not written:
            written.append(1)
            other = database.engine_for(house)
            with other.begin() as another:
                another.execute(delete(models.users).where(models.users.c.user_id > 10))
            other.dispose()
        return counts

    monkeypatch.setattr(manifest, "count", count_and_write)
    made = making.make(engine_there, folder(house))
    assert (made.people, made.is_verified) == (30, True)


def test_a_backup_that_is_not_equal_when_restored_is_none(
    house: Settings, engine_there: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = manifest.count
    counted: list[manifest.Counts] = []

    def count_wrongly(connection: object) -> manifest.Counts:
        counts = count(connection)  # type: ignore[arg-type]
        counted.append(counts)
        wrong = {**counts.tables, "users": counts.tables["users"] + (len(counted) == 1)}
        return counts.model_copy(update={"tables": wrong})

    monkeypatch.setattr(manifest, "count", count_wrongly)
    with pytest.raises(BackupError, match="differs in rows of users: 31 and 30"):
        making.make(engine_there, folder(house))
    assert keeping.listed(folder(house)) == []
    (entry,) = audit.entries(engine_there, object_type="backup")[0]
    assert entry.action == making.FAILED


def test_what_was_open_waits_and_what_was_on_its_way_is_uncertain_wherever_it_is_restored(
    house: Settings, engine_there: Engine, tmp_path: Path
) -> None:
    later = send(
        engine_there,
        house,
        content=Content(text="Later"),
        audience=Audience(include=(Cohort(everyone=True),)),
        author="anna",
        scheduled_at=models.utc_now() + timedelta(days=1),
    )
    with engine_there.begin() as connection:
        connection.execute(
            update(History).where(History.c.id != later).values(status=MessageStatus.SENDING)
        )
        some = select(Recipients.c.id).where(Recipients.c.message_id != later).limit(3)
        connection.execute(
            update(Recipients)
            .where(Recipients.c.id.in_(some.scalar_subquery()))
            .values(delivery_status="sending", lease_owner="gone", sending_at=models.utc_now())
        )
    made = making.make(engine_there, folder(house))
    with pytest.raises(BackupError, match="--replace"):
        restoring.restore(Path(made.path), house)
    engine_there.dispose()
    done = restoring.restore(Path(made.path), house, replace=True)
    assert (done.people, done.uncertain, len(done.waiting)) == (30, 3, 2)
    assert done.kept is not None
    with engine_there.begin() as connection:
        rows = connection.execute(select(History.c.status, History.c.status_reason)).all()
        counted = connection.execute(
            select(Recipients.c.delivery_status).where(Recipients.c.message_id != later)
        ).scalars()
        assert sorted(counted) == ["pending"] * 27 + ["uncertain"] * 3
    assert {tuple(row) for row in rows} == {(MessageStatus.PAUSED, restored.OLDER)}
    steering.resume(engine_there, later, actor="anna")
    with engine_there.begin() as connection:
        status = connection.execute(select(History.c.status).where(History.c.id == later))
        assert status.scalar_one() == MessageStatus.SCHEDULED
    # The old database is still there, and a further backup holds the new one alone.
    assert making.make(engine_there, tmp_path / "next").people == 30


def test_a_restore_that_fails_leaves_the_database_as_it_was(
    house: Settings, engine_there: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = making.make(engine_there, folder(house))
    with engine_there.begin() as connection:
        connection.execute(delete(models.users).where(models.users.c.user_id > 20))
    engine_there.dispose()

    def fail(*_arguments: object) -> None:
        raise BackupError("It differs.")

    monkeypatch.setattr(making, "compare", fail)
    with pytest.raises(BackupError, match="It differs"):
        restoring.restore(Path(made.path), house, replace=True)
    with engine_there.begin() as connection:
        assert len(connection.execute(select(models.users.c.user_id)).all()) == 20


def test_it_refuses_while_a_scheduler_works(house: Settings, engine_there: Engine) -> None:
    made = making.make(engine_there, folder(house))
    with engine_there.begin() as connection:
        connection.execute(
            insert(models.workers).values(name="a", kind="scheduler", host="h", pid=1)
        )
    with pytest.raises(BackupError, match="A scheduler is at work"):
        restoring.restore(Path(made.path), house, replace=True)


def test_a_damaged_foreign_or_newer_file_is_refused(
    house: Settings, engine_there: Engine, tmp_path: Path
) -> None:
    path = Path(making.make(engine_there, folder(house)).path)
    foreign = tmp_path / "foreign.zip"
    foreign.write_bytes(b"PK no")
    with pytest.raises(BackupError, match="is no backup"):
        manifest.read(foreign)
    found = manifest.read(path)

    def changed(**values: object) -> Path:
        new = tmp_path / "changed.zip"
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(new, "w") as packed:
            for name in old.namelist():
                content = old.read(name)
                if name == manifest.NAME:
                    content = json.dumps(json.loads(content) | values).encode()
                packed.writestr(name, content)
        return new

    with pytest.raises(BackupError, match="newer than this program"):
        restoring.restore(changed(revision="9999"), house, replace=True)
    members = [found.database.model_dump() | {"sha256": "0" * 64}]
    with pytest.raises(BackupError, match="is damaged"):
        restoring.restore(changed(members=members), house, replace=True)
    away = [found.database.model_dump(), {"name": "archive/../../x", "size": 1, "sha256": ""}]
    with pytest.raises(BackupError, match="is no backup"):
        restoring.restore(changed(members=away), house, replace=True)


def test_an_older_schema_is_backed_up_before_it_is_changed(
    house: Settings, engine_there: Engine
) -> None:
    from alembic import command
    from alembic.config import Config

    assert upgrading.migrate(engine_there, house) is None
    with engine_there.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(database.MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, "0008")
    made = upgrading.migrate(engine_there, house)
    assert made is not None
    assert manifest.read(Path(made.path)).revision == "0008"
    assert database.is_current(engine_there)
    engine_there.dispose()
    # Roll back: the old schema comes with its backup, and is brought forward by what restores it.
    assert restoring.restore(Path(made.path), house, replace=True).people == 30
    assert database.is_current(engine_there)


def test_who_may_not_manage_may_not_back_up(house: Settings, engine_there: Engine) -> None:
    with (
        acting.acting_as(acting.Actor("eve", acting.ROLES[acting.Role.APPROVER])),
        pytest.raises(acting.NotAllowedError),
    ):
        making.make(engine_there, folder(house))


def test_the_last_ones_and_one_a_week_are_kept() -> None:
    start = datetime(2026, 11, 30, 3, tzinfo=UTC)  # a Monday
    days = [(start - timedelta(days=n), Path(f"{n}")) for n in range(40)]
    gone = keeping.superfluous(days, last=7, weeks=4)
    kept = [int(path.name) for _moment, path in days if path not in gone]
    assert kept == [0, 1, 2, 3, 4, 5, 6, 8, 15]


def test_the_clock_makes_what_is_due_and_no_more(house: Settings, engine_there: Engine) -> None:
    clock = keeping.Backups(engine_there, house)
    for hours, expected in ((0, 1), (1, 1)):
        clock.look(models.utc_now() + timedelta(hours=hours))
        clock.wait()
        assert len(keeping.listed(folder(house))) == expected
    (moment, path) = keeping.listed(folder(house))[0]
    path.rename(path.with_name(making.NAME.format(moment - timedelta(days=2))))
    clock.look(models.utc_now())
    clock.wait()
    assert len(keeping.listed(folder(house))) == 2


def test_backed_up_while_sending_and_restored_on_a_new_machine_nobody_gets_it_twice(
    tmp_path: Path, database_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first scheduler would need longer than any test may take, however long the backup does.
    people, slowly, in_a_moment = 3_000, "10", 1000.0
    arena = Arena(tmp_path, database_address, rate=in_a_moment, latency=0.2)
    try:
        arena.add_people(people)
        arena.start_sandbox()
        scheduler = arena.start_scheduler(HSL_MESSAGES_PER_SECOND=slowly)
        message = arena.send_to_all()
        wait_until(lambda: len(arena.accepted()) > 10, "it sends", patience=90)
        made = making.make(arena.engine, tmp_path / "backups")
        had = len(arena.accepted())
        wait_until(lambda: len(arena.accepted()) > had + 10, "it goes on", patience=90)
        arena.kill(scheduler)
        arena.engine.dispose()
        monkeypatch.setenv("DATABASE_URL", database_address)
        monkeypatch.setenv("HSL_DATA_DIR", str(tmp_path))
        with arena.engine.begin() as connection:  # it is silent for long
            connection.execute(delete(models.workers))
        arena.engine.dispose()
        # A new machine knows nothing of what this one noted beside the database.
        (tmp_path / restored.FILE).unlink()
        restoring.restore(Path(made.path), load_settings(), replace=True)
        arena.start_scheduler()
        wait_until(lambda: _beats(arena), "the scheduler is there", patience=90)
        # By now what was on its way at the kill has arrived, too.
        before = arena.accepted()
        some = tuple(range(FIRST_ID, FIRST_ID + 200))
        second = arena.send("Second", Cohort(user_ids=some))
        wait_until(lambda: arena.status(second) == "sent", "a new one ends", patience=90)
        accepted = arena.accepted()
        assert max(accepted.values()) == 1
        assert {key: n for key, n in accepted.items() if key[1] == "Hello"} == dict(before)
        assert arena.status(message) == "paused"
        assert arena.closing(message).total == people
    finally:
        arena.end()


def _beats(arena: Arena) -> bool:
    with database.read_only(arena.engine).begin() as connection:
        return bool(connection.execute(text("SELECT count(*) FROM workers")).scalar_one())


def test_the_archive_goes_with_it(house: Settings, engine_there: Engine) -> None:
    from hsl.archive import files

    place = house.archive_dir / "2026-01" / "a.parquet"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"rows")
    with engine_there.begin() as connection:
        connection.execute(
            insert(models.archived_months).values(
                month="2026-01", file="a.parquet", rows=1, sha256=files.sha256_of(place)
            )
        )
    made = making.make(engine_there, folder(house))
    shutil.rmtree(house.archive_dir)
    engine_there.dispose()
    restoring.restore(Path(made.path), house, replace=True)
    assert place.read_bytes() == b"rows"
