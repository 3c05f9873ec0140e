"""What is stored as English sentences, said again in the reader's language.

A message's reason and the sum in an audit entry are stored as they were said: the audit is one
record for everybody. Here are the forms that they have; what has none of them is shown as it is.
"""

import re
from collections.abc import Callable

from hsl import audit
from hsl.delivery import sums
from hsl.stored import said
from hsl.words import N_, _, in_english, plural

# The forms of stored reasons. A value is what a person or Telegram said, and stays so.
FORMS = (
    N_("Paused by {person}"),
    N_("Cancelled by {person}"),
    N_("Rejected by {person}: {why}"),
    N_("stopped by {person}"),
    N_("over"),
    N_("its next message could not be made: {fault}"),
    N_("Telegram refused the bot: {description}"),
    N_("Telegram refused the message: {description}"),
    N_("Telegram refused the bot for {span}. Resume it, or cancel it."),
    N_("No scheduler was running for {span}, and the rest is that late. "
       "Resume it to go on, or cancel it."),
    N_("The database is older than what this bot has sent: it was restored from a backup, and does "
       "not know who got this since. Resume it to send it all the same, or cancel it."),
    N_("Nothing was running at its time, and now it is {span} late. Resume it to send it all the "
       "same, or cancel it."),
    N_("Its people cannot be chosen: {fault} Mend that and resume it."),
    N_("It could not be started ({fault}): its audience cannot be read by this program. Cancel it, "
       "and write it anew."),
)  # fmt: skip
SPANS: dict[str, Callable[[int], str]] = {
    "days": lambda n: plural("{n} day", "{n} days", n),
    "day": lambda n: plural("{n} day", "{n} days", n),
    "h": lambda n: _("{n} h", n=n),
    "min": lambda n: _("{n} min", n=n),
    "s": lambda n: _("{n} s", n=n),
}
_VALUE = re.compile(r"\\{(\w+)\\}")
_SUM = re.compile(r"(?P<total>[\d,]+) (?P<whole>\w+) = (?P<terms>.+)", re.DOTALL)
_TERM = re.compile(r"(?P<people>[\d,]+) (?P<words>.+)", re.DOTALL)


def _pattern(form: str) -> "re.Pattern[str]":
    return re.compile(_VALUE.sub(r"(?P<\1>.+)", re.escape(form)), re.DOTALL)


_PATTERNS = tuple((form, _pattern(form)) for form in FORMS)


def reason(stored: str) -> str:
    """A message's or a rule's stored reason in the reader's language."""
    for form, pattern in _PATTERNS:
        found = pattern.fullmatch(stored)
        if found is not None:
            values = found.groupdict()
            if "span" in values:
                values["span"] = _span(values["span"])
            if "person" in values:
                values["person"] = audit.signed(values["person"])
            return _(form, **values)
    return said(stored)


def closing(stored: str, *, whole: str | None = None, done: str | None = None) -> str:
    """A stored closing sum in the reader's language, such as "2 chosen = 1 sent + 1 deactivated".

    `whole` and `done` (English) stand for "chosen" and "sent" where it tells of chats.
    """
    found = _SUM.fullmatch(stored)
    if found is None:
        return stored
    terms = [_TERM.fullmatch(term) for term in found["terms"].split(" + ")]
    if not all(terms):
        return stored
    return sums.equation(
        _count(found["total"]),
        _(whole or found["whole"]),
        [
            (_count(term["people"]), _(done if done and term["words"] == "sent" else term["words"]))
            for term in terms
            if term is not None
        ],
    )


def stored_sum(found: sums.ClosingSum) -> str:
    """A closing sum as it is stored: in English, whoever causes the entry."""
    with in_english():
        return found.sentence()


def _count(words: str) -> int:
    return int(words.replace(",", ""))


def _span(words: str) -> str:
    number, _space, unit = words.partition(" ")
    said = SPANS.get(unit)
    return said(_count(number)) if said is not None and number.replace(",", "").isdigit() else words
