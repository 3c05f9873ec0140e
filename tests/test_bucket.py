"""A person's bucket is one number, whichever engine reckons it, and buckets are even."""

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, func, insert, select
from sqlalchemy.dialects import postgresql

from hsl import models, texts
from hsl.audience import compared
from hsl.models import MAX_USER_ID, utc_now

IDS = st.lists(st.integers(1, MAX_USER_ID), min_size=1, max_size=20, unique=True)
SALTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
Users = models.users


def put(engine: Engine, ids: list[int]) -> None:
    with engine.begin() as connection:
        connection.execute(delete(Users))
        connection.execute(
            insert(Users),
            [{"user_id": i, "attributes": {}, "updated_at": utc_now()} for i in ids],
        )


def by_duckdb(ids: list[int], salt: str) -> dict[int, int]:
    compiled = select(Users.c.user_id, compared.bucket(salt, "duckdb")).compile(
        dialect=postgresql.dialect(paramstyle="numeric_dollar"),
        compile_kwargs={"render_postcompile": True},
    )
    given_values = [compiled.params[name] for name in compiled.positiontup or ()]
    with duckdb.connect() as store:
        store.execute("CREATE TABLE users AS SELECT unnest(?::BIGINT[]) AS user_id", [ids])
        return dict(store.execute(str(compiled), given_values).fetchall())


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ids=IDS, salt=SALTS)
def test_three_engines_and_python_agree(engine: Engine, ids: list[int], salt: str) -> None:
    put(engine, ids)
    bucket = compared.bucket(salt, engine.dialect.name)
    with engine.begin() as connection:
        rows = connection.execute(select(Users.c.user_id, bucket.label("bucket"))).all()
    expected = {number: texts.bucket(number, salt) for number in ids}
    assert {row.user_id: row.bucket for row in rows} == expected
    assert by_duckdb(ids, salt) == expected


def test_a_known_one() -> None:
    # md5sum says 0f64ff04…, and 258,277,124 leaves 7,124.
    assert texts.bucket(123, "salt") == 7124


@pytest.mark.parametrize("salt", ["a", "b", "message 7"])
def test_they_are_even(engine: Engine, salt: str) -> None:
    """Ten groups of 5,000 people: chi-square with 9 degrees of freedom, under 27.9 (99.9 %)."""
    put(engine, list(range(1, 5001)))
    bucket = compared.bucket(salt, engine.dialect.name)
    group = (bucket - bucket % 1000).label("part")
    with engine.begin() as connection:
        rows = connection.execute(select(group, func.count().label("people")).group_by(group)).all()
    assert len(rows) == 10
    assert sum((row.people - 500) ** 2 / 500 for row in rows) < 27.9
