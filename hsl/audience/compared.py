"""Typed comparisons of a person's values, as SQL that means the same on all three engines.

Each is true or false, never NULL. Targets are "sqlite", "postgresql" and "duckdb".
"""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    String,
    Text,
    and_,
    bindparam,
    case,
    cast,
    column,
    exists,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from hsl import models, texts
from hsl.audience import conditions as c

People = models.users
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_ -]+")
_NEXT_DAY = timedelta(days=1)
Compare = Callable[[ColumnElement[Any], Any], ColumnElement[bool]]
ORDERED: dict[str, Compare] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
}


def attribute_text(name: str, target: str) -> ColumnElement[str]:
    """A person's attribute as text; NULL where there is none."""
    if target == "duckdb":
        return column(f"a:{name}", String)
    if target == "postgresql":
        return func.jsonb_extract_path_text(People.c.attributes, name)
    if _PLAIN_NAME.fullmatch(name):
        path = f'$."{name}"'
        kind = func.json_type(People.c.attributes, path)
        return _sqlite_text(kind, func.json_extract(People.c.attributes, path))
    # SQLite's paths have no escapes: other names are looked for as they are.
    each = func.json_each(People.c.attributes).table_valued("key", "value", "type")
    found = select(_sqlite_text(each.c.type, each.c.value)).where(each.c.key == name)
    return found.limit(1).correlate(People).scalar_subquery()


def _sqlite_text(kind: ColumnElement[Any], value: ColumnElement[Any]) -> ColumnElement[str]:
    return case((kind == "true", "true"), (kind == "false", "false"), else_=cast(value, Text))


def attribute(condition: c.Attribute, target: str, today: date) -> ColumnElement[bool]:
    """The comparison of an attribute. `today` (UTC) is what days ago are counted from."""
    text = attribute_text(condition.name, target)
    if condition.op in ("known", "unknown"):
        return text.is_not(None) if condition.op == "known" else text.is_(None)
    if condition.type == "text":
        # A list is no text: each engine would write it with other spaces.
        is_list = and_(text.like("[%]"), _is_listlike(text, target))
        return compared_text(condition, case((is_list, null()), else_=text), target)
    if condition.type == "list":
        return _has(text, [str(value) for value in condition.values], target)
    if condition.type == "boolean":
        words = texts.TRUE if condition.values[0] else texts.FALSE
        return _certain(text, func.lower(text).in_(words))
    if condition.type == "number":
        number = _number(text, target)
        return _in_order(
            condition, number, [literal(float(v), Double) for v in _numbers(condition)]
        )
    days = [on(value, today).isoformat() for value in _days(condition)]
    return _in_order(condition, _binary(_day(text, target), target), days)


def compared_text(
    condition: c.Attribute | c.Person, text: ColumnElement[Any], target: str
) -> ColumnElement[bool]:
    """The comparison of a text: exactly, in the order of code points."""
    if condition.op in ("known", "unknown"):
        return text.is_not(None) if condition.op == "known" else text.is_(None)
    if condition.op == "contains":
        inside = func.instr if target == "sqlite" else func.strpos
        wanted = literal(texts.lower(str(condition.values[0])), Text)
        return _certain(text, inside(lower(text, target), wanted) > 0)
    return _in_order(condition, _binary(text, target), list(condition.values))


def lower(text: ColumnElement[Any], target: str) -> ColumnElement[str]:
    """A text in lower case, letter by letter, in any script."""
    return func.hsl_lower(text) if target == "sqlite" else func.lower(text)


def on_days(column_: ColumnElement[Any], op: c.Op, days: Sequence[date]) -> ColumnElement[bool]:
    """The comparison of a moment by its day in UTC, written so that an index serves it."""
    if op in ("known", "unknown"):
        return column_.is_not(None) if op == "known" else column_.is_(None)
    return _certain(column_, _on_days(column_, op, days))


def _on_days(column_: ColumnElement[Any], op: c.Op, days: Sequence[date]) -> ColumnElement[bool]:
    first, last = midnight(days[0]), midnight(days[-1], after=True)
    if op == "in":
        return or_(*[_on_days(column_, "eq", [day]) for day in days])
    if op == "ne":
        return not_(_on_days(column_, "eq", days))
    bounds: list[ColumnElement[bool]] = []
    if op in ("eq", "ge", "between"):
        bounds.append(column_ >= first)
    if op in ("eq", "le", "between"):
        bounds.append(column_ < last)
    if op == "lt":
        bounds.append(column_ < first)
    if op == "gt":
        bounds.append(column_ >= last)
    return and_(*bounds)


def midnight(day: date, *, after: bool = False) -> datetime:
    """The beginning of a day in UTC, or of the day after it."""
    start = datetime.combine(day, time(), UTC)
    return start + _NEXT_DAY if after and day < date.max else start


def on(day: date | c.DaysAgo, today: date) -> date:
    """The day that is meant."""
    return today - timedelta(days=day.days_ago) if isinstance(day, c.DaysAgo) else day


def listed(column_: ColumnElement[Any], values: Sequence[int]) -> ColumnElement[bool]:
    """That a number is one of `values`, of which there may be many: they are no parameters."""
    return column_.in_(bindparam(None, list(values), expanding=True, literal_execute=True))


def in_buckets(condition: c.Arm, target: str) -> ColumnElement[bool]:
    """That a person's hash lies within the arm's buckets.

    Hashes are compared as text, which in DuckDB takes two thirds of the time of making numbers of
    them; hex digits sort by what they are worth.
    """
    if target == "sqlite":
        digest: ColumnElement[str] = func.hsl_hashed(People.c.user_id, condition.salt)
    else:
        digest = func.md5(cast(People.c.user_id, String) + literal(f":{condition.salt}", String))
    low, high = (texts.begins_bucket(number) for number in (condition.low, condition.high))
    return and_(_binary(digest, target) >= low, _binary(digest, target) < high)


def _in_order(
    condition: c.Attribute | c.Person, left: ColumnElement[Any], values: Sequence[Any]
) -> ColumnElement[bool]:
    if condition.op == "between":
        return _certain(left, and_(left >= values[0], left <= values[1]))
    if condition.op == "in":
        return _certain(
            left, or_(*[left == value for value in values]) if len(values) < 3 else left.in_(values)
        )
    return _certain(left, ORDERED[condition.op](left, values[0]))


def _certain(left: ColumnElement[Any], holds: ColumnElement[bool]) -> ColumnElement[bool]:
    """False, and not unknown, where there is nothing to compare."""
    return and_(left.is_not(None), holds)


def _matches(text: ColumnElement[Any], pattern: str, target: str) -> ColumnElement[bool]:
    if target == "duckdb":
        return func.regexp_full_match(text, literal(pattern, Text))
    return text.regexp_match(f"^({pattern})$")


def _is_listlike(text: ColumnElement[Any], target: str) -> ColumnElement[bool]:
    if target == "sqlite":
        return func.hsl_listlike(text) == 1
    return _matches(text, texts.LISTLIKE, target)


def _number(text: ColumnElement[Any], target: str) -> ColumnElement[Any]:
    if target == "sqlite":
        return func.hsl_number(text)
    return case((_matches(text, texts.NUMBER, target), cast(text, Double)))


def _day(text: ColumnElement[Any], target: str) -> ColumnElement[Any]:
    if target == "sqlite":
        return func.hsl_day(text)
    head = func.substr(text, 1, texts.DATE_LENGTH)
    return case((_matches(text, texts.DATE, target), head))


def _binary(text: ColumnElement[Any], target: str) -> ColumnElement[Any]:
    # PostgreSQL alone would sort by the rules of a language.
    return text.collate("C") if target == "postgresql" else text


def _has(text: ColumnElement[Any], wanted: list[str], target: str) -> ColumnElement[bool]:
    if target == "sqlite":
        return func.hsl_has(text, json.dumps(wanted)) == 1
    if target == "duckdb":
        items = func.json_extract_string(text, literal("$[*]", Text))
        found: ColumnElement[bool] = func.list_has_any(items, func.list_value(*wanted))
    else:
        each = func.jsonb_array_elements_text(cast(text, JSONB)).table_valued("value")
        found = exists(
            select(1).select_from(each).where(each.c.value.in_(wanted)).correlate(People)
        )
    is_list = and_(text.is_not(None), _matches(text, texts.LIST, target))
    return case((is_list, func.coalesce(found, false())), else_=false()) == true()


def _numbers(condition: c.Attribute) -> list[float]:
    return [float(v) for v in condition.values if isinstance(v, int | float)]


def _days(condition: c.Attribute | c.Person) -> list[date | c.DaysAgo]:
    return [v for v in condition.values if isinstance(v, date | c.DaysAgo)]
