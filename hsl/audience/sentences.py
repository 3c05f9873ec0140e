"""A condition in words, such as "in 4th_stream and not in 5th_stream, reachable".

Each clause is one sentence of the catalogue, its negative another: a language turns the whole of
it round, not a word before it.
"""

from collections.abc import Iterable
from datetime import date

from hsl import words
from hsl.audience import conditions as c
from hsl.audience.telling import told
from hsl.words import N_, _, plural

OR, AND, THEN = N_("{one} or {other}"), N_("{one} and {other}"), N_("{one}, {other}")
_NOT = N_("not ({clause})")
_WITHIN = N_("({clause})")
_WITH = N_("{clause} ({details})")
COMPARED: dict[c.Op, str] = {
    "eq": N_("{name} is {value}"),
    "ne": N_("{name} is known and not {value}"),
    "lt": N_("{name} is under {value}"),
    "le": N_("{name} is at most {value}"),
    "gt": N_("{name} is over {value}"),
    "ge": N_("{name} is at least {value}"),
}
ON_DAYS: dict[c.Op, str] = {
    "eq": N_("on {days}"),
    "ne": N_("known and not on {days}"),
    "lt": N_("before {days}"),
    "le": N_("until {days}"),
    "gt": N_("after {days}"),
    "ge": N_("from {days}"),
}
# Of a person's own days: with a day, between two, on a known one, on an unknown one.
_DATED: dict[str, tuple[str, str, str, str, str, str]] = {
    "registered_at": (
        N_("registered {when}"),
        N_("not registered {when}"),
        N_("registered from {low} to {high}"),
        N_("not registered from {low} to {high}"),
        N_("registered on a known day"),
        N_("registered on an unknown day"),
    ),
    "unreachable_since": (
        N_("became unreachable {when}"),
        N_("not became unreachable {when}"),
        N_("became unreachable from {low} to {high}"),
        N_("not became unreachable from {low} to {high}"),
        N_("became unreachable on a known day"),
        N_("became unreachable on an unknown day"),
    ),
}
_NAMED = {
    "first_name": N_("first name"),
    "last_name": N_("last name"),
    "username": N_("username"),
    "language_code": N_("language"),
}
_REASONS = {
    "blocked": N_("blocked"),
    "deactivated": N_("deactivated"),
    "not_found": N_("not found"),
    "never_started": N_("never started the bot"),
}


def sentence(condition: c.Condition) -> str:
    """The condition in words; joined ones in the order in which they stand."""
    if not isinstance(condition, c.All):
        return phrase(condition)
    said = phrase(condition.of[0])
    for before, part in zip(condition.of, condition.of[1:], strict=False):
        places = _is_one_place(before) and _is_one_place(part)
        said = _(AND if places else THEN, one=said, other=_within_all(part))
    return said


def phrase(condition: c.Condition) -> str:
    """One condition in words, as a part of a sentence."""
    if isinstance(condition, c.Not):
        return _negative(condition.of)
    if isinstance(condition, c.AnyOf):
        return joined(OR, (_within_any(part) for part in condition.of))
    if isinstance(condition, c.All):
        return joined(AND, (_within_all(part) for part in condition.of))
    return _leaf(condition, positive=True)


def joined(pair: str, parts: Iterable[str]) -> str:
    """The parts joined as `pair` joins `{one}` and `{other}`."""
    return _(pair, one="", other="").join(parts)


def _within_all(part: c.Condition) -> str:
    return _(_WITHIN, clause=phrase(part)) if isinstance(part, c.AnyOf) else phrase(part)


def _within_any(part: c.Condition) -> str:
    return _(_WITHIN, clause=phrase(part)) if isinstance(part, c.All) else phrase(part)


def _negative(condition: c.Condition) -> str:
    if isinstance(condition, c.Not | c.All | c.AnyOf):
        return _(_NOT, clause=phrase(condition))
    return _leaf(condition, positive=False)


def _is_one_place(condition: c.Condition) -> bool:
    place = condition.of if isinstance(condition, c.Not) else condition
    return isinstance(place, c.InStream) and len(place.streams) < 2


def _leaf(condition: c.Leaf, *, positive: bool) -> str:
    match condition:
        case c.Everyone():
            return _("everybody") if positive else _("nobody")
        case c.InStream():
            return _place(condition, positive)
        case c.Attribute():
            return _attribute(condition, positive)
        case c.Person():
            return _person(condition, positive)
        case c.Reachable():
            return _reachable(condition, positive)
        case c.Search():
            said = N_("found by “{words}”") if positive else N_("not found by “{words}”")
            return _(said, words=condition.words)
        case c.Ids():
            count = len(condition.ids)
            if positive:
                return plural("{n} chosen by name", "{n} chosen by name", count)
            return plural("without {n} chosen by name", "without {n} chosen by name", count)
        case c.MessageOutcome() | c.MessageCount() | c.Pressed():
            return told(condition, positive, either(_reason(r) for r in _reasons_of(condition)))
        case c.Segment():
            said = N_("in the segment {name}") if positive else N_("not in the segment {name}")
            return _(said, name=condition.name)
        case c.Members():
            return _members(condition, positive)
    return _arm(condition, positive)


def _members(members: c.Members, positive: bool) -> str:
    words = (
        N_("among the members of frozen segment {number}")
        if positive
        else N_("not among the members of frozen segment {number}")
    )
    return _(words, number=str(members.segment_id))


def _arm(arm: c.Arm, positive: bool) -> str:
    words = (
        N_("in the random group {low}–{high} % of {salt}")
        if positive
        else N_("not in the random group {low}–{high} % of {salt}")
    )
    return _(words, low=f"{arm.low / 100:g}", high=f"{arm.high / 100:g}", salt=arm.salt)


def _place(place: c.InStream, positive: bool) -> str:
    # Of several streams the whole is turned round, of one its own words.
    turned = not positive and len(place.streams) > 1
    details = _enrolment(place)
    if place.streams:
        inside = N_("in {stream}") if positive or turned else N_("not in {stream}")
        pair = OR if place.match == "any" else AND
        said = joined(pair, (_(inside, stream=stream) for stream in place.streams))
    elif details:
        said = _("in any stream") if positive else _("not in any stream")
    else:
        said = _("enrolled") if positive else _("not enrolled")
    if details:
        said = _(_WITH, clause=said, details=joined(THEN, details))
    return _(_NOT, clause=said) if turned else said


def _enrolment(place: c.InStream) -> list[str]:
    named = tuple(status for status in place.statuses if status is not None)
    held = [_("as {statuses}", statuses=_values(named))] if named else []
    held += [_("without a status")] if None in place.statuses else []
    details = [joined(OR, held)] if held else []
    details += [_(ON_DAYS["ge"], days=_day(place.since))] if place.since else []
    details += [_(ON_DAYS["le"], days=_day(place.until))] if place.until else []
    return details


def _attribute(attribute: c.Attribute, positive: bool) -> str:
    name, op, values = attribute.name, attribute.op, attribute.values
    if op in ("known", "unknown"):
        known = (op == "known") is positive
        return _(N_("{name} is known") if known else N_("{name} is unknown"), name=name)
    if op == "contains":
        has = N_("{name} has {values}") if attribute.type == "list" else N_(
            "{name} contains {values}"
        )  # fmt: skip
        return _turned(_(has, name=name, values=_values(values)), positive)
    if op in ("eq", "in"):
        return _one_of(attribute, positive)
    if op == "between":
        words = (
            N_("{name} is from {low} to {high}")
            if positive
            else N_("{name} is not from {low} to {high}")
        )
        return _(words, name=name, low=_said(values[0]), high=_said(values[1]))
    if attribute.type == "date":
        said = _("{name} is {when}", name=name, when=_when(op, values))
    else:
        said = _(COMPARED[op], name=name, value=_said(values[0]))
    return _turned(said, positive)


def _one_of(attribute: c.Attribute, positive: bool) -> str:
    if attribute.type == "date":
        words = N_("{name} is on {values}") if positive else N_("{name} is not on {values}")
    else:
        words = N_("{name} is {values}") if positive else N_("{name} is not {values}")
    return _(words, name=attribute.name, values=_values(attribute.values))


def _turned(clause: str, positive: bool) -> str:
    return clause if positive else _(_NOT, clause=clause)


def _person(person: c.Person, positive: bool) -> str:
    op, values = person.op, person.values
    if person.name in _DATED:
        on, not_on, between, not_between, known, unknown = _DATED[person.name]
        if op in ("known", "unknown"):
            return _(known if (op == "known") is positive else unknown)
        if op == "between":
            words = between if positive else not_between
            return _(words, low=_said(values[0]), high=_said(values[1]))
        return _(on if positive else not_on, when=_when(op, values))
    if person.name == "language_code" and op in ("eq", "in"):
        words = N_("speaking {languages}") if positive else N_("not speaking {languages}")
        return _(words, languages=_values(values))
    name = _(_NAMED[person.name])
    return _attribute(c.Attribute(name=name, op=op, values=values), positive)


def _when(op: c.Op, values: tuple[c.Value, ...]) -> str:
    """A day or days, such as "in the last 7 days" or "before 2026-01-01"."""
    day = values[0]
    if isinstance(day, c.DaysAgo) and day.days_ago > 1 and op in ("ge", "lt"):
        if op == "ge":
            return plural("in the last {n} day", "in the last {n} days", day.days_ago)
        return plural("more than {n} day ago", "more than {n} days ago", day.days_ago)
    return _(ON_DAYS.get(op, ON_DAYS["eq"]), days=_values(values))


def _reachable(condition: c.Reachable, positive: bool) -> str:
    if not condition.reasons:
        return _("reachable") if condition.reachable is positive else _("unreachable")
    words = N_("unreachable ({reasons})") if positive else N_("not unreachable ({reasons})")
    return _(words, reasons=either(_reason(why) for why in condition.reasons))


def _reasons_of(condition: c.MessageOutcome | c.MessageCount | c.Pressed) -> tuple[str, ...]:
    return condition.reasons if isinstance(condition, c.MessageOutcome) else ()


def _reason(why: str) -> str:
    return _(_REASONS.get(why, why))


def _values(values: tuple[c.Value, ...]) -> str:
    return either(_said(value) for value in values)


def either(values: Iterable[str]) -> str:
    """Some of the values, such as "a or b or 7 more"."""
    known = list(values)
    shown = known[:5]
    if len(known) > len(shown):
        shown.append(_("{count} more", count=len(known) - len(shown)))
    return joined(OR, shown)


def _said(value: c.Value) -> str:
    if isinstance(value, bool):
        return _("true") if value else _("false")
    if isinstance(value, date | c.DaysAgo):
        return _day(value)
    if isinstance(value, float) and not value.is_integer():
        _whole, _point, places = repr(value).partition(".")
        return words.number(value, decimals=len(places)) if places.isdigit() else f"{value:,}"
    if isinstance(value, int | float):
        return words.number(value)
    return str(value) or "“”"


def _day(day: date | c.DaysAgo) -> str:
    if not isinstance(day, c.DaysAgo):
        return day.isoformat()
    if day.days_ago < 2:
        return _("yesterday") if day.days_ago else _("today")
    return plural("{n} day ago", "{n} days ago", day.days_ago)
