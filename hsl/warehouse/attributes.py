"""People's attributes: which there are, and of what type their values are."""

from collections.abc import Sequence
from enum import StrEnum

import duckdb

from hsl.warehouse.tables import attribute_column

MOST_ATTRIBUTES = 200
_NUMBER = r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?"
_DATE = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d(:?\d\d)?)?)?"


class AttributeType(StrEnum):
    """What all values of an attribute are; text where they differ."""

    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    TEXT = "text"
    LIST = "list"


def names(store: duckdb.DuckDBPyConnection, incoming: str) -> list[str]:
    """The names of the attributes in a table with JSON texts `attributes`, sorted."""
    rows = store.execute(
        f"SELECT DISTINCT unnest(json_keys(attributes)) AS name FROM {incoming} "
        f"WHERE attributes IS NOT NULL ORDER BY name LIMIT {MOST_ATTRIBUTES}"
    ).fetchall()
    # DuckDB's column names know no case; of two names that differ by it, the first is kept.
    known: dict[str, str] = {}
    for (name,) in rows:
        known.setdefault(name.lower(), name)
    return sorted(known.values())


def types(store: duckdb.DuckDBPyConnection, known: Sequence[str]) -> dict[str, AttributeType]:
    """The type of each attribute, by all its values.

    A number has no leading zeros (a code such as 007 is text). A date may have a time.
    """
    found: dict[str, AttributeType] = {}
    for name in known:
        column = attribute_column(name)
        row = store.execute(
            f"""SELECT count(*),
            count(*) FILTER (value IN ('true', 'false')),
            count(*) FILTER (regexp_full_match(value, '{_NUMBER}')),
            count(*) FILTER (regexp_full_match(value, '{_DATE}')
                AND TRY_CAST(value[:10] AS DATE) IS NOT NULL),
            count(*) FILTER (value[1] = '[' AND json_valid(value))
            FROM (SELECT DISTINCT {column} AS value FROM users WHERE {column} IS NOT NULL)"""
        ).fetchone()
        values, booleans, numbers, dates, lists = row or (0, 0, 0, 0, 0)
        found[name] = AttributeType.TEXT
        for kind, fitting in (
            (AttributeType.BOOLEAN, booleans),
            (AttributeType.NUMBER, numbers),
            (AttributeType.DATE, dates),
            (AttributeType.LIST, lists),
        ):
            if values and fitting == values:
                found[name] = kind
                break
    return found
