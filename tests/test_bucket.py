"""A person's bucket is one number, whichever engine reckons it, and buckets are even."""

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Engine,
    Integer,
    Subquery,
    cast,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql

from hsl import database
from hsl.models import MAX_USER_ID

IDS = st.lists(st.integers(1, MAX_USER_ID), min_size=1, max_size=20, unique=True)
SALTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)


def listed(ids: list[int]) -> Subquery:
    return union_all(*[select(literal(i, BigInteger).label("user_id")) for i in ids]).subquery()


def by_duckdb(ids: list[int], salt: str) -> dict[int, int]:
    people = listed(ids)
    bucket = database.bucket_of(people.c.user_id, salt, "duckdb")
    compiled = select(people.c.user_id, bucket).compile(
        dialect=postgresql.dialect(paramstyle="numeric_dollar"),
        compile_kwargs={"render_postcompile": True},
    )
    given_values = [compiled.params[name] for name in compiled.positiontup or ()]
    with duckdb.connect() as store:
        return dict(store.execute(str(compiled), given_values).fetchall())


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ids=IDS, salt=SALTS)
def test_three_engines_and_python_agree(engine: Engine, ids: list[int], salt: str) -> None:
    people = listed(ids)
    bucket = database.bucket_of(people.c.user_id, salt, engine.dialect.name)
    with engine.begin() as connection:
        rows = connection.execute(select(people.c.user_id, bucket.label("bucket"))).all()
    expected = {number: database.bucket(number, salt) for number in ids}
    assert {row.user_id: row.bucket for row in rows} == expected
    assert by_duckdb(ids, salt) == expected


def test_a_known_one() -> None:
    # md5sum says 0f64ff04…, and 258,277,124 leaves 7,124.
    assert database.bucket(123, "salt") == 7124


@pytest.mark.parametrize("salt", ["a", "b", "message 7"])
def test_they_are_even(engine: Engine, salt: str) -> None:
    """Ten groups of 20,000 people: chi-square with 9 degrees of freedom, under 27.9 (99.9 %)."""
    numbers = select(func.generate_series(1, 20_000).label("n")).subquery()
    if engine.dialect.name == "sqlite":
        one = select(literal(1, Integer).label("n")).cte("numbers", recursive=True)
        numbers = one.union_all(select(one.c.n + 1).where(one.c.n < 20_000))
    bucket = database.bucket_of(cast(numbers.c.n, BigInteger), salt, engine.dialect.name)
    group = (bucket - bucket % 1000).label("part")
    with engine.begin() as connection:
        rows = connection.execute(select(group, func.count().label("people")).group_by(group)).all()
    assert len(rows) == 10
    assert sum((row.people - 2000) ** 2 / 2000 for row in rows) < 27.9
