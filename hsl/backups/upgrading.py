"""Bringing the schema to this program's version, with a backup of it first."""

from sqlalchemy import Engine

from hsl import database
from hsl.backups import BackupError, keeping, making
from hsl.settings import Settings


def migrate(engine: Engine, settings: Settings) -> making.Backup | None:
    """What `database.migrate` does; the backup that was made first, None where nothing was due.

    Raises DatabaseError, and BackupError where it cannot be backed up: nothing is changed then.
    """
    backup = None
    if settings.backup_before_upgrade and _is_due(engine):
        try:
            backup = making.make(engine, keeping.folder_of(settings), record=False)
        except BackupError as fault:
            raise BackupError(
                f"{fault} The schema is of an older program, and is not changed without a backup; "
                "HSL_BACKUP_BEFORE_UPGRADE=0 does without."
            ) from fault
    database.migrate(engine)
    if backup is not None:
        making.enter(engine, backup)
    return backup


def _is_due(engine: Engine) -> bool:
    """True for a schema that this program knows, and that is older than its own."""
    found = database.revision_of(engine)
    return found is not None and database.knows(found) and not database.is_current(engine)
