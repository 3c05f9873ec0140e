"""Conditions on people, one class each, and how they are joined: all, any, not.

Every condition is true or false of a person, never unknown: a comparison with a value that nobody
wrote down is false, and its `Not` is true. (SQL's third truth value would lose such people.)
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

BUCKETS = 10_000  # into which `Arm` parts people
MOST_VALUES = 50_000  # of one condition
MOST_CHARACTERS = 1_000  # of one text
MOST_DAYS = 36_500
LARGEST_ID = 2**63 - 1

ValueType = Literal["number", "date", "boolean", "text", "list"]
Op = Literal["eq", "ne", "lt", "le", "gt", "ge", "between", "in", "contains", "known", "unknown"]
CountOp = Literal["eq", "ne", "lt", "le", "gt", "ge"]
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
MessageId = Annotated[int, Field(ge=1, le=LARGEST_ID)]
UserId = Annotated[int, Field(ge=-LARGEST_ID, le=LARGEST_ID)]
Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]


class _Condition(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DaysAgo(_Condition):
    """A day that moves: so many days before the day (UTC) on which people are looked up."""

    days_ago: Days


Value = bool | int | float | date | DaysAgo | Words


class Everyone(_Condition):
    """Everybody."""

    kind: Literal["everyone"] = "everyone"


class InStream(_Condition):
    """Enrolled in any (or all) of `streams`; without streams, in any stream that there is.

    The enrolment has one of `statuses` where there are some, and began on a day from `since` to
    `until` (UTC, both included) where they are given.
    """

    kind: Literal["stream"] = "stream"
    streams: tuple[Words, ...] = Field(default=(), max_length=MOST_VALUES)
    match: Literal["any", "all"] = "any"
    statuses: tuple[Words, ...] = Field(default=(), max_length=MOST_VALUES)
    since: date | DaysAgo | None = None
    until: date | DaysAgo | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_is_any(cls, given: Any) -> Any:
        if isinstance(given, dict) and len(given.get("streams") or ()) < 2:
            return {**given, "match": "any"}
        return given


class _Comparison(_Condition):
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
        kind = given.get("type") or COLUMN_TYPES.get(given.get("name", ""))
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


class Reachable(_Condition):
    """Can be written to, as far as earlier messages told; or cannot, for one of `reasons`."""

    kind: Literal["reachable"] = "reachable"
    reachable: bool = True
    reasons: tuple[Words, ...] = Field(default=(), max_length=MOST_VALUES)

    @model_validator(mode="after")
    def _fits(self) -> "Reachable":
        if self.reachable and self.reasons:
            raise ValueError("only who is unreachable has reasons")
        return self


class Search(_Condition):
    """First name, last name or username begins with `words` (in any case), or it is the id."""

    kind: Literal["search"] = "search"
    words: Words


class Ids(_Condition):
    """Chosen one by one."""

    kind: Literal["ids"] = "ids"
    ids: tuple[UserId, ...] = Field(min_length=1)


Outcome = Literal["sent", "got", "failed", "missed", "uncertain"]


class MessageOutcome(_Condition):
    """What became of message `message_id` for the person.

    sent: it left towards them, whatever came of it. got: delivered (also if deleted later).
    failed: for one of `reasons` where there are some. missed: meant for them, and failed,
    cancelled or not tried. uncertain: it may or may not have arrived.
    """

    kind: Literal["message"] = "message"
    message_id: MessageId
    outcome: Outcome
    reasons: tuple[Words, ...] = Field(default=(), max_length=MOST_VALUES)

    @model_validator(mode="after")
    def _fits(self) -> "MessageOutcome":
        if self.reasons and self.outcome != "failed":
            raise ValueError("only a failure has reasons")
        return self


class MessageCount(_Condition):
    """How many messages the person got, was sent, or did not get for a failure.

    In the last `days`, or of the `last` so many messages to a group, or ever. Edits and deletions
    of a message are not counted.
    """

    kind: Literal["messages"] = "messages"
    what: Literal["got", "sent", "failed"]
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] | None = None
    last: Annotated[int, Field(ge=1, le=1_000)] | None = None
    op: CountOp
    count: Annotated[int, Field(ge=0, le=1_000_000)]

    @model_validator(mode="after")
    def _fits(self) -> "MessageCount":
        if self.days is not None and self.last is not None:
            raise ValueError("either days or last, not both")
        return self


class Pressed(_Condition):
    """Pressed a button that sends data, where the bot recorded it.

    Of message `message_id` where given, with the data `button` where given.
    """

    kind: Literal["pressed"] = "pressed"
    message_id: MessageId | None = None
    button: Words | None = None


class Segment(_Condition):
    """In the saved segment of this name; `segments.expand` puts its condition in its place."""

    kind: Literal["segment"] = "segment"
    name: Name


class Members(_Condition):
    """Among the stored members of the frozen segment of this id."""

    kind: Literal["members"] = "members"
    segment_id: MessageId


class Arm(_Condition):
    """In the random group whose buckets, of 10,000 by a hash of `salt` and id, are low to high-1.

    The bucket is the first 8 hex digits of md5("user_id:salt") modulo 10,000, on every engine.
    """

    kind: Literal["arm"] = "arm"
    salt: Words
    low: Annotated[int, Field(ge=0, le=BUCKETS)]
    high: Annotated[int, Field(ge=0, le=BUCKETS)]


class All(_Condition):
    """Every one of `of` holds. One inside another is the same as one."""

    kind: Literal["all"] = "all"
    of: "tuple[Condition, ...]" = Field(min_length=2)

    @field_validator("of")
    @classmethod
    def _flat(cls, of: "tuple[Condition, ...]") -> "tuple[Condition, ...]":
        return tuple(c for part in of for c in (part.of if isinstance(part, All) else (part,)))


class AnyOf(_Condition):
    """At least one of `of` holds. One inside another is the same as one."""

    kind: Literal["any"] = "any"
    of: "tuple[Condition, ...]" = Field(min_length=2)

    @field_validator("of")
    @classmethod
    def _flat(cls, of: "tuple[Condition, ...]") -> "tuple[Condition, ...]":
        return tuple(c for part in of for c in (part.of if isinstance(part, AnyOf) else (part,)))


class Not(_Condition):
    """`of` does not hold: everybody else, also those of whom nothing is known."""

    kind: Literal["not"] = "not"
    of: "Condition"


Leaf = (
    Everyone | InStream | Attribute | Person | Reachable | Search | Ids | MessageOutcome
    | MessageCount | Pressed | Segment | Members | Arm
)  # fmt: skip
Condition = Annotated[
    Everyone | InStream | Attribute | Person | Reachable | Search | Ids | MessageOutcome
    | MessageCount | Pressed | Segment | Members | Arm | All | AnyOf | Not,
    Field(discriminator="kind"),
]  # fmt: skip
for _joined in (All, AnyOf, Not):
    _joined.model_rebuild()


def all_of(*conditions: "Condition") -> "Condition | None":
    """The conditions joined by and; one alone is itself, none is None."""
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return All(of=conditions)


def any_of(*conditions: "Condition") -> "Condition | None":
    """The conditions joined by or; one alone is itself, none is None."""
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return AnyOf(of=conditions)


NOT_ENROLLED = Not(of=InStream())
NOBODY = Not(of=Everyone())
