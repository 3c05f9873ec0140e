"""People's attributes: which there are, and of what type their values are."""

from collections.abc import Sequence
from enum import StrEnum

import duckdb

from hsl import texts
from hsl.warehouse.tables import attribute_column

MOST_ATTRIBUTES = 200
SAMPLE = 2_000  # values that are looked at before all of them are


class AttributeType(StrEnum):
    """What all values of an attribute are; text where they differ."""

    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    TEXT = "text"
    LIST = "list"


_FITS = {
    AttributeType.BOOLEAN: "value IN ('true', 'false')",
    AttributeType.NUMBER: f"regexp_full_match(value, '{texts.NUMBER_NO_CODE}')",
    AttributeType.DATE: f"regexp_full_match(value, '{texts.DATE}')",
    AttributeType.LIST: "value[1] = '[' AND json_valid(value)",
}


def names(store: duckdb.DuckDBPyConnection, incoming: str) -> list[str]:
    """The names of the attributes in a table with JSON texts `attributes`, sorted."""
    rows = store.execute(
        "SELECT DISTINCT unnest(json_keys(attributes)) AS name "
        f"FROM {incoming} WHERE json_valid(attributes) ORDER BY name LIMIT {MOST_ATTRIBUTES}"
    ).fetchall()
    # DuckDB's column names know no case; of two names that differ by it, the first is kept.
    known: dict[str, str] = {}
    for (name,) in rows:
        known.setdefault(name.lower(), name)
    return sorted(known.values())


def columns(store: duckdb.DuckDBPyConnection) -> list[str]:
    """The names of the attributes that `users` has columns for."""
    described = store.execute("DESCRIBE users").fetchall()
    return sorted(row[0].removeprefix("a:") for row in described if row[0].startswith("a:"))


def types(store: duckdb.DuckDBPyConnection, known: Sequence[str]) -> dict[str, AttributeType]:
    """The type of each attribute, by all its values.

    A number has no leading zeros (a code such as 007 is text). A date may have a time.
    """
    return {name: _type(store, attribute_column(name)) for name in known}


def _type(store: duckdb.DuckDBPyConnection, column: str) -> AttributeType:
    some = f"SELECT {column} AS value FROM users WHERE {column} IS NOT NULL LIMIT {SAMPLE}"
    all_ = f"SELECT {column} AS value FROM users WHERE {column} IS NOT NULL"
    for kind, fits in _FITS.items():
        if _all_fit(store, some, fits) and _all_fit(store, all_, fits):
            return kind
    return AttributeType.TEXT


def _all_fit(store: duckdb.DuckDBPyConnection, values: str, fits: str) -> bool:
    row = store.execute(
        f"SELECT count(*) > 0 AND coalesce(bool_and({fits}), false) FROM ({values})"
    ).fetchone()
    return bool(row and row[0])
