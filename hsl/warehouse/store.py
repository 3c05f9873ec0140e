"""The store: people and deliveries of the main database in DuckDB, in memory, kept up to date."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
from sqlalchemy import Engine, func, select

from hsl import database, models
from hsl.warehouse import attributes, loading, source
from hsl.warehouse.attributes import AttributeType

MEMORY_LIMIT = "4GB"
THREADS = 2
# What nobody should have to wait for: people who came in, and a frozen segment's.
AT_ONCE = ("import", "segment_added", "segment_frozen", "segment_thawed")


@dataclass(frozen=True)
class _Loaded:
    database: duckdb.DuckDBPyConnection
    attributes: dict[str, AttributeType]
    change: int
    loaded_at: datetime
    clock: float


class Store:
    """People and deliveries as they were at `loaded_at`; threads may share it.

    `fresh()` brings it up to date: at once when people came in, else after `refresh_after` seconds
    in the background, so that nobody waits. `folder` is where a cache may lie; None: nowhere.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        folder: Path | None,
        refresh_after: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._refresh_after = refresh_after
        self._clock = clock
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._loaded: _Loaded | None = None

    @property
    def loaded_at(self) -> datetime:
        """When it was read."""
        return self._now().loaded_at

    @property
    def attributes(self) -> dict[str, AttributeType]:
        """People's attributes with the type of their values."""
        return self._now().attributes

    def refresh(self) -> None:
        """Read what changed, now; readers go on with the old until it is there."""
        with self._loading:
            loaded = self._load()
            with self._lock:
                self._loaded = loaded

    def fresh(self) -> "Store":
        """This, brought up to date as the class says."""
        loaded = self._now()
        if loaded.change != self._last_change():
            self.refresh()
        elif self._clock() - loaded.clock > self._refresh_after and not self._loading.locked():
            threading.Thread(target=self.refresh, name="store", daemon=True).start()
        return self

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection for reading one moment. It reaches no file, no network, no setting."""
        return self._now().database.cursor()

    def frame(self, sql: str, values: Sequence[object] = ()) -> pd.DataFrame:
        """The rows of a query."""
        with self.cursor() as cursor:
            return cursor.execute(sql, list(values)).fetch_df()

    def _now(self) -> _Loaded:
        with self._lock:
            loaded = self._loaded
        if loaded is not None:
            return loaded
        with self._loading:
            first = self._loaded or self._load()
            with self._lock:
                self._loaded = first
        return first

    def _last_change(self) -> int:
        log = models.audit_log.c
        with database.read_only(self._engine).begin() as connection:
            found = connection.execute(
                select(func.max(log.id).label("last")).where(log.action.in_(AT_ONCE))
            ).one()
        return int(found.last or 0)

    def _load(self) -> _Loaded:
        change, began = self._last_change(), self._clock()
        store = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "threads": THREADS})
        store.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        with source.opened(self._engine) as rows:
            loading.load(store, rows)
        columns = store.execute("DESCRIBE users").fetchall()
        known = [name[2:] for name, *_ in columns if name.startswith("a:")]
        kinds = attributes.types(store, known)
        # Nothing typed on a page may read a file or an address.
        store.execute("SET enable_external_access = false; SET lock_configuration = true")
        return _Loaded(store, kinds, change, models.utc_now(), began)
