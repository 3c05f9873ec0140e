"""Recurring messages: a rule that makes ordinary scheduled messages, always one ahead.

The message ahead is seen, edited or cancelled like any other; its people are chosen when it starts.
A time that passed while nothing ran is not made up for: its message waits by its lateness limit,
and the rule goes on with the next time that is still to come.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, Row, Select, false, insert, select, update
from sqlalchemy.exc import InterfaceError, OperationalError

from hsl import audit, audit_changes, database, models
from hsl.acting import Permission, needs
from hsl.delivery import choosing, outbox, steering
from hsl.delivery.quiet import known_zones
from hsl.message.content import Content
from hsl.models import AudienceMode, MessageStatus, RecipientType
from hsl.words import _, in_english, p_

logger = logging.getLogger(__name__)
Rules, History = models.recurring_messages, models.message_history
NOBODY = select(models.users.c.user_id, models.users.c.username).where(false())
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Repeat:
    """On these weekdays (0 is Monday) at this local time, up to and with the day `until`."""

    weekdays: tuple[int, ...]
    at: time
    zone: str
    until: date | None = None

    @classmethod
    def parse(cls, words: str, until: str | None = None) -> "Repeat":
        """From "mon,thu 10:00 Europe/Moscow" or "daily 10:00 UTC". Raises OutboxError."""
        parts = words.split()
        if len(parts) != 3:
            raise outbox.OutboxError(
                _(
                    "{words} is not DAYS TIME ZONE, such as mon,thu 10:00 Europe/Moscow.",
                    words=words,
                )
            )
        try:
            return cls(_weekdays(parts[0]), time.fromisoformat(parts[1]), _zone(parts[2]),
                       date.fromisoformat(until) if until else None)  # fmt: skip
        except ValueError as fault:
            raise outbox.OutboxError(
                _(
                    "{fault}. Write it as mon,thu 10:00 Europe/Moscow, and a last day as "
                    "2027-06-30.",
                    fault=str(fault),
                )
            ) from None

    def after(self, moment: datetime) -> datetime | None:
        """The first time after `moment`, in UTC; None when the rule is over.

        A local time that the clocks skip comes an hour later on that day; of one that they repeat,
        the first counts.
        """
        zone = ZoneInfo(self.zone)
        today = moment.astimezone(zone).date()
        for ahead in range(9):
            day = today + timedelta(days=ahead)
            if self.until is not None and day > self.until:
                return None
            at = datetime.combine(day, self.at, zone).astimezone(UTC)
            if day.weekday() in self.weekdays and at > moment:
                return at
        return None

    def sentence(self) -> str:
        """Such as "every Monday and Thursday at 10:00 (Europe/Moscow)"."""
        if len(self.weekdays) == len(WEEKDAYS):
            said = _("every day at {time} ({zone})", time=f"{self.at:%H:%M}", zone=self.zone)
        else:
            names = [_after_every()[day] for day in sorted(self.weekdays)]
            days = names[0]
            if names[1:]:
                days = _("{days} and {day}", days=", ".join(names[:-1]), day=names[-1])
            said = _(
                "every {days} at {time} ({zone})",
                days=days,
                time=f"{self.at:%H:%M}",
                zone=self.zone,
            )
        if self.until is None:
            return said
        return _("{rule}, until {last}", rule=said, last=str(self.until))


def _after_every() -> tuple[str, ...]:
    """The weekdays as they stand after "every", where a language may bend them."""
    return (
        p_("every", "Monday"),
        p_("every", "Tuesday"),
        p_("every", "Wednesday"),
        p_("every", "Thursday"),
        p_("every", "Friday"),
        p_("every", "Saturday"),
        p_("every", "Sunday"),
    )


def _weekdays(words: str) -> tuple[int, ...]:
    if words == "daily":
        return tuple(range(len(WEEKDAYS)))
    short = [name[:3].lower() for name in WEEKDAYS]
    unknown = [word for word in words.lower().split(",") if word[:3] not in short]
    if unknown:
        raise ValueError(f"{unknown[0]} is not a weekday")
    return tuple(sorted({short.index(word[:3]) for word in words.lower().split(",")}))


def _zone(name: str) -> str:
    if name not in known_zones():
        raise ValueError(f"{name} is not a time zone")
    return name


@dataclass(frozen=True)
class Rule:
    """A rule as pages and terminal show it; `next_message_id` is the one ahead."""

    id: int
    author: str
    text: str
    repeat: Repeat
    next_at: datetime | None
    next_message_id: int | None
    stopped_reason: str | None


@needs(Permission.SEND)
def create(
    engine: Engine,
    *,
    repeat: Repeat,
    content: Content,
    people: choosing.People,
    audience: Mapping[str, Any],
    group: str | None,
    author: str,
    bot_id: int,
    draft_id: int | None = None,
    late_limit: float | None = outbox.LATE_LIMIT,
    keep_quiet: bool = False,
) -> int:
    """Make a rule and the first message of it, and return the message's id.

    Raises OutboxError, and then nothing was made.
    """
    if not repeat.weekdays:
        raise outbox.OutboxError(_("No weekday is chosen. Choose at least one."))
    first = repeat.after(models.utc_now())
    if first is None:
        raise outbox.OutboxError(
            _("No such day comes until {last}. Choose a later one.", last=str(repeat.until))
        )
    with engine.begin() as connection:
        outbox.finish_draft(connection, draft_id)
        rule = connection.execute(
            insert(Rules).returning(Rules),
            {
                "author": author,
                "content": content.model_dump(mode="json"),
                "audience": {"chosen": dict(audience), "group": group},
                "weekdays": list(repeat.weekdays),
                "local_time": f"{repeat.at:%H:%M}",
                "zone": repeat.zone,
                "until": repeat.until and repeat.until.isoformat(),
                "late_limit": late_limit,
                "keep_quiet": keep_quiet,
                "created_at": models.utc_now(),
            },
        ).one()
        audit.record(
            connection,
            actor=author,
            action="rule_created",
            object_type="rule",
            object_id=rule.id,
            details=audit_changes.between({}, {**_told(rule), "active": True}),
        )
        return _make(connection, rule, first, people, bot_id)


def make_due(engine: Engine, *, now: datetime, bot_id: int, resolve: outbox.Resolve) -> list[int]:
    """Make the next message of each rule whose last one's time has come; their ids.

    A rule that cannot make one any more is stopped with its reason, and keeps no other from it.
    """
    due = select(Rules.c.id).where(Rules.c.stopped_at.is_(None), Rules.c.next_at <= now)
    with database.read_only(engine).begin() as connection:
        found = connection.execute(due).all()
    made: list[int] = []
    for row in found:
        try:
            with engine.begin() as connection:
                made += _make_next(
                    connection, due.where(Rules.c.id == row.id), now, bot_id, resolve
                )
        except Exception as fault:
            if isinstance(fault, OperationalError | InterfaceError):
                raise  # the database is away, which is no fault of the rule
            logger.exception("Rule %s cannot make its next message", row.id)
            with engine.begin() as connection:
                _stop_failed(connection, row.id, fault)
    return made


def _make_next(
    connection: Connection,
    due: Select[Any],
    now: datetime,
    bot_id: int,
    resolve: outbox.Resolve,
) -> list[int]:
    rule = connection.execute(
        due.with_only_columns(Rules).with_for_update(skip_locked=True)
    ).one_or_none()
    if rule is None:
        return []  # another process makes it
    following = _repeat(rule).after(now)
    if following is None:
        _stop(connection, rule.id, "over")
        return []
    people = resolve(rule.audience["chosen"])
    try:
        choosing.check(connection, people)
    except outbox.OutboxError:
        # They are chosen when it starts; where they cannot be then, it waits and says why.
        people = NOBODY
    return [_make(connection, rule, following, people, bot_id)]


def _stop_failed(connection: Connection, rule_id: int, fault: Exception) -> None:
    words = str(fault) if isinstance(fault, outbox.OutboxError) else type(fault).__name__
    _stop(connection, rule_id, f"its next message could not be made: {words}")
    audit.record(
        connection,
        actor="scheduler",
        action="rule_failed",
        object_type="rule",
        object_id=rule_id,
        details={
            **audit_changes.between({"active": True}, {"active": False}),
            "reason": words,
        },
    )


@needs(Permission.SEND)
def stop(engine: Engine, rule_id: int, *, actor: str) -> int:
    """Stop a rule and cancel the message that it made ahead; return how many were cancelled."""
    with engine.begin() as connection:
        rule = connection.execute(
            select(Rules).where(Rules.c.id == rule_id).with_for_update()
        ).one_or_none()
        if rule is None or rule.stopped_at is not None:
            raise outbox.OutboxError(_("There is no rule {number} at work.", number=str(rule_id)))
        _stop(connection, rule_id, f"stopped by {actor}")
        ahead = connection.execute(
            select(History.c.id).where(
                History.c.rule_id == rule_id, History.c.status == MessageStatus.SCHEDULED
            )
        ).all()
        for row in ahead:
            steering.cancel_within(connection, row.id, actor=actor)
        audit.record(
            connection,
            actor=actor,
            action="rule_stopped",
            object_type="rule",
            object_id=rule_id,
            details={
                **audit_changes.between({**_told(rule), "active": True}, {"active": False}),
                "cancelled": [row.id for row in ahead],
            },
        )
    return len(ahead)


def at_work(engine: Engine) -> list[Rule]:
    """The rules that are not stopped, the next to come first."""
    statement = select(Rules).where(Rules.c.stopped_at.is_(None)).order_by(Rules.c.next_at)
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(statement).all()
        ahead = connection.execute(
            select(History.c.id, History.c.rule_id).where(
                History.c.rule_id.in_([row.id for row in rows]),
                History.c.status == MessageStatus.SCHEDULED,
            )
        ).all()
    messages = {row.rule_id: row.id for row in ahead}
    return [rule_of(row, messages.get(row.id)) for row in rows]


def of_message(engine: Engine, message_id: int) -> Rule | None:
    """The rule that made this message; None where a person did."""
    statement = select(Rules).join(History, History.c.rule_id == Rules.c.id)
    with database.read_only(engine).begin() as connection:
        row = connection.execute(statement.where(History.c.id == message_id)).one_or_none()
    return None if row is None else rule_of(row)


def _make(
    connection: Connection,
    rule: Row[Any],
    moment: datetime,
    people: choosing.People,
    bot_id: int,
) -> int:
    connection.execute(update(Rules).where(Rules.c.id == rule.id).values(next_at=moment))
    group = rule.audience["group"]
    new = outbox.NewMessage(
        content=Content.model_validate(rule.content),
        people=people,
        author=rule.author,
        bot_id=bot_id,
        recipient_type=RecipientType.INDIVIDUAL if group is None else RecipientType.GROUP,
        scheduled_at=moment,
        recipient_group=group,
        cohort=rule.audience["chosen"],
        audience_mode=AudienceMode.LIVE,
        late_limit=rule.late_limit,
        keep_quiet=rule.keep_quiet,
        rule_id=rule.id,
        cap_ignored_because=rule.audience["chosen"].get("ignore_cap", ""),
    )
    return outbox.add(connection, new)


def _stop(connection: Connection, rule_id: int, reason: str) -> None:
    connection.execute(
        update(Rules)
        .where(Rules.c.id == rule_id)
        .values(stopped_at=models.utc_now(), stopped_reason=reason)
    )


def _stored(repeat: Repeat) -> str:
    with in_english():
        return repeat.sentence()


def _told(row: Row[Any]) -> dict[str, Any]:
    """What the audit says of a rule."""
    return {
        "rule": _stored(_repeat(row)),
        "group": row.audience["group"],
        "preview": Content.model_validate(row.content).text,
        "keep_quiet": row.keep_quiet,
    }


def _repeat(row: Row[Any]) -> Repeat:
    return Repeat(
        tuple(row.weekdays),
        time.fromisoformat(row.local_time),
        row.zone,
        date.fromisoformat(row.until) if row.until else None,
    )


def rule_of(row: Row[Any], next_message_id: int | None = None) -> Rule:
    """The rule of a row of `recurring_messages`."""
    text = Content.model_validate(row.content).text
    return Rule(
        row.id, row.author, text, _repeat(row), row.next_at, next_message_id, row.stopped_reason
    )
