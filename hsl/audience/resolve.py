"""From a cohort to people: the one statement that runs on SQLite, PostgreSQL and DuckDB.

Targets are "sqlite", "postgresql" and "duckdb". In DuckDB an attribute is a column `a:NAME` of
`users`; in the main database it stands in the JSON of `users.attributes`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

from hsl import models, texts
from hsl.audience import compared, past
from hsl.audience import conditions as c
from hsl.audience.cohort import Audience, Cohort
from hsl.warehouse import names
from hsl.words import _

People, Enrolled, Members = models.users, models.enrollments, models.segment_members
IDS_AT_ONCE = 500  # values of one IN list

attribute = compared.attribute_text


class SegmentUnknownError(ValueError):
    """A cohort names a segment whose condition was not put in its place."""


def people(
    chosen: Audience | Cohort,
    target: str,
    *,
    now: datetime | None = None,
    attributes: Collection[str] | None = None,
) -> Select[Any]:
    """A select of user_id and username of everybody in `chosen`, each person once.

    `now` (aware) is what days are counted back from; the present if left out. `attributes` are
    those that the target has a column for; others are nobody's. None: all that are named.
    Raises SegmentUnknownError where `segments.expand` was left out.
    """
    audience = Audience(include=(chosen,)) if isinstance(chosen, Cohort) else chosen
    asked = _Asked(target, now or models.utc_now(), attributes)
    included = [_holds(cohort, asked) for cohort in audience.include]
    excluded = [_holds(cohort, asked) for cohort in audience.exclude]
    found = select(People.c.user_id, People.c.username).where(or_(false(), *included))
    return found.where(*[not_(out) for out in excluded])


def condition(
    wanted: c.Condition,
    target: str,
    *,
    now: datetime | None = None,
    attributes: Collection[str] | None = None,
) -> ColumnElement[bool]:
    """That `wanted` holds of a row of `users`: true or false, never NULL. Else as `people`."""
    return _where(wanted, _Asked(target, now or models.utc_now(), attributes))


def profiles(chosen: Select[Any]) -> Select[Any]:
    """Everything of those in `chosen`, which names their ids, by id."""
    wanted = chosen.order_by(None).subquery()
    return (
        select(People).join(wanted, wanted.c.user_id == People.c.user_id).order_by(People.c.user_id)
    )


def missing_ids(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Those of `ids` that nobody has, in their order."""
    known: set[int] = set()
    for start in range(0, len(ids), IDS_AT_ONCE):
        batch = ids[start : start + IDS_AT_ONCE]
        found = connection.execute(select(People.c.user_id).where(People.c.user_id.in_(batch)))
        known.update(row.user_id for row in found)
    return [number for number in ids if number not in known]


def chosen_count(connection: Connection, chosen: Select[Any]) -> tuple[int, int]:
    """How many people `chosen` selects, and how many of them are unreachable."""
    found = chosen.order_by(None).subquery()
    row = connection.execute(
        select(func.count(), func.count(People.c.unreachable_reason)).select_from(
            found.join(People, People.c.user_id == found.c.user_id)
        )
    ).one()
    return int(row[0]), int(row[1])


@dataclass(frozen=True)
class _Asked:
    """Where and when a cohort is looked up."""

    target: str
    now: datetime
    attributes: Collection[str] | None

    @property
    def today(self) -> date:
        return self.now.astimezone(UTC).date()

    def among(self, ids: Select[Any]) -> ColumnElement[bool]:
        """That a person is one of those whom `ids` selects."""
        if self.target != "postgresql":
            return People.c.user_id.in_(ids)
        # NOT IN makes PostgreSQL go through a list for each person; NOT EXISTS is a join.
        found = ids.subquery()
        return exists(select(1).where(found.c.user_id == People.c.user_id).correlate(People))


def _holds(cohort: Cohort, asked: _Asked) -> ColumnElement[bool]:
    return false() if cohort.where is None else _where(cohort.where, asked)


def _where(wanted: c.Condition, asked: _Asked) -> ColumnElement[bool]:
    if isinstance(wanted, c.All):
        return and_(*[_where(part, asked) for part in wanted.of])
    if isinstance(wanted, c.AnyOf):
        return or_(*[_where(part, asked) for part in wanted.of])
    if isinstance(wanted, c.Not):
        return not_(_where(wanted.of, asked))
    if isinstance(wanted, c.MessageOutcome):
        return asked.among(past.outcome(wanted))
    if isinstance(wanted, c.MessageCount):
        return past.count(wanted, asked.now, asked.among, asked.target)
    if isinstance(wanted, c.Pressed):
        return asked.among(past.pressed(wanted))
    if isinstance(wanted, c.InStream):
        return _in_stream(wanted, asked)
    if isinstance(wanted, c.Members):
        members = select(Members.c.user_id).where(Members.c.segment_id == wanted.segment_id)
        return asked.among(members)
    return _of_the_person(wanted, asked)


def _of_the_person(wanted: c.Leaf, asked: _Asked) -> ColumnElement[bool]:
    if isinstance(wanted, c.Everyone):
        return true()
    if isinstance(wanted, c.Attribute):
        if asked.attributes is not None and wanted.name not in asked.attributes:
            return true() if wanted.op == "unknown" else false()
        return compared.attribute(wanted, asked.target, asked.today)
    if isinstance(wanted, c.Person):
        return _person(wanted, asked)
    if isinstance(wanted, c.Reachable):
        reason = People.c.unreachable_reason
        if wanted.reasons:
            return and_(reason.is_not(None), reason.in_(wanted.reasons))
        return reason.is_(None) if wanted.reachable else reason.is_not(None)
    if isinstance(wanted, c.Search):
        return _search(wanted.words, asked.target)
    if isinstance(wanted, c.Ids):
        return compared.listed(People.c.user_id, wanted.ids)
    if isinstance(wanted, c.Arm):
        return compared.in_buckets(wanted, asked.target)
    name = wanted.name if isinstance(wanted, c.Segment) else wanted.kind
    raise SegmentUnknownError(
        _("There is no segment {name} here. Choose another, or make one of this name.", name=name)
    )


def _person(wanted: c.Person, asked: _Asked) -> ColumnElement[bool]:
    column = People.c[wanted.name]
    if wanted.value_type == "text":
        return compared.compared_text(wanted, column, asked.target)
    days = [compared.on(v, asked.today) for v in wanted.values if isinstance(v, date | c.DaysAgo)]
    return compared.on_days(column, wanted.op, days)


def _in_stream(wanted: c.InStream, asked: _Asked) -> ColumnElement[bool]:
    enrolled = select(Enrolled.c.user_id).where(_has_status(wanted.statuses))
    for day, op in ((wanted.since, "ge"), (wanted.until, "le")):
        if day is not None:
            on = compared.on(day, asked.today)
            bound = compared.on_days(Enrolled.c.enrolled_at, "ge" if op == "ge" else "le", [on])
            enrolled = enrolled.where(bound)
    if not wanted.streams:
        return asked.among(enrolled)
    if wanted.match == "any":
        return asked.among(enrolled.where(Enrolled.c.course_stream.in_(wanted.streams)))
    return and_(
        *[
            asked.among(enrolled.where(Enrolled.c.course_stream == stream))
            for stream in wanted.streams
        ]
    )


def _has_status(statuses: Sequence[str | None]) -> ColumnElement[bool]:
    status = Enrolled.c.status
    if not statuses:
        return or_(status.is_(None), status != models.LEFT)
    named = status.in_([value for value in statuses if value is not None])
    return or_(named, status.is_(None)) if None in statuses else named


def _search(words: str, target: str) -> ColumnElement[bool]:
    wanted = texts.lower(words.strip().removeprefix("@")) or ""
    several = _several(wanted)
    if target == "duckdb":
        matches = [names.beginning_with(wanted, several)]
    else:
        matches = [_begin(wanted, 1, target)]
        if several:
            matches.append(and_(*[_begin(word, most, target) for word, most in several.items()]))
    if wanted.isascii() and wanted.isdigit() and int(wanted) <= c.LARGEST_ID:
        matches.append(People.c.user_id == int(wanted))
    return or_(*matches)


def _several(wanted: str) -> dict[str, int]:
    """The words of which each must begin a name of its own: how many names each must begin.

    A word must begin as many names as there are words that begin with it: "иван иванов" is nobody
    whose one name is Иванов. That is enough, as two words begin one name only where one of them
    begins the other.
    """
    words = [word.removeprefix("@") for word in wanted.split()]
    if not 1 < len(words) <= len(names.SEARCHED):
        return {}
    return {word: sum(other.startswith(word) for other in words) for word in sorted(words)}


def _begin(wanted: str, names_: int, target: str) -> ColumnElement[bool]:
    """That so many of a person's names begin so."""
    begun = [_begins(People.c[name], wanted, target) for name in names.SEARCHED]
    if names_ == 1:
        return or_(*begun)
    return sum((case((one, 1), else_=0) for one in begun), start=literal(0)) >= names_


def _begins(column: ColumnElement[Any], wanted: str, target: str) -> ColumnElement[bool]:
    lowered = compared.lower(column, target)
    return and_(column.is_not(None), lowered.startswith(wanted, autoescape=True))
