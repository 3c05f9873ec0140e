"""People as the Audience page searches, counts and sorts them, in the store of DuckDB.

A cohort means the same here as in the main database, as both run the statement that `resolve`
makes.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

import duckdb
import pandas as pd
from sqlalchemy import ColumnElement, Select, func

from hsl import models
from hsl.acting import Permission, needs
from hsl.audience import resolve
from hsl.audience.cohort import Audience, Cohort
from hsl.order import natural_key, naturally
from hsl.warehouse import limits, names, streams
from hsl.warehouse.attributes import AttributeType
from hsl.warehouse.statements import translated
from hsl.warehouse.store import Store
from hsl.warehouse.tables import attribute_column

R = TypeVar("R")
TARGET = "duckdb"
Expand = Callable[[Cohort | Audience], Cohort | Audience]
MOST_VALUES = 200  # values of one attribute that are offered
MOST_KEPT = 256  # answers that are kept until the store is another
SORTABLE = ("first_name", "username", "user_id", "language_code", "registered_at", "streams")
Span = tuple[float, float] | tuple[date, date]
# Lowest and highest are read as the conditions read them; an item is what a condition finds.
_SPANS = {
    AttributeType.NUMBER: "TRY_CAST(value AS DOUBLE)",
    AttributeType.DATE: "TRY_CAST(value[:10] AS DATE)",
}


@dataclass(frozen=True)
class Count:
    """How many people, and how many of them cannot be reached."""

    people: int
    unreachable: int


@dataclass(frozen=True)
class Facets:
    """What there is to choose from: streams and languages with their numbers of people.

    `streams` counts who is in them now, and `left` who has left them. `attributes` are values, the
    most frequent first (of a list its items); `spans` are the lowest and the highest of numbers
    and dates, `column_spans` those of a person's own dates.
    """

    streams: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    not_enrolled: int = 0
    languages: dict[str, int] = field(default_factory=dict)
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)
    column_spans: dict[str, Span] = field(default_factory=dict)


class Snapshot:
    """The people as they were at `loaded_at`; threads may share it.

    `expand` puts the condition of each segment in its place.
    """

    def __init__(self, store: Store, *, expand: Expand | None = None) -> None:
        self._store = store
        self._expand = expand
        self._lock = threading.Lock()
        self._facets: tuple[int, Facets] | None = None
        self._answers: OrderedDict[tuple[object, ...], Any] = OrderedDict()

    @property
    def loaded_at(self) -> datetime:
        """When it was read."""
        return self._store.loaded_at

    @property
    def version(self) -> int:
        """A number that changes with every change of people and their streams."""
        return self._store.people_version

    @property
    def facets(self) -> Facets:
        """What there is to choose from."""
        version = self._store.people_version
        with self._lock:
            if self._facets is None or self._facets[0] != version:
                with self._store.cursor() as cursor, limits.within(cursor):
                    self._facets = (version, _facets(cursor, self._store.attributes))
            return self._facets[1]

    @property
    def people(self) -> int:
        """How many people there are."""
        return int(self._store.row("SELECT count(*) FROM users")[0])

    def refresh(self) -> None:
        """Read what changed; readers go on with the old until it is there."""
        self._store.refresh()

    def fresh(self) -> "Snapshot":
        """This, brought up to date as the store says."""
        self._store.fresh()
        return self

    def count(self, chosen: Cohort | Audience) -> Count:
        """How many people `chosen` holds."""
        counted: list[Any] = [func.count(), func.count(models.users.c.unreachable_reason)]
        found = self._found(chosen).order_by(None).with_only_columns(*counted)
        sql, values = translated(found)
        row = self._once("count", sql, values, lambda: self._store.row(sql, values))
        return Count(int(row[0]), int(row[1]))

    def among(self, ids: Sequence[int], chosen: Cohort | Audience) -> set[int]:
        """Those of `ids` who are in `chosen`."""
        sql, values = self._chosen(chosen)
        listed = ", ".join(str(int(number)) for number in ids) or "NULL"
        found = self._frame(f"SELECT user_id FROM ({sql}) WHERE user_id IN ({listed})", values)
        return {int(number) for number in found["user_id"]}

    def by_stream(self, chosen: Cohort | Audience) -> pd.DataFrame:
        """People of `chosen` by stream that they are in now: columns stream and people.

        One may stand in several; who has left them all is not enrolled.
        """
        sql, values = self._chosen(chosen)
        sql = (
            "SELECT e.course_stream AS stream, count(*) AS people "
            f"FROM ({sql}) AS c LEFT JOIN {streams.PLACES} AS e USING (user_id) GROUP BY ALL"
        )
        found: pd.DataFrame = self._once("by stream", sql, values, lambda: self._frame(sql, values))
        found = found.sort_values("stream", key=_naturally, ignore_index=True)
        return found.fillna({"stream": "not enrolled"})

    @needs(Permission.NAMES)
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
        people = models.users
        shown: list[Any] = [people.c.user_id]
        way = "DESC" if descending else "ASC"
        found = self._found(chosen).order_by(None)
        if sort == "streams":
            sql, values = translated(found.with_only_columns(*shown))
            sql = (
                f"SELECT user_id, place FROM ({sql}) LEFT JOIN streams USING (user_id) "
                f"LEFT JOIN ({streams.in_order()}) USING (streams) "
                f"ORDER BY place {way} NULLS LAST, user_id LIMIT {limit:d} OFFSET {offset:d}"
            )
            ordered = f"ORDER BY shown.place {way} NULLS LAST, u.user_id"
        else:
            by: ColumnElement[Any] = people.c[sort]
            by = by.desc() if descending else by.asc()
            found = found.order_by(by.nulls_last(), people.c.user_id).limit(limit).offset(offset)
            sql, values = translated(found.with_only_columns(*shown))
            ordered = f"ORDER BY u.{sort} {way} NULLS LAST, u.user_id"
        # The other columns are looked up for those alone whom the page shows.
        return self._frame(
            f"""SELECT u.user_id, u.first_name, u.last_name, u.username, u.language_code,
                u.registered_at, s.streams, u.unreachable_reason
            FROM ({sql}) AS shown JOIN users AS u ON u.user_id = shown.user_id
            LEFT JOIN streams AS s ON s.user_id = shown.user_id
            {ordered}""",
            values,
        )

    @needs(Permission.NAMES)
    def similar(self, words: str, *, among: Cohort | None = None, most: int = 20) -> pd.DataFrame:
        """People called almost so, the likest first; those whom a search for it finds are not here.

        Of `among`, or of everybody. Raises StoreError.

        Columns are those of `page`, and `word`: what about them is alike.
        """
        meant = None if among is None else self._chosen(among)
        found = names.similar(self._store.frame, words, most=most, among=meant)
        if found.empty:
            return self.page(Cohort()).assign(word=[])
        ids = tuple(int(number) for number in found["user_id"])
        rows = self.page(Cohort(user_ids=ids), limit=most)
        return found[["user_id", "word"]].merge(rows, on="user_id", sort=False)

    def _chosen(self, chosen: Cohort | Audience) -> tuple[str, list[Any]]:
        return translated(self._found(chosen))

    def _found(self, chosen: Cohort | Audience) -> Select[Any]:
        meant = chosen if self._expand is None else self._expand(chosen)
        return resolve.people(meant, TARGET, attributes=self._store.attributes)

    def _frame(self, sql: str, values: list[Any]) -> pd.DataFrame:
        return self._store.frame(sql, values)

    def _once(self, what: str, sql: str, values: list[Any], ask: Callable[[], R]) -> R:
        """What `ask` answers, asked once while the store is the same.

        Every run of every page counts the same few cohorts; only the statement with segments put
        in their place says whether they are the same.
        """
        key = (what, sql, repr(values), self._store.loaded_at)
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                kept: R = self._answers[key]
                return kept
        answer = ask()
        with self._lock:
            self._answers[key] = answer
            while len(self._answers) > MOST_KEPT:
                self._answers.popitem(last=False)
        return answer


def _naturally(names: "pd.Series[str]") -> "pd.Series[int]":
    places = {name: place for place, name in enumerate(naturally(names.dropna()))}
    return names.map(places)


def _facets(store: duckdb.DuckDBPyConnection, kinds: Mapping[str, AttributeType]) -> Facets:
    places = store.execute(
        f"SELECT course_stream, count(*) FILTER ({streams.IN_IT}), count(*) "
        "FROM enrollments GROUP BY ALL"
    ).fetchall()
    places.sort(key=lambda place: natural_key(place[0]))
    outside = store.execute(
        f"SELECT count(*) FROM users WHERE user_id NOT IN (SELECT user_id FROM {streams.PLACES})"
    ).fetchone()
    languages = store.execute(
        "SELECT language_code, count(*) FROM users WHERE language_code IS NOT NULL "
        "GROUP BY ALL ORDER BY 2 DESC, 1"
    ).fetchall()
    days = (
        store.execute(
            "SELECT min(registered_at)::DATE, max(registered_at)::DATE, "
            "min(unreachable_since)::DATE, max(unreachable_since)::DATE FROM users"
        ).fetchone()
        or (None,) * 4
    )
    found = {"registered_at": days[:2], "unreachable_since": days[2:]}
    spans = {name: _span(store, name, kind) for name, kind in kinds.items() if kind in _SPANS}
    return Facets(
        streams={stream: inside for stream, inside, _ in places},
        left={stream: every - inside for stream, inside, every in places if every > inside},
        not_enrolled=int(outside[0]) if outside else 0,
        languages=dict(languages),
        attributes={name: _values(store, name, kind) for name, kind in kinds.items()},
        spans={name: span for name, span in spans.items() if span is not None},
        column_spans={name: (low, high) for name, (low, high) in found.items() if low is not None},
    )


def _values(store: duckdb.DuckDBPyConnection, name: str, kind: AttributeType) -> tuple[str, ...]:
    value = attribute_column(name)
    if kind is AttributeType.LIST:
        value = f"unnest(json_extract_string({value}, '$[*]'))"
    rows = store.execute(
        f"SELECT value FROM (SELECT {value} AS value FROM users) WHERE value IS NOT NULL "
        f"GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {MOST_VALUES}"
    ).fetchall()
    return tuple(str(value) for (value,) in rows)


def _span(store: duckdb.DuckDBPyConnection, name: str, kind: AttributeType) -> Span | None:
    row = store.execute(
        f"SELECT min(found), max(found) FROM (SELECT {_SPANS[kind]} AS found "
        f"FROM (SELECT {attribute_column(name)} AS value FROM users))"
    ).fetchone()
    return None if row is None or row[0] is None else (row[0], row[1])
