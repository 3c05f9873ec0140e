"""Up to where the main database was read, kept beside what was read."""

from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from hsl import models
from hsl.warehouse.source import Source

# What nobody should have to wait for, as the audit log calls it: people who came in, and a frozen
# segment's.
AT_ONCE = ("import", "person_forgotten", "segment_added", "segment_frozen", "segment_thawed")
# After these, rows that were read once are other ones.
READ_ANEW = ("person_forgotten", "kept_no_longer")


@dataclass(frozen=True)
class Seen:
    """The main database's time when it was read, and its last entries in the audit log then."""

    read_at: datetime
    last_entry: int
    entry_made: str | None
    last_urgent: int

    def is_of(self, source: Source) -> bool:
        """True where `source` is a later state of what was read, and no other database.

        An older backup lacks the entry, or has another one of its number; and of whom was forgotten
        meanwhile nothing may be kept.
        """
        if source.answer(
            f"SELECT 1 FROM audit_log WHERE id > {self.last_entry} AND action IN {READ_ANEW} "
            "LIMIT 1"
        ):
            return False
        if self.last_entry == 0:
            return True
        made = source.answer(
            f"SELECT {source.seconds('at')} FROM audit_log WHERE id = {self.last_entry}"
        )
        return bool(made) and made[0][0] == self.entry_made


def now(source: Source, *, is_postgresql: bool) -> Seen:
    """What is to be seen of the main database in this moment."""
    read_at = models.utc_now()
    if is_postgresql:
        seconds = source.answer("SELECT CAST(extract(epoch FROM clock_timestamp()) AS float8)")
        read_at = datetime.fromtimestamp(seconds[0][0], UTC)
    row = source.answer(
        "SELECT (SELECT coalesce(max(id), 0) FROM audit_log), "
        f"(SELECT coalesce(max(id), 0) FROM audit_log WHERE action IN {AT_ONCE})"
    )[0]
    made = source.answer(f"SELECT {source.seconds('at')} FROM audit_log WHERE id = {row[0]}")
    return Seen(read_at, int(row[0]), made[0][0] if made else None, int(row[1]))


def keep(store: duckdb.DuckDBPyConnection, seen: Seen) -> None:
    """Write it down in the store."""
    store.execute(
        "CREATE OR REPLACE TABLE seen AS SELECT $1 AS read_at, CAST($2 AS BIGINT) AS last_entry, "
        "CAST($3 AS VARCHAR) AS entry_made, CAST($4 AS BIGINT) AS last_urgent",
        [seen.read_at.isoformat(), seen.last_entry, seen.entry_made, seen.last_urgent],
    )


def kept(store: duckdb.DuckDBPyConnection) -> Seen:
    """What was written down last."""
    row = store.execute("FROM seen").fetchone()
    assert row is not None
    return Seen(datetime.fromisoformat(row[0]), row[1], row[2], row[3])
