"""From a cohort to people in the main database, inside the transaction that needs them."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)

from hsl import models
from hsl.audience.cohort import Audience, Cohort
from hsl.models import DeliveryStatus
from hsl.warehouse.tables import SEARCHED, attribute_column, lower_column

People, Enrolled = models.users, models.enrollments
Recipients = models.message_recipients
IDS_AT_ONCE = 500  # values of one IN list


def people(chosen: Audience | Cohort, dialect_name: str) -> Select[Any]:
    """A select of user_id and username of everybody in `chosen`, each person once."""
    audience = Audience(include=(chosen,)) if isinstance(chosen, Cohort) else chosen
    included = [_holds(cohort, dialect_name) for cohort in audience.include]
    found = select(People.c.user_id, People.c.username).where(or_(false(), *included))
    for cohort in audience.exclude:
        # A condition on a missing value is unknown, and NOT unknown would lose the person.
        out = select(People.c.user_id).where(_holds(cohort, dialect_name)).correlate(None)
        found = found.where(People.c.user_id.not_in(out))
    return found


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


def _holds(cohort: Cohort, dialect_name: str) -> ColumnElement[bool]:
    if cohort.is_empty:
        return false()
    return and_(true(), *_conditions(cohort, dialect_name))


def _conditions(cohort: Cohort, dialect_name: str) -> list[ColumnElement[bool]]:
    conditions = _places(cohort)
    if cohort.user_ids:
        conditions.append(People.c.user_id.in_(cohort.user_ids))
    if cohort.languages:
        conditions.append(People.c.language_code.in_(cohort.languages))
    if cohort.registered_from is not None:
        start = datetime.combine(cohort.registered_from, time(), UTC)
        conditions.append(People.c.registered_at >= start)
    if cohort.registered_to is not None:
        end = datetime.combine(cohort.registered_to, time(), UTC) + timedelta(days=1)
        conditions.append(People.c.registered_at < end)
    if cohort.reachable is not None:
        reason = People.c.unreachable_reason
        conditions.append(reason.is_(None) if cohort.reachable else reason.is_not(None))
    for name, values in cohort.attributes.items():
        conditions.append(attribute(name, dialect_name).in_(values))
    if cohort.search.strip():
        conditions.append(_search(cohort.search, dialect_name))
    conditions += _history(cohort)
    return conditions


def _places(cohort: Cohort) -> list[ColumnElement[bool]]:
    enrolled = select(Enrolled.c.user_id)
    outside = People.c.user_id.not_in(enrolled)
    if cohort.match == "all":
        inside = [
            People.c.user_id.in_(enrolled.where(Enrolled.c.course_stream == stream))
            for stream in cohort.streams
        ]
        return [*inside, outside] if cohort.not_enrolled else list(inside)
    places: list[ColumnElement[bool]] = []
    if cohort.streams:
        places.append(
            People.c.user_id.in_(enrolled.where(Enrolled.c.course_stream.in_(cohort.streams)))
        )
    if cohort.not_enrolled:
        places.append(outside)
    return [or_(*places)] if places else []


def attribute(name: str, dialect_name: str) -> ColumnElement[str]:
    """A person's attribute as text."""
    if dialect_name == "duckdb":
        return literal_column(f"users.{attribute_column(name)}", Text())
    if dialect_name == "postgresql":
        return func.jsonb_extract_path_text(People.c.attributes, name)
    quoted = name.replace('"', '""')
    return func.json_extract(People.c.attributes, f'$."{quoted}"')


def _search(words: str, dialect_name: str) -> ColumnElement[bool]:
    wanted = words.strip().removeprefix("@").lower()
    lower = func.hsl_lower if dialect_name == "sqlite" else func.lower
    matches: list[ColumnElement[bool]] = [
        func.starts_with(literal_column(f"users.{lower_column(name)}", Text()), wanted)
        if dialect_name == "duckdb"
        else lower(People.c[name]).startswith(wanted, autoescape=True)
        for name in SEARCHED
    ]
    if wanted.isdigit():
        matches.append(People.c.user_id == int(wanted))
    return or_(*matches)


def _history(cohort: Cohort) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    got = [DeliveryStatus.SENT, DeliveryStatus.DELETED]
    # Who is uncertain may have got it: neither among those who did nor among those who did not.
    missed = [DeliveryStatus.FAILED, DeliveryStatus.CANCELLED, DeliveryStatus.PENDING]
    for message_id, statuses in ((cohort.got_message, got), (cohort.missed_message, missed)):
        if message_id is not None:
            whose = select(Recipients.c.user_id).where(
                and_(
                    Recipients.c.message_id == message_id,
                    Recipients.c.delivery_status.in_(statuses),
                )
            )
            conditions.append(People.c.user_id.in_(whose))
    return conditions
