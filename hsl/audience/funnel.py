"""How many people each condition of a cohort leaves, and how many it takes away."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, select

from hsl.audience import conditions as c
from hsl.audience import resolve, sentences
from hsl.audience.cohort import Cohort
from hsl.warehouse.statements import translated
from hsl.warehouse.store import Store

TARGET = "duckdb"
Expand = Callable[[Cohort], Cohort]


@dataclass(frozen=True)
class Step:
    """One condition: `people` are left after it and all before it, `taken` are gone by it."""

    words: str
    people: int
    taken: int


def _as_it_is(cohort: Cohort) -> Cohort:
    return cohort


def parts(cohort: Cohort) -> tuple[c.Condition, ...]:
    """The conditions that all hold together, in the order in which they stand."""
    if cohort.where is None:
        return ()
    return cohort.where.of if isinstance(cohort.where, c.All) else (cohort.where,)


def steps(
    store: Store, cohort: Cohort, *, expand: Expand = _as_it_is, now: datetime | None = None
) -> list[Step]:
    """The funnel of a cohort, from everybody to its people; `expand` looks segments up."""
    conditions = parts(cohort)
    if not conditions:
        return []
    people = _conditions(store, conditions, expand, now).subquery()
    columns = list(people.c)
    left = [and_(*columns[: place + 1]) for place in range(len(columns))]
    counts: list[Any] = [func.count(), *[func.count().filter(held) for held in left]]
    counted = _row(store, select(*counts).select_from(people))
    return [
        Step(sentences.phrase(condition), after, before - after)
        for condition, before, after in zip(conditions, counted, counted[1:], strict=False)
    ]


def alone(
    store: Store,
    conditions: Sequence[c.Condition],
    *,
    expand: Expand = _as_it_is,
    now: datetime | None = None,
) -> list[int]:
    """How many people each condition holds of, whatever the others say."""
    if not conditions:
        return []
    people = _conditions(store, conditions, expand, now).subquery()
    counts: list[Any] = [func.count().filter(held) for held in people.c]
    return _row(store, select(*counts))


def _conditions(
    store: Store, conditions: Sequence[c.Condition], expand: Expand, now: datetime | None
) -> Select[Any]:
    # Each condition is looked at once for each person, however many steps it stands in.
    known = store.attributes
    columns: list[Any] = [
        resolve.condition(meant, TARGET, now=now, attributes=known).label(f"c{place}")
        for place, meant in enumerate(_looked_up(condition, expand) for condition in conditions)
    ]
    return select(*columns).select_from(resolve.People)


def _looked_up(condition: c.Condition, expand: Expand) -> c.Condition:
    return expand(Cohort(where=condition)).where or c.NOBODY


def _row(store: Store, statement: Select[Any]) -> list[int]:
    return [int(number) for number in store.row(*translated(statement))]
