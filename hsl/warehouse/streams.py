"""Each person's streams as one text, "4th_stream, 5th_stream", for lists that are sorted by it.

Whoever has left a stream is not in it: not in that text, and in no figure by stream.
"""

import duckdb

from hsl import models

# SQL of the key by which a text is listed as people count, 4th before 10th: each number in it is
# written with as many digits. It orders as `order.natural_key` does.
NATURAL = (
    r"regexp_replace(regexp_replace(lower({0}), '(\d+)', '00000000000000000000\1', 'g'), "
    r"'\d*(\d{{20}})', '\1', 'g')"
)
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
    # There are few streams and many places in them: a stream's key is made once.
    return (
        "SELECT user_id, array_to_string(list_transform(list_sort(list({'key': key, "
        "'name': course_stream})), lambda place: place.name), ', ') AS streams "
        f"FROM {PLACES} JOIN (SELECT name AS course_stream, {NATURAL.format('name')} AS key "
        "FROM (SELECT DISTINCT course_stream AS name FROM enrollments)) USING (course_stream) "
        f"WHERE {chosen} GROUP BY user_id"
    )


def in_order() -> str:
    """SQL of each text that `streams` holds with its place in their natural order."""
    return (
        f"SELECT streams, row_number() OVER (ORDER BY {NATURAL.format('streams')}, streams) "
        "AS place FROM (SELECT DISTINCT streams FROM streams)"
    )
