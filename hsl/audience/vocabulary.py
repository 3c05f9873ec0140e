"""The words of the WHERE language: its columns and functions, and the conditions they make."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, get_args

from hsl.audience import conditions as c
from hsl.words import N_, _

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
            raise MisfitError(
                _("Compare {name} with something, such as {name} IS NOT NULL.", name=name)
            )
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
            raise MisfitError(_("{name} is a yes or no: write {name}, or NOT {name}.", name=name))
        name = self._attribute(name)
        if not values:
            return c.Attribute(name=name, op=op)
        kind, values = self._typed(name, op, values)
        if op not in c.OPS[kind]:
            raise MisfitError(
                _(
                    "A {kind} is only compared by =: write {name} = TRUE, or {name}.",
                    kind=kind,
                    name=name,
                )
            )
        return c.Attribute(name=name, type=kind, op=op, values=values)

    def contains(self, name: str, kind: c.ValueType, values: tuple[c.Value, ...]) -> c.Condition:
        """contains(column, 'text') or has(column, 'item', …)."""
        if not values or not all(isinstance(value, str) for value in values):
            raise MisfitError(
                _("Write contains(city, 'mos') for a text, has(tags, 'vip') for a list.")
            )
        if kind == "text" and len(values) > 1:
            raise MisfitError(_("contains() takes one text; join several by OR."))
        if kind == "text" and c.COLUMN_TYPES.get(name) == "text":  # type: ignore[call-overload]
            return c.Person.model_validate({"name": name, "op": "contains", "values": values})
        if name in COLUMNS or name in FLAGS:
            raise MisfitError(_("{name} is no {kind}.", name=name, kind=kind))
        return c.Attribute(name=self._attribute(name), type=kind, op="contains", values=values)

    def counted(self, name: str, words: Words, op: c.CountOp, value: c.Value) -> c.Condition:
        """How many messages, compared with a number."""
        name = name.lower()
        if name not in COUNTED:
            known = name in FUNCTIONS or name in ON_A_COLUMN
            raise MisfitError(
                _("{name}() is a yes or no: write it alone.", name=name)
                if known
                else _no_function(name)
            )
        if type(value) is not int:
            raise MisfitError(
                _("{name}() is a number of messages: compare it with a whole number.", name=name)
            )
        what, _bar, window = name.partition("_")
        numbers = [] if window == "ever" else _whole(name, words, 1)
        if window == "ever" and words:
            raise MisfitError(_("{name}() takes nothing: it counts all messages.", name=name))
        key = {"within": "days", "of_last": "last"}.get(window)
        given: dict[str, Any] = {} if key is None else {key: numbers[0]}
        return c.MessageCount.model_validate({"what": what, "op": op, "count": value, **given})

    def function(self, name: str, words: Words, named: Named) -> c.Condition:
        """A function that is true or false."""
        if name in COUNTED:
            raise MisfitError(
                _("Compare {name}() with a number of messages: {name}(…) < 2.", name=name)
            )
        if name not in FUNCTIONS:
            raise MisfitError(_no_function(name))
        if named and name not in ("in_stream", "in_all_streams"):
            raise MisfitError(_("{name}() takes nothing by name.", name=name))
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
            _unknown(N_("There is no column {name}."), name, [*known, *COLUMNS, *FLAGS])
        )

    def _typed(
        self, name: str, op: c.Op, values: tuple[c.Value, ...]
    ) -> tuple[c.ValueType, tuple[c.Value, ...]]:
        kinds = {_kind(value) for value in values}
        if len(kinds) != 1:
            raise MisfitError(
                _("The values of {name} are of several types; compare it with one.", name=name)
            )
        kind = kinds.pop()
        detected = (self._attributes or {}).get(name)
        if kind != "text" or op in ("eq", "ne", "in"):
            return kind, values
        if detected == "date":
            return "date", tuple(_as_day(name, value) for value in values)
        if detected == "number":
            raise MisfitError(_("{name} is a number: write its value without quotes.", name=name))
        return kind, values


def number(words: str) -> int | float:
    """The number that a literal says."""
    try:
        return int(words) if words.lstrip("-").isdigit() and len(words) < 40 else float(words)
    except ValueError:
        raise MisfitError(
            _("{short} is no number that is read here.", short=_short(words))
        ) from None


def day(words: str) -> date:
    """The day that DATE '…' says."""
    try:
        return date.fromisoformat(words)
    except ValueError:
        raise MisfitError(
            _("“{short}” is no date; write it as 2026-11-24.", short=_short(words))
        ) from None


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
        raise MisfitError(_("{name} is a date: write DATE '2026-11-24' or days_ago(7).", name=name))
    return day(value) if isinstance(value, str) else value


def _all_texts_or(kind: str, name: str, values: tuple[c.Value, ...]) -> None:
    if kind == "text" and not all(isinstance(value, str) for value in values):
        raise MisfitError(_("{name} is a text: put its value in quotes.", name=name))


def _ids(op: c.Op, values: tuple[c.Value, ...]) -> c.Condition:
    ids = tuple(value for value in values if type(value) is int)
    if op not in ("eq", "in") or len(ids) != len(values):
        raise MisfitError(_("Write user_id = 5 or user_id IN (5, 6)."))
    return c.Ids(ids=ids)


def _reason(op: c.Op, values: tuple[c.Value, ...]) -> c.Condition:
    if op in ("known", "unknown"):
        return c.Reachable(reachable=op == "unknown")
    if op not in ("eq", "in"):
        raise MisfitError(_("Write unreachable_reason = 'blocked', or unreachable('blocked')."))
    return _unreachable(values, {})


def _texts(name: str, words: Words) -> tuple[str, ...]:
    found = tuple(word for word in words if isinstance(word, str))
    if len(found) != len(words):
        raise MisfitError(_("{name}() takes texts in quotes.", name=name))
    return found


def _whole(name: str, words: Words, wanted: int) -> list[int]:
    found = [word for word in words if type(word) is int]
    if len(found) != wanted or len(words) != wanted:
        raise MisfitError(
            _("{name}() takes a whole number, such as {name}(12).", name=name)
            if wanted == 1
            else _("{name}() takes {wanted} whole numbers.", name=name, wanted=wanted)
        )
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
                raise MisfitError(
                    _(
                        "{name}() knows status =>, since => and until =>, not {key}.",
                        name=name,
                        key=key,
                    )
                )
        return c.InStream.model_validate(given)

    return make


def _unreachable(words: Words, _named: Named) -> c.Condition:
    return c.Reachable(reachable=False, reasons=_texts("unreachable", words))


def _outcome(name: str) -> Callable[[Words, Named], c.Condition]:
    def make(words: Words, _named: Named) -> c.Condition:
        (message_id,) = _whole(name, words[:1], 1)
        reasons = _texts(name, words[1:])
        if reasons and name != "failed":
            raise MisfitError(_("{name}() takes a message's number alone.", name=name))
        return c.MessageOutcome(message_id=message_id, outcome=OUTCOMES[name], reasons=reasons)

    return make


def _pressed(words: Words, _named: Named) -> c.Condition:
    message_id = words[0] if words and type(words[0]) is int else None
    button = _texts("pressed", words[0 if message_id is None else 1 :])
    if len(button) > 1:
        raise MisfitError(_("Write pressed(12), pressed(12, 'yes') or pressed('yes')."))
    return c.Pressed(message_id=message_id, button=button[0] if button else None)


def _one_text(name: str, words: Words) -> str:
    found = _texts(name, words)
    if len(found) != 1:
        raise MisfitError(_("{name}() takes one text in quotes.", name=name))
    return found[0]


def _arm(words: Words, _named: Named) -> c.Condition:
    if len(words) != 3 or not isinstance(words[0], str):
        raise MisfitError(_("Write arm('salt', 0, 5000): a text, and buckets from 0 to 10000."))
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
    return _unknown(
        N_("There is no function {name}()."), name, [*FUNCTIONS, *COUNTED, *ON_A_COLUMN]
    )


def _unknown(sentence: str, name: str, known: Sequence[str]) -> str:
    """The sentence about a name that is not known, and the one that may have been meant."""
    said = _(sentence, name=_short(name))
    close = difflib.get_close_matches(name[:60].lower(), known, n=1, cutoff=0.6)
    return _("{sentence} Did you mean {close}?", sentence=said, close=close[0]) if close else said


def _short(words: str) -> str:
    return words if len(words) <= 40 else f"{words[:40]}…"
