"""All of the main database into the store, and a table of it anew."""

from collections.abc import Sequence

import duckdb

from hsl.quoting import literal, pointer
from hsl.warehouse import attributes, histories, names, streams, tables
from hsl.warehouse.archived import Archive
from hsl.warehouse.source import Source
from hsl.warehouse.tables import Kept

STATUSES = "('pending', 'sending', 'sent', 'failed', 'uncertain', 'cancelled', 'deleted')"
WITHOUT_ROWS = """SELECT id FROM message_history WHERE archived_at IS NOT NULL
    AND id NOT IN (SELECT message_id FROM message_recipients)"""


def load(store: duckdb.DuckDBPyConnection, source: Source, archive: Archive) -> None:
    """Make and fill every table, in place of those that are there."""
    people(store, source)
    for kept in (
        tables.MESSAGES,
        tables.SUPPRESSIONS,
        tables.MEMBERS,
        tables.PRESSES,
    ):
        whole(store, source, kept)
    # Rows of one message lie together and in the order of time, so that most need not be read.
    whole(store, source, tables.RECIPIENTS, tables.VISIBLE)
    from_archive(store, source, archive)
    histories.create(store)


def people(store: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Read all people and their places, with the names by which they are found."""
    take(store, source, tables.USERS, "true", "incoming_people", raw=True)
    known = attributes.names(store, "incoming_people")
    split = split_people(source, known, "incoming_people")
    store.execute(f"CREATE OR REPLACE TABLE users AS {split}")
    store.execute("DROP TABLE incoming_people")
    store.execute("DROP TABLE IF EXISTS names; DROP TABLE IF EXISTS words")
    names.create(store)
    whole(store, source, tables.ENROLLMENTS)
    streams.create(store)


def whole(
    store: duckdb.DuckDBPyConnection, source: Source, kept: Kept, where: str = "true"
) -> None:
    """Read all of a table."""
    rows = source.read(kept, where)
    store.register("incoming", rows)
    store.execute(
        f"CREATE OR REPLACE TABLE {kept.name} AS SELECT {selected(source, kept)} FROM incoming"
    )
    store.unregister("incoming")


def take(
    store: duckdb.DuckDBPyConnection,
    source: Source,
    kept: Kept,
    where: str,
    into: str,
    *,
    raw: bool = False,
) -> int:
    """Read rows into a temporary table, typed unless they are to be `raw`; how many."""
    store.register("incoming", source.read(kept, where))
    columns = "*" if raw else selected(source, kept)
    store.execute(f"CREATE TEMPORARY TABLE {into} AS SELECT {columns} FROM incoming")
    store.unregister("incoming")
    return tables.count(store, into)


def selected(source: Source, kept: Kept) -> str:
    """What is selected of incoming rows: every kept column but the JSON, in its type."""
    return ", ".join(
        f"{source.typed(kept, name)} AS {name}" for name in kept.columns if name != "attributes"
    )


def split_people(source: Source, known: Sequence[str], incoming: str) -> str:
    """A select of the table `incoming` of raw people, each known attribute as a column."""
    columns = selected(source, tables.USERS)
    if not known:
        return f"SELECT {columns} FROM {incoming}"
    # All of them at once, as the JSON is read once then. A pointer takes dots and dollars too.
    pointers = ", ".join(literal(pointer(name)) for name in known)
    json = source.typed(tables.USERS, "attributes")
    # What is no JSON after all, such as a NaN, is nobody's attribute and stops nothing.
    values = f"TRY(json_extract_string({json}, [{pointers}]))"
    split = ", ".join(
        f"split[{place}] AS {tables.attribute_column(name)}"
        for place, name in enumerate(known, start=1)
    )
    return f"SELECT {columns}, {split} FROM (SELECT *, {values} AS split FROM {incoming})"


def from_archive(store: duckdb.DuckDBPyConnection, source: Source, archive: Archive) -> None:
    """Add the recipients of archived messages that have none here."""
    found = store.execute(f"SELECT id FROM ({WITHOUT_ROWS})").fetchall()
    for rows in archive.rows([number for (number,) in found], source):
        store.register("incoming", rows)
        store.execute(
            "INSERT INTO message_recipients SELECT message_id, user_id, "
            "CAST(delivery_status AS delivery_status), reason, sending_at, sent_at, error_code "
            "FROM incoming ORDER BY message_id"
        )
        store.unregister("incoming")
