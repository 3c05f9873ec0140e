"""What messages did for a person, in words, such as "who got nothing in the last 30 days"."""

from hsl.audience import conditions as c
from hsl.words import N_, _, plural

_OUTCOMES: dict[c.Outcome, tuple[str, str]] = {
    "sent": (N_("who were sent message {number}"), N_("who were not sent message {number}")),
    "got": (N_("who got message {number}"), N_("who never got message {number}")),
    "failed": (
        N_("who could not get message {number}"),
        N_("who had no failure in message {number}"),
    ),
    "missed": (
        N_("who did not get message {number}"),
        N_("who are not among those who did not get message {number}"),
    ),
    "uncertain": (
        N_("who may or may not have got message {number}"),
        N_("who are not uncertain in message {number}"),
    ),
}
# What was counted: so many in a time, so many at all, nothing in a time, nothing ever,
# all and none of the last ones.
_COUNTED: dict[c.Counted, dict[str, str]] = {
    "got": {
        "some": N_("who got {many}"),
        "when": N_("who got {many} {when}"),
        "of": N_("who got {many} of {last}"),
        "nothing": N_("who got nothing ever"),
        "nothing_when": N_("who got nothing {when}"),
        "all": N_("who got all of {last}"),
        "none": N_("who got none of {last}"),
    },
    "sent": {
        "some": N_("who were sent {many}"),
        "when": N_("who were sent {many} {when}"),
        "of": N_("who were sent {many} of {last}"),
        "nothing": N_("who were sent nothing ever"),
        "nothing_when": N_("who were sent nothing {when}"),
        "all": N_("who were sent all of {last}"),
        "none": N_("who were sent none of {last}"),
    },
    "failed": {
        "some": N_("who failed to get {many}"),
        "when": N_("who failed to get {many} {when}"),
        "of": N_("who failed to get {many} of {last}"),
        "nothing": N_("who failed to get nothing ever"),
        "nothing_when": N_("who failed to get nothing {when}"),
    },
}
_OF_THE_LAST: dict[c.CountOp, str] = {
    "eq": N_("exactly {count}"),
    "ne": N_("not exactly {count}"),
    "lt": N_("fewer than {count}"),
    "le": N_("at most {count}"),
    "gt": N_("more than {count}"),
    "ge": N_("at least {count}"),
}


def told(
    condition: c.MessageOutcome | c.MessageCount | c.Pressed, positive: bool, reasons: str = ""
) -> str:
    """The clause of such a condition, or of its negative; `reasons` are words, of a failure."""
    if isinstance(condition, c.Pressed):
        return _pressed(condition, positive)
    if isinstance(condition, c.MessageCount):
        said = _count(condition)
        return said if positive else _("not those {clause}", clause=said)
    said = _(_OUTCOMES[condition.outcome][not positive], number=str(condition.message_id))
    return _("{clause} ({details})", clause=said, details=reasons) if reasons else said


def _count(count: c.MessageCount) -> str:
    said = _COUNTED[count.what]
    if count.last is not None:
        last = _last(count.last)
        if count.op == "eq" and count.count in (0, count.last) and "all" in said:
            return _(said["all" if count.count else "none"], last=last)
        return _(said["of"], many=_(_OF_THE_LAST[count.op], count=count.count), last=last)
    nothing = count.op == "eq" and count.count == 0
    if count.days is None:
        return _(said["nothing"]) if nothing else _(said["some"], many=_many(count))
    when = _("in the last day")
    if count.days > 1:
        when = plural("in the last {n} day", "in the last {n} days", count.days)
    if nothing:
        return _(said["nothing_when"], when=when)
    return _(said["when"], many=_many(count), when=when)


def _last(messages: int) -> str:
    if messages == 1:
        return _("the last message")
    return plural("the last {n} message", "the last {n} messages", messages)


def _many(count: c.MessageCount) -> str:
    number = count.count
    match count.op:
        case "eq":
            return plural("exactly {n} message", "exactly {n} messages", number)
        case "ne":
            return plural("not exactly {n} message", "not exactly {n} messages", number)
        case "lt":
            return plural("fewer than {n} message", "fewer than {n} messages", number)
        case "le":
            return plural("at most {n} message", "at most {n} messages", number)
        case "gt":
            return plural("more than {n} message", "more than {n} messages", number)
    return plural("at least {n} message", "at least {n} messages", number)


def _pressed(pressed: c.Pressed, positive: bool) -> str:
    of_one, button = pressed.message_id is not None, pressed.button is not None
    if positive:
        words = {
            (False, False): N_("who pressed a button"),
            (True, False): N_("who pressed a button of message {number}"),
            (False, True): N_("who pressed the button “{button}”"),
            (True, True): N_("who pressed the button “{button}” of message {number}"),
        }
    else:
        words = {
            (False, False): N_("who did not press any button"),
            (True, False): N_("who did not press any button of message {number}"),
            (False, True): N_("who did not press the button “{button}”"),
            (True, True): N_("who did not press the button “{button}” of message {number}"),
        }
    return _(words[of_one, button], number=str(pressed.message_id), button=pressed.button)
