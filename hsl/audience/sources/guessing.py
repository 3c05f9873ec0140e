"""What their columns may mean, by their names: a proposal that a person corrects."""

import re
from collections.abc import Sequence

from hsl.audience.columns import KNOWN, TELEGRAM_ID

NAMES = {
    "user_id": TELEGRAM_ID,
    "username": r"(telegram|tg)_?(user_?)?name|user_?name|nick(name)?",
    "first_name": r"first_?name|given_?name|name",
    "last_name": r"last_?name|sur_?name|family_?name",
    "language_code": r"lang(uage)?(_?code)?|locale",
    "registered_at": r"(registered|signed_?up|created|joined)(_?(at|on|date))?",
    "stream": r"(course_?)?stream(_?(code|name))?|cohort|group",
    "status": r"status|state|booking_?status",
    "enrolled_at": r"(enrolled|booked|bought|paid)(_?(at|on|date))",
}


def propose(columns: Sequence[str]) -> dict[str, str]:
    """Their column to ours, where a name of theirs is one that people give to it.

    Each of ours is taken once, by its own name where there is one.
    """
    plain = {name.strip().lower(): name for name in columns}
    proposed: dict[str, str] = {}
    telegrams = [name for name in plain if re.fullmatch(TELEGRAM_ID, name)]
    if telegrams and "user_id" in plain:
        # Beside an id that is said to be Telegram's, user_id is the platform's own.
        proposed = {plain["user_id"]: "", plain[telegrams[0]]: "user_id"}
    for ours in KNOWN:
        if ours in plain or ours in proposed.values():
            continue
        fits = [
            original
            for name, original in plain.items()
            if re.fullmatch(NAMES[ours], name) and name not in KNOWN and original not in proposed
        ]
        if fits:
            proposed[fits[0]] = ours
    return proposed
