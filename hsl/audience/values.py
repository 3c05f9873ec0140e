"""What the people of an audience can fill into a text's placeholders."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, String, cast, func, literal, select

from hsl import models
from hsl.audience import resolve

People = models.users
COLUMNS = ("first_name", "last_name", "username", "user_id", "language_code")


@dataclass(frozen=True)
class Filling:
    """How many people have a value for each name, and who gets the longest text."""

    filled: dict[str, int]
    longest: dict[str, Any] | None


def filling(
    connection: Connection, people: Select[Any], parts: Sequence[tuple[str, str]]
) -> Filling:
    """Count values by name, and find the person with the longest result.

    `parts` are the text's placeholders as (name, fallback), as often as they stand there.
    """
    dialect = connection.dialect.name
    chosen = people.order_by(None).subquery()
    joined = People.join(chosen, chosen.c.user_id == People.c.user_id)
    names = list(dict.fromkeys(name for name, _ in parts))
    counted = connection.execute(
        select(*[func.count(_value(name, dialect)) for name in names]).select_from(joined)
    ).one()
    length = sum(
        (
            func.length(func.coalesce(_value(name, dialect), literal(fallback)))
            for name, fallback in parts
        ),
        start=literal(0),
    )
    longest = connection.execute(
        select(People).select_from(joined).order_by(length.desc(), People.c.user_id).limit(1)
    ).one_or_none()
    return Filling(
        dict(zip(names, map(int, counted), strict=True)),
        None if longest is None else known(dict(longest._mapping)),
    )


def examples(connection: Connection, people: Select[Any], *, most: int) -> list[dict[str, Any]]:
    """The first people of `people` by id, with everything that a placeholder may name."""
    found = people.order_by(None).subquery()
    rows = connection.execute(
        select(People)
        .join(found, found.c.user_id == People.c.user_id)
        .order_by(People.c.user_id)
        .limit(most)
    ).all()
    return [known(dict(row._mapping)) for row in rows]


def known(person: dict[str, Any]) -> dict[str, Any]:
    """Everything a placeholder may name of a row of `users`: its attributes and its columns."""
    return {**(person.get("attributes") or {}), **person}


def _value(name: str, dialect: str) -> ColumnElement[Any]:
    if name in COLUMNS:
        return func.nullif(cast(People.c[name], String), "")
    return func.nullif(resolve.attribute(name, dialect), "")
