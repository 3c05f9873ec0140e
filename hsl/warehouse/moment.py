"""One moment of the store, for figures that must agree with each other."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import pandas as pd

from hsl.warehouse import limits, seen
from hsl.warehouse.errors import StoreError
from hsl.warehouse.store import Store
from hsl.words import _


class Moment:
    """What the store held at `read_at`, however it is refreshed meanwhile. For one thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cursor: duckdb.DuckDBPyConnection | None = store.cursor()
        self.read_at = seen.kept(self._cursor).read_at

    def frame(self, sql: str, values: Sequence[object] = ()) -> pd.DataFrame:
        """The rows of one SELECT. Raises StoreError as the store's, or where it has moved on."""
        limits.require_select(sql)
        cursor = self._open()
        try:
            with limits.within(cursor):
                return cursor.execute(sql, list(values)).fetch_df()
        except (duckdb.Error, StoreError):
            self.close()  # DuckDB ends a transaction with what failed in it
            raise

    def close(self) -> None:
        """Let the store forget it."""
        if self._cursor is not None:
            self._cursor.close()
            self._cursor = None

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._cursor is None:
            self._cursor = self._store.cursor()
            if seen.kept(self._cursor).read_at != self.read_at:
                self.close()
                raise StoreError(_("The figures were read anew meanwhile. Load the page again."))
        assert self._cursor is not None
        return self._cursor


@contextmanager
def of(store: Store) -> Iterator[Moment]:
    """The store's present moment, for as long as the block."""
    found = Moment(store)
    try:
        yield found
    finally:
        found.close()
