"""People as the Audience page searches, counts and sorts them, in the store of DuckDB.

A cohort means the same here as in the main database, as both run the statement that `resolve`
makes.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import pandas as pd

from hsl.audience import resolve
from hsl.audience.cohort import Audience, Cohort
from hsl.warehouse import limit
from hsl.warehouse.statements import translated
from hsl.warehouse.store import Store
from hsl.warehouse.tables import attribute_column

TARGET = "duckdb"
Expand = Callable[[Cohort | Audience], Cohort | Audience]
MOST_VALUES = 200  # values of one attribute that are offered
SORTABLE = ("first_name", "username", "user_id", "language_code", "registered_at", "streams")


@dataclass(frozen=True)
class Count:
    """How many people, and how many of them cannot be reached."""

    people: int
    unreachable: int


@dataclass(frozen=True)
class Facets:
    """What there is to choose from, each with its number of people."""

    streams: dict[str, int] = field(default_factory=dict)
    not_enrolled: int = 0
    languages: dict[str, int] = field(default_factory=dict)
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Snapshot:
    """The people as they were at `loaded_at`; threads may share it.

    `expand` puts the condition of each segment in its place.
    """

    def __init__(self, store: Store, *, expand: Expand | None = None) -> None:
        self._store = store
        self._expand = expand
        self._lock = threading.Lock()
        self._facets: tuple[datetime, Facets] | None = None

    @property
    def loaded_at(self) -> datetime:
        """When it was read."""
        return self._store.loaded_at

    @property
    def facets(self) -> Facets:
        """What there is to choose from."""
        loaded_at = self._store.loaded_at
        with self._lock:
            if self._facets is None or self._facets[0] != loaded_at:
                with self._store.cursor() as cursor:
                    self._facets = (loaded_at, _facets(cursor, list(self._store.attributes)))
            return self._facets[1]

    @property
    def people(self) -> int:
        """How many people there are."""
        return int(self._one("SELECT count(*) FROM users", [])[0])

    def refresh(self) -> None:
        """Read what changed; readers go on with the old until it is there."""
        self._store.refresh()

    def fresh(self) -> "Snapshot":
        """This, brought up to date as the store says."""
        self._store.fresh()
        return self

    def count(self, chosen: Cohort | Audience) -> Count:
        """How many people `chosen` holds."""
        sql, values = self._chosen(chosen)
        row = self._one(
            f"SELECT count(*), count(unreachable_reason) FROM users "
            f"WHERE user_id IN (SELECT user_id FROM ({sql}))",
            values,
        )
        return Count(int(row[0]), int(row[1]))

    def among(self, ids: Sequence[int], chosen: Cohort | Audience) -> set[int]:
        """Those of `ids` who are in `chosen`."""
        sql, values = self._chosen(chosen)
        listed = ", ".join(str(int(number)) for number in ids) or "NULL"
        found = self._frame(f"SELECT user_id FROM ({sql}) WHERE user_id IN ({listed})", values)
        return {int(number) for number in found["user_id"]}

    def by_stream(self, chosen: Cohort | Audience) -> pd.DataFrame:
        """People of `chosen` by stream, columns stream and people; one may stand in several."""
        sql, values = self._chosen(chosen)
        return self._frame(
            f"SELECT coalesce(e.course_stream, 'not enrolled') AS stream, count(*) AS people "
            f"FROM ({sql}) AS c LEFT JOIN enrollments AS e USING (user_id) "
            "GROUP BY ALL ORDER BY stream",
            values,
        )

    def page(
        self,
        chosen: Cohort | Audience,
        *,
        sort: str = "user_id",
        descending: bool = False,
        offset: int = 0,
        limit: int = 50,
    ) -> pd.DataFrame:
        """Some of the people of `chosen`, sorted; `streams` is text such as "4th, 5th"."""
        if sort not in SORTABLE:
            raise ValueError(f"{sort} is no column to sort by; there are {', '.join(SORTABLE)}.")
        sql, values = self._chosen(chosen)
        way = "DESC" if descending else "ASC"
        return self._frame(
            f"""SELECT u.user_id, u.first_name, u.last_name, u.username, u.language_code,
                u.registered_at, p.streams, u.unreachable_reason
            FROM users AS u LEFT JOIN (
                SELECT user_id, string_agg(course_stream, ', ' ORDER BY course_stream) AS streams
                FROM enrollments GROUP BY user_id) AS p USING (user_id)
            WHERE u.user_id IN (SELECT user_id FROM ({sql}))
            ORDER BY {sort} {way} NULLS LAST, u.user_id LIMIT {int(limit)} OFFSET {int(offset)}""",
            values,
        )

    def _chosen(self, chosen: Cohort | Audience) -> tuple[str, list[Any]]:
        found = chosen if self._expand is None else self._expand(chosen)
        return translated(resolve.people(found, TARGET, attributes=self._store.attributes))

    def _one(self, sql: str, values: list[Any]) -> tuple[Any, ...]:
        with self._store.cursor() as cursor, limit.within(cursor):
            return tuple(cursor.execute(sql, values).fetchone() or ())

    def _frame(self, sql: str, values: list[Any]) -> pd.DataFrame:
        with self._store.cursor() as cursor, limit.within(cursor):
            return cursor.execute(sql, values).fetch_df()


def _facets(store: duckdb.DuckDBPyConnection, names: Sequence[str]) -> Facets:
    streams = store.execute(
        "SELECT course_stream, count(*) FROM enrollments GROUP BY ALL ORDER BY 1"
    ).fetchall()
    outside = store.execute(
        "SELECT count(*) FROM users WHERE user_id NOT IN (SELECT user_id FROM enrollments)"
    ).fetchone()
    languages = store.execute(
        "SELECT language_code, count(*) FROM users WHERE language_code IS NOT NULL "
        "GROUP BY ALL ORDER BY 2 DESC, 1"
    ).fetchall()
    attributes: dict[str, tuple[str, ...]] = {}
    for name in names:
        found = store.execute(
            f"SELECT {attribute_column(name)} AS value FROM users WHERE value IS NOT NULL "
            f"GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {MOST_VALUES}"
        ).fetchall()
        attributes[name] = tuple(value for (value,) in found)
    return Facets(dict(streams), int(outside[0]) if outside else 0, dict(languages), attributes)
