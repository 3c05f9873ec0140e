"""Putting a backup in the database's place, so that nothing goes out that may have gone since.

Whoever was on the way at the backup becomes uncertain, and every message that was open waits for a
person: the database has forgotten who got what after it was made, on this machine or on another.
"""

import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, func, inspect, select, update
from sqlalchemy.exc import SQLAlchemyError

from hsl import acting, audit, database, models
from hsl.acting import Permission
from hsl.backups import BackupError, making, manifest, postgres
from hsl.backups.manifest import Manifest
from hsl.delivery import restored, tick
from hsl.models import MessageStatus
from hsl.settings import Settings

OPEN = (MessageStatus.SCHEDULED, MessageStatus.SENDING, MessageStatus.PAUSED)
ALIVE = timedelta(seconds=15)  # since a scheduler's last sign
STAMP = "%Y%m%dT%H%M%SZ"
RESTORED = "backup_restored"  # in the audit log


@dataclass(frozen=True)
class Restored:
    """What was restored, and what waits for a person now; `kept` is where the old database is."""

    made_at: str
    people: int
    messages: int
    waiting: tuple[int, ...]
    uncertain: int
    kept: str | None


@acting.needs(Permission.MANAGE)
def restore(path: Path, settings: Settings, *, replace: bool = False) -> Restored:
    """Restore a backup into these settings' database. Raises BackupError, and changes nothing then.

    A database with a schema is replaced only where `replace` says so, and is kept aside.
    """
    found = manifest.read(path)
    engine = database.engine_for(settings)
    try:
        _check(found, engine, replace=replace)
        stamp = models.utc_now().strftime(STAMP)
        with tempfile.TemporaryDirectory(dir=_place(settings), prefix=".hsl-restore-") as aside:
            copied = Path(aside) / found.database.name
            manifest.unpack(path, found.database, copied)
            archived = _unpack_archive(path, found, Path(aside))
            if engine.dialect.name == "sqlite":
                held, kept = _put_file(engine, copied, found, path, stamp)
            else:
                held, kept = _put_tables(engine, copied, found, path, stamp)
            _put_archive(archived, settings.archive_dir, stamp)
        _forget_notes(settings, engine)
    finally:
        engine.dispose()
    tables = found.counts.tables
    return Restored(
        found.made_at.isoformat(), tables["users"], tables["message_history"], *held, kept
    )


def hold(connection: Connection, name: str, made_at: datetime) -> tuple[tuple[int, ...], int]:
    """Let all that was open wait for a person; the messages' ids, and how many are uncertain."""
    connection.execute(delete(models.workers))  # they served another database
    uncertain = tick.recover(connection, now=database.now(connection))
    history = models.message_history
    rows = connection.execute(
        update(history)
        .where(history.c.status.in_(OPEN))
        .values(status=MessageStatus.PAUSED, status_reason=restored.OLDER)
        .returning(history.c.id)
    ).all()
    waiting = tuple(sorted(row.id for row in rows))
    audit.record(
        connection,
        actor=acting.current().name,
        action=RESTORED,
        object_type=making.OBJECT,
        object_id=name,
        details={
            "made_at": made_at.isoformat(),
            "waiting": list(waiting),
            "uncertain": uncertain,
        },
    )
    return waiting, uncertain


def _check(found: Manifest, engine: Engine, *, replace: bool) -> None:
    if not database.knows(found.revision):
        raise BackupError(
            f"The backup is of schema {found.revision}, which is newer than this program. "
            f"Install the program that made it ({found.program}) or a newer one."
        )
    if found.kind != engine.dialect.name:
        raise BackupError(
            f"The backup is of {found.kind}, and DATABASE_URL names {engine.dialect.name}. "
            "Restore it into its own kind; `python -m hsl migrate-to` moves it to PostgreSQL then."
        )
    if not _is_there(engine):
        return
    if not replace:
        raise BackupError(
            "There is a database at DATABASE_URL already. Give --replace to put the backup in its "
            "place; the old one is kept aside."
        )
    beats = models.workers.c.beat_at
    try:
        with database.read_only(engine).begin() as connection:
            beat: datetime | None = connection.execute(select(func.max(beats))).scalar_one()
            now = database.now(connection)
    except SQLAlchemyError:
        return  # what is there is damaged or half made, which is why it is replaced
    if beat is not None and now - beat < ALIVE:
        raise BackupError(
            "A scheduler is at work on this database. Stop it and the pages, wait 15 seconds, "
            "then restore."
        )


def _is_there(engine: Engine) -> bool:
    path = _file(engine)
    if path is not None:
        return path.exists() and path.stat().st_size > 0
    with database.read_only(engine).begin() as connection:
        return bool(inspect(connection).get_table_names())


def _file(engine: Engine) -> Path | None:
    name = engine.url.database
    return Path(name).absolute() if engine.dialect.name == "sqlite" and name else None


def _place(settings: Settings) -> Path:
    """A folder on the same disk as the database, so that putting it in its place is one step."""
    engine = database.engine_for(settings)
    path = _file(engine)
    engine.dispose()
    folder = settings.data_dir if path is None else path.parent
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _put_file(
    engine: Engine, copied: Path, found: Manifest, source: Path, stamp: str
) -> tuple[tuple[tuple[int, ...], int], str | None]:
    making.compare_file(copied, found)
    fresh = database.open_engine(f"sqlite:///{copied}", archive=database.archive_of(engine))
    database.migrate(fresh)
    with fresh.begin() as connection:
        held = hold(connection, source.name, found.made_at)
    fresh.dispose()  # the last connection writes its log back into the file
    path = _file(engine)
    if path is None:
        raise BackupError("The database has no file to be restored into. Correct DATABASE_URL.")
    engine.dispose()
    kept = None
    if path.exists():
        kept = path.with_name(f"{path.name}.before-{stamp}")
        path.replace(kept)
        for end in ("-wal", "-shm"):
            beside = path.with_name(path.name + end)
            if beside.exists():
                beside.replace(kept.with_name(kept.name + end))
    copied.chmod(0o600)
    copied.replace(path)
    return held, None if kept is None else str(kept)


def _put_tables(
    engine: Engine, copied: Path, found: Manifest, source: Path, stamp: str
) -> tuple[tuple[tuple[int, ...], int], str | None]:
    kept = postgres.set_aside(engine, stamp) if _is_there(engine) else None
    try:
        postgres.load(engine, copied)
        making.compare(engine, found)
        database.migrate(engine)
        with engine.begin() as connection:
            held = hold(connection, source.name, found.made_at)
    except BaseException:
        if kept is not None:
            postgres.bring_back(engine, kept)
        raise
    return held, None if kept is None else f"schema {kept}"


def _unpack_archive(path: Path, found: Manifest, aside: Path) -> dict[str, Path]:
    """The archive's files by their place in it, such as "2025-03/a.parquet"."""
    unpacked = {}
    for number, member in enumerate(found.members[1:]):
        target = aside / f"archived-{number}"
        manifest.unpack(path, member, target)
        unpacked[member.name.partition("/")[2]] = target
    return unpacked


def _put_archive(files: dict[str, Path], folder: Path, stamp: str) -> None:
    for name, unpacked in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.read_bytes() != unpacked.read_bytes():
            target.replace(target.with_name(f"{target.name}.before-{stamp}"))
        shutil.move(unpacked, target)


def _forget_notes(settings: Settings, engine: Engine) -> None:
    """What this machine noted of the old database: its index, and how far each bot had counted.

    All that was open waits already, so a scheduler need not hold back what is resumed by then.
    """
    for index in settings.data_dir.glob("index-*.duckdb"):
        index.unlink()
    address = engine.url.render_as_string(hide_password=True)
    bots = models.bot_pace.c
    with database.read_only(engine).begin() as connection:
        counted = connection.execute(select(bots.bot_id, bots.departures)).all()
    for row in counted:
        restored.Mark(settings.data_dir, row.bot_id, address).write(row.departures)
