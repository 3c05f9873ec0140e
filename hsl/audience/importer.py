"""People in: a file is read and checked by DuckDB, and upserted set-wise in one transaction."""

import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, Engine, text

from hsl import audit
from hsl.audience import reading
from hsl.audience.reading import ImportRefused
from hsl.models import MAX_USER_ID, utc_now

__all__ = ["ImportRefused", "ImportReport", "import_file"]

ROWS_AT_ONCE = 50_000
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class ImportReport:
    """What an import did: people added, updated and unchanged, and rows rejected."""

    added: int
    updated: int
    unchanged: int
    rejected: int
    rejects_file: Path | None


def import_file(
    engine: Engine,
    path: Path,
    *,
    actor: str,
    rejects_dir: Path,
    progress: Progress | None = None,
) -> ImportReport:
    """Add or update the people of a file; what is missing in it stays as it was.

    Rejected rows go to a CSV file in `rejects_dir`. Raises ImportRefused for a file that is not a
    table of people, and then nothing was changed.
    """
    tell = progress or (lambda _share, _stage: None)
    rejects_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, reading.open_reader(Path(folder)) as reader:
        tell(0.02, "Reading")
        attributes = reading.read(reader, path)
        tell(0.2, "Checking")
        _check(reader, attributes)
        with engine.begin() as connection:
            _stage(connection, reader, tell)
            tell(0.7, "Comparing")
            _reject_taken_usernames(connection, reader)
            added, updated, unchanged = _upsert(connection, tell)
            counted = reader.execute("SELECT count(*) FROM rejects").fetchone()
            rejected = counted[0] if counted else 0
            audit.record(
                connection,
                actor=actor,
                action="import",
                object_type="file",
                object_id=path.name,
                details={
                    "added": added,
                    "updated": updated,
                    "unchanged": unchanged,
                    "rejected": rejected,
                },
            )
        rejects_file = _write_rejects(reader, path, rejects_dir) if rejected else None
        tell(1.0, "Done")
    return ImportReport(added, updated, unchanged, rejected, rejects_file)


def _check(reader: duckdb.DuckDBPyConnection, attributes: list[str]) -> None:
    """Split `raw` into `good` and `rejects`, then into `people` and `places`."""
    pairs = ", ".join(f"'{_text(name)}', \"{_name(name)}\"" for name in attributes)
    json_of = f"json_merge_patch('{{}}', json_object({pairs}))" if pairs else "'{}'"
    reader.execute(
        f"""
        CREATE TABLE checked AS
        SELECT line, user_id AS raw_id, TRY_CAST(user_id AS BIGINT) AS user_id,
            nullif(ltrim(username, '@'), '') AS username, first_name, last_name, language_code,
            {_moment("registered_at")} AS registered_at, registered_at AS raw_registered,
            stream, status,
            {_moment("enrolled_at")} AS enrolled_at, enrolled_at AS raw_enrolled,
            CAST({json_of} AS VARCHAR) AS attributes
        FROM raw;
        DROP TABLE raw;
        CREATE TABLE rejects AS SELECT line, reason, raw_id FROM (
            SELECT line, raw_id, CASE
                WHEN raw_id IS NULL THEN 'no user_id'
                WHEN NOT regexp_full_match(raw_id, '[0-9]+') THEN 'user_id is not a whole number'
                WHEN user_id IS NULL OR user_id > {MAX_USER_ID} THEN 'user_id is over 52 bits'
                WHEN user_id = 0 THEN 'user_id is zero'
                WHEN username IS NOT NULL
                    AND NOT regexp_full_match(username, '[0-9A-Za-z_]{{1,32}}')
                    THEN 'username is not one of Telegram''s'
                WHEN raw_registered IS NOT NULL AND registered_at IS NULL
                    THEN 'registered_at is not a date, or a time without its zone'
                WHEN raw_enrolled IS NOT NULL AND enrolled_at IS NULL
                    THEN 'enrolled_at is not a date, or a time without its zone'
                WHEN username IS NOT NULL AND user_id <> first_value(user_id) OVER (
                    PARTITION BY lower(username) ORDER BY line) THEN 'username is another person''s'
            END AS reason FROM checked) WHERE reason IS NOT NULL;
        CREATE TABLE good AS SELECT * FROM checked ANTI JOIN rejects USING (line);
        DROP TABLE checked;
        CREATE TABLE people AS
        SELECT user_id, min(line) AS line,
            last(username ORDER BY line) FILTER (username IS NOT NULL) AS username,
            last(first_name ORDER BY line) FILTER (first_name IS NOT NULL) AS first_name,
            last(last_name ORDER BY line) FILTER (last_name IS NOT NULL) AS last_name,
            last(language_code ORDER BY line) FILTER (language_code IS NOT NULL) AS language_code,
            last(registered_at ORDER BY line) FILTER (registered_at IS NOT NULL) AS registered_at,
            last(attributes ORDER BY line) AS attributes
        FROM good GROUP BY user_id;
        CREATE TABLE places AS
        SELECT user_id, stream, last(status ORDER BY line) AS status,
            last(enrolled_at ORDER BY line) AS enrolled_at
        FROM good WHERE stream IS NOT NULL GROUP BY user_id, stream;
        DROP TABLE good;
        """
    )


def _moment(column: str) -> str:
    """SQL for a time in UTC as text: a date, or a time that names its zone; else NULL."""
    zoned = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d(:?\d\d)?)"
    return (
        f"CASE WHEN regexp_full_match({column}, '\\d{{4}}-\\d\\d-\\d\\d( 00:00:00)?') "
        f"OR regexp_full_match({column}, '{zoned}') "
        f"THEN strftime(TRY_CAST({column} AS TIMESTAMPTZ), '%Y-%m-%d %H:%M:%S.%f') END"
    )


def _text(words: str) -> str:
    return words.replace("'", "''")


def _name(words: str) -> str:
    return words.replace('"', '""')


_STAGING = (
    """CREATE TEMPORARY TABLE staged_people (user_id bigint PRIMARY KEY, line bigint,
    username text, username_key text, first_name text, last_name text, language_code text,
    registered_at {moment}, attributes {json}){ending}""",
    """CREATE TEMPORARY TABLE staged_places (user_id bigint, stream text, status text,
    enrolled_at {moment}, PRIMARY KEY (user_id, stream)){ending}""",
    """CREATE TEMPORARY TABLE staged_changes (user_id bigint PRIMARY KEY){ending}""",
)
_PEOPLE = """SELECT user_id, line, username, lower(username), first_name, last_name, language_code,
    registered_at, attributes FROM people ORDER BY user_id"""
_PLACES = "SELECT user_id, stream, status, enrolled_at FROM places ORDER BY user_id, stream"


def _stage(connection: Connection, reader: duckdb.DuckDBPyConnection, tell: Progress) -> None:
    """Copy the checked people into temporary tables of the main database."""
    postgres = connection.dialect.name == "postgresql"
    words = (
        {"moment": "timestamptz", "json": "jsonb", "ending": " ON COMMIT DROP"}
        if postgres
        else {"moment": "text", "json": "text", "ending": ""}
    )
    for name in ("staged_people", "staged_places", "staged_changes"):
        connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
    for statement in _STAGING:
        connection.execute(text(statement.format(**words)))
    _copy(connection, "staged_people", _batches(reader, _PEOPLE, tell, 0.35))
    _copy(connection, "staged_places", _batches(reader, _PLACES, tell, 0.55))
    connection.execute(text("CREATE INDEX staged_key ON staged_people (username_key)"))


def _batches(
    reader: duckdb.DuckDBPyConnection, query: str, tell: Progress, share: float
) -> Iterator[list[tuple[Any, ...]]]:
    tell(share, "Loading")
    cursor = reader.execute(query)
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        yield rows


def _copy(connection: Connection, table: str, batches: Iterable[list[tuple[Any, ...]]]) -> None:
    cursor: Any = connection.connection.cursor()
    if connection.dialect.name == "postgresql":
        # Times come as UTC text, and PostgreSQL would read them in the session's zone.
        cursor.execute("SET LOCAL TIME ZONE 'UTC'")
        with cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for rows in batches:
                for row in rows:
                    copy.write_row(row)
        return
    for rows in batches:
        cursor.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})", rows)


def _reject_taken_usernames(connection: Connection, reader: duckdb.DuckDBPyConnection) -> None:
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
        return
    reader.executemany(
        "INSERT INTO rejects VALUES (?, 'username is another person''s', ?)",
        [(row.line, str(row.user_id)) for row in taken],
    )
    ids = [{"id": row.user_id} for row in taken]
    connection.execute(text("DELETE FROM staged_people WHERE user_id = :id"), ids)
    connection.execute(text("DELETE FROM staged_places WHERE user_id = :id"), ids)


def _upsert(connection: Connection, tell: Progress) -> tuple[int, int, int]:
    """Change what differs, and return how many people are new, changed and as they were."""
    postgres = connection.dialect.name == "postgresql"
    merged = (
        "CAST(u.attributes AS jsonb) || s.attributes"
        if postgres
        else "json_patch(u.attributes, s.attributes)"
    )
    kept = "CAST(u.attributes AS jsonb)" if postgres else "json(u.attributes)"
    now = utc_now() if postgres else datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
    columns = ("username", "first_name", "last_name", "language_code", "registered_at")
    differs = " OR ".join(f"coalesce(s.{c}, u.{c}) IS DISTINCT FROM u.{c}" for c in columns)
    tail = "ON CONFLICT DO NOTHING"

    def count(statement: str) -> int:
        return int(connection.execute(text(statement)).scalar_one())

    def run(statement: str) -> None:
        connection.execute(text(statement), {"now": now} if ":now" in statement else {})

    added = count(
        "SELECT count(*) FROM staged_people s WHERE NOT EXISTS "
        "(SELECT 1 FROM users u WHERE u.user_id = s.user_id)"
    )
    run(
        f"""INSERT INTO staged_changes SELECT u.user_id FROM staged_people s
        JOIN users u ON u.user_id = s.user_id WHERE {differs} OR {merged} <> {kept} {tail}"""
    )
    run(
        f"""INSERT INTO staged_changes SELECT DISTINCT p.user_id FROM staged_places p
        JOIN users u ON u.user_id = p.user_id
        LEFT JOIN enrollments e ON e.user_id = p.user_id AND e.course_stream = p.stream
        WHERE e.user_id IS NULL OR coalesce(p.status, e.status) IS DISTINCT FROM e.status
            OR coalesce(p.enrolled_at, e.enrolled_at) IS DISTINCT FROM e.enrolled_at {tail}"""
    )
    updated = count("SELECT count(*) FROM staged_changes")
    total = count("SELECT count(*) FROM staged_people")
    tell(0.8, "Writing")
    changes = ", ".join(f"{c} = coalesce(s.{c}, u.{c})" for c in columns)
    run(
        f"""UPDATE users AS u SET {changes}, attributes = {merged}, updated_at = :now
        FROM staged_people s JOIN staged_changes c ON c.user_id = s.user_id
        WHERE u.user_id = s.user_id"""
    )
    listed = ", ".join(columns)
    run(
        f"""INSERT INTO users (user_id, {listed}, attributes, updated_at)
        SELECT s.user_id, {", ".join(f"s.{c}" for c in columns)}, s.attributes, :now
        FROM staged_people s WHERE true {tail}"""
    )
    tell(0.9, "Writing")
    run(
        """INSERT INTO enrollments (user_id, course_stream, status, enrolled_at)
        SELECT user_id, stream, status, enrolled_at FROM staged_places WHERE true
        ON CONFLICT (user_id, course_stream) DO UPDATE SET
            status = coalesce(excluded.status, enrollments.status),
            enrolled_at = coalesce(excluded.enrolled_at, enrollments.enrolled_at)"""
    )
    return added, updated, total - added - updated


def _write_rejects(reader: duckdb.DuckDBPyConnection, path: Path, folder: Path) -> Path:
    stamp = utc_now().strftime("%Y%m%d-%H%M%S")
    target = folder / f"{path.stem}.rejected-{stamp}.csv"
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "reason", "user_id"])
        writer.writerows(reader.execute("SELECT * FROM rejects ORDER BY line").fetchall())
    return target
