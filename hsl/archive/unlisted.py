"""Files that lie in the archive's folder and that this database does not list."""

import time
from pathlib import Path

from sqlalchemy import Engine

from hsl import database
from hsl.archive import ArchiveError, catalogue, files, in_database

FORGOTTEN_AFTER = 86_400.0  # seconds after which what an ended run left may go
WHOLE, PART = ".parquet", ".part"  # a file, and one that is being written


def whole(engine: Engine) -> list[Path]:
    """Those that were written to their end: some database may have no other copy of their rows."""
    return _unlisted(engine, WHOLE)


def what_to_do(path: Path) -> str:
    """What to say of one of them."""
    return (
        f"{path} is not listed by this database. It may hold the only rows of another one that "
        "shares HSL_DATA_DIR, or of this one before a backup was restored: then give each its own "
        "folder, or restore the later backup. What an ended run left, the next `archive` removes "
        "after a day, once it finds every row of it elsewhere."
    )


def forget(engine: Engine) -> None:
    """Delete what an ended run left, a day after it was written.

    A whole file only if it is of this database, and each of its rows stands in the database or in
    a listed file.
    """
    for path in [*_unlisted(engine, PART), *whole(engine)]:
        if time.time() - path.stat().st_mtime < FORGOTTEN_AFTER:
            continue
        if path.suffix == PART or _is_spare(engine, path):
            path.unlink(missing_ok=True)


def _unlisted(engine: Engine, suffix: str) -> list[Path]:
    known = set(catalogue.paths(engine))
    found = database.archive_of(engine).glob(f"*/*{suffix}")
    return sorted(path for path in found if path not in known)


def _is_spare(engine: Engine, path: Path) -> bool:
    if files.owner_of(path) != database.identity(engine):
        return False
    try:
        inside = files.tallies_in(path)
        return inside == _elsewhere(engine, {message_id for message_id, _, _ in inside})
    except ArchiveError:
        return False  # where a file cannot be read, nobody can tell that its rows are elsewhere


def _elsewhere(engine: Engine, message_ids: set[int]) -> files.Tallies:
    """What these messages' rows come to, where they are read: in the database or a listed file."""
    counter = files.Counter()
    with database.read_only(engine).begin() as connection:
        archived = catalogue.archived_among(connection, message_ids)
        for some in in_database.rows_of(connection, sorted(message_ids - archived)):
            counter.add(some)
        of = catalogue.files_of(connection, archived)
    found = counter.tallies
    for path in {file.path for file in of.values()}:
        theirs = files.tallies_in(path)
        found |= {key: tally for key, tally in theirs.items() if key[0] in archived}
    return found
