"""What a reader of the store may do: look at one moment, for so long, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb

from hsl.warehouse.errors import StoreError
from hsl.warehouse.watchdog import Watchdog
from hsl.words import _

QUERY_SECONDS = 30.0
THREADS = 2
MEMORY = "4GB"

_watchdog = Watchdog()


class TooLongError(StoreError):
    """A query took longer than it may."""


class TooLargeError(StoreError):
    """A query took more memory than there is for all of them."""


class OnlyReadingError(StoreError):
    """Something else than one SELECT was asked of the store."""


def open_database(memory: str) -> duckdb.DuckDBPyConnection:
    """An empty DuckDB in memory that keeps within so much of it and writes nothing to disk."""
    store = duckdb.connect(
        config={"memory_limit": memory, "threads": THREADS, "temp_directory": ""}
    )
    store.execute("SET TimeZone = 'UTC'")
    # In a notebook without ipywidgets DuckDB will not hear of its bar, and draws none.
    with suppress(duckdb.InvalidInputException):
        store.execute("SET enable_progress_bar = false")
    return store


def lock(store: duckdb.DuckDBPyConnection) -> None:
    """Nothing typed on a page may read a file or an address, or change a setting, from now on."""
    store.execute("SET enable_external_access = false; SET lock_configuration = true")


def reading(store: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A connection that sees the present moment for as long as it is open, and cannot write."""
    cursor = store.cursor()
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    return cursor


def require_select(sql: str) -> None:
    """Raises OnlyReadingError where `sql` is not one SELECT, duckdb.Error where it is no SQL."""
    statements = duckdb.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise OnlyReadingError(_("The store takes one SELECT at a time. Ask for one thing."))


@contextmanager
def within(cursor: duckdb.DuckDBPyConnection, seconds: float = QUERY_SECONDS) -> Iterator[None]:
    """End what `cursor` does after so many seconds. Raises TooLongError then.

    Raises TooLargeError where the store's memory does not suffice.
    """
    watched = _watchdog.put_on(cursor.interrupt, seconds)
    try:
        yield
    except duckdb.InterruptException:
        raise TooLongError(
            _(
                "The question took over {seconds:g} s. Ask about fewer people or a shorter time.",
                seconds=seconds,
            )
        ) from None
    except duckdb.OutOfMemoryException:
        raise TooLargeError(
            _(
                "The question takes more memory than HSL_INDEX_MEMORY allows. Ask about fewer "
                "people or a shorter time, or allow more."
            )
        ) from None
    finally:
        _watchdog.take_off(watched)
