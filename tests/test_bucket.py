"""Into which group somebody falls is the same on every engine, and the groups are even."""

import hashlib

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, func, insert, select

from hsl import models
from hsl.audience import compared
from hsl.audience.conditions import BUCKETS, Arm
from hsl.models import MAX_USER_ID, utc_now
from hsl.warehouse.statements import translated

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


def by_duckdb(ids: list[int], arm: Arm) -> set[int]:
    sql, values = translated(select(Users.c.user_id).where(compared.in_buckets(arm, "duckdb")))
    with duckdb.connect() as store:
        store.execute("CREATE TABLE users AS SELECT unnest(?::BIGINT[]) AS user_id", [ids])
        return {number for (number,) in store.execute(sql, values).fetchall()}


def bucket(user_id: int, salt: str) -> int:
    """By numbers, as the condition's docstring has it."""
    digest = hashlib.md5(f"{user_id}:{salt}".encode()).hexdigest()
    return int(digest[:8], 16) * BUCKETS // 2**32


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ids=IDS, salt=SALTS, data=st.data())
def test_three_engines_and_python_agree(
    engine: Engine, ids: list[int], salt: str, data: st.DataObject
) -> None:
    put(engine, ids)
    # Bounds at which somebody stands are the ones that could go wrong.
    near = st.sampled_from([bucket(number, salt) for number in ids])
    bounds = near | near.map(lambda number: number + 1) | st.integers(0, BUCKETS)
    arm = Arm(salt=salt, low=data.draw(bounds), high=data.draw(bounds))
    inside = select(Users.c.user_id).where(compared.in_buckets(arm, engine.dialect.name))
    with engine.begin() as connection:
        found = set(connection.execute(inside).scalars())
    expected = {number for number in ids if arm.low <= bucket(number, salt) < arm.high}
    assert found == expected
    assert by_duckdb(ids, arm) == expected


def test_a_known_one() -> None:
    # md5sum says 0f64ff04…, which is 6.01 % of the way from 00000000 to ffffffff.
    assert by_duckdb([123], Arm(salt="salt", low=601, high=602)) == {123}
    assert by_duckdb([123], Arm(salt="salt", low=602, high=BUCKETS)) == set()


def test_all_buckets_are_everybody() -> None:
    ids = list(range(1, 20_001))
    assert by_duckdb(ids, Arm(salt="x", low=0, high=BUCKETS)) == set(ids)


@pytest.mark.parametrize("salt", ["a", "b", "message 7"])
def test_they_are_even(engine: Engine, salt: str) -> None:
    """Ten groups of 5,000 people: chi-square with 9 degrees of freedom, under 27.9 (99.9 %)."""
    put(engine, list(range(1, 5001)))
    people = []
    with engine.begin() as connection:
        for low in range(0, BUCKETS, 1000):
            arm = Arm(salt=salt, low=low, high=low + 1000)
            inside = compared.in_buckets(arm, engine.dialect.name)
            people.append(connection.execute(select(func.count()).where(inside)).scalar_one())
    assert sum(people) == 5000
    assert sum((number - 500) ** 2 / 500 for number in people) < 27.9
