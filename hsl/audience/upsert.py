"""Checked people into the main database, set-wise; what did not change is put aside beforehand.

Copying and comparing is most of the work and happens before the writing transaction begins, so
that on SQLite, where one writer excludes all others, the sender waits only for real changes.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from hsl import database
from hsl.privacy import tombstones
from hsl.quoting import identifier
from hsl.words import _

ROWS_AT_ONCE = 50_000
BLOCK = 1 << 20  # bytes
Progress = Callable[[float, str], None]  # share of the work done, and the name of its stage


@dataclass(frozen=True)
class Counts:
    """People who are new, changed, and as they were."""

    added: int
    updated: int
    unchanged: int


_STAGING = (
    """CREATE TEMPORARY TABLE staged_people (user_id bigint PRIMARY KEY, line bigint,
    username text, username_key text, first_name text, last_name text, language_code text,
    registered_at {moment}, attributes {json})""",
    """CREATE TEMPORARY TABLE staged_places (user_id bigint, stream text, status text,
    enrolled_at {moment}, PRIMARY KEY (user_id, stream))""",
    "CREATE TEMPORARY TABLE staged_changes (user_id bigint PRIMARY KEY)",
    "CREATE TEMPORARY TABLE staged_total (people bigint)",
)
_STAGED = ("staged_people", "staged_places", "staged_changes", "staged_total")
_PEOPLE = """SELECT user_id, line, username, lower(username) AS key, first_name, last_name,
    language_code, registered_at, attributes FROM people ORDER BY user_id"""
_PLACES = "SELECT user_id, stream, status, enrolled_at FROM places ORDER BY user_id, stream"
COLUMNS = ("username", "first_name", "last_name", "language_code", "registered_at")


@contextmanager
def staged(
    engine: Engine,
    reader: duckdb.DuckDBPyConnection,
    tell: Progress,
    *,
    before: Callable[[Connection], None] = lambda _connection: None,
    tables: Sequence[str] = (),
) -> Iterator[Connection]:
    """A connection, outside of a transaction, whose temporary tables hold what is to be written.

    `before` sees all that was staged, before what the database says already is put aside; it may
    make temporary `tables` of its own, which are dropped with the others.
    """
    with engine.connect() as connection:
        connection.execution_options(hsl_read_only=True)
        with connection.begin():
            _stage(connection, reader, tell)
            before(connection)
            tell(0.6, _("Comparing"))
            _put_aside(connection)
        connection.execution_options(hsl_read_only=False)
        try:
            yield connection
        finally:
            # Where the connection broke, they are gone with it.
            with suppress(SQLAlchemyError):
                connection.rollback()
                connection.execution_options(hsl_read_only=True)
                with connection.begin():
                    drop(connection, (*_STAGED, *tables))


def reject_taken_usernames(
    connection: Connection, reader: duckdb.DuckDBPyConnection
) -> list[dict[str, int]]:
    """Move staged people whose username somebody else has to `rejects`, and return their ids.

    To be called in the writing transaction, just before `write`.
    """
    if connection.execute(text("SELECT 1 FROM staged_people LIMIT 1")).first() is None:
        return []
    taken = connection.execute(
        text(
            """SELECT DISTINCT s.line, s.user_id FROM users u
            JOIN staged_people s ON s.username_key = lower(u.username) AND s.user_id <> u.user_id
            LEFT JOIN staged_people own ON own.user_id = u.user_id
            WHERE own.user_id IS NULL OR own.username_key IS NULL
                OR own.username_key = s.username_key"""
        )
    ).all()
    if not taken:
        return []
    reader.executemany(
        "INSERT INTO rejects VALUES (?, 'username is another person''s', ?)",
        [(row.line, str(row.user_id)) for row in taken],
    )
    ids = [{"id": row.user_id} for row in taken]
    connection.execute(text("DELETE FROM staged_people WHERE user_id = :id"), ids)
    connection.execute(text("DELETE FROM staged_places WHERE user_id = :id"), ids)
    connection.execute(text("UPDATE staged_total SET people = people - :n"), {"n": len(ids)})
    return ids


def leave_out_forgotten(connection: Connection) -> list[dict[str, int]]:
    """Take staged people who were forgotten out, and return their ids, which nobody may keep.

    To be called in the writing transaction, just before `write`.
    """
    if not tombstones.are_there(connection):
        return []
    # Whoever is in the database was not forgotten.
    unknown = connection.execute(
        text(
            """SELECT user_id FROM (SELECT user_id FROM staged_people UNION
            SELECT user_id FROM staged_places) s WHERE NOT EXISTS
            (SELECT 1 FROM users u WHERE u.user_id = s.user_id)"""
        )
    )
    ids = [{"id": one} for one in tombstones.among(connection, unknown.scalars().all())]
    if ids:
        counted = text("SELECT count(*) FROM staged_people")
        before: int = connection.execute(counted).scalar_one()
        connection.execute(text("DELETE FROM staged_people WHERE user_id = :id"), ids)
        connection.execute(text("DELETE FROM staged_places WHERE user_id = :id"), ids)
        fewer = before - connection.execute(counted).scalar_one()
        connection.execute(text("UPDATE staged_total SET people = people - :n"), {"n": fewer})
    return ids


def write(connection: Connection, tell: Progress) -> Counts:
    """Write what is staged in the caller's transaction: change what differs, add what is new."""
    tell(0.7, _("Comparing"))
    tail = "ON CONFLICT DO NOTHING"

    def count(statement: str) -> int:
        return int(connection.execute(text(statement)).scalar_one())

    def run(statement: str) -> None:
        # As late as can be: who asks what changed since a moment must not have looked before.
        values = {"now": moment(connection)} if ":now" in statement else {}
        connection.execute(text(statement), values)

    added = count(
        "SELECT count(*) FROM staged_people s WHERE NOT EXISTS "
        "(SELECT 1 FROM users u WHERE u.user_id = s.user_id)"
    )
    run(
        f"""INSERT INTO staged_changes SELECT u.user_id FROM staged_people s
        JOIN users u ON u.user_id = s.user_id WHERE {_person_differs(connection)} {tail}"""
    )
    run(
        f"""INSERT INTO staged_changes SELECT DISTINCT p.user_id FROM staged_places p
        JOIN users u ON u.user_id = p.user_id
        LEFT JOIN enrollments e ON e.user_id = p.user_id AND e.course_stream = p.stream
        WHERE e.user_id IS NULL OR {_PLACE_DIFFERS} {tail}"""
    )
    updated = count("SELECT count(*) FROM staged_changes")
    total = count("SELECT people FROM staged_total")
    tell(0.8, _("Writing"))
    changes = ", ".join(f"{c} = coalesce(s.{c}, u.{c})" for c in COLUMNS)
    run(
        f"""UPDATE users AS u SET {changes}, attributes = {_merged(connection)}, updated_at = :now
        FROM staged_people s JOIN staged_changes c ON c.user_id = s.user_id
        WHERE u.user_id = s.user_id"""
    )
    run(
        """UPDATE users SET updated_at = :now WHERE user_id IN (SELECT user_id FROM staged_changes)
        AND user_id NOT IN (SELECT user_id FROM staged_people)"""
    )
    listed = ", ".join(COLUMNS)
    run(
        f"""INSERT INTO users (user_id, {listed}, attributes, updated_at)
        SELECT s.user_id, {", ".join(f"s.{c}" for c in COLUMNS)}, s.attributes, :now
        FROM staged_people s WHERE true {tail}"""
    )
    tell(0.9, _("Writing"))
    run(
        """INSERT INTO enrollments (user_id, course_stream, status, enrolled_at)
        SELECT user_id, stream, status, enrolled_at FROM staged_places WHERE true
        ON CONFLICT (user_id, course_stream) DO UPDATE SET
            status = coalesce(excluded.status, enrollments.status),
            enrolled_at = coalesce(excluded.enrolled_at, enrollments.enrolled_at)"""
    )
    return Counts(added, updated, total - added - updated)


def load(
    connection: Connection,
    reader: duckdb.DuckDBPyConnection,
    table: str,
    query: str,
    tell: Callable[[], None] = lambda: None,
) -> None:
    """Insert the rows of the reader's `query`, in the order of the table's columns."""
    cursor: Any = connection.connection.cursor()
    if connection.dialect.name == "postgresql":
        # Times come as UTC text, and PostgreSQL would read them in the session's zone.
        cursor.execute("SET LOCAL TIME ZONE 'UTC'")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows"
            _write_as_copied(reader, query, path)
            with cursor.copy(f"COPY {table} FROM STDIN") as copying, path.open("rb") as file:
                while block := file.read(BLOCK):
                    copying.write(block)
                    tell()
        return
    found = reader.execute(query)
    while rows := found.fetchmany(ROWS_AT_ONCE):
        cursor.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})", rows)
        tell()


def _write_as_copied(reader: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write rows as PostgreSQL's COPY takes them: a tab between values, \\N for none."""
    columns = [identifier(str(row[0])) for row in reader.execute(f"DESCRIBE {query}").fetchall()]
    escaped = ", ".join(
        f"replace(replace(replace(replace(CAST({column} AS VARCHAR), '\\', '\\\\'), "
        "chr(9), '\\t'), chr(10), '\\n'), chr(13), '\\r')"
        for column in columns
    )
    reader.execute(
        f"COPY (SELECT {escaped} FROM ({query})) TO '{path}' "
        "(FORMAT csv, HEADER false, DELIMITER '\t', QUOTE '', ESCAPE '', NULLSTR '\\N')"
    )


def moment(connection: Connection) -> Any:
    """The present time, by the database's clock, as hand-written SQL takes it."""
    now = database.now(connection)
    if connection.dialect.name == "postgresql":
        return now
    return now.replace(tzinfo=None).isoformat(" ", timespec="microseconds")


def _stage(connection: Connection, reader: duckdb.DuckDBPyConnection, tell: Progress) -> None:
    """Copy the checked people into temporary tables of the main database."""
    words = (
        {"moment": "timestamptz", "json": "jsonb"}
        if connection.dialect.name == "postgresql"
        else {"moment": "text", "json": "text"}
    )
    drop(connection, _STAGED)
    for statement in _STAGING:
        connection.execute(text(statement.format(**words)))
    load(connection, reader, "staged_people", _PEOPLE, lambda: tell(0.35, _("Loading")))
    load(connection, reader, "staged_places", _PLACES, lambda: tell(0.5, _("Loading")))
    connection.execute(text("INSERT INTO staged_total SELECT count(*) FROM staged_people"))
    if connection.dialect.name == "postgresql":
        for table in ("staged_people", "staged_places"):
            connection.execute(text(f"ANALYZE {table}"))


def drop(connection: Connection, tables: Iterable[str]) -> None:
    """Drop temporary tables."""
    for name in tables:
        connection.execute(text(f"DROP TABLE IF EXISTS {name}"))


def _person_differs(connection: Connection) -> str:
    differs = " OR ".join(f"coalesce(s.{c}, u.{c}) IS DISTINCT FROM u.{c}" for c in COLUMNS)
    kept = (
        "CAST(u.attributes AS jsonb)"
        if connection.dialect.name == "postgresql"
        else "json(u.attributes)"
    )
    return f"({differs} OR {_merged(connection)} <> {kept})"


def _merged(connection: Connection) -> str:
    if connection.dialect.name == "postgresql":
        return "CAST(u.attributes AS jsonb) || s.attributes"
    return "json_patch(u.attributes, s.attributes)"


_PLACE_DIFFERS = """(coalesce(p.status, e.status) IS DISTINCT FROM e.status
    OR coalesce(p.enrolled_at, e.enrolled_at) IS DISTINCT FROM e.enrolled_at)"""


def _put_aside(connection: Connection) -> None:
    """Take out of the staged rows those that the database says already."""
    connection.execute(
        text(
            f"""DELETE FROM staged_people WHERE user_id IN (SELECT s.user_id FROM staged_people s
            JOIN users u ON u.user_id = s.user_id WHERE NOT {_person_differs(connection)})"""
        )
    )
    connection.execute(
        text(
            f"""DELETE FROM staged_places WHERE EXISTS (SELECT 1 FROM enrollments e
            JOIN staged_places p ON e.user_id = p.user_id AND e.course_stream = p.stream
            WHERE p.user_id = staged_places.user_id AND p.stream = staged_places.stream
                AND NOT {_PLACE_DIFFERS})"""
        )
    )
    connection.execute(text("CREATE INDEX staged_key ON staged_people (username_key)"))
