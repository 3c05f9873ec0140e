"""Giving back what deleted rows hold: in memory, DuckDB does so at a CHECKPOINT and not before.

A store that is kept up to date deletes and writes rows all day, and would grow until its memory is
full. A checkpoint also presses the rows together. Readers go on meanwhile, each with its moment
(measured with DuckDB 1.5: five million recipients go from 328 to 23 MB in 3 s, and later changes of
100,000 take 0.05 s).
"""

import time

import duckdb

ROOM = 0.5  # of the memory that must be free: a checkpoint that runs out of it ends the database
TRIES, AGAIN = 50, 0.1  # and seconds from one to the next
_USED = (
    "SELECT coalesce(sum(memory_usage_bytes), 0) "
    "/ parse_formatted_bytes(current_setting('memory_limit')) FROM duckdb_memory()"
)


def compact(cursor: duckdb.DuckDBPyConnection) -> bool:
    """Compact the database; False where it has not the room for it, or is too busy.

    Nobody may write meanwhile. Raises duckdb.FatalException where it ended the database, which has
    to be filled anew then.
    """
    if used(cursor) > 1 - ROOM:
        return False
    for _ in range(TRIES):
        try:
            cursor.execute("CHECKPOINT")
        except duckdb.TransactionException:
            # A question holds it off for as long as it begins; it must not wait with us, as with
            # FORCE CHECKPOINT, for the slowest of all.
            time.sleep(AGAIN)
        else:
            return True
    return False


def used(cursor: duckdb.DuckDBPyConnection) -> float:
    """The share of the memory limit that is in use."""
    row = cursor.execute(_USED).fetchone()
    assert row is not None
    return float(row[0])
