"""A condition in words, such as "in 4th_stream and not in 5th_stream, reachable"."""

from datetime import date

from hsl.audience import conditions as c

COMPARED: dict[c.Op, str] = {
    "eq": "is",
    "ne": "is known and not",
    "lt": "is under",
    "le": "is at most",
    "gt": "is over",
    "ge": "is at least",
}
ON_DAYS: dict[c.Op, str] = {
    "eq": "on",
    "ne": "known and not on",
    "lt": "before",
    "le": "until",
    "gt": "after",
    "ge": "from",
}
_DATED = {"registered_at": "registered", "unreachable_since": "became unreachable"}
_NAMED = {"first_name": "first name", "last_name": "last name", "username": "username"}
_REASONS = {"not_found": "not found", "never_started": "never started the bot"}
_OUTCOMES = {
    "sent": ("were sent message {0}", "were not sent message {0}"),
    "got": ("got message {0}", "never got message {0}"),
    "failed": ("could not get message {0}", "had no failure in message {0}"),
    "missed": ("did not get message {0}", "are not among those who did not get message {0}"),
    "uncertain": (
        "may or may not have got message {0}",
        "are not uncertain in message {0}",
    ),
}
_WHAT = {"got": "got", "sent": "were sent", "failed": "failed to get"}


def sentence(condition: c.Condition) -> str:
    """The condition in words; joined ones in the order in which they stand."""
    if not isinstance(condition, c.All):
        return phrase(condition)
    said = phrase(condition.of[0])
    for before, part in zip(condition.of, condition.of[1:], strict=False):
        places = _is_one_place(before) and _is_one_place(part)
        said += (" and " if places else ", ") + _within_all(part)
    return said


def phrase(condition: c.Condition) -> str:
    """One condition in words, as a part of a sentence."""
    if isinstance(condition, c.Not):
        return _negative(condition.of)
    if isinstance(condition, c.AnyOf):
        return " or ".join(
            f"({phrase(part)})" if isinstance(part, c.All) else phrase(part)
            for part in condition.of
        )
    if isinstance(condition, c.All):
        return " and ".join(_within_all(part) for part in condition.of)
    return _leaf(condition, positive=True)


def _within_all(part: c.Condition) -> str:
    return f"({phrase(part)})" if isinstance(part, c.AnyOf) else phrase(part)


def _negative(condition: c.Condition) -> str:
    if isinstance(condition, c.Not | c.All | c.AnyOf):
        return f"not ({phrase(condition)})"
    return _leaf(condition, positive=False)


def _is_one_place(condition: c.Condition) -> bool:
    place = condition.of if isinstance(condition, c.Not) else condition
    return isinstance(place, c.InStream) and len(place.streams) < 2


def _leaf(condition: c.Leaf, *, positive: bool) -> str:
    sign = "" if positive else "not "
    if isinstance(condition, c.Everyone):
        return "everybody" if positive else "nobody"
    if isinstance(condition, c.InStream):
        return _place(condition, sign)
    if isinstance(condition, c.Attribute):
        return _attribute(condition, sign)
    if isinstance(condition, c.Person):
        return _person(condition, sign)
    if isinstance(condition, c.Reachable):
        return _reachable(condition, sign)
    if isinstance(condition, c.Search):
        return f"{sign}found by “{condition.words}”"
    if isinstance(condition, c.Ids):
        return (
            f"{sign}{len(condition.ids):,} chosen by name"
            if positive
            else (f"without {len(condition.ids):,} chosen by name")
        )
    if isinstance(condition, c.MessageOutcome):
        words = _OUTCOMES[condition.outcome][0 if positive else 1]
        because = f" ({_either(condition.reasons)})" if condition.reasons else ""
        return f"who {words.format(condition.message_id)}{because}"
    if isinstance(condition, c.MessageCount):
        return _count(condition) if positive else f"not those {_count(condition)}"
    if isinstance(condition, c.Pressed):
        return _pressed(condition, positive)
    if isinstance(condition, c.Segment):
        return f"{sign}in the segment {condition.name}"
    if isinstance(condition, c.Members):
        return f"{sign}among the members of frozen segment {condition.segment_id}"
    low, high = condition.low / 100, condition.high / 100
    return f"{sign}in the random group {low:g}–{high:g} % of {condition.salt}"


def _place(place: c.InStream, sign: str) -> str:
    joiner = " or " if place.match == "any" else " and "
    if not place.streams:
        said = (
            "enrolled" if not (place.statuses or place.since or place.until) else ("in any stream")
        )
    else:
        said = joiner.join(f"in {stream}" for stream in place.streams)
    named = tuple(status for status in place.statuses if status is not None)
    held = [f"as {_either(named)}"] if named else []
    held += ["without a status"] if None in place.statuses else []
    details = [" or ".join(held)] if held else []
    details += [f"from {_day(place.since)}"] if place.since else []
    details += [f"until {_day(place.until)}"] if place.until else []
    if details:
        said += f" ({', '.join(details)})"
    return f"not ({said})" if sign and len(place.streams) > 1 else sign + said


def _attribute(attribute: c.Attribute, sign: str) -> str:
    name, op, values = attribute.name, attribute.op, attribute.values
    if op in ("known", "unknown"):
        return f"{name} is {'known' if (op == 'known') is not bool(sign) else 'unknown'}"
    if op == "contains":
        has = "has" if attribute.type == "list" else "contains"
        has = f"not ({name} {has}" if sign else f"{name} {has}"
        return f"{has} {_either(values)}" + (")" if sign else "")
    if op in ("eq", "in"):
        verb = "is" if attribute.type != "date" else "is on"
        return f"{name} {verb} {sign}{_either(values)}"
    if op == "between":
        return f"{name} is {sign}from {_said(values[0])} to {_said(values[1])}"
    words = f"{COMPARED[op]} {_said(values[0])}"
    said = f"{name} {words if attribute.type != 'date' else f'is {_when(op, values)}'}"
    return f"not ({said})" if sign else said


def _person(person: c.Person, sign: str) -> str:
    op, values = person.op, person.values
    if person.name in _DATED:
        word = _DATED[person.name]
        if op in ("known", "unknown"):
            known = (op == "known") is not bool(sign)
            return f"{word} on a known day" if known else f"{word} on an unknown day"
        if op == "between":
            return f"{sign}{word} from {_said(values[0])} to {_said(values[1])}"
        return f"{sign}{word} {_when(op, values)}"
    if person.name == "language_code":
        if op in ("eq", "in"):
            return f"{sign}speaking {_either(values)}"
        name = "language"
    else:
        name = _NAMED[person.name]
    return _attribute(c.Attribute(name=name, op=op, values=values), sign)


def _when(op: c.Op, values: tuple[c.Value, ...]) -> str:
    """A day or days, such as "in the last 7 days" or "before 2026-01-01"."""
    day = values[0]
    if isinstance(day, c.DaysAgo) and day.days_ago > 1 and op in ("ge", "lt"):
        if op == "ge":
            return f"in the last {day.days_ago} days"
        return f"more than {day.days_ago} days ago"
    return f"{ON_DAYS.get(op, 'on')} {_either(values)}"


def _reachable(condition: c.Reachable, sign: str) -> str:
    if not condition.reasons:
        return "reachable" if condition.reachable is not bool(sign) else "unreachable"
    words = _either(tuple(_REASONS.get(why, why) for why in condition.reasons))
    return f"{sign}unreachable ({words})"


def _count(count: c.MessageCount) -> str:
    verb, number = _WHAT[count.what], count.count
    where = ""
    if count.last is not None:
        of = "message" if count.last == 1 else f"{count.last} messages"
        if count.what != "failed" and count.op == "eq" and number in (0, count.last):
            return f"who {verb} {'none' if number == 0 else 'all'} of the last {of}"
        return f"who {verb} {_many(count.op, number)} of the last {of}"
    if count.days is not None:
        where = " in the last day" if count.days == 1 else f" in the last {count.days} days"
    else:
        where = " ever" if number == 0 and count.op == "eq" else ""
    if count.op == "eq" and number == 0:
        return f"who {verb} nothing{where}"
    return f"who {verb} {_many(count.op, number)} message{'' if number == 1 else 's'}{where}"


def _many(op: c.CountOp, number: int) -> str:
    words = {
        "eq": "exactly", "ne": "not exactly", "lt": "fewer than",
        "le": "at most", "gt": "more than", "ge": "at least",
    }  # fmt: skip
    return f"{words[op]} {number:,}"


def _pressed(pressed: c.Pressed, positive: bool) -> str:
    button = "a button" if pressed.button is None else f"the button “{pressed.button}”"
    of = "" if pressed.message_id is None else f" of message {pressed.message_id}"
    if positive:
        return f"who pressed {button}{of}"
    return f"who did not press {button.replace('a button', 'any button')}{of}"


def _either(values: tuple[c.Value, ...]) -> str:
    shown = [_said(value) for value in values[:5]]
    if len(values) > len(shown):
        shown.append(f"{len(values) - len(shown):,} more")
    return " or ".join(shown)


def _said(value: c.Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | c.DaysAgo):
        return _day(value)
    if isinstance(value, int | float):
        return f"{value:,}"
    return str(value) or "“”"


def _day(day: date | c.DaysAgo) -> str:
    if isinstance(day, c.DaysAgo):
        return {0: "today", 1: "yesterday"}.get(day.days_ago, f"{day.days_ago} days ago")
    return day.isoformat()
