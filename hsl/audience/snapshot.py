"""People in DuckDB, in memory: what the Audience page searches, counts and sorts.

A cohort means the same here as in the main database, as both run the statement that `resolve`
makes. PostgreSQL is read as Arrow through ADBC. SQLite is read through the engine's own library:
ADBC brings a second copy of SQLite, and two copies in one process drop each other's file locks
(sqlite.org/howtocorrupt.html, 2.2.1); tried here, rows committed before were gone.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import adbc_driver_postgresql.dbapi
import duckdb
import pandas as pd
import pyarrow as pa
from sqlalchemy import Engine, Select, func, select
from sqlalchemy.dialects import postgresql

from hsl import database, models
from hsl.audience import resolve
from hsl.audience.cohort import Audience, Cohort

DIALECT = "postgresql"  # whose SQL DuckDB understands
MOST_VALUES = 200  # values of one attribute that are offered
MOST_ATTRIBUTES = 50
ROWS_AT_ONCE = 20_000
MEMORY_LIMIT = "1GB"
SORTABLE = ("first_name", "username", "user_id", "language_code", "registered_at", "streams")

_PEOPLE = """SELECT user_id, coalesce(username, '') AS username,
    coalesce(first_name, '') AS first_name, coalesce(last_name, '') AS last_name,
    coalesce(language_code, '') AS language_code,
    coalesce(CAST(registered_at AS text), '') AS registered_at,
    coalesce(CAST(attributes AS text), '') AS attributes,
    coalesce(unreachable_reason, '') AS unreachable_reason FROM users"""
_PLACES = """SELECT user_id, course_stream, coalesce(status, '') AS status FROM enrollments"""


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


@dataclass(frozen=True)
class _Loaded:
    database: duckdb.DuckDBPyConnection
    facets: Facets
    people: int
    change: int
    loaded_at: datetime
    clock: float


class Snapshot:
    """The people as they were at `loaded_at`; threads may share it.

    `fresh()` brings it up to date: at once when people came in, else after `refresh_after` seconds
    in the background, so that nobody waits.
    """

    def __init__(
        self, engine: Engine, *, refresh_after: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._refresh_after = refresh_after
        self._clock = clock
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._loaded: _Loaded | None = None

    @property
    def loaded_at(self) -> datetime:
        """When it was read."""
        return self._now().loaded_at

    @property
    def facets(self) -> Facets:
        """What there is to choose from."""
        return self._now().facets

    @property
    def people(self) -> int:
        """How many people there are."""
        return self._now().people

    def refresh(self) -> None:
        """Read everything anew; readers go on with the old until it is there."""
        with self._loading:
            loaded = self._load()
            with self._lock:
                self._loaded = loaded

    def fresh(self) -> "Snapshot":
        """This, brought up to date as the class says."""
        loaded = self._now()
        if loaded.change != self._last_change():
            self.refresh()
        elif self._clock() - loaded.clock > self._refresh_after and not self._loading.locked():
            threading.Thread(target=self.refresh, name="snapshot", daemon=True).start()
        return self

    def count(self, chosen: Cohort | Audience) -> Count:
        """How many people `chosen` holds."""
        sql, values = _translated(resolve.people(chosen, DIALECT))
        row = self._one(
            f"SELECT count(*), count(unreachable_reason) FROM users "
            f"WHERE user_id IN (SELECT user_id FROM ({sql}))",
            values,
        )
        return Count(int(row[0]), int(row[1]))

    def among(self, ids: Sequence[int], chosen: Cohort | Audience) -> set[int]:
        """Those of `ids` who are in `chosen`."""
        sql, values = _translated(resolve.people(chosen, DIALECT))
        listed = ", ".join(str(int(number)) for number in ids) or "NULL"
        found = self._frame(f"SELECT user_id FROM ({sql}) WHERE user_id IN ({listed})", values)
        return {int(number) for number in found["user_id"]}

    def by_stream(self, chosen: Cohort | Audience) -> pd.DataFrame:
        """People of `chosen` by stream, columns stream and people; one may stand in several."""
        sql, values = _translated(resolve.people(chosen, DIALECT))
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
        sql, values = _translated(resolve.people(chosen, DIALECT))
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

    def _now(self) -> _Loaded:
        with self._lock:
            loaded = self._loaded
        if loaded is not None:
            return loaded
        with self._loading:
            first = self._loaded or self._load()
            with self._lock:
                self._loaded = first
        return first

    def _last_change(self) -> int:
        log = models.audit_log.c
        with database.read_only(self._engine).begin() as connection:
            found = connection.execute(
                select(func.max(log.id).label("last")).where(log.action == "import")
            ).one()
        return int(found.last or 0)

    def _load(self) -> _Loaded:
        change, began = self._last_change(), self._clock()
        store = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "threads": 2})
        store.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        # PostgreSQL's function by its name; a JSON pointer takes any name, dots and dollars too.
        store.execute(
            "CREATE MACRO jsonb_extract_path_text(j, k) AS "
            "json_extract_string(j, '/' || replace(replace(k, '~', '~0'), '/', '~1'))"
        )
        read = _from_sqlite if self._engine.dialect.name == "sqlite" else _from_postgresql
        read(self._engine, store, {"incoming_people": _PEOPLE, "incoming_places": _PLACES})
        store.execute(
            """CREATE TABLE users AS SELECT user_id, nullif(username, '') AS username,
            nullif(first_name, '') AS first_name, nullif(last_name, '') AS last_name,
            nullif(language_code, '') AS language_code,
            CAST(nullif(registered_at, '') AS TIMESTAMPTZ) AS registered_at,
            nullif(attributes, '') AS attributes,
            nullif(unreachable_reason, '') AS unreachable_reason FROM incoming_people;
            DROP TABLE incoming_people;
            ALTER TABLE incoming_places RENAME TO enrollments"""
        )
        row = store.execute("SELECT count(*) FROM users").fetchone()
        people = int(row[0]) if row else 0
        # Nothing typed on a page may read a file or an address.
        store.execute("SET enable_external_access = false; SET lock_configuration = true")
        return _Loaded(store, _facets(store), people, change, models.utc_now(), began)

    def _one(self, sql: str, values: list[Any]) -> tuple[Any, ...]:
        row = self._now().database.cursor().execute(sql, values).fetchone()
        return tuple(row or ())

    def _frame(self, sql: str, values: list[Any]) -> pd.DataFrame:
        return self._now().database.cursor().execute(sql, values).fetch_df()


def _from_postgresql(
    engine: Engine, store: duckdb.DuckDBPyConnection, statements: dict[str, str]
) -> None:
    plain = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with adbc_driver_postgresql.dbapi.connect(plain) as source, source.cursor() as cursor:
        for name, sql in statements.items():
            cursor.execute(sql)
            store.register("arrow", cursor.fetch_record_batch())
            store.execute(f"CREATE TABLE {name} AS SELECT * FROM arrow")
            store.unregister("arrow")


def _from_sqlite(
    engine: Engine, store: duckdb.DuckDBPyConnection, statements: dict[str, str]
) -> None:
    with database.read_only(engine).begin() as connection:
        for name, sql in statements.items():
            rows = connection.exec_driver_sql(sql).cursor
            names = [column[0] for column in rows.description]
            types = [pa.int64() if column == "user_id" else pa.string() for column in names]
            schema = pa.schema(list(zip(names, types, strict=True)))
            store.register(
                "arrow", pa.RecordBatchReader.from_batches(schema, _batches(rows, schema))
            )
            store.execute(f"CREATE TABLE {name} AS SELECT * FROM arrow")
            store.unregister("arrow")


def _batches(rows: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    while found := rows.fetchmany(ROWS_AT_ONCE):
        columns = [
            pa.array(column, kind)
            for column, kind in zip(zip(*found, strict=True), schema.types, strict=True)
        ]
        yield pa.record_batch(columns, schema=schema)


def _translated(chosen: Select[Any]) -> tuple[str, list[Any]]:
    """A statement of `resolve` as DuckDB takes it: its text, and its values in order."""
    compiled = chosen.order_by(None).compile(
        dialect=postgresql.dialect(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]
        compile_kwargs={"render_postcompile": True},
    )
    values = compiled.params
    return str(compiled), [values[name] for name in compiled.positiontup or ()]


def _facets(store: duckdb.DuckDBPyConnection) -> Facets:
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
    names = store.execute(
        "SELECT DISTINCT unnest(json_keys(attributes)) AS name FROM users "
        f"WHERE attributes IS NOT NULL ORDER BY 1 LIMIT {MOST_ATTRIBUTES}"
    ).fetchall()
    attributes: dict[str, tuple[str, ...]] = {}
    for (name,) in names:
        found = store.execute(
            "SELECT jsonb_extract_path_text(attributes, $1) AS value FROM users "
            f"WHERE value IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {MOST_VALUES}",
            [name],
        ).fetchall()
        attributes[name] = tuple(value for (value,) in found)
    return Facets(dict(streams), int(outside[0]) if outside else 0, dict(languages), attributes)
