"""Each person's streams as one text, "4th_stream, 5th_stream", for lists that are sorted by it."""

import duckdb


def create(store: duckdb.DuckDBPyConnection) -> None:
    """Make the table `streams` from `enrollments`."""
    store.execute(f"CREATE OR REPLACE TABLE streams AS {_of('enrollments')} ORDER BY user_id")


def renew(store: duckdb.DuckDBPyConnection, changed: str) -> None:
    """Do so for the people of the table `changed` alone, when `enrollments` is up to date."""
    chosen = f"user_id IN (SELECT user_id FROM {changed})"
    store.execute(f"DELETE FROM streams WHERE {chosen}")
    store.execute(f"INSERT INTO streams {_of(f'enrollments WHERE {chosen}')}")


def _of(places: str) -> str:
    return (
        "SELECT user_id, array_to_string(list_sort(list(course_stream)), ', ') AS streams "
        f"FROM {places} GROUP BY user_id"
    )
