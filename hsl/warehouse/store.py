"""The store: people and deliveries of the main database in DuckDB, in memory, kept up to date."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from sqlalchemy import Engine, func, select

from hsl import database, models
from hsl.warehouse import attributes, compacting, limits, loading, refreshing, seen, source, tables
from hsl.warehouse.archived import Archive
from hsl.warehouse.attributes import AttributeType
from hsl.warehouse.cache import Cache
from hsl.warehouse.errors import StoreError
from hsl.warehouse.seen import AT_ONCE, Seen
from hsl.words import _

log = logging.getLogger(__name__)

_LAST = select(func.coalesce(func.max(models.audit_log.c.id), 0))
# Asked some ten times by each run of a page.
_LATEST = select(
    _LAST.scalar_subquery(),
    _LAST.where(models.audit_log.c.action.in_(AT_ONCE)).scalar_subquery(),
)
SAVE_EVERY = 3600.0  # seconds between two writings of the cache
PERSON_WAITS = 2.0  # seconds until it is read again when a person has changed something
SENDING_WAITS = 15.0  # and while a message is being sent
FAILED_WAITS = 15.0  # and after that could not be
AT_MOST = 3.0  # seconds for which somebody waits for people who came in
WORTH_SAVING = 50_000  # rows read since; fewer are read again in no time
WORTH_COMPACTING = 20_000  # rows written since


@dataclass(frozen=True)
class _State:
    """What the present contents of the store are."""

    attributes: dict[str, AttributeType]
    seen: Seen
    people_version: int  # goes up whenever people or their places changed
    is_sending: bool  # any message
    loaded_at: datetime
    clock: float


class Store:
    """People and deliveries as they were at `loaded_at`; threads may share it.

    `fresh()` brings it up to date in the background: when people came in or a segment was frozen,
    soon after a person changed anything, every 15 seconds while a message is being sent, and every
    `refresh_after` seconds else. Readers see the state before until the new one is there, whole;
    for people who came in, one of them waits up to three seconds. Where it fails, readers go on
    with what there is, and it is tried again later.

    `folder` is where a cache file may lie; None: nowhere. `memory` bounds what DuckDB takes, such
    as "4GB".

    The first use reads everything. Raises StoreError where that does not fit into the memory.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        folder: Path | None,
        refresh_after: float,
        clock: Callable[[], float] = time.monotonic,
        memory: str = limits.MEMORY,
    ) -> None:
        self._engine = engine
        self._cache = None if folder is None else Cache(folder, engine)
        self._archive = Archive(engine)
        self._refresh_after = refresh_after
        self._clock = clock
        self._memory = memory
        self._loading = threading.Lock()
        self._saving = threading.Lock()
        self._changed_since_save = 0
        self._changed_since_compacted = 0
        self._not_before = float("-inf")  # of the clock: when it may be refreshed after a failure
        self._database: duckdb.DuckDBPyConnection | None = None
        self._state: _State | None = None

    @property
    def loaded_at(self) -> datetime:
        """When it was read."""
        return self._now().loaded_at

    @property
    def attributes(self) -> dict[str, AttributeType]:
        """People's attributes with the type of their values."""
        return self._now().attributes

    @property
    def people_version(self) -> int:
        """A number that changes with every change of people and their places."""
        return self._now().people_version

    @property
    def lost(self) -> tuple[str, ...]:
        """A sentence for each file of the archive whose recipients are not here."""
        self._now()
        return self._archive.lost

    def refresh(self) -> None:
        """Read what changed, now; readers go on with the old until it is there."""
        self._now()
        with self._loading:
            self._refresh()
        self._keep_house()

    def save(self) -> None:
        """Write the cache file, for the next start. Raises StoreError where that cannot be."""
        if self._cache is None or self._archive.lost:
            return  # the next start may find again what is lost now
        with self._saving, self.cursor() as cursor:
            try:
                self._cache.write(cursor)
            except (OSError, duckdb.Error) as fault:
                raise StoreError(
                    _(
                        "{file} cannot be written: {fault}. Check the folder's rights and its "
                        "free space.",
                        file=self._cache.file,
                        fault=str(fault).splitlines()[0],
                    )
                ) from fault

    def fresh(self) -> "Store":
        """This, brought up to date as the class says."""
        state = self._now()
        if self._loading.locked():
            return self  # it is being done
        entry, urgent = self._latest_entries()
        people_came = urgent != state.seen.last_urgent
        is_old = self._clock() - state.clock > self._patience(state, entry)
        if (people_came or is_old) and self._clock() >= self._not_before:
            refresher = threading.Thread(target=self._refresh_quietly, name="store", daemon=True)
            refresher.start()
            if people_came:
                refresher.join(AT_MOST)
        return self

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection that reads one moment; close it soon, and take a new one for the next.

        It reaches no file, no network and no setting, and writes nothing.
        """
        self._now()
        assert self._database is not None
        return limits.reading(self._database)

    def frame(self, sql: str, values: Sequence[object] = ()) -> pd.DataFrame:
        """The rows of one SELECT.

        Raises StoreError for anything else, and where it takes too long or too much memory.
        """
        limits.require_select(sql)
        with self.cursor() as cursor, limits.within(cursor):
            return cursor.execute(sql, list(values)).fetch_df()

    def row(self, sql: str, values: Sequence[object] = ()) -> tuple[Any, ...]:
        """The first row of one SELECT; empty where there is none. Raises as `frame`."""
        limits.require_select(sql)
        with self.cursor() as cursor, limits.within(cursor):
            return tuple(cursor.execute(sql, list(values)).fetchone() or ())

    def _now(self) -> _State:
        state = self._state
        if state is not None:
            return state
        with self._loading:
            first = self._state or self._start()
        self._keep_house()
        return first

    def _patience(self, state: _State, entry: int) -> float:
        """Seconds for which the present contents are young enough."""
        if entry != state.seen.last_entry:
            return min(PERSON_WAITS, self._refresh_after)
        return min(SENDING_WAITS, self._refresh_after) if state.is_sending else self._refresh_after

    def _latest_entries(self) -> tuple[int, int]:
        """The last entry of the audit log, and the last that nobody should wait for."""
        with database.read_only(self._engine).begin() as connection:
            row = connection.execute(_LATEST).one()
        return int(row[0]), int(row[1])

    def _start(self) -> _State:
        store = limits.open_database(self._memory)
        store.execute(f"CREATE TYPE delivery_status AS ENUM {loading.STATUSES}")
        cached = self._cache is not None and self._cache.read(store)
        limits.lock(store)
        self._database = store
        if cached:
            return self._refresh()
        return self._load_all()

    def _refresh(self) -> _State:
        """Read what changed; all of it where the database is another one than before."""
        try:
            try:
                return self._change(much=False)
            except source.TooMuchError:
                return self._change(much=True)
        except _AnotherDatabaseError:
            return self._load_all()

    def _change(self, *, much: bool) -> _State:
        began = self._clock()
        with source.opened(self._engine, much=much) as rows, self._transaction() as store:
            before = seen.kept(store)
            if not before.is_of(rows):
                raise _AnotherDatabaseError
            after = seen.now(rows, is_postgresql=self._engine.dialect.name == "postgresql")
            changes = refreshing.refresh(store, rows, before, self._archive)
            seen.keep(store, after)
        return self._changed(after, began, people=changes.people, rows=changes.total)

    def _load_all(self) -> _State:
        began = self._clock()
        much = source.is_much(self._engine)
        with source.opened(self._engine, much=much) as rows, self._transaction() as store:
            after = seen.now(rows, is_postgresql=self._engine.dialect.name == "postgresql")
            loading.load(store, rows, self._archive)
            seen.keep(store, after)
            rows_read = sum(tables.count(store, kept.name) for kept in tables.ALL)
        return self._changed(after, began, people=rows_read, rows=rows_read)

    def _changed(self, after: Seen, began: float, *, people: int, rows: int) -> _State:
        before = self._state
        kinds = {} if before is None else before.attributes
        version = 0 if before is None else before.people_version
        if people or before is None:
            version += 1
            with self._cursor() as cursor:
                kinds = attributes.types(cursor, attributes.columns(cursor))
        with self._cursor() as cursor:
            sending = cursor.execute(
                "SELECT 1 FROM message_history WHERE status = 'sending' LIMIT 1"
            )
            is_sending = sending.fetchone() is not None
        self._changed_since_save += rows
        self._changed_since_compacted += rows
        self._state = _State(kinds, after, version, is_sending, after.read_at, began)
        return self._state

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        assert self._database is not None
        return self._database.cursor()

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """All of it, or nothing. Raises StoreError where the memory does not suffice."""
        with self._cursor() as cursor:
            cursor.execute("BEGIN")
            lost = self._archive.noted()
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException as fault:
                with suppress(duckdb.Error):
                    cursor.execute("ROLLBACK")
                # A file that was found again is to be read again.
                self._archive.note(lost)
                # Before the source closes: rows that nobody took must not outlive it.
                cursor.unregister("incoming")
                if isinstance(fault, duckdb.OutOfMemoryException):
                    raise StoreError(
                        _(
                            "People and deliveries do not fit into {memory}. Set HSL_INDEX_MEMORY "
                            "to more, or archive old messages.",
                            memory=self._memory,
                        )
                    ) from fault
                raise

    def _refresh_unless_another_does(self) -> None:
        if not self._loading.acquire(blocking=False):
            return
        try:
            self._refresh()
        finally:
            self._loading.release()
        self._keep_house()

    def _refresh_quietly(self) -> None:
        try:
            self._refresh_unless_another_does()
        except Exception:
            # Readers go on with what there is; the page says how old that is.
            self._not_before = self._clock() + FAILED_WAITS
            log.exception("The index of people and deliveries could not be refreshed.")

    def _keep_house(self) -> None:
        """Compact and save, each in a thread of its own, where there is enough to do."""
        if self._changed_since_compacted >= WORTH_COMPACTING:
            self._changed_since_compacted = 0
            threading.Thread(target=self._compact, name="store-compact", daemon=True).start()
        self._save_sometimes()

    def _compact(self) -> None:
        with self._loading:
            try:
                with self._cursor() as cursor:
                    done = compacting.compact(cursor)
            except duckdb.FatalException:
                log.exception("The index was lost while it was compacted, and is read anew.")
                self._state = None
                return
        if not done:
            log.warning(
                "The index was not compacted and will grow. Where that is said often, set "
                "HSL_INDEX_MEMORY to more than %s.",
                self._memory,
            )

    def _save_sometimes(self) -> None:
        worth = self._cache is not None and self._changed_since_save >= WORTH_SAVING
        if not worth or self._cache is None or self._cache.age < SAVE_EVERY:
            return
        if not self._saving.locked():
            self._changed_since_save = 0
            threading.Thread(target=self._save_quietly, name="store-save", daemon=True).start()

    def _save_quietly(self) -> None:
        try:
            self.save()
        except StoreError as fault:
            log.warning("%s", fault)


class _AnotherDatabaseError(RuntimeError):
    """What was read before is not an earlier state of this database."""
