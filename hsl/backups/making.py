"""Making a backup while everything goes on, and proving it by restoring it beside.

The database is copied as it is in one moment: by SQLite's backup interface, or by pg_dump with an
exported snapshot. The rows are counted in that same moment, and again in what was restored.
"""

import fcntl
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

import hsl
from hsl import acting, audit, database, models
from hsl.acting import Permission
from hsl.archive import catalogue
from hsl.backups import BackupError, manifest, postgres
from hsl.backups.manifest import Counts, Manifest, Member

MADE, FAILED = "backup_made", "backup_failed"  # in the audit log
OBJECT = "backup"
NAME = "hsl-{:%Y%m%dT%H%M%SZ}.zip"
ASIDE = ".hsl-backup-"  # what is being written, in the backups' folder


@dataclass(frozen=True)
class Backup:
    """A backup that was made: its file, what is in it, and whether a restored copy was equal.

    `note` says why it could not be restored for a proof.
    """

    path: str
    size: int  # bytes
    people: int
    messages: int
    is_verified: bool
    note: str = ""


@acting.needs(Permission.MANAGE)
def make(engine: Engine, folder: Path, *, record: bool = True) -> Backup:
    """Make a backup in `folder`, and prove it. Raises BackupError, and then leaves no file there.

    What becomes of it is recorded in the audit log, a failure too; not so where the schema is of
    an older program (`record`), which has no place for it.
    """
    try:
        with _alone(folder), tempfile.TemporaryDirectory(dir=folder, prefix=ASIDE) as aside:
            made = _make(engine, folder, Path(aside))
    except (BackupError, OSError, sqlite3.Error, SQLAlchemyError) as fault:
        words = _said(engine, folder, fault)
        if record:
            with suppress(SQLAlchemyError):  # the database may be what failed
                _enter(engine, FAILED, None, {"said": words})
        raise BackupError(words) from fault
    if record:
        enter(engine, made)
    return made


def enter(engine: Engine, made: Backup) -> None:
    """Record in the audit log that a backup was made."""
    _enter(engine, MADE, Path(made.path).name, asdict(made))


def verify(path: Path, engine: Engine) -> str:
    """Restore a backup beside the database `engine`, and compare. Raises BackupError.

    Returns why that could not be done, where a role may not make a database; else nothing.
    """
    found = manifest.read(path)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=ASIDE) as aside:
        copied = Path(aside) / "copy"
        for member in found.members[1:]:
            manifest.unpack(path, member, copied)
        manifest.unpack(path, found.database, copied)
        if found.kind == "sqlite":
            compare_file(copied, found)
            return ""
        if engine.dialect.name != "postgresql":
            return "it is of PostgreSQL, and the database in use is SQLite"
        with postgres.scratch(engine) as beside:
            if beside is None:
                return "the database's role may not make one; give it CREATEDB to have it proven"
            postgres.load(beside, copied)
            compare(beside, found)
    return ""


def compare_file(path: Path, expected: Manifest) -> None:
    """Raises BackupError where a restored SQLite file is damaged, or differs from the manifest."""
    restored = database.open_engine(f"sqlite:///{path}")
    try:
        with restored.begin() as connection:
            said: object = connection.exec_driver_sql("PRAGMA quick_check").scalar_one()
        if said != "ok":
            raise BackupError(f"The database in the backup is damaged: {said}. Use another one.")
        compare(restored, expected)
    finally:
        restored.dispose()


def compare(restored: Engine, expected: Manifest) -> None:
    """Raises BackupError where a restored database differs from what the manifest counted."""
    with database.one_moment(restored) as connection:
        differs = expected.counts.differing(manifest.count(connection))
    if differs:
        raise BackupError(f"The restored database differs in {differs}. Use another backup.")


def _make(engine: Engine, folder: Path, aside: Path) -> Backup:
    made_at = models.utc_now()
    name = manifest.DATABASES[engine.dialect.name]
    with database.one_moment(engine) as connection:
        revision = database.revision(connection)
        if revision is None:
            raise BackupError("There is nothing in the database yet: no schema. Start it first.")
        counts, files = _copy(engine, connection, aside / name)
    packed = aside / "backup.zip"
    found = _pack(packed, engine, aside / name, files, made_at, revision, counts)
    (aside / name).unlink()
    note = verify(packed, engine)
    path = folder / NAME.format(made_at)
    if path.exists():
        raise BackupError(f"{path} is there already. Try again in a second.")
    packed.replace(path)
    _sync(folder)
    tables = found.counts.tables
    size = path.stat().st_size
    return Backup(str(path), size, tables["users"], tables["message_history"], not note, note)


def _copy(
    engine: Engine, connection: Connection, target: Path
) -> tuple[Counts, list[catalogue.File]]:
    """Copy the database as the transaction sees it, and count the same."""
    counts = manifest.count(connection)
    is_kept = models.archived_months.name in counts.tables  # an older schema has no archive
    files = catalogue.listed(connection) if is_kept else []
    if engine.dialect.name == "postgresql":
        snapshot: object = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        postgres.dump(engine, str(snapshot), target)
        return counts, files
    source = connection.connection.driver_connection
    if not isinstance(source, sqlite3.Connection):
        raise BackupError("The connection to the database is lost. Try again.")
    copied = sqlite3.connect(target)
    try:
        # The reader's transaction keeps its moment; others write on meanwhile.
        source.backup(copied)
        copied.execute("PRAGMA journal_mode=DELETE")
    finally:
        copied.close()
    return counts, files


def _pack(
    packed: Path,
    engine: Engine,
    copied: Path,
    files: list[catalogue.File],
    made_at: datetime,
    revision: str,
    counts: Counts,
) -> Manifest:
    sources: list[tuple[str, Path, str | None]] = [(copied.name, copied, None)]
    sources += [(f"archive/{file.month}/{file.name}", file.path, file.sha256) for file in files]
    members = []
    with (
        os.fdopen(os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
        zipfile.ZipFile(file, "w") as zipped,
    ):
        for name, path, expected in sources:
            member = _add(zipped, name, path)
            if expected not in {None, member.sha256}:
                raise BackupError(
                    f"The archive's file {path} is not the one that was written. "
                    "Bring it back from an older backup."
                )
            members.append(member)
        found = Manifest(
            program=hsl.__version__,
            revision=revision,
            kind="postgresql" if engine.dialect.name == "postgresql" else "sqlite",
            made_at=made_at,
            counts=counts,
            members=tuple(members),
        )
        zipped.writestr(manifest.NAME, found.model_dump_json(indent=1))
        zipped.close()
        file.flush()
        os.fsync(file.fileno())
    return found


def _add(zipped: zipfile.ZipFile, name: str, path: Path) -> Member:
    info = zipfile.ZipInfo.from_file(path, name)
    # A dump and Parquet are compressed already.
    is_plain = name == manifest.DATABASES["sqlite"]
    info.compress_type = zipfile.ZIP_DEFLATED if is_plain else zipfile.ZIP_STORED
    with path.open("rb") as source, zipped.open(info, "w", force_zip64=True) as target:
        sha256 = manifest.copy(source, target)
    return Member(name=name, size=path.stat().st_size, sha256=sha256)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """While it lasts, no other process makes a backup in this folder. Raises BackupError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".hsl-lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(
                f"Another backup is being made in {folder}. Wait until it is done."
            ) from None
        for left in folder.glob(f"{ASIDE}*"):  # by one that was killed
            shutil.rmtree(left, ignore_errors=True)
        yield


def _sync(folder: Path) -> None:
    """A new name must outlive a power cut as its content does."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _said(engine: Engine, folder: Path, fault: Exception) -> str:
    cause = str(getattr(fault, "orig", None) or fault).strip().splitlines()
    words = cause[0] if cause else type(fault).__name__
    password = engine.url.password
    words = words.replace(str(password), "***") if password else words
    if not isinstance(fault, BackupError):
        words = f"No backup was made in {folder}: {words.rstrip('.')}. Mend that, then try again."
    return words


def _enter(engine: Engine, action: str, name: str | None, details: dict[str, object]) -> None:
    with engine.begin() as connection:
        audit.record(
            connection,
            actor=acting.current().name,
            action=action,
            object_type=OBJECT,
            object_id=name,
            details=details,
        )
