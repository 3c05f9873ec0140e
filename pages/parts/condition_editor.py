"""The form of one condition: what it compares, with values offered from the data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, cast

import streamlit as st

from hsl.audience import conditions as c
from hsl.audience.offers import Offers
from hsl.audience.snapshot import Facets, Span
from hsl.delivery.sums import REASON_WORDS
from hsl.models import utc_now
from hsl.words import N_, _

WORDS: dict[str, str] = {
    "in": N_("is one of"), "eq": N_("is"), "ne": N_("is known and not"), "lt": N_("is under"),
    "le": N_("is at most"), "gt": N_("is over"), "ge": N_("is at least"),
    "between": N_("is between"), "contains": N_("contains"), "known": N_("is known"),
    "unknown": N_("is unknown"),
}  # fmt: skip
DAY_WORDS = {
    "recent": N_("in the last … days"), "older": N_("more than … days ago"), "ge": N_("from"),
    "le": N_("until"), "lt": N_("before"), "gt": N_("after"), "eq": N_("on"),
    "ne": N_("known and not on"), "in": N_("on one of"), "between": N_("between"),
    "known": N_("on a known day"), "unknown": N_("on an unknown day"),
}  # fmt: skip
SHOWN: dict[c.ValueType, tuple[str, ...]] = {
    "text": ("in", "contains", "ne", "known", "unknown"),
    "number": ("ge", "le", "gt", "lt", "eq", "between", "known", "unknown"),
    "date": ("recent", "older", "ge", "le", "between", "eq", "known", "unknown"),
    "boolean": ("eq", "known", "unknown"),
    "list": ("contains", "known", "unknown"),
}
OUTCOMES: dict[c.Outcome, str] = {
    "got": N_("got it"), "missed": N_("did not get it"), "sent": N_("were sent it"),
    "failed": N_("failed to get"), "uncertain": N_("may or may not have got it"),
}  # fmt: skip
COUNTED: dict[c.Counted, str] = {
    "got": N_("got"), "sent": N_("were sent"), "failed": N_("failed to get"),
}  # fmt: skip
COUNTS = {
    "lt": N_("fewer than"), "ge": N_("at least"), "eq": N_("exactly"), "le": N_("at most"),
    "gt": N_("over"), "ne": N_("not exactly"),
}  # fmt: skip
NO_STATUS = N_("no status")
WINDOWS = {
    "days": N_("in the last … days"), "last": N_("of the last … messages"), "ever": N_("ever"),
}  # fmt: skip


@dataclass(frozen=True)
class Choices:
    """What the forms offer."""

    facets: Facets
    offers: Offers
    types: dict[str, c.ValueType]
    segments: tuple[str, ...]


@dataclass(frozen=True)
class Offered:
    """What people have: the most frequent values, and the lowest and the highest."""

    values: Sequence[str] = ()
    span: Span | None = None


def edit(condition: c.Leaf, choices: Choices, key: str) -> c.Condition:
    """Show the form of a condition, and return what it says now."""
    forms: dict[type, Callable[[Any, Choices, str], c.Condition]] = {
        c.InStream: _in_stream,
        c.Attribute: _attribute,
        c.Person: _person,
        c.Reachable: _reachable,
        c.MessageOutcome: _outcome,
        c.MessageCount: _count,
        c.Pressed: _pressed,
        c.Segment: _segment,
        c.Search: _search,
        c.Ids: _ids,
    }
    form = forms.get(type(condition))
    if form is None:
        st.caption(_("Change it in the expression below."))
        return condition
    return form(condition, choices, key)


def _in_stream(place: c.InStream, choices: Choices, key: str) -> c.Condition:
    facets = choices.facets
    streams = _several(_("Streams"), list(facets.streams), place.streams, f"{key}-streams",
                       none=_("any stream"), words=inside(facets))  # fmt: skip
    match = place.match
    if len(streams) > 1:
        both = st.checkbox(_("In all of them"), place.match == "all", key=f"{key}-all")
        match = "all" if both else "any"
    chosen = [NO_STATUS if status is None else status for status in place.statuses]
    held = _several(_("Status"), [*choices.offers.statuses, NO_STATUS], chosen, f"{key}-status",
                    none=_("any status but left"), words={NO_STATUS: _(NO_STATUS)})  # fmt: skip
    statuses = tuple(None if status == NO_STATUS else status for status in held)
    since = _optional_day(_("Enrolled from"), place.since, f"{key}-since")
    until = _optional_day(_("Enrolled until"), place.until, f"{key}-until")
    return c.InStream(streams=streams, match=match, statuses=statuses, since=since, until=until)


def inside(facets: Facets) -> dict[str, str]:
    """Each stream with how many are in it, and how many have left it."""
    return {
        stream: _("{stream} ({people}, {left} left)", stream=stream, people=people, left=left)
        if left
        else _("{stream} ({people})", stream=stream, people=people)
        for stream, people in facets.streams.items()
        for left in [facets.left.get(stream, 0)]
    }


def _attribute(attribute: c.Attribute, choices: Choices, key: str) -> c.Condition:
    name = attribute.name
    simple = attribute.op in ("known", "unknown")
    kind = choices.types.get(name, "text") if simple else attribute.type
    offered = Offered(choices.facets.attributes.get(name, ()), choices.facets.spans.get(name))
    op, values = _compared(kind, attribute, offered, key)
    return attribute if op is None else c.Attribute(name=name, type=kind, op=op, values=values)


def _person(person: c.Person, choices: Choices, key: str) -> c.Condition:
    languages = tuple(choices.facets.languages) if person.name == "language_code" else ()
    offered = Offered(languages, choices.facets.column_spans.get(person.name))
    op, values = _compared(person.value_type, person, offered, key)
    return person if op is None else c.Person(name=person.name, op=op, values=values)


def _compared(
    kind: c.ValueType, now: c.Attribute | c.Person, offered: Offered, key: str
) -> tuple[c.Op | None, tuple[c.Value, ...]]:
    """The comparison and its values; None while a value is still missing."""
    words = DAY_WORDS if kind == "date" else WORDS
    first = _shown_op(now, kind)
    options = list(dict.fromkeys([*SHOWN[kind], first]))
    op = st.selectbox(_("Compared"), options, options.index(first), key=f"{key}-op",
                      format_func=lambda name: _(words[name]))  # fmt: skip
    values = now.values if op == first else ()
    if op in ("known", "unknown"):
        return cast(c.Op, op), ()
    if op in ("recent", "older"):
        days = values[0].days_ago if values and isinstance(values[0], c.DaysAgo) else 30
        days = int(st.number_input(_("Days"), 0, c.MOST_DAYS, days, key=f"{key}-days"))
        return ("ge" if op == "recent" else "lt"), (c.DaysAgo(days_ago=days),)
    found = _values(kind, op, values, offered, key)
    return (cast(c.Op, op), found) if found else (None, ())


def _shown_op(now: c.Attribute | c.Person, kind: c.ValueType) -> str:
    moving = bool(now.values) and isinstance(now.values[0], c.DaysAgo)
    if kind == "date" and moving and now.op in ("ge", "lt"):
        return "recent" if now.op == "ge" else "older"
    return "in" if now.op == "eq" and kind == "text" else now.op


def _values(
    kind: c.ValueType, op: str, values: tuple[c.Value, ...], offered: Offered, key: str
) -> tuple[c.Value, ...]:
    if kind == "boolean":
        yes = st.radio(
            _("Value"),
            [True, False],
            0 if values in ((), (True,)) else 1,
            key=f"{key}-yes",
            format_func=lambda v: _("true") if v else _("false"),
        )
        return (bool(yes),)
    if kind == "list" or op == "in":
        if kind in ("text", "list"):
            return _several(_("Values"), offered.values, [str(v) for v in values], f"{key}-values")
        return values
    if offered.span is not None:
        lowest, highest = (_said(value) for value in offered.span)
        st.caption(_("In the data: from {lowest} to {highest}", lowest=lowest, highest=highest))
    if op == "between":
        low, high = st.columns(2)
        with low:
            one = _one(kind, _("From"), values[0] if values else None, f"{key}-low")
        with high:
            other = _one(kind, _("To"), values[1] if len(values) > 1 else None, f"{key}-high")
        return (one, other) if one is not None and other is not None else ()
    single = _one(kind, _("Value"), values[0] if values else None, f"{key}-value")
    return () if single is None else (single,)


def _said(value: float | date) -> str:
    return value.isoformat() if isinstance(value, date) else f"{value:,.10g}"


def _one(kind: c.ValueType, label: str, value: c.Value | None, key: str) -> c.Value | None:
    if kind == "number":
        number = float(value) if isinstance(value, int | float) else None
        return st.number_input(label, value=number, key=key)
    if kind == "date":
        return _optional_day(label, value if isinstance(value, date | c.DaysAgo) else None, key)
    return st.text_input(label, str(value or ""), max_chars=c.MOST_CHARACTERS, key=key) or None


def _optional_day(label: str, day: date | c.DaysAgo | None, key: str) -> date | c.DaysAgo | None:
    start = utc_now().date() - timedelta(days=day.days_ago) if isinstance(day, c.DaysAgo) else day
    chosen = st.date_input(label, start, key=key, min_value=date(1900, 1, 1))
    if not isinstance(chosen, date):
        return None
    return day if chosen == start else chosen


def _several(
    label: str, offered: Sequence[str], chosen: Sequence[str], key: str, *, none: str = "",
    words: Mapping[str, str] = MappingProxyType({}),
) -> tuple[str, ...]:  # fmt: skip
    """Some of the offered words, or others that are typed."""
    options = list(dict.fromkeys([*offered, *chosen]))
    found = st.multiselect(
        label, options, list(chosen), key=key, accept_new_options=True,
        placeholder=none or _("Choose or type"),
        format_func=lambda value: words.get(value, str(value)),
    )  # fmt: skip
    return tuple(str(value) for value in found)


def _reachable(condition: c.Reachable, choices: Choices, key: str) -> c.Condition:
    can = st.radio(
        _("They"),
        [True, False],
        0 if condition.reachable else 1,
        key=f"{key}-can",
        format_func=lambda v: _("can be reached") if v else _("cannot be reached"),
    )
    if can:
        return c.Reachable()
    return c.Reachable(
        reachable=False, reasons=_reasons(choices.offers.reasons, condition.reasons, key)
    )


def _reasons(offered: Sequence[str], chosen: Sequence[str], key: str) -> tuple[str, ...]:
    options = list(dict.fromkeys([*offered, *chosen]))
    found = st.multiselect(_("Because"), options, list(chosen), key=f"{key}-reasons",
                           placeholder=_("any reason"),
                           format_func=lambda why: _(REASON_WORDS.get(why, why)))  # fmt: skip
    return tuple(found)


def _message(label: str, now: int | None, choices: Choices, key: str, *, none: bool) -> int | None:
    titles = {m.id: f"{m.id} · {m.title}" for m in choices.offers.messages}
    if now is not None:
        titles.setdefault(now, str(now))
    options = [*([None] if none else []), *titles]
    place = options.index(now) if now in options else 0
    chosen: int | None = st.selectbox(
        label, options, place, key=key,
        format_func=lambda m: _("any message") if m is None else titles[m],
    )  # fmt: skip
    return chosen


def _outcome(condition: c.MessageOutcome, choices: Choices, key: str) -> c.Condition:
    now = condition.message_id
    message = _message(_("Message"), now, choices, f"{key}-message", none=False) or now
    outcomes = list(OUTCOMES)
    outcome = st.selectbox(_("They"), outcomes, outcomes.index(condition.outcome),
                           format_func=lambda o: _(OUTCOMES[o]), key=f"{key}-outcome")  # fmt: skip
    reasons: tuple[str, ...] = ()
    if outcome == "failed":
        reasons = _reasons(list(REASON_WORDS), condition.reasons, key)
    return c.MessageOutcome(message_id=message, outcome=outcome, reasons=reasons)


def _count(condition: c.MessageCount, _choices: Choices, key: str) -> c.Condition:
    kinds = list(COUNTED)
    what = st.selectbox(_("They"), kinds, kinds.index(condition.what), key=f"{key}-what",
                        format_func=lambda w: _(COUNTED[w]))  # fmt: skip
    op = st.selectbox(_("How many"), list(COUNTS), list(COUNTS).index(condition.op),
                      format_func=lambda o: _(COUNTS[o]), key=f"{key}-op")  # fmt: skip
    count = int(st.number_input(_("Messages"), 0, 1_000_000, condition.count, key=f"{key}-count"))
    now = "days" if condition.days else "last" if condition.last else "ever"
    window = st.selectbox(_("When"), list(WINDOWS), list(WINDOWS).index(now), key=f"{key}-window",
                          format_func=lambda w: _(WINDOWS[w]))  # fmt: skip
    days = last = None
    if window == "days":
        days = int(
            st.number_input(_("Days"), 1, c.MOST_DAYS, condition.days or 30, key=f"{key}-days")
        )
    if window == "last":
        last = int(
            st.number_input(_("Of the last"), 1, 1_000, condition.last or 3, key=f"{key}-last")
        )
    return c.MessageCount(what=what, op=cast(c.CountOp, op), count=count, days=days, last=last)


def _pressed(condition: c.Pressed, choices: Choices, key: str) -> c.Condition:
    message = _message(_("Of message"), condition.message_id, choices, f"{key}-message", none=True)
    options = [None, *dict.fromkeys([*choices.offers.buttons, *filter(None, [condition.button])])]
    place = options.index(condition.button)
    button = st.selectbox(_("Button"), options, place, key=f"{key}-button",
                          format_func=lambda b: b or _("any button"))  # fmt: skip
    return c.Pressed(message_id=message, button=button)


def _segment(condition: c.Segment, choices: Choices, key: str) -> c.Condition:
    options = list(dict.fromkeys([*choices.segments, condition.name]))
    name = st.selectbox(_("Segment"), options, options.index(condition.name), key=f"{key}-segment")
    return c.Segment(name=name)


def _search(condition: c.Search, _choices: Choices, key: str) -> c.Condition:
    words = st.text_input(_("Begins with"), condition.words, max_chars=200, key=f"{key}-words")
    return c.Search(words=words) if words.strip() else condition


def _ids(condition: c.Ids, _choices: Choices, key: str) -> c.Condition:
    text = st.text_area(_("Ids"), ", ".join(map(str, condition.ids)), key=f"{key}-ids")
    ids = tuple(dict.fromkeys(int(word) for word in text.replace(",", " ").split()
                              if word.isascii() and word.isdigit() and len(word) < 19))  # fmt: skip
    return c.Ids(ids=ids) if ids else condition
