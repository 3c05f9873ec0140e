"""Whom a source tells of: a place that is gone from it has left, and comes back as it is given.

`source_places` holds the places that a source told of in its last good run, each with the run that
first told of it. So a run that brings nothing new writes nothing.
"""

from typing import Any

import duckdb
from sqlalchemy import Connection, text

from hsl.audience import upsert
from hsl.models import LEFT

_REJECTED = """SELECT id FROM (SELECT DISTINCT TRY_CAST(raw_id AS BIGINT) AS id FROM rejects)
    WHERE id IS NOT NULL"""
TABLES = ("staged_told", "staged_back", "staged_gone", "staged_rejected")


def compare(connection: Connection, reader: duckdb.DuckDBPyConnection, source_id: int) -> None:
    """Make temporary tables of the places that are told of anew, and of those that are gone.

    To be called before unchanged rows are put aside. A rejected row is not a deleted one: who
    stands in it keeps their places.
    """
    upsert.drop(connection, TABLES)
    for statement in (
        "CREATE TEMPORARY TABLE staged_rejected (user_id bigint PRIMARY KEY)",
        """CREATE TEMPORARY TABLE staged_told (user_id bigint, stream text, status text,
            PRIMARY KEY (user_id, stream))""",
        """CREATE TEMPORARY TABLE staged_back (user_id bigint, stream text,
            PRIMARY KEY (user_id, stream))""",
        """CREATE TEMPORARY TABLE staged_gone (user_id bigint, stream text,
            PRIMARY KEY (user_id, stream))""",
    ):
        connection.execute(text(statement))
    upsert.load(connection, reader, "staged_rejected", _REJECTED)
    values = {"source": source_id}
    connection.execute(
        text(
            """INSERT INTO staged_told SELECT s.user_id, s.stream, s.status FROM staged_places s
            LEFT JOIN source_places p ON p.source_id = :source AND p.user_id = s.user_id
                AND p.course_stream = s.stream
            WHERE p.user_id IS NULL"""
        ),
        values,
    )
    connection.execute(
        text(
            f"""INSERT INTO staged_back SELECT t.user_id, t.stream FROM staged_told t
            JOIN enrollments e ON e.user_id = t.user_id AND e.course_stream = t.stream
            WHERE t.status IS NULL AND e.status = '{LEFT}'"""
        )
    )
    connection.execute(
        text(
            """INSERT INTO staged_gone SELECT p.user_id, p.course_stream FROM source_places p
            LEFT JOIN staged_places s ON s.user_id = p.user_id AND s.stream = p.course_stream
            LEFT JOIN staged_rejected r ON r.user_id = p.user_id
            WHERE p.source_id = :source AND s.user_id IS NULL AND r.user_id IS NULL"""
        ),
        values,
    )


def one_at_a_time(connection: Connection) -> None:
    """Let no other source write from now on, until the transaction ends.

    Two that lose one place at the same moment would each leave it to the other. To be called before
    anything else is locked, as two that hold each other's people would wait for ever.
    """
    if connection.dialect.name == "postgresql":  # SQLite has one writer
        connection.execute(text("LOCK TABLE source_places IN SHARE ROW EXCLUSIVE MODE"))


def spare(connection: Connection, ids: list[dict[str, int]]) -> None:
    """Leave these people's places as they were: their rows were rejected after all."""
    for table in ("staged_told", "staged_back", "staged_gone"):
        if ids:
            connection.execute(text(f"DELETE FROM {table} WHERE user_id = :id"), ids)


def bring_back(connection: Connection) -> None:
    """Take the status "left" from places that are told of again without one.

    To be called in the writing transaction, before it is counted who changed.
    """
    connection.execute(text("INSERT INTO staged_changes SELECT DISTINCT user_id FROM staged_back"))
    connection.execute(
        text(
            f"""UPDATE enrollments SET status = NULL WHERE status = '{LEFT}'
            AND (user_id, course_stream) IN (SELECT user_id, stream FROM staged_back)"""
        )
    )


def settle(connection: Connection, *, source_id: int, run_id: int, mark_left: bool) -> int:
    """Write down what the source tells of now, and mark who has left; return how many places.

    A place of which another source still tells has not been left. To be called in the writing
    transaction, after the people were written.
    """
    values: dict[str, Any] = {"source": source_id, "run": run_id}
    connection.execute(
        text(
            """DELETE FROM source_places WHERE source_id = :source
            AND (user_id, course_stream) IN (SELECT user_id, stream FROM staged_gone)"""
        ),
        values,
    )
    connection.execute(
        text(
            """INSERT INTO source_places (source_id, user_id, course_stream, run_id)
            SELECT :source, user_id, stream, :run FROM staged_told"""
        ),
        values,
    )
    if not mark_left:
        return 0
    # CROSS keeps SQLite to this order: few sources, and by each the place's key. The other way
    # round it reads all places for each that is gone.
    connection.execute(
        text(
            f"""DELETE FROM staged_gone WHERE EXISTS (SELECT 1 FROM sources o
                CROSS JOIN source_places p WHERE p.source_id = o.id
                AND p.user_id = staged_gone.user_id AND p.course_stream = staged_gone.stream)
            OR NOT EXISTS (SELECT 1 FROM enrollments e WHERE e.user_id = staged_gone.user_id
                AND e.course_stream = staged_gone.stream
                AND e.status IS DISTINCT FROM '{LEFT}')"""
        )
    )
    marked = connection.execute(
        text(
            f"""UPDATE enrollments SET status = '{LEFT}'
            WHERE (user_id, course_stream) IN (SELECT user_id, stream FROM staged_gone)"""
        )
    )
    connection.execute(
        text(
            """UPDATE users SET updated_at = :now
            WHERE user_id IN (SELECT user_id FROM staged_gone)"""
        ),
        {"now": upsert.moment(connection)},
    )
    return int(marked.rowcount)
