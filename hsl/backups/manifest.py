"""What a backup's file says of itself: no secret, and enough to prove that it is whole."""

import hashlib
import re
import zipfile
import zlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection, inspect, text

from hsl.backups import BackupError

NAME = "manifest.json"  # in the file
DATABASES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
ARCHIVED = re.compile(r"archive/\d{4}-\d{2}/[\w.-]+\.parquet")
LARGEST_MANIFEST = 16 * 2**20  # bytes
AT_ONCE = 2**20  # bytes
COUNTERS = (
    "total_recipients",
    "successful_deliveries",
    "failed_deliveries",
    "uncertain_deliveries",
    "cancelled_deliveries",
    "deleted_deliveries",
)


class Member(BaseModel):
    """A file within the backup."""

    model_config = ConfigDict(frozen=True)
    name: str
    size: int = Field(ge=0)  # bytes
    sha256: str


class Counts(BaseModel):
    """What is in a database: rows by table, counters by name, and a digest of all outcomes."""

    model_config = ConfigDict(frozen=True)
    tables: dict[str, int]
    counters: dict[str, int]
    outcomes: str  # a hash of how many recipients of each message have which status

    def differing(self, other: "Counts") -> str | None:
        """The first that differs, in words; None where all is equal."""
        for kind, mine, theirs in (
            ("rows of", self.tables, other.tables),
            ("the sum of", self.counters, other.counters),
        ):
            for name in sorted(mine.keys() | theirs.keys()):
                if mine.get(name) != theirs.get(name):
                    return f"{kind} {name}: {mine.get(name)} and {theirs.get(name)}"
        return None if self.outcomes == other.outcomes else "the recipients' outcomes"


class Manifest(BaseModel):
    """The manifest: of which program and schema, made when, and what is in it."""

    model_config = ConfigDict(frozen=True)
    format: Literal[1] = 1
    program: str
    revision: str
    kind: Literal["sqlite", "postgresql"]
    made_at: datetime
    counts: Counts
    members: tuple[Member, ...]

    @property
    def database(self) -> Member:
        """The database's own file."""
        return self.members[0]


def count(connection: Connection) -> Counts:
    """Count what a database holds, in the moment that the transaction sees."""
    names = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
    tables = {name: _rows(connection, name) for name in sorted(names)}
    sums = ", ".join(f"CAST(coalesce(sum({name}), 0) AS bigint)" for name in COUNTERS)
    row: Sequence[Any] = connection.execute(text(f"SELECT {sums} FROM message_history")).one()
    outcomes = connection.execute(
        text(
            "SELECT message_id, delivery_status, count(*) FROM message_recipients "
            "GROUP BY message_id, delivery_status"
        )
    )
    digest = hashlib.sha256(repr(sorted(tuple(o) for o in outcomes)).encode()).hexdigest()
    counters: dict[str, int] = dict(zip(COUNTERS, row, strict=True))
    return Counts(tables=tables, counters=counters, outcomes=digest)


def _rows(connection: Connection, name: str) -> int:
    found: int = connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one()
    return found


def read(path: Path) -> Manifest:
    """The manifest of a backup's file. Raises BackupError where it is none."""
    no_backup = f"{path} is no backup of this program. Name a file that `hsl backup` made."
    try:
        with zipfile.ZipFile(path) as packed:
            if packed.getinfo(NAME).file_size > LARGEST_MANIFEST:
                raise BackupError(no_backup)
            found = Manifest.model_validate_json(packed.read(NAME))
    except FileNotFoundError:
        raise BackupError(f"There is no file {path}. Name a backup's file.") from None
    except (zipfile.BadZipFile, KeyError, ValidationError, NotImplementedError):
        raise BackupError(no_backup) from None
    names = [member.name for member in found.members]
    if names[:1] != [DATABASES[found.kind]] or not all(map(ARCHIVED.fullmatch, names[1:])):
        raise BackupError(no_backup)  # a name could lead anywhere
    return found


def unpack(path: Path, member: Member, target: Path) -> None:
    """Write one member to `target`. Raises BackupError where it is not what the manifest says."""
    damaged = f"{path} is damaged: {member.name} is not what was packed. Use another backup."
    try:
        with zipfile.ZipFile(path) as packed:
            if packed.getinfo(member.name).file_size != member.size:
                raise BackupError(damaged)
            with packed.open(member.name) as source, target.open("wb") as written:
                if copy(source, written) != member.sha256:
                    raise BackupError(damaged)
    except (zipfile.BadZipFile, KeyError, EOFError, zlib.error):
        raise BackupError(damaged) from None


def copy(source: IO[bytes], target: IO[bytes]) -> str:
    """Copy all bytes, and return their SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    while some := source.read(AT_ONCE):
        digest.update(some)
        target.write(some)
    return digest.hexdigest()
