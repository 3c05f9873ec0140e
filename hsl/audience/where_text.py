"""A cohort, written as the WHERE expression that `where.parse` reads back as the same cohort."""

import re
from datetime import date
from decimal import Decimal

from sqlglot.tokens import Tokenizer

from hsl.audience import conditions as c
from hsl.audience import vocabulary
from hsl.audience.cohort import Cohort
from hsl.quoting import identifier, literal

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_TAKEN = {word.lower() for word in Tokenizer.KEYWORDS} | {"date", "time", "timestamp", "interval"}
_OPS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_FUNCTIONS = {outcome: name for name, outcome in vocabulary.OUTCOMES.items()}


def write(cohort: Cohort) -> str:
    """The expression; empty for a cohort that is nobody for want of a condition."""
    return "" if cohort.where is None else expression(cohort.where)


def expression(condition: c.Condition) -> str:
    """The expression of one condition."""
    if isinstance(condition, c.All):
        return " AND ".join(_operand(part) for part in condition.of)
    if isinstance(condition, c.AnyOf):
        return " OR ".join(_operand(part) for part in condition.of)
    if isinstance(condition, c.Not):
        inner = expression(condition.of)
        bare = isinstance(condition.of, c.InStream | c.Reachable | c.Everyone | c.MessageOutcome
                          | c.Pressed | c.Segment | c.Members | c.Arm | c.Search
                          | c.Not)  # fmt: skip
        return f"NOT {inner}" if bare else f"NOT ({inner})"
    return _leaf(condition)


def _operand(part: c.Condition) -> str:
    said = expression(part)
    return f"({said})" if isinstance(part, c.All | c.AnyOf) else said


def _leaf(condition: c.Leaf) -> str:
    if isinstance(condition, c.Everyone):
        return "TRUE"
    if isinstance(condition, c.InStream):
        return _in_stream(condition)
    if isinstance(condition, c.Attribute):
        return _compared(_name(condition.name), condition)
    if isinstance(condition, c.Person):
        return _compared(condition.name, condition)
    if isinstance(condition, c.Reachable):
        if condition.reasons:
            return _call("unreachable", *condition.reasons)
        return "reachable" if condition.reachable else "unreachable"
    if isinstance(condition, c.Search):
        return _call("search", condition.words)
    if isinstance(condition, c.Ids):
        ids = condition.ids
        return (
            f"user_id = {ids[0]}" if len(ids) == 1 else f"user_id IN ({', '.join(map(str, ids))})"
        )
    if isinstance(condition, c.MessageOutcome):
        name = _FUNCTIONS[condition.outcome]
        return _call(name, condition.message_id, *condition.reasons)
    if isinstance(condition, c.MessageCount):
        return _count(condition)
    if isinstance(condition, c.Pressed):
        given = (condition.message_id, condition.button)
        return _call("pressed", *[value for value in given if value is not None])
    if isinstance(condition, c.Segment):
        return _call("segment", condition.name)
    if isinstance(condition, c.Members):
        return _call("frozen_segment", condition.segment_id)
    return _call("arm", condition.salt, condition.low, condition.high)


def _in_stream(place: c.InStream) -> str:
    details = [
        f"status => {'NULL' if status is None else _value(status)}" for status in place.statuses
    ]
    details += [
        f"{name} => {_value(day)}"
        for name, day in (("since", place.since), ("until", place.until))
        if day is not None
    ]
    if not place.streams and not details:
        return "enrolled"
    name = "in_stream" if place.match == "any" else "in_all_streams"
    return f"{name}({', '.join([*map(_value, place.streams), *details])})"


def _compared(name: str, condition: c.Attribute | c.Person) -> str:
    values = [_value(value) for value in condition.values]
    match condition.op:
        case "known":
            return f"{name} IS NOT NULL"
        case "unknown":
            return f"{name} IS NULL"
        case "in":
            return f"{name} IN ({', '.join(values)})"
        case "between":
            return f"{name} BETWEEN {values[0]} AND {values[1]}"
        case "contains":
            function = "has" if condition.value_type == "list" else "contains"
            return f"{function}({', '.join([name, *values])})"
        case op:
            return f"{name} {_OPS[op]} {values[0]}"


def _count(count: c.MessageCount) -> str:
    if count.days is not None:
        call = f"{count.what}_within({count.days})"
    elif count.last is not None:
        call = f"{count.what}_of_last({count.last})"
    else:
        call = f"{count.what}_ever()"
    return f"{call} {_OPS[count.op]} {count.count}"


def _name(name: str) -> str:
    own = name in vocabulary.COLUMNS or name in vocabulary.FLAGS
    if own or name.startswith(vocabulary.ATTRIBUTE):
        name = vocabulary.ATTRIBUTE + name
    elif _PLAIN.fullmatch(name) and name not in _TAKEN:
        return name
    return identifier(name)


def _call(name: str, *values: c.Value) -> str:
    return f"{name}({', '.join(map(_value, values))})"


def _value(value: c.Value) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, c.DaysAgo):
        return f"days_ago({value.days_ago})"
    return literal(value)
