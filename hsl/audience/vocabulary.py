"""The words of the WHERE language: its columns and functions, and the conditions they make."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, get_args

from hsl.audience import conditions as c

ATTRIBUTE = "a:"  # before an attribute's name, where a column has the same
REASON_COLUMN = "unreachable_reason"
COLUMNS = (*get_args(c.ColumnName), "user_id", REASON_COLUMN)
FLAGS: dict[str, c.Condition] = {
    "reachable": c.Reachable(),
    "unreachable": c.Reachable(reachable=False),
    "enrolled": c.InStream(),
}
OUTCOMES: dict[str, c.Outcome] = {
    "was_sent": "sent", "got": "got", "failed": "failed", "missed": "missed",
    "uncertain": "uncertain",
}  # fmt: skip
COUNTED = tuple(
    f"{w}_{o}" for w in ("got", "sent", "failed") for o in ("within", "of_last", "ever")
)
ON_A_COLUMN: dict[str, c.ValueType] = {"contains": "text", "has": "list"}
Words = Sequence[c.Value]
Named = Mapping[str, Sequence[c.Value | None]]  # NULL is taken for a status alone


class MisfitError(ValueError):
    """A word of the language does not fit where it stands; the message says what would."""


class Vocabulary:
    """The language over some people: `attributes` are theirs, with types; None: any name is one."""

    def __init__(self, attributes: Mapping[str, str] | None) -> None:
        self._attributes = attributes

    def alone(self, name: str) -> c.Condition:
        """A column that stands alone is a yes or no."""
        if name in FLAGS:
            return FLAGS[name]
        if name in COLUMNS:
            raise MisfitError(f"Compare {name} with something, such as {name} IS NOT NULL.")
        return self.compared(name, "eq", (True,))

    def compared(self, name: str, op: c.Op, values: tuple[c.Value, ...]) -> c.Condition:
        """A column compared with values."""
        if name == "user_id":
            return _ids(op, values)
        if name == REASON_COLUMN:
            return _reason(op, values)
        if name in c.COLUMN_TYPES:
            kind = c.COLUMN_TYPES[name]
            if kind == "date":
                values = tuple(_as_day(name, value) for value in values)
            _all_texts_or(kind, name, values)
            return c.Person.model_validate({"name": name, "op": op, "values": values})
        if name in FLAGS:
            if op == "eq" and values in ((True,), (False,)):
                return FLAGS[name] if values[0] else c.Not(of=FLAGS[name])
            raise MisfitError(f"{name} is a yes or no: write {name}, or NOT {name}.")
        name = self._attribute(name)
        if not values:
            return c.Attribute(name=name, op=op)
        kind, values = self._typed(name, op, values)
        if op not in c.OPS[kind]:
            raise MisfitError(f"A {kind} is only compared by =: write {name} = TRUE, or {name}.")
        return c.Attribute(name=name, type=kind, op=op, values=values)

    def contains(self, name: str, kind: c.ValueType, values: tuple[c.Value, ...]) -> c.Condition:
        """contains(column, 'text') or has(column, 'item', …)."""
        if not values or not all(isinstance(value, str) for value in values):
            raise MisfitError(
                "Write contains(city, 'mos') for a text, has(tags, 'vip') for a list."
            )
        if kind == "text" and len(values) > 1:
            raise MisfitError("contains() takes one text; join several by OR.")
        if kind == "text" and c.COLUMN_TYPES.get(name) == "text":  # type: ignore[call-overload]
            return c.Person.model_validate({"name": name, "op": "contains", "values": values})
        if name in COLUMNS or name in FLAGS:
            raise MisfitError(f"{name} is no {kind}.")
        return c.Attribute(name=self._attribute(name), type=kind, op="contains", values=values)

    def counted(self, name: str, words: Words, op: c.CountOp, value: c.Value) -> c.Condition:
        """How many messages, compared with a number."""
        name = name.lower()
        if name not in COUNTED:
            known = name in FUNCTIONS or name in ON_A_COLUMN
            raise MisfitError(
                f"{name}() is a yes or no: write it alone." if known else _no_function(name)
            )
        if type(value) is not int:
            raise MisfitError(f"{name}() is a number of messages: compare it with a whole number.")
        what, _, window = name.partition("_")
        numbers = [] if window == "ever" else _whole(name, words, 1)
        if window == "ever" and words:
            raise MisfitError(f"{name}() takes nothing: it counts all messages.")
        key = {"within": "days", "of_last": "last"}.get(window)
        given: dict[str, Any] = {} if key is None else {key: numbers[0]}
        return c.MessageCount.model_validate({"what": what, "op": op, "count": value, **given})

    def function(self, name: str, words: Words, named: Named) -> c.Condition:
        """A function that is true or false."""
        if name in COUNTED:
            raise MisfitError(f"Compare {name}() with a number of messages: {name}(…) < 2.")
        if name not in FUNCTIONS:
            raise MisfitError(_no_function(name))
        if named and name not in ("in_stream", "in_all_streams"):
            raise MisfitError(f"{name}() takes nothing by name.")
        return FUNCTIONS[name](words, named)

    def _attribute(self, name: str) -> str:
        if name.startswith(ATTRIBUTE):
            name = name.removeprefix(ATTRIBUTE)
        known = self._attributes
        if known is None or name in known:
            return name
        alike = [other for other in known if other.casefold() == name.casefold()]
        if len(alike) == 1:
            return alike[0]
        raise MisfitError(
            f"There is no column {_short(name)}{_meant(name, [*known, *COLUMNS, *FLAGS])}"
        )

    def _typed(
        self, name: str, op: c.Op, values: tuple[c.Value, ...]
    ) -> tuple[c.ValueType, tuple[c.Value, ...]]:
        kinds = {_kind(value) for value in values}
        if len(kinds) != 1:
            raise MisfitError(f"The values of {name} are of several types; compare it with one.")
        kind = kinds.pop()
        detected = (self._attributes or {}).get(name)
        if kind != "text" or op in ("eq", "ne", "in"):
            return kind, values
        if detected == "date":
            return "date", tuple(_as_day(name, value) for value in values)
        if detected == "number":
            raise MisfitError(f"{name} is a number: write its value without quotes.")
        return kind, values


def number(words: str) -> int | float:
    """The number that a literal says."""
    try:
        return int(words) if words.lstrip("-").isdigit() and len(words) < 40 else float(words)
    except ValueError:
        raise MisfitError(f"{_short(words)} is no number that is read here.") from None


def day(words: str) -> date:
    """The day that DATE '…' says."""
    try:
        return date.fromisoformat(words)
    except ValueError:
        raise MisfitError(f"“{_short(words)}” is no date; write it as 2026-11-24.") from None


def days_ago(words: Words) -> c.DaysAgo:
    """The moving day that days_ago(7) says."""
    (number_of_days,) = _whole("days_ago", words, 1)
    return c.DaysAgo(days_ago=number_of_days)


def _kind(value: c.Value) -> c.ValueType:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else "date"


def _as_day(name: str, value: c.Value) -> c.Value:
    if isinstance(value, bool | int | float):
        raise MisfitError(f"{name} is a date: write DATE '2026-11-24' or days_ago(7).")
    return day(value) if isinstance(value, str) else value


def _all_texts_or(kind: str, name: str, values: tuple[c.Value, ...]) -> None:
    if kind == "text" and not all(isinstance(value, str) for value in values):
        raise MisfitError(f"{name} is a text: put its value in quotes.")


def _ids(op: c.Op, values: tuple[c.Value, ...]) -> c.Condition:
    ids = tuple(value for value in values if type(value) is int)
    if op not in ("eq", "in") or len(ids) != len(values):
        raise MisfitError("Write user_id = 5 or user_id IN (5, 6).")
    return c.Ids(ids=ids)


def _reason(op: c.Op, values: tuple[c.Value, ...]) -> c.Condition:
    if op in ("known", "unknown"):
        return c.Reachable(reachable=op == "unknown")
    if op not in ("eq", "in"):
        raise MisfitError("Write unreachable_reason = 'blocked', or unreachable('blocked').")
    return _unreachable(values, {})


def _texts(name: str, words: Words) -> tuple[str, ...]:
    found = tuple(word for word in words if isinstance(word, str))
    if len(found) != len(words):
        raise MisfitError(f"{name}() takes texts in quotes.")
    return found


def _whole(name: str, words: Words, wanted: int) -> list[int]:
    found = [word for word in words if type(word) is int]
    if len(found) != wanted or len(words) != wanted:
        plural = "a whole number" if wanted == 1 else f"{wanted} whole numbers"
        raise MisfitError(f"{name}() takes {plural}, such as {name}(12).")
    return found


def _in_stream(match: str) -> Callable[[Words, Named], c.Condition]:
    name = "in_stream" if match == "any" else "in_all_streams"

    def make(words: Words, named: Named) -> c.Condition:
        given: dict[str, Any] = {"streams": _texts(name, words), "match": match}
        for key, values in named.items():
            if key == "status":
                _texts(name, [value for value in values if value is not None])
                given["statuses"] = tuple(values)
            elif key in ("since", "until") and len(values) == 1 and values[0] is not None:
                given[key] = _as_day(key, values[0])
            else:
                raise MisfitError(f"{name}() knows status =>, since => and until =>, not {key}.")
        return c.InStream.model_validate(given)

    return make


def _unreachable(words: Words, _named: Named) -> c.Condition:
    return c.Reachable(reachable=False, reasons=_texts("unreachable", words))


def _outcome(name: str) -> Callable[[Words, Named], c.Condition]:
    def make(words: Words, _named: Named) -> c.Condition:
        (message_id,) = _whole(name, words[:1], 1)
        reasons = _texts(name, words[1:])
        if reasons and name != "failed":
            raise MisfitError(f"{name}() takes a message's number alone.")
        return c.MessageOutcome(message_id=message_id, outcome=OUTCOMES[name], reasons=reasons)

    return make


def _pressed(words: Words, _named: Named) -> c.Condition:
    message_id = words[0] if words and type(words[0]) is int else None
    button = _texts("pressed", words[0 if message_id is None else 1 :])
    if len(button) > 1:
        raise MisfitError("Write pressed(12), pressed(12, 'yes') or pressed('yes').")
    return c.Pressed(message_id=message_id, button=button[0] if button else None)


def _one_text(name: str, words: Words) -> str:
    found = _texts(name, words)
    if len(found) != 1:
        raise MisfitError(f"{name}() takes one text in quotes.")
    return found[0]


def _arm(words: Words, _named: Named) -> c.Condition:
    if len(words) != 3 or not isinstance(words[0], str):
        raise MisfitError("Write arm('salt', 0, 5000): a text, and buckets from 0 to 10000.")
    low, high = _whole("arm", words[1:], 2)
    return c.Arm(salt=words[0], low=low, high=high)


def _frozen_segment(words: Words, _named: Named) -> c.Condition:
    return c.Members(segment_id=_whole("frozen_segment", words, 1)[0])


FUNCTIONS: dict[str, Callable[[Words, Named], c.Condition]] = {
    "in_stream": _in_stream("any"),
    "in_all_streams": _in_stream("all"),
    "unreachable": _unreachable,
    "search": lambda words, _: c.Search(words=_one_text("search", words)),
    **{name: _outcome(name) for name in OUTCOMES},
    "pressed": _pressed,
    "segment": lambda words, _: c.Segment(name=_one_text("segment", words)),
    "frozen_segment": _frozen_segment,
    "arm": _arm,
}


def _no_function(name: str) -> str:
    return (
        f"There is no function {_short(name)}(){_meant(name, [*FUNCTIONS, *COUNTED, *ON_A_COLUMN])}"
    )


def _meant(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name[:60].lower(), known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else "."


def _short(words: str) -> str:
    return words if len(words) <= 40 else f"{words[:40]}…"
