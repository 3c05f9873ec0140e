"""A cohort is the same people on SQLite, on PostgreSQL, in DuckDB, and in plain Python."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, example, given, settings
from sqlalchemy import Engine, create_engine, text

from hsl import database
from hsl.audience import as_sql, resolve
from hsl.audience import conditions as c
from hsl.audience.cohort import Audience, Cohort
from hsl.warehouse.statements import translated
from hsl.warehouse.store import Store
from tests.audience import plain, world
from tests.audience.cohorts import cohorts, leaves


@dataclass(repr=False)
class Engines:
    """One world in three engines."""

    world: world.World
    main: list[Engine]
    store: Store

    def __repr__(self) -> str:
        return "the engines"

    def ids(self, chosen: Cohort | Audience) -> dict[str, list[int]]:
        """Who is in it, by engine."""
        found = {"python": plain.ids(chosen, self.world), "duckdb": self._in_duck(chosen)}
        for engine in self.main:
            statement = resolve.people(chosen, engine.dialect.name, now=world.NOW)
            with database.read_only(engine).begin() as connection:
                found[engine.dialect.name] = sorted(
                    r.user_id for r in connection.execute(statement)
                )
        return found

    def _in_duck(self, chosen: Cohort | Audience) -> list[int]:
        statement = resolve.people(
            chosen, "duckdb", now=world.NOW, attributes=self.store.attributes
        )
        return sorted(self.store.frame(*translated(statement))["user_id"])


@pytest.fixture(scope="module", params=[1, 2])
def engines(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_address: str
) -> Iterator[Engines]:
    rows = world.make(request.param)
    name = f"world{request.param}"
    admin = create_engine(postgres_address, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    file = tmp_path_factory.mktemp("world") / "hsl.db"
    main = [
        database.open_engine(f"sqlite:///{file}"),
        database.open_engine(postgres_address.replace("/postgres?", f"/{name}?")),
    ]
    for engine in main:
        database.migrate(engine)
        world.fill(engine, rows)
    yield Engines(rows, main, Store(main[0], folder=None, refresh_after=300.0))
    for engine in main:
        engine.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def assert_same(engines: Engines, chosen: Cohort | Audience) -> None:
    found = engines.ids(chosen)
    assert len({tuple(ids) for ids in found.values()}) == 1, found


SLOW = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SLOW
@given(cohort=cohorts)
def test_the_same_people_everywhere(engines: Engines, cohort: Cohort) -> None:
    assert_same(engines, cohort)


AS_A_TEXT = c.Attribute(name="born", op="eq", values=('["a", "ж"]',), type="text")


@settings(SLOW, max_examples=400)
@given(condition=leaves)
@example(condition=AS_A_TEXT)
@example(condition=AS_A_TEXT.model_copy(update={"op": "ne"}))
@example(condition=AS_A_TEXT.model_copy(update={"op": "contains", "values": (", ",)}))
def test_each_condition_alone_is_the_same_everywhere(
    engines: Engines, condition: c.Condition
) -> None:
    assert_same(engines, Cohort(where=condition))


@settings(SLOW, max_examples=40)
@given(one=cohorts, other=cohorts)
def test_an_audience_is_the_same_everywhere(engines: Engines, one: Cohort, other: Cohort) -> None:
    assert_same(engines, Audience(include=(one,), exclude=(other,)))


@settings(SLOW, max_examples=60)
@given(condition=leaves)
def test_a_condition_and_its_opposite_are_everybody(
    engines: Engines, condition: c.Condition
) -> None:
    inside = engines.ids(Cohort(where=condition))["duckdb"]
    outside = engines.ids(Cohort(where=c.Not(of=condition)))["duckdb"]
    assert sorted([*inside, *outside]) == [row["user_id"] for row in engines.world.users]


@settings(SLOW, max_examples=100)
@given(condition=leaves)
def test_as_sql_with_its_values_it_finds_the_same(engines: Engines, condition: c.Condition) -> None:
    cohort = Cohort(where=condition)
    for engine in engines.main:
        dialect = engine.dialect.name
        words = as_sql.write(resolve.people(cohort, dialect, now=world.NOW), dialect)
        with database.read_only(engine).begin() as connection:
            cursor = connection.connection.cursor()
            found = sorted(row[0] for row in cursor.execute(words).fetchall())
        assert found == plain.ids(cohort, engines.world), words
