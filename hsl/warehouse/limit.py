"""A time limit for what people ask of the store: a question is ended, the page goes on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

MOST_SECONDS = 15.0


class TooSlowError(RuntimeError):
    """A question took longer than it may; the message says what to do."""


@contextmanager
def within(
    connection: duckdb.DuckDBPyConnection, seconds: float = MOST_SECONDS
) -> Iterator[duckdb.DuckDBPyConnection]:
    """End what this connection does after so many seconds. Raises TooSlowError then."""
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield connection
    except duckdb.InterruptException:
        raise TooSlowError(
            f"Looking these people up took over {seconds:.0f} s. Take some conditions away."
        ) from None
    finally:
        timer.cancel()
