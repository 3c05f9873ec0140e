"""Typed comparisons of a person's attributes and columns."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

MOST_VALUES = 50_000  # of one condition
MOST_CHARACTERS = 1_000  # of one text
MOST_DAYS = 36_500

ValueType = Literal["number", "date", "boolean", "text", "list"]
Op = Literal["eq", "ne", "lt", "le", "gt", "ge", "between", "in", "contains", "known", "unknown"]
ColumnName = Literal[
    "first_name", "last_name", "username", "language_code", "registered_at", "unreachable_since"
]
COLUMN_TYPES: dict[ColumnName, ValueType] = {
    "first_name": "text",
    "last_name": "text",
    "username": "text",
    "language_code": "text",
    "registered_at": "date",
    "unreachable_since": "date",
}
_ORDERED: tuple[Op, ...] = ("eq", "ne", "lt", "le", "gt", "ge", "between", "in")
OPS: dict[ValueType, tuple[Op, ...]] = {
    "number": (*_ORDERED, "known", "unknown"),
    "date": (*_ORDERED, "known", "unknown"),
    "boolean": ("eq", "known", "unknown"),
    "text": (*_ORDERED, "contains", "known", "unknown"),
    "list": ("contains", "known", "unknown"),
}


def _plain(words: str) -> str:
    if "\x00" in words or any("\ud800" <= letter <= "\udfff" for letter in words):
        raise ValueError("a text with a NUL or half a letter is nobody's")
    return words


Words = Annotated[str, Field(max_length=MOST_CHARACTERS), AfterValidator(_plain)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain)]
Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]


class Part(BaseModel):
    """What all conditions are: values, which never change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DaysAgo(Part):
    """A day that moves: so many days before the day (UTC) on which people are looked up."""

    days_ago: Days


Value = bool | int | float | date | DaysAgo | Words


class _Comparison(Part):
    op: Op
    values: tuple[Value, ...] = Field(default=(), max_length=MOST_VALUES)

    @property
    def value_type(self) -> ValueType:
        """As what the values are compared."""
        raise NotImplementedError

    @model_validator(mode="before")
    @classmethod
    def _typed(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        if given.get("op") in ("known", "unknown"):
            return {**given, "type": "text"} if "type" in cls.model_fields else given
        name: Any = given.get("name")
        is_word = isinstance(name, str)  # what comes from elsewhere may be anything
        kind = given.get("type") or (COLUMN_TYPES.get(name) if is_word else None)
        values = given.get("values", ())
        if kind is None or not isinstance(values, (list, tuple)):
            return given
        return {**given, "values": tuple(_value(value, kind) for value in values)}

    @model_validator(mode="after")
    def _fits(self) -> "_Comparison":
        kind = self.value_type
        if self.op not in OPS[kind]:
            raise ValueError(f"{self.op} is no comparison for a {kind}")
        several = self.op == "in" or kind == "list"
        wanted = {"known": 0, "unknown": 0, "between": 2}.get(self.op, 1)
        if len(self.values) < wanted or (len(self.values) > wanted and not several):
            raise ValueError(f"{self.op} takes {wanted} value(s), not {len(self.values)}")
        return self


def _value(value: Any, kind: str) -> Any:
    if isinstance(value, dict):
        value = DaysAgo.model_validate(value)
    if kind == "number":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{value!r} is not a number")
        if not -1e30 < value < 1e30:
            raise ValueError(f"{value!r} is too large a number")
        return int(value) if float(value).is_integer() and abs(value) < 2**53 else float(value)
    if kind == "boolean":
        if not isinstance(value, bool):
            raise ValueError(f"{value!r} is neither true nor false")
        return value
    if kind == "date":
        if isinstance(value, str):
            return date.fromisoformat(value)
        if type(value) is not date and not isinstance(value, DaysAgo):
            raise ValueError(f"{value!r} is not a date")
        return value
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")
    return value


class Attribute(_Comparison):
    """A person's attribute compared as `type`; a value that is no such thing is like none.

    number: digits with sign, point and exponent. date: begins with a date such as 2026-11-24,
    compared by the day. boolean: true, t, yes, y, 1 against false, f, no, n, 0. text: exactly, in
    the order of code points; `contains` knows no case. list: a JSON list; `contains`: one of the
    values stands in it, exactly.
    """

    kind: Literal["attribute"] = "attribute"
    name: Name
    type: ValueType = "text"

    @property
    def value_type(self) -> ValueType:
        """As what the values are compared."""
        return self.type


class Person(_Comparison):
    """A column that every person has: a name, the language, or the day (UTC) of a time."""

    kind: Literal["person"] = "person"
    name: ColumnName

    @property
    def value_type(self) -> ValueType:
        """As what the values are compared."""
        return COLUMN_TYPES[self.name]
