"""All of the main database into an empty DuckDB."""

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from hsl.warehouse import attributes, tables
from hsl.warehouse.source import Source
from hsl.warehouse.tables import Kept

STATUSES = "('pending', 'sending', 'sent', 'failed', 'uncertain', 'cancelled', 'deleted')"


def load(store: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Make and fill every table."""
    store.execute(f"CREATE TYPE delivery_status AS ENUM {STATUSES}")
    for kept in tables.ALL:
        if kept is tables.USERS:
            _load_people(store, source)
            continue
        where = tables.VISIBLE if kept is tables.RECIPIENTS else "true"
        register(store, source.read(kept, where))
        store.execute(f"CREATE TABLE {kept.name} AS SELECT {selected(kept)} FROM incoming")
        store.unregister("incoming")


def register(store: duckdb.DuckDBPyConnection, rows: pa.RecordBatchReader | pa.Table) -> None:
    """Have Arrow rows stand as the view `incoming`."""
    store.register("incoming", rows)


def selected(kept: Kept) -> str:
    """What is selected from incoming rows of a table, times as such whatever they came as."""
    return ", ".join(_typed(kept, name) for name in kept.columns if name != "attributes")


def people_selected(known: Sequence[str]) -> str:
    """What is selected from incoming people: columns, lower-case names, attributes as columns."""
    lower = [f"lower({name}) AS {tables.lower_column(name)}" for name in tables.SEARCHED]
    # A JSON pointer takes any name, dots and dollars too.
    split = [
        f"json_extract_string(attributes, {_text(_pointer(name))}) AS "
        f"{tables.attribute_column(name)}"
        for name in known
    ]
    return ", ".join([selected(tables.USERS), *lower, *split])


def _load_people(store: duckdb.DuckDBPyConnection, source: Source) -> None:
    register(store, source.read(tables.USERS))
    store.execute("CREATE TEMPORARY TABLE incoming_people AS SELECT * FROM incoming")
    store.unregister("incoming")
    known = attributes.names(store, "incoming_people")
    store.execute(f"CREATE TABLE users AS SELECT {people_selected(known)} FROM incoming_people")
    store.execute("DROP TABLE incoming_people")


def _typed(kept: Kept, name: str) -> str:
    if name == tables.STATUS:
        return f"CAST({name} AS delivery_status) AS {name}"
    if kept.is_moment(name):
        return f"CAST({name} AS TIMESTAMPTZ) AS {name}"
    if name == "error_code":
        return f"CAST({name} AS INTEGER) AS {name}"
    kind = kept.schema.field(name).type
    return f"CAST({name} AS {'BIGINT' if kind == pa.int64() else 'VARCHAR'}) AS {name}"


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _text(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"
