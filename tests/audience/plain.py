"""What a condition means, written down once more in plain Python over raw rows: no SQL at all."""

import hashlib
import itertools
import json
import operator
import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hsl.audience import conditions as c
from hsl.audience.cohort import Audience, Cohort
from tests.audience.world import NOW, STATUSES, World, as_text

COMPARE = {"eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le,
           "gt": operator.gt, "ge": operator.ge}  # fmt: skip
GOT = {"sent", "deleted"}
TRIED = {"sent", "deleted", "failed", "uncertain"}
BY_OUTCOME = {"sent": TRIED, "got": GOT, "failed": {"failed"}, "uncertain": {"uncertain"},
              "missed": {"failed", "cancelled", "pending"}}  # fmt: skip


def ids(chosen: Cohort | Audience, world: World) -> list[int]:
    """The ids of everybody in it, sorted."""
    audience = Audience(include=(chosen,)) if isinstance(chosen, Cohort) else chosen

    def inside(cohort: Cohort, person: dict[str, Any]) -> bool:
        return cohort.where is not None and holds(cohort.where, person, world)

    return [
        person["user_id"]
        for person in world.users
        if any(inside(cohort, person) for cohort in audience.include)
        and not any(inside(cohort, person) for cohort in audience.exclude)
    ]


def holds(wanted: c.Condition, person: dict[str, Any], world: World) -> bool:
    """That the condition holds of this person."""
    match wanted:
        case c.All():
            return all(holds(part, person, world) for part in wanted.of)
        case c.AnyOf():
            return any(holds(part, person, world) for part in wanted.of)
        case c.Not():
            return not holds(wanted.of, person, world)
        case c.Everyone():
            return True
        case c.InStream():
            return _in_stream(wanted, person, world)
        case c.Attribute():
            return _compares(wanted, as_text(person["attributes"].get(wanted.name)))
        case c.Person():
            value = person[wanted.name]
            if isinstance(value, datetime):
                value = value.astimezone(UTC).date().isoformat()
            return _compares(wanted, value)
        case c.Reachable():
            reason = person["unreachable_reason"]
            if wanted.reasons:
                return reason in wanted.reasons
            return (reason is None) is wanted.reachable
        case c.Search():
            return _found(wanted.words.strip().removeprefix("@"), person)
        case c.Ids():
            return person["user_id"] in wanted.ids
        case c.Members():
            member = {"segment_id": wanted.segment_id, "user_id": person["user_id"]}
            return member in world.segment_members
        case c.Arm():
            digest = hashlib.md5(f"{person['user_id']}:{wanted.salt}".encode()).digest()
            bucket = int.from_bytes(digest[:4], "big") * 10_000 >> 32
            return wanted.low <= bucket < wanted.high
        case c.Pressed():
            return any(
                press["user_id"] == person["user_id"]
                and wanted.message_id in (None, press["message_id"])
                and wanted.button in (None, press["button"])
                for press in world.button_presses
            )
    return _past(wanted, person, world)


def _past(wanted: c.Condition, person: dict[str, Any], world: World) -> bool:
    rows = [row for row in world.message_recipients if row["user_id"] == person["user_id"]]
    if isinstance(wanted, c.MessageOutcome):
        return any(
            row["message_id"] == wanted.message_id
            and row["delivery_status"] in BY_OUTCOME[wanted.outcome]
            and (not wanted.reasons or row["reason"] in wanted.reasons)
            for row in rows
        )
    assert isinstance(wanted, c.MessageCount)
    messages = [m for m in world.message_history if m["action"] == "send"]
    if wanted.last:
        messages = _last([m for m in messages if m["recipient_group"]], wanted.last)
    counted = {m["id"] for m in messages}
    total = 0
    for row in rows:
        moment = row["sending_at"]
        if wanted.what == "got" and row["sent_at"]:
            moment = row["sent_at"]
        if wanted.days and (moment is None or moment < NOW - timedelta(days=wanted.days)):
            continue
        total += row["message_id"] in counted and (
            row["delivery_status"] in BY_OUTCOME[wanted.what]
        )
    return COMPARE[wanted.op](total, wanted.count)


def _last(messages: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Those that started last, where a test's arms are one message that started with its last."""
    together: dict[Any, list[dict[str, Any]]] = {}
    for message in messages:
        if message["started_at"]:
            test = message["experiment_id"]
            together.setdefault(("test", test) if test else message["id"], []).append(message)
    latest = sorted(
        together.values(),
        key=lambda arms: (max(m["started_at"] for m in arms), max(m["id"] for m in arms)),
    )
    return [message for arms in latest[-most:] for message in arms]


def _in_stream(wanted: c.InStream, person: dict[str, Any], world: World) -> bool:
    places = set()
    for row in world.enrollments:
        day = row["enrolled_at"] and row["enrolled_at"].date()
        if (
            row["user_id"] == person["user_id"]
            and row["status"] in (wanted.statuses or (set(STATUSES) - {"left"}))
            and (wanted.since is None or (day is not None and day >= _day(wanted.since)))
            and (wanted.until is None or (day is not None and day <= _day(wanted.until)))
        ):
            places.add(row["course_stream"])
    if not wanted.streams:
        return bool(places)
    if wanted.match == "all":
        return set(wanted.streams) <= places
    return bool(places & set(wanted.streams))


def _compares(wanted: c.Attribute | c.Person, text: str | None) -> bool:
    if wanted.op in ("known", "unknown"):
        return (text is not None) == (wanted.op == "known")
    if text is None:
        return False
    kind, values = wanted.value_type, list(wanted.values)
    is_list = isinstance(wanted, c.Attribute) and _looks_like_a_list(text)
    if kind == "text" and is_list:
        return False
    if kind == "list":
        return bool(_items(text) & {str(value) for value in values})
    if wanted.op == "contains":
        return _lower(values[0]) in _lower(text)
    own = {"number": _number, "date": _date, "boolean": _truth, "text": str}[kind](text)
    if own is None:
        return False
    if kind == "date":
        values = [_day(value) for value in values]
    if kind == "text":  # code points, as Python compares
        own, values = str(own), [str(value) for value in values]
    if wanted.op == "in":
        return own in values
    if wanted.op == "between":
        return values[0] <= own <= values[1]
    return COMPARE[wanted.op](own, values[0])


def _day(value: Any) -> date:
    return NOW.date() - timedelta(days=value.days_ago) if isinstance(value, c.DaysAgo) else value


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", text) else None


def _date(text: str) -> date | None:
    head, tail = text[:10], text[10:]
    if tail and not re.fullmatch("[T ][0-9:.+Z -]*", tail):
        return None
    try:
        return date.fromisoformat(head) if head[4:5] == "-" else None
    except ValueError:
        return None


def _truth(text: str) -> bool | None:
    word = text.lower()
    if word in ("true", "t", "yes", "y", "1"):
        return True
    return False if word in ("false", "f", "no", "n", "0") else None


def _looks_like_a_list(text: str) -> bool:
    if not (text.startswith("[") and text.endswith("]") and len(text) > 1):
        return False
    inside = text[1:-1].strip(" \t\n\r")
    first = inside.split(",")[0].strip(" \t\n\r")
    is_word = first in ("true", "false", "null") or re.fullmatch("-?[0-9][0-9.eE+-]*", first)
    return not inside or inside[0] in '"[{' or bool(is_word)


def _items(text: str) -> set[str]:
    try:
        found = json.loads(text, parse_float=str, parse_int=str)
    except ValueError:
        return set()
    if not isinstance(found, list) or any(isinstance(item, list | dict) for item in found):
        return set()
    return {json.dumps(i) if isinstance(i, bool) else i for i in found if i is not None}


def _lower(text: str) -> str:
    # One letter at a time, and the first code point of what it becomes: Unicode's simple mapping.
    return "".join(unicodedata.normalize("NFC", letter).lower()[0] for letter in text)


def _found(words: str, person: dict[str, Any]) -> bool:
    names = (person["username"], person["first_name"], person["last_name"])
    known = [_lower(name) for name in names if name is not None]

    def begins(one: str) -> bool:
        return any(name.startswith(one) for name in known)

    several = [_lower(one.removeprefix("@")) for one in words.split()]
    # Each word begins a name of its own, whichever.
    if begins(_lower(words)) or (
        len(several) > 1
        and any(
            all(name.startswith(one) for name, one in zip(names_, several, strict=True))
            for names_ in itertools.permutations(known, len(several))
        )
    ):
        return True
    return words.isascii() and words.isdigit() and int(words) == person["user_id"]
