"""Which of a message's languages each person of an audience gets, in SQL, as `languages.lookup`."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, case, func, literal, or_, select

from hsl import database, models
from hsl.audience import segments
from hsl.audience.cohort import Audience

People = models.users


def by_language(engine: Engine, codes: Sequence[str], audience: Audience) -> dict[str, int]:
    """How many of an audience get each of a content's languages; the default's code is first."""
    with database.read_only(engine).begin() as connection:
        try:
            people = segments.people(connection, audience)
        except segments.SegmentError:
            return dict.fromkeys(codes, 0)  # the last look says why
        return counted(connection, people, codes)


def languages_of(engine: Engine, audience: Audience, *, most: int = 12) -> dict[str, int]:
    """The languages that an audience's people read, with how many each, the largest first."""
    with database.read_only(engine).begin() as connection:
        try:
            people = segments.people(connection, audience)
        except segments.SegmentError:
            return {}  # the last look says why
        return present(connection, people, most=most)


def counted(connection: Connection, people: Select[Any], codes: Sequence[str]) -> dict[str, int]:
    """How many of `people` get each of the languages; `codes` has the default's first."""
    found = dict.fromkeys(codes, 0)
    chosen = people.order_by(None).subquery()
    if len(codes) == 1:
        total = connection.execute(select(func.count()).select_from(chosen)).scalar_one()
        return {codes[0]: int(total)}
    joined = People.join(chosen, chosen.c.user_id == People.c.user_id)
    inner = select(_language(codes).label("language")).select_from(joined).subquery()
    rows = connection.execute(
        select(inner.c.language, func.count().label("people")).group_by(inner.c.language)
    )
    return found | {row.language: int(row.people) for row in rows}


def only(people: Select[Any], codes: Sequence[str], code: str) -> Select[Any]:
    """Those of `people` who get the language `code`, as a select of user_id."""
    if len(codes) == 1:
        return people
    chosen = people.order_by(None).subquery()
    return (
        select(People.c.user_id)
        .join(chosen, chosen.c.user_id == People.c.user_id)
        .where(_language(codes) == code)
    )


def _language(codes: Sequence[str]) -> ColumnElement[Any]:
    """The code of the language that a row of `users` gets: the longest that theirs begins with."""
    theirs = func.lower(func.replace(func.trim(People.c.language_code), "_", "-"))
    fits = [
        (or_(theirs == code, theirs.startswith(f"{code}-", autoescape=True)), literal(code))
        for code in sorted(filter(None, codes), key=len, reverse=True)
    ]
    default = literal(codes[0])
    return case(*fits, else_=default) if fits else default


def present(connection: Connection, people: Select[Any], *, most: int) -> dict[str, int]:
    """The languages of `people` without their regions, with how many read each, the largest first.

    Whose language is unknown is counted by no code.
    """
    chosen = people.order_by(None).subquery()
    theirs = func.lower(func.replace(func.trim(People.c.language_code), "_", "-"))
    rows = connection.execute(
        select(theirs.label("code"), func.count().label("people"))
        .join(chosen, chosen.c.user_id == People.c.user_id)
        .where(People.c.language_code.is_not(None))
        .group_by(theirs)
    )
    found: Counter[str] = Counter()
    for row in rows:
        found[row.code.partition("-")[0]] += row.people
    return dict(found.most_common(most))
