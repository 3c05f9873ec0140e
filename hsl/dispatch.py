"""The last look before a message goes, and its way into the outbox: one rule for page and terminal.

Here WHO, WHAT and HOW meet; each of the three rooms knows nothing of the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, select

from hsl import choice, database, models, written
from hsl.acting import Permission, current, needs
from hsl.audience import policy, resolve, segments, suppression, values
from hsl.audience.cohort import Audience
from hsl.delivery import again, approving, changes, outbox, pace, recurring, withdrawing
from hsl.delivery.quiet import QuietHours
from hsl.media import lasting
from hsl.message.content import Content, Problem
from hsl.models import AudienceMode, RecipientType, utc_now
from hsl.settings import Settings
from hsl.words import _


@dataclass(frozen=True)
class LastLook:
    """Who gets it, how long it takes (seconds), what forbids it, and what is odd about it.

    `people` are the recipients: everybody chosen but those `left_out` by a rule, see `policy`.
    `samples` are whose messages to look at; none where everybody gets the same text.
    `languages` are how many of them get each of the content's languages, by code.
    `needs_approval` says that they are more than one may write to without a second person.
    """

    people: int
    unreachable: int
    missing_ids: tuple[int, ...]
    seconds: float
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]
    longest: dict[str, Any] | None
    left_out: dict[str, int] = field(default_factory=dict)
    samples: tuple[values.Sample, ...] = ()
    languages: dict[str, int] = field(default_factory=dict)
    needs_approval: bool = False

    @property
    def may_go(self) -> bool:
        """True when nothing forbids sending."""
        return not self.problems


@dataclass(frozen=True)
class Count:
    """How many people, and how many of them could not be reached before."""

    people: int
    unreachable: int


def count(engine: Engine, audience: Audience) -> Count:
    """How many people an audience has at this moment, before any rule leaves some out."""
    with database.read_only(engine).begin() as connection:
        try:
            people = segments.people(connection, audience)
        except segments.SegmentError:
            return Count(0, 0)  # the last look says why
        return Count(*resolve.chosen_count(connection, people))


def examples(engine: Engine, audience: Audience, *, most: int) -> list[dict[str, Any]]:
    """Some people of an audience, with everything that a placeholder may name.

    None for who may not see names.
    """
    if not current().may(Permission.NAMES):
        return []
    with database.read_only(engine).begin() as connection:
        try:
            people = segments.people(connection, audience)
        except segments.SegmentError:
            return []  # the last look says why
        return values.examples(connection, people, most=most)


def look(
    engine: Engine,
    settings: Settings,
    content: Content,
    audience: Audience,
    *,
    at: datetime | None = None,
) -> LastLook:
    """Look at a message and its audience as they are now; nothing is changed.

    `at` is when it is to go: the frequency cap is reckoned from there, and its file must last. Who
    may not see names is shown nobody.
    """
    names = current().may(Permission.NAMES)
    problems = list(content.check())
    with database.read_only(engine).begin() as connection:
        if at is not None and not lasting.can_wait(connection, settings.bot_id, content):
            problems.append(Problem("file_id", _(lasting.MAY_LAPSE)))
        if lasting.is_anothers(connection, settings.bot_id, content):
            problems.append(Problem("file_id", _(lasting.ANOTHERS)))
        try:
            chosen = choice.ruled(connection, settings, audience, at)
        except segments.SegmentError as fault:
            problems.append(Problem("audience", str(fault)))
            return LastLook(0, 0, (), 0.0, tuple(problems), (), None)
        people = policy.only_allowed(chosen)
        missing = tuple(resolve.missing_ids(connection, audience.user_ids))
        found = policy.counted(connection, chosen)
        total, unreachable, left_out = found.people, found.unreachable, found.left_out
        texts = written.texts(connection, content, people) if total else []
    if missing:
        problems.append(
            Problem(
                "audience",
                _(
                    "Not in the database: {ids}. Nothing was made. "
                    "Import these people, or leave them out.",
                    ids=", ".join(map(str, missing)),
                ),
            )
        )
    if total == 0:
        problems.append(_nobody(left_out))
    warnings: list[str] = []
    for text in texts:
        problems += text.problems(content)
        warnings += text.warnings(content)
    if unreachable:
        warnings.append(unreachable_words(unreachable, total))
    return LastLook(
        people=total,
        unreachable=unreachable,
        missing_ids=missing,
        seconds=pace.expected_seconds(total, settings),
        problems=tuple(problems),
        warnings=tuple(warnings),
        longest=next((text.longest for text in texts if text.longest and names), None),
        left_out=left_out,
        samples=written.samples(texts) if names else (),
        languages={text.content.default_language: text.people for text in texts},
        needs_approval=approving.are_many(engine, total),
    )


def unreachable_words(lost: int, people: int) -> str:
    """How many could not be reached before, as a sentence."""
    return _(
        "{lost} of {people} could not be reached by earlier messages.", lost=lost, people=people
    )


def _nobody(left_out: dict[str, int]) -> Problem:
    if not left_out:
        return Problem("audience", _("Nobody is chosen. Choose people on Audience first."))
    return Problem("audience", _("Nobody may get it: {rules}.", rules=policy.sentence(left_out)))


@needs(Permission.SEND)
def send(
    engine: Engine,
    settings: Settings,
    *,
    content: Content,
    audience: Audience,
    author: str,
    scheduled_at: datetime | None = None,
    audience_mode: AudienceMode = AudienceMode.FROZEN,
    follows_message_id: int | None = None,
    draft_id: int | None = None,
    late_limit: float | None = outbox.LATE_LIMIT,
    keep_quiet: bool = False,
    take_back: float = 0.0,
) -> int:
    """Put a message into the outbox and return its id. Raises OutboxError: then nothing is made.

    What is to go now waits `take_back` seconds, in which it can be taken back.
    """
    found = look(engine, settings, content, audience, at=scheduled_at)
    if not found.may_go:
        why = found.problems[0].message
        raise outbox.OutboxError(_("Nothing was sent: {why}", why=why))
    new = outbox.NewMessage(
        content=content,
        people=choice.Choice(settings, audience, scheduled_at),
        author=author,
        bot_id=settings.bot_id,
        scheduled_at=scheduled_at,
        recipient_type=(
            RecipientType.INDIVIDUAL if audience.is_individual else RecipientType.GROUP
        ),
        recipient_group=None if audience.is_individual else audience.english(),
        cohort=audience.model_dump(mode="json"),
        audience_mode=audience_mode,
        follows_message_id=follows_message_id,
        late_limit=late_limit,
        keep_quiet=keep_quiet,
        cap_ignored_because=audience.ignore_cap,
        take_back=take_back,
    )
    return outbox.create(engine, new, draft_id=draft_id)


@needs(Permission.SEND)
def repeat(
    engine: Engine,
    settings: Settings,
    *,
    content: Content,
    audience: Audience,
    rule: recurring.Repeat,
    author: str,
    draft_id: int | None = None,
    late_limit: float | None = outbox.LATE_LIMIT,
    keep_quiet: bool = False,
) -> int:
    """Make a rule that sends again and again; the id of its first message. Raises OutboxError."""
    first = rule.after(utc_now())
    found = look(engine, settings, content, audience, at=first)
    if not found.may_go:
        why = found.problems[0].message
        raise outbox.OutboxError(_("Nothing was made: {why}", why=why))
    return recurring.create(
        engine,
        repeat=rule,
        content=content,
        people=choice.Choice(settings, audience, first),
        audience=audience.model_dump(mode="json"),
        group=None if audience.is_individual else audience.english(),
        author=author,
        bot_id=settings.bot_id,
        draft_id=draft_id,
        late_limit=late_limit,
        keep_quiet=keep_quiet,
    )


@dataclass(frozen=True)
class Suppressed:
    """How many people were marked, and how many messages they will not get any more."""

    marked: int
    withdrawn: int


@needs(Permission.SEND)
def suppress(engine: Engine, user_ids: Sequence[int], *, reason: str, actor: str) -> Suppressed:
    """Mark people as do-not-message, and withdraw what still waits to go to them.

    Also what waits for those who were marked before.

    Raises SuppressionError, and then nothing is changed.
    """
    with engine.begin() as connection:
        marked = suppression.add(connection, user_ids, reason=reason, actor=actor)
        return Suppressed(len(marked), withdrawing.withdraw(connection, user_ids, actor=actor))


@needs(Permission.SEND)
def retry_failed(
    engine: Engine, message_id: int, *, actor: str, reasons: tuple[str, ...] = ()
) -> int:
    """`again.retry_failed`, but for nobody who is on an exclusion list as it begins."""
    return again.retry_failed(
        engine, message_id, actor=actor, reasons=reasons, excluded=choice.excluded
    )


@needs(Permission.SEND)
def send_again(
    engine: Engine, message_id: int, *, actor: str, user_ids: tuple[int, ...] = ()
) -> int:
    """`again.send_again`, but for nobody who is on an exclusion list as it begins."""
    return again.send_again(
        engine, message_id, actor=actor, user_ids=user_ids, excluded=choice.excluded
    )


def over_cap(engine: Engine, settings: Settings, message_id: int, at: datetime) -> int:
    """How many of a message's people would get more than the cap allows if it went at `at`."""
    cap = policy.Cap.parse(settings.frequency_cap)
    if cap is None:
        return 0
    busy = policy.at_the_cap(cap, at, but=message_id).subquery()
    rows = models.message_recipients.c
    with database.read_only(engine).begin() as connection:
        found = select(func.count()).where(
            rows.message_id == message_id, rows.user_id.in_(select(busy.c.user_id))
        )
        return int(connection.execute(found).scalar_one())


def quiet_warning(settings: Settings, moment: datetime | None, *, keep_quiet: bool) -> str | None:
    """What to say of a time within the school's quiet hours; None where it is outside of them."""
    quiet = QuietHours.of(settings)
    at = moment or utc_now()
    if quiet.until(at, settings.zone) is None:
        return None
    clock, zone = f"{at.astimezone(settings.zone):%H:%M}", settings.zone.key
    if keep_quiet:
        return _(
            "It is {clock} in {zone} then: who sleeps gets it when their quiet hours ({quiet}) "
            "are over.",
            clock=clock,
            zone=zone,
            quiet=str(quiet),
        )
    return _(
        "It is {clock} in {zone} then, within the quiet hours ({quiet}).",
        clock=clock,
        zone=zone,
        quiet=str(quiet),
    )


@needs(Permission.SEND)
def save_edit(
    engine: Engine,
    *,
    message_id: int,
    content: Content,
    in_chats: bool,
    author: str,
    draft_id: int | None = None,
) -> int:
    """Change a message for those still to come, or in the chats where it arrived (`in_chats`).

    Returns the id of the message to look at: the run that changes the chats, or the message
    itself. Raises OutboxError: then nothing is changed.
    """
    if in_chats:
        return changes.edit_sent(engine, message_id, content, actor=author, draft_id=draft_id)
    changes.edit(engine, message_id, content, actor=author, draft_id=draft_id)
    return message_id
