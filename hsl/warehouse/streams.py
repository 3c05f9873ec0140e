"""Each person's streams as one text, "4th_stream, 5th_stream", for lists that are sorted by it.

Whoever has left a stream is not in it: not in that text, and in no figure by stream.
"""

import duckdb

from hsl import models

IN_IT = f"status IS DISTINCT FROM '{models.LEFT}'"
PLACES = f"(SELECT user_id, course_stream FROM enrollments WHERE {IN_IT})"


def create(store: duckdb.DuckDBPyConnection) -> None:
    """Make the table `streams` from `enrollments`."""
    store.execute(f"CREATE OR REPLACE TABLE streams AS {_of('true')} ORDER BY user_id")


def renew(store: duckdb.DuckDBPyConnection, changed: str) -> None:
    """Do so for the people of the table `changed` alone, when `enrollments` is up to date."""
    chosen = f"user_id IN (SELECT user_id FROM {changed})"
    store.execute(f"DELETE FROM streams WHERE {chosen}")
    store.execute(f"INSERT INTO streams {_of(chosen)}")


def _of(chosen: str) -> str:
    return (
        "SELECT user_id, array_to_string(list_sort(list(course_stream)), ', ') AS streams "
        f"FROM {PLACES} WHERE {chosen} GROUP BY user_id"
    )
