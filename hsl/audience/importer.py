"""People in: a file is read and checked by DuckDB, and upserted set-wise in one transaction."""

import csv
import tempfile
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

import duckdb
from sqlalchemy import Engine, text

from hsl import audit, database, table
from hsl.acting import Permission, needs
from hsl.audience import columns, reading, upsert
from hsl.audience.columns import ImportRefused
from hsl.audience.upsert import Progress
from hsl.models import AFTER_GIVEN, FIRST_GIVEN, MAX_USER_ID, utc_now
from hsl.quoting import literal
from hsl.warehouse.attributes import MOST_ATTRIBUTES
from hsl.words import _

__all__ = ["ImportRefused", "ImportReport", "Progress", "import_file"]


MOST_NAME = 255  # characters of a value that is no attribute


@dataclass(frozen=True)
class ImportReport:
    """What an import did: people added, updated and unchanged, and rows rejected."""

    added: int
    updated: int
    unchanged: int
    rejected: int
    rejects_file: Path | None
    unindexed: tuple[str, ...] = ()  # attributes that the index of people has no room for
    forgotten: int = 0  # people of the file who were forgotten here, and so were left out

    @property
    def warning(self) -> str:
        """What a person should know beside the figures; empty where that is nothing."""
        return unindexed_words(self.unindexed)


@needs(Permission.MANAGE)
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
    with tempfile.TemporaryDirectory() as folder, reading.open_reader(Path(folder)) as reader:
        tell(0.02, _("Reading"))
        found = reading.read(reader, [path])
        tell(0.2, _("Checking"))
        examine(reader, found.attributes)
        split(reader)
        with upsert.staged(engine, reader, tell) as connection, connection.begin():
            upsert.reject_taken_usernames(connection, reader)
            forgotten = len(upsert.leave_out_forgotten(connection))
            counts = upsert.write(connection, tell)
            rejected = count_rejected(reader)
            audit.record(
                connection,
                actor=actor,
                action="import",
                object_type="file",
                object_id=path.name,
                details={
                    "added": counts.added,
                    "updated": counts.updated,
                    "unchanged": counts.unchanged,
                    "rejected": rejected,
                    **({"forgotten": forgotten} if forgotten else {}),
                },
            )
        rejects_file = None
        if rejected:
            rejects_file = write_rejects(reader, found, rejects_dir, path.stem)
        unindexed = unindexed_attributes(engine, found.attributes)
        tell(1.0, _("Done"))
    return ImportReport(
        counts.added,
        counts.updated,
        counts.unchanged,
        rejected,
        rejects_file,
        unindexed,
        forgotten,
    )


def examine(reader: duckdb.DuckDBPyConnection, attributes: list[str]) -> None:
    """Make `checked` of `raw`, and `rejects` (line, reason, raw_id) of what cannot be right."""
    pairs = ", ".join(f"{literal(name)}, {reading.column(name)}" for name in attributes)
    json_of = f"json_merge_patch('{{}}', json_object({pairs}))" if pairs else "'{}'"
    reader.execute(
        f"""
        CREATE TABLE checked AS
        SELECT line, coalesce(fault, {_unusable(attributes)}) AS fault,
            left(replace(user_id, chr(0), ''), {MOST_NAME}) AS raw_id,
            TRY_CAST(user_id AS BIGINT) AS user_id,
            nullif(ltrim(username, '@'), '') AS username, first_name, last_name, language_code,
            {_kept("registered")} AS registered_at, registered_at AS raw_registered,
            stream, status,
            {_kept("enrolled")} AS enrolled_at, enrolled_at AS raw_enrolled,
            CAST({json_of} AS VARCHAR) AS attributes
        FROM (SELECT *, {_moment("registered_at")} AS registered,
            {_moment("enrolled_at")} AS enrolled FROM raw);
        DROP TABLE raw;
        CREATE TABLE rejects AS SELECT line, reason, raw_id FROM (
            SELECT line, raw_id, coalesce(fault, CASE
                WHEN username IS NOT NULL AND user_id <> first_value(user_id) OVER (
                    PARTITION BY lower(username), fault IS NULL ORDER BY line)
                    THEN 'username is another person''s'
            END) AS reason FROM (
                SELECT * REPLACE (CASE
                    WHEN fault IS NOT NULL THEN fault
                    WHEN raw_id IS NULL THEN 'no user_id'
                    WHEN NOT regexp_full_match(raw_id, '[0-9]+')
                        THEN 'user_id is not a whole number'
                    WHEN user_id IS NULL OR user_id > {MAX_USER_ID} THEN 'user_id is over 52 bits'
                    WHEN user_id = 0 THEN 'user_id is zero'
                    WHEN username IS NOT NULL
                        AND NOT regexp_full_match(username, '[0-9A-Za-z_]{{1,32}}')
                        THEN 'username is not one of Telegram''s'
                    WHEN raw_registered IS NOT NULL AND registered_at IS NULL
                        THEN 'registered_at ' || {_why_not("raw_registered")}
                    WHEN raw_enrolled IS NOT NULL AND enrolled_at IS NULL
                        THEN 'enrolled_at ' || {_why_not("raw_enrolled")}
                END AS fault) FROM checked)) WHERE reason IS NOT NULL;
        """
    )


def split(reader: duckdb.DuckDBPyConnection) -> None:
    """Make `people`, one row each, and `places`, one row per person and stream, of `checked`."""
    reader.execute(
        """
        CREATE TABLE good AS SELECT * FROM checked ANTI JOIN rejects USING (line);
        DROP TABLE checked;
        CREATE TABLE people AS
        SELECT user_id, min(line) AS line,
            last(username ORDER BY line) FILTER (username IS NOT NULL) AS username,
            last(first_name ORDER BY line) FILTER (first_name IS NOT NULL) AS first_name,
            last(last_name ORDER BY line) FILTER (last_name IS NOT NULL) AS last_name,
            last(language_code ORDER BY line) FILTER (language_code IS NOT NULL) AS language_code,
            last(registered_at ORDER BY line) FILTER (registered_at IS NOT NULL) AS registered_at,
            CASE WHEN min(attributes) = max(attributes) THEN min(attributes) END AS attributes
        FROM good GROUP BY user_id;
        -- What a row leaves out stays as an earlier one said it; few people's rows differ.
        UPDATE people SET attributes = merged.attributes FROM (
            SELECT user_id, list_reduce(list(attributes ORDER BY line),
                lambda a, b: CAST(json_merge_patch(a, b) AS VARCHAR)) AS attributes
            FROM good SEMI JOIN (SELECT user_id FROM people WHERE attributes IS NULL)
            USING (user_id) GROUP BY user_id) AS merged
        WHERE merged.user_id = people.user_id;
        CREATE TABLE places AS
        SELECT user_id, stream, last(status ORDER BY line) AS status,
            last(enrolled_at ORDER BY line) AS enrolled_at
        FROM good WHERE stream IS NOT NULL GROUP BY user_id, stream;
        DROP TABLE good;
        """
    )


def count_rejected(reader: duckdb.DuckDBPyConnection) -> int:
    """How many rows were rejected so far."""
    counted = reader.execute("SELECT count(*) FROM rejects").fetchone()
    return int(counted[0]) if counted else 0


def write_rejects(
    reader: duckdb.DuckDBPyConnection, found: reading.Read, folder: Path, stem: str
) -> Path:
    """Write the rejected rows with line and reason to a CSV file, and return its path.

    Where several files were read, a fourth column names the file whose line it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = utc_now().strftime("%Y%m%d-%H%M%S")
    target = folder / f"{stem}.rejected-{stamp}.csv"
    befores = [before for before, _file in found.begins]
    several = len(found.begins) > 1
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "reason", "user_id", *(["file"] if several else [])])
        for line, reason, raw_id in reader.execute(
            "SELECT line, reason, raw_id FROM rejects ORDER BY line"
        ).fetchall():
            before, name = found.begins[bisect_left(befores, line) - 1]
            row = [line - before, reason, raw_id, *([name] if several else [])]
            writer.writerow([table.inert_in_csv(value) for value in row])
    return target


def unindexed_attributes(engine: Engine, brought: list[str]) -> tuple[str, ...]:
    """Those attributes of a file that the index of people leaves out, as there are too many."""
    if not brought:
        return ()
    with database.read_only(engine).begin() as connection:
        keys = (
            "SELECT DISTINCT jsonb_object_keys(attributes) FROM users"
            if connection.dialect.name == "postgresql"
            else "SELECT DISTINCT key FROM users, json_each(CASE WHEN json_valid(attributes) "
            "THEN attributes ELSE '{}' END)"
        )
        there: list[str] = sorted(connection.execute(text(keys)).scalars())
    return tuple(sorted(set(brought) & set(there[MOST_ATTRIBUTES:])))


def unindexed_words(names: tuple[str, ...]) -> str:
    """The sentence about attributes that the index leaves out; empty for none."""
    if not names:
        return ""
    shown = ", ".join(names[:10])
    if len(names) > 10:
        shown = _("{names} and {more} more", names=shown, more=len(names) - 10)
    return _(
        "The index of people holds at most {most} attributes, so these cannot be filtered by on "
        "Audience: {names}. Leave out columns that are not needed.",
        most=MOST_ATTRIBUTES,
        names=shown,
    )


def _unusable(attributes: list[str]) -> str:
    """SQL for what no database keeps of a row's values, else NULL."""
    faults = []
    for name in (*columns.KNOWN, *attributes):
        value, told = reading.column(name), name.replace("'", "’")[:MOST_NAME]
        most = MOST_NAME if name in columns.KNOWN else reading.MOST_TEXT
        faults += [
            f"WHEN length({value}) > {most} THEN '{told} is longer than {most:,} characters'",
            f"WHEN contains({value}, chr(0)) THEN '{told} has a NUL character'",
        ]
    return f"CASE {' '.join(faults)} END"


def _moment(column: str) -> str:
    """SQL for the time that a text names: a date, or a time that names its zone; else NULL."""
    zoned = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d(:?\d\d)?)"
    return (
        f"CASE WHEN regexp_full_match({column}, '\\d{{4}}-\\d\\d-\\d\\d( 00:00:00)?') "
        f"OR regexp_full_match({column}, '{zoned}') THEN TRY_CAST({column} AS TIMESTAMPTZ) END"
    )


def _kept(moment: str) -> str:
    """SQL for a time in UTC as text; NULL for one that nobody can have."""
    return (
        f"CASE WHEN {moment} >= TIMESTAMPTZ '{FIRST_GIVEN}' "
        f"AND {moment} < TIMESTAMPTZ '{AFTER_GIVEN}' "
        f"THEN strftime({moment}, '%Y-%m-%d %H:%M:%S.%f') END"
    )


def _why_not(column: str) -> str:
    """SQL for what is wrong with the text of a time that is not kept."""
    return (
        f"CASE WHEN {_moment(column)} IS NULL THEN 'is not a date, or a time without its zone' "
        f"ELSE 'is before {FIRST_GIVEN.year} or after {AFTER_GIVEN.year - 1}' END"
    )
