"""The store's tables in a file, so that the next start need not read the main database again.

The file is written aside and then put in its place at once, so any number of processes may share
the folder. A file that is damaged, of another database or of another version is left alone: it is
as if it were not there.
"""

import hashlib
import logging
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import duckdb
from sqlalchemy import Engine

import hsl
from hsl.quoting import literal
from hsl.warehouse import tables

log = logging.getLogger(__name__)

VERSION = 2  # of what the file holds; raise it with every change of the store's tables
TABLES = (*(kept.name for kept in tables.ALL), "names", "words", "streams", "histories", "seen")
ROWS_AT_ONCE = 122_880  # DuckDB's row group
STALE = 3600.0  # seconds after which what a killed writer left is cleared away


class Cache:
    """The file of one database in a folder."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        # A password is no part of the database's identity, and must not be written down.
        address = engine.url.render_as_string(hide_password=True)
        if engine.dialect.name == "sqlite" and engine.url.database:
            address = str(Path(engine.url.database).resolve())
        self._identity = f"{VERSION} {hsl.__version__} {duckdb.__version__} {address}"
        digest = hashlib.sha256(address.encode()).hexdigest()[:12]
        self._folder = folder
        self.file = folder / f"index-{digest}.duckdb"

    @property
    def age(self) -> float:
        """Seconds since it was written; infinite where there is none."""
        try:
            return max(0.0, time.time() - self.file.stat().st_mtime)
        except OSError:
            return float("inf")

    def read(self, store: duckdb.DuckDBPyConnection) -> bool:
        """Fill the empty `store`; False, and the store as it was, where there is nothing to use."""
        if not self.file.exists():
            return False
        try:
            store.execute(f"ATTACH {literal(str(self.file))} AS cache (READ_ONLY)")
        except duckdb.Error as fault:
            log.info("The index's file %s is not used: %s", self.file, _first_line(fault))
            return False
        try:
            return self._copy(store)
        except duckdb.Error as fault:
            log.info("The index's file %s is not used: %s", self.file, _first_line(fault))
            with suppress(duckdb.Error):  # nothing may have begun
                store.execute("ROLLBACK")
            return False
        finally:
            store.execute("DETACH cache")

    def write(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Write what `cursor` sees, all of one moment. Raises OSError or duckdb.Error."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._clear_away()
        aside = Path(tempfile.mkdtemp(dir=self._folder, prefix=".index-"))
        try:
            new = aside / "index.duckdb"
            # A store may open no file, so another DuckDB takes its rows as Arrow.
            with duckdb.connect(str(new), config={"threads": 1}) as writer:
                _fill(writer, cursor, self._identity)
            new.chmod(0o600)  # it holds people's data
            new.replace(self.file)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _copy(self, store: duckdb.DuckDBPyConnection) -> bool:
        row = store.execute("SELECT identity FROM cache.written").fetchone()
        if row is None or row[0] != self._identity:
            return False
        store.execute("BEGIN")
        for name in TABLES:
            chosen = "*"
            if name == tables.RECIPIENTS.name:
                chosen = "* REPLACE (CAST(delivery_status AS delivery_status) AS delivery_status)"
            store.execute(f"CREATE TABLE {name} AS SELECT {chosen} FROM cache.{name}")
        store.execute("COMMIT")
        return True

    def _clear_away(self) -> None:
        for left in self._folder.glob(".index-*"):
            try:
                old = time.time() - left.stat().st_mtime > STALE
            except OSError:
                continue
            if old:
                shutil.rmtree(left, ignore_errors=True)


def _fill(writer: duckdb.DuckDBPyConnection, cursor: duckdb.DuckDBPyConnection, who: str) -> None:
    writer.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    for name in TABLES:
        rows = cursor.execute(f"FROM {name}").to_arrow_reader(ROWS_AT_ONCE)
        writer.register("incoming", rows)
        writer.execute(f"CREATE TABLE {name} AS FROM incoming")
        writer.unregister("incoming")
    writer.execute("CREATE TABLE written AS SELECT $1 AS identity", [who])
    writer.execute("CHECKPOINT")


def _first_line(fault: Exception) -> str:
    return str(fault).splitlines()[0]
