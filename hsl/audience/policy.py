"""Who of those chosen may get a message: do-not-message marks, exclusion lists, frequency cap.

One statement for the outbox, the last look and the counts. It selects everybody who was chosen with
the one rule that leaves them out (the first that fits, in this order), or none; so that the chosen
are always the recipients and those left out by each rule.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, case, exists, func, literal, null, or_, select, union_all

from hsl import models
from hsl.models import Action, DeliveryStatus, MessageStatus
from hsl.words import N_, _, plural

History, Recipients = models.message_history, models.message_recipients
People, Audit = models.users, models.audit_log
CAPPED = "cap"
LISTED = "list: "  # and the exclusion list's name
RULES = {CAPPED: N_("cap"), models.DO_NOT_MESSAGE: N_("do-not-message")}
CAP = re.compile(r"(?P<messages>[1-9]\d{0,3})/(?P<days>[1-9]\d{0,2})d")
LEFT = (*models.GOT, DeliveryStatus.UNCERTAIN, DeliveryStatus.SENDING)
CLOCKS = timedelta(minutes=10)  # by which machines' clocks may differ
SENT_AGAIN = ("message_resumed", "message_retried", "uncertain_sent_again")
AHEAD = (MessageStatus.SCHEDULED, MessageStatus.SENDING, MessageStatus.PAUSED)


@dataclass(frozen=True)
class Cap:
    """No more than so many messages to a person in so many days."""

    messages: int
    days: int

    @classmethod
    def parse(cls, words: str) -> "Cap | None":
        """From "2/7d"; an empty text is no cap. Raises ValueError."""
        if not words.strip():
            return None
        match = CAP.fullmatch(words.strip())
        if match is None:
            raise ValueError(f"{words} is not MESSAGES/DAYSd, such as 2/7d")
        return cls(int(match["messages"]), int(match["days"]))

    def sentence(self) -> str:
        """Such as "no more than 2 messages in 7 days"."""
        days = plural("a day", "{n} days", self.days)
        return plural(
            "no more than {n} message in {days}",
            "no more than {n} messages in {days}",
            self.messages,
            days=days,
        )


@dataclass(frozen=True)
class Exclusion:
    """An exclusion list: its name, and a select of the user_id of everybody on it."""

    name: str
    people: Select[Any]


def allowed(
    people: Select[Any],
    *,
    exclusions: Sequence[Exclusion] = (),
    cap: Cap | None = None,
    at: datetime | None = None,
) -> Select[Any]:
    """A select of user_id, username and `rule` of everybody in `people`, each person once.

    `rule` is NULL for whoever may get the message, else what leaves them out. `at` is when it is
    to go (now if left out): the cap counts what left to a person in its days before that, and
    what still waits to go to them within its days before or after.
    """
    chosen = people.order_by(None).subquery("chosen")
    marked = models.suppressions.alias("marked")
    joined = chosen.outerjoin(marked, marked.c.user_id == chosen.c.user_id)
    rules: list[tuple[Any, Any]] = [(marked.c.user_id.is_not(None), literal(models.DO_NOT_MESSAGE))]
    for place, exclusion in enumerate(exclusions):
        listed = exclusion.people.order_by(None).subquery(f"list_{place}")
        joined = joined.outerjoin(listed, listed.c.user_id == chosen.c.user_id)
        rules.append((listed.c.user_id.is_not(None), literal(LISTED + exclusion.name)))
    if cap is not None:
        busy = at_the_cap(cap, at or models.utc_now()).subquery("busy")
        joined = joined.outerjoin(busy, busy.c.user_id == chosen.c.user_id)
        rules.append((busy.c.user_id.is_not(None), literal(CAPPED)))
    rule = case(*rules, else_=null()).label("rule")
    return select(chosen.c.user_id, chosen.c.username, rule).select_from(joined)


def only_allowed(ruled: Select[Any]) -> Select[Any]:
    """A select of user_id and username of those whom no rule leaves out."""
    found = ruled.order_by(None).subquery("ruled")
    return select(found.c.user_id, found.c.username).where(found.c.rule.is_(None))


@dataclass(frozen=True)
class Counted:
    """How many may get it, how many of those are unreachable, and how many each rule leaves out."""

    people: int
    unreachable: int
    left_out: dict[str, int]


def counted(connection: Connection, ruled: Select[Any]) -> Counted:
    """Count everybody who was chosen by the rule that leaves them out, in one reading."""
    found = ruled.order_by(None).subquery("ruled")
    rows = connection.execute(
        select(
            found.c.rule,
            func.count().label("people"),
            func.count(People.c.unreachable_reason).label("unreachable"),
        )
        .select_from(found.join(People, People.c.user_id == found.c.user_id))
        .group_by(found.c.rule)
        .order_by(found.c.rule)
    ).all()
    free = next((row for row in rows if row.rule is None), None)
    return Counted(
        people=int(free.people) if free else 0,
        unreachable=int(free.unreachable) if free else 0,
        left_out={row.rule: int(row.people) for row in rows if row.rule is not None},
    )


def sentence(counts: dict[str, int]) -> str:
    """Such as "214 left out: cap; 3 left out: do-not-message"; empty where nobody was."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return "; ".join(_left_out(rule, people) for rule, people in ordered if people)


def rule_words(rule: str) -> str:
    """What leaves somebody out, in words: a do-not-message mark, the cap, or an exclusion list."""
    if rule.startswith(LISTED):
        return _("list: {name}", name=rule.removeprefix(LISTED))
    return _(RULES.get(rule, rule))


def _left_out(rule: str, people: int) -> str:
    return _("{people} left out: {rule}", people=people, rule=rule_words(rule))


def at_the_cap(cap: Cap, at: datetime, *, but: int | None = None) -> Select[Any]:
    """A select of user_id of everybody who gets no more messages at `at`.

    The message `but` is not counted, nor is one whose recipients are still being written.
    """
    span = timedelta(days=cap.days)
    sends = select(History.c.id).where(History.c.action == Action.SEND)
    if but is not None:
        sends = sends.where(History.c.id != but)
    left = select(Recipients.c.user_id).where(
        Recipients.c.sending_at > at - span,
        Recipients.c.delivery_status.in_(LEFT),
        Recipients.c.message_id.in_(sends),
    )
    # What waits has no time of its own; its message's is the nearest there is.
    waiting = select(Recipients.c.user_id).where(
        Recipients.c.delivery_status == DeliveryStatus.PENDING,
        Recipients.c.message_id.in_(
            sends.where(
                History.c.id.not_in(select(models.message_preparations.c.message_id)),
                History.c.status.in_(AHEAD),
                or_(
                    History.c.status == MessageStatus.SENDING,
                    History.c.scheduled_at.between(at - span, at + span),
                ),
            )
        ),
    )
    every = union_all(left, waiting).subquery("got_or_will")
    return select(every.c.user_id).group_by(every.c.user_id).having(func.count() >= cap.messages)


def may_have_moved(connection: Connection, since: datetime, *, but: int) -> bool:
    """Whether another message than `but` may reach people whom the cap did not count at `since`."""
    about = since - CLOCKS
    begun = exists().where(
        History.c.action == Action.SEND,
        History.c.id != but,
        or_(History.c.created_at > about, History.c.started_at > about),
    )
    again = exists().where(Audit.c.at > about, Audit.c.action.in_(SENT_AGAIN))
    return bool(connection.execute(select(or_(begun, again))).scalar_one())
