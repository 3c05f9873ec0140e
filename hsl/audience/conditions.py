"""Conditions on people, one class each, and how they are joined: all, any, not.

Every condition is true or false of a person, never unknown: a comparison with a value that nobody
wrote down is false, and its `Not` is true. (SQL's third truth value would lose such people.)
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from hsl import texts
from hsl.audience.comparisons import COLUMN_TYPES as COLUMN_TYPES
from hsl.audience.comparisons import MOST_CHARACTERS as MOST_CHARACTERS
from hsl.audience.comparisons import MOST_DAYS as MOST_DAYS
from hsl.audience.comparisons import MOST_VALUES as MOST_VALUES
from hsl.audience.comparisons import OPS as OPS
from hsl.audience.comparisons import Attribute as Attribute
from hsl.audience.comparisons import ColumnName as ColumnName
from hsl.audience.comparisons import Days as Days
from hsl.audience.comparisons import DaysAgo as DaysAgo
from hsl.audience.comparisons import Name as Name
from hsl.audience.comparisons import Op as Op
from hsl.audience.comparisons import Part as Part
from hsl.audience.comparisons import Person as Person
from hsl.audience.comparisons import Value as Value
from hsl.audience.comparisons import ValueType as ValueType
from hsl.audience.comparisons import Words as Words

BUCKETS = texts.BUCKETS  # into which `Arm` parts people
LARGEST_ID = 2**63 - 1

Counted = Literal["got", "sent", "failed"]
CountOp = Literal["eq", "ne", "lt", "le", "gt", "ge"]
MessageId = Annotated[int, Field(ge=1, le=LARGEST_ID)]
UserId = Annotated[int, Field(ge=-LARGEST_ID, le=LARGEST_ID)]


class Everyone(Part):
    """Everybody."""

    kind: Literal["everyone"] = "everyone"


class InStream(Part):
    """Enrolled in any (or all) of `streams`; without streams, in any stream that there is.

    The enrolment has one of `statuses` where there are some, of which None is that it has none;
    without them, who has left (`models.LEFT`) is not in the stream. It began on a day from `since`
    to `until` (UTC, both included) where they are given.
    """

    kind: Literal["stream"] = "stream"
    streams: tuple[Words, ...] = Field(default=(), max_length=MOST_VALUES)
    match: Literal["any", "all"] = "any"
    statuses: tuple[Words | None, ...] = Field(default=(), max_length=MOST_VALUES)
    since: date | DaysAgo | None = None
    until: date | DaysAgo | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_is_any(cls, given: Any) -> Any:
        if isinstance(given, dict) and len(given.get("streams") or ()) < 2:
            return {**given, "match": "any"}
        return given


class Reachable(Part):
    """Can be written to, as far as earlier messages told; or cannot, for one of `reasons`."""

    kind: Literal["reachable"] = "reachable"
    reachable: bool = True
    reasons: tuple[Words, ...] = Field(default=(), max_length=MOST_VALUES)

    @model_validator(mode="after")
    def _fits(self) -> "Reachable":
        if self.reachable and self.reasons:
            raise ValueError("only who is unreachable has reasons")
        return self


class Search(Part):
    """First name, last name or username begins with `words` (in any case), or it is the id.

    Of several words, each may begin one of the three instead.
    """

    kind: Literal["search"] = "search"
    words: Words


class Ids(Part):
    """Chosen one by one."""

    kind: Literal["ids"] = "ids"
    ids: tuple[UserId, ...] = Field(min_length=1)


Outcome = Literal["sent", "got", "failed", "missed", "uncertain"]


class MessageOutcome(Part):
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


class MessageCount(Part):
    """How many messages the person got, was sent, or did not get for a failure.

    In the last `days`, or of the `last` so many messages to a group (the texts of one test count as
    one), or ever. Edits and deletions of a message are not counted.
    """

    kind: Literal["messages"] = "messages"
    what: Counted
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] | None = None
    last: Annotated[int, Field(ge=1, le=1_000)] | None = None
    op: CountOp
    count: Annotated[int, Field(ge=0, le=1_000_000)]

    @model_validator(mode="after")
    def _fits(self) -> "MessageCount":
        if self.days is not None and self.last is not None:
            raise ValueError("either days or last, not both")
        return self


class Pressed(Part):
    """Pressed a button that sends data, where the bot recorded it.

    Of message `message_id` where given, with the data `button` where given.
    """

    kind: Literal["pressed"] = "pressed"
    message_id: MessageId | None = None
    button: Words | None = None


class Segment(Part):
    """In the saved segment of this name; `segments.expand` puts its condition in its place."""

    kind: Literal["segment"] = "segment"
    name: Name


class Members(Part):
    """Among the stored members of the frozen segment of this id."""

    kind: Literal["members"] = "members"
    segment_id: MessageId


class Arm(Part):
    """In the random group whose buckets, of 10,000 by a hash of `salt` and id, are low to high-1.

    A bucket is one of 10,000 equal stretches of what the first 8 hex digits of md5("user_id:salt")
    can be, the lowest first, on every engine.
    """

    kind: Literal["arm"] = "arm"
    salt: Words
    low: Annotated[int, Field(ge=0, le=BUCKETS)]
    high: Annotated[int, Field(ge=0, le=BUCKETS)]


class All(Part):
    """Every one of `of` holds. One inside another is the same as one."""

    kind: Literal["all"] = "all"
    of: "tuple[Condition, ...]" = Field(min_length=2)

    @field_validator("of")
    @classmethod
    def _flat(cls, of: "tuple[Condition, ...]") -> "tuple[Condition, ...]":
        return tuple(c for part in of for c in (part.of if isinstance(part, All) else (part,)))


class AnyOf(Part):
    """At least one of `of` holds. One inside another is the same as one."""

    kind: Literal["any"] = "any"
    of: "tuple[Condition, ...]" = Field(min_length=2)

    @field_validator("of")
    @classmethod
    def _flat(cls, of: "tuple[Condition, ...]") -> "tuple[Condition, ...]":
        return tuple(c for part in of for c in (part.of if isinstance(part, AnyOf) else (part,)))


class Not(Part):
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


def leaves(condition: "Condition") -> Iterator[Leaf]:
    """The conditions that join no others, in the order in which they stand."""
    if isinstance(condition, All | AnyOf):
        for part in condition.of:
            yield from leaves(part)
    elif isinstance(condition, Not):
        yield from leaves(condition.of)
    else:
        yield condition


NOT_ENROLLED = Not(of=InStream())
NOBODY = Not(of=Everyone())
