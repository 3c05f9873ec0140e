"""What the people of an audience can fill into a text's placeholders."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    case,
    cast,
    func,
    literal,
    select,
)

from hsl import models
from hsl.audience import resolve

People = models.users
COLUMNS = ("first_name", "last_name", "username", "user_id", "language_code")


class Why(StrEnum):
    """Why a person's message is worth a look before it goes."""

    LONGEST = "longest"
    GAPS = "gaps"
    TYPICAL = "typical"
    SHORTEST = "shortest"


@dataclass(frozen=True)
class Sample:
    """A person with everything that a placeholder may name, and why this one is looked at.

    `missing` are the placeholders' names for which this person has no value.
    """

    why: Why
    person: dict[str, Any]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filling:
    """How many people have a value for each name, who gets the longest text, and whom to look at.

    The samples are the longest text, the one with the most missing values, and the one of median
    length; where nobody lacks a value, the shortest. Nobody is among them twice.
    """

    filled: dict[str, int]
    longest: dict[str, Any] | None
    samples: tuple[Sample, ...] = ()


def filling(
    connection: Connection, people: Select[Any], parts: Sequence[tuple[str, str]]
) -> Filling:
    """Count values by name, and choose whom to look at, in one reading of all `people`.

    `parts` are the text's placeholders as (name, fallback), as often as they stand there.
    """
    names = list(dict.fromkeys(name for name, _ in parts))
    rows = _lengths(connection, people, parts, names)
    chosen = _chosen(rows)
    found = connection.execute(select(People).where(People.c.user_id.in_(chosen))).all()
    by_id = {row.user_id: known(dict(row._mapping)) for row in found}
    samples = tuple(
        Sample(why, by_id[number], _missing(by_id[number], names))
        for number, why in chosen.items()
        if number in by_id
    )
    filled = {name: sum(row[place] for row in rows) for place, name in enumerate(names)}
    return Filling(filled, samples[0].person if samples else None, samples)


def _lengths(
    connection: Connection,
    people: Select[Any],
    parts: Sequence[tuple[str, str]],
    names: Sequence[str],
) -> list[Any]:
    """A row for each length and number of gaps, the shortest first: who has what, and the first.

    Its columns are how many have a value for each of `names`, then length, gaps, people, first. Few
    rows come of any number of people, and from them all else is told.
    """
    dialect = connection.dialect.name
    chosen = people.order_by(None).subquery("chosen")
    read = (
        select(
            People.c.user_id,
            *(_value(name, dialect).label(f"value_{place}") for place, name in enumerate(names)),
        )
        .select_from(People.join(chosen, chosen.c.user_id == People.c.user_id))
        .cte("read")
        # Else SQLite reads each value out of the attributes wherever it is named.
        .prefix_with("MATERIALIZED")
    )
    of = {name: read.c[f"value_{place}"] for place, name in enumerate(names)}
    length = sum(
        (func.length(func.coalesce(of[name], literal(back))) for name, back in parts),
        start=literal(0),
    )
    gaps = sum((case((value.is_(None), 1), else_=0) for value in of.values()), start=literal(0))
    one = select(read, length.label("length"), gaps.label("gaps")).subquery("one")
    found: Sequence[Any] = connection.execute(
        select(
            *(func.count(one.c[f"value_{place}"]) for place in range(len(names))),
            one.c.length,
            one.c.gaps,
            func.count().label("people"),
            func.min(one.c.user_id).label("first"),
        )
        .group_by(one.c.length, one.c.gaps)
        .order_by(one.c.length, one.c.gaps)
    ).all()
    return list(found)


def _chosen(rows: Sequence[Row[Any]]) -> dict[int, Why]:
    """A person for each reason, the longest first; `rows` go by length and gaps."""
    if not rows:
        return {}
    longest = next(row for row in rows if row.length == rows[-1].length)
    found = {int(longest.first): Why.LONGEST}
    with_gaps = [row for row in rows if row.gaps and row.first not in found]
    if with_gaps:
        most = max(row.gaps for row in with_gaps)
        found[next(int(row.first) for row in with_gaps if row.gaps == most)] = Why.GAPS
    elif rows[0].length < longest.length:
        found[int(rows[0].first)] = Why.SHORTEST
    usual = _median(rows)
    if usual.length != longest.length and usual.first not in found:
        found[int(usual.first)] = Why.TYPICAL
    return found


def _median(rows: Sequence[Row[Any]]) -> Row[Any]:
    """The row of the person in the middle by length; of that length the one with fewest gaps."""
    half, before = sum(row.people for row in rows) / 2, 0
    middle = rows[-1]
    for row in rows:
        before += row.people
        if before >= half:
            middle = row
            break
    return next(row for row in rows if row.length == middle.length)


def _missing(person: dict[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if person.get(name) in (None, ""))


def examples(connection: Connection, people: Select[Any], *, most: int) -> list[dict[str, Any]]:
    """The first people of `people` by id, with everything that a placeholder may name."""
    rows = connection.execute(resolve.profiles(people).limit(most)).all()
    return [known(dict(row._mapping)) for row in rows]


def known(person: dict[str, Any]) -> dict[str, Any]:
    """Everything a placeholder may name of a row of `users`: its attributes and its columns."""
    return {**(person.get("attributes") or {}), **person}


def _value(name: str, dialect: str) -> ColumnElement[Any]:
    if name in COLUMNS:
        return func.nullif(cast(People.c[name], String), "")
    return func.nullif(resolve.attribute(name, dialect), "")
