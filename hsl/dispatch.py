"""The last look before a message goes, and its way into the outbox: one rule for page and terminal.

Here WHO, WHAT and HOW meet; each of the three rooms knows nothing of the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select

from hsl import choice, database
from hsl.audience import policy, resolve, segments, spoken, suppression, values
from hsl.audience.cohort import Audience
from hsl.delivery import again, changes, outbox, pace, recurring, withdrawing
from hsl.delivery.quiet import QuietHours
from hsl.message import html, placeholders
from hsl.message.content import Content, Problem
from hsl.models import AudienceMode, RecipientType, utc_now
from hsl.settings import Settings
from hsl.words import _, plural


@dataclass(frozen=True)
class LastLook:
    """Who gets it, how long it takes (seconds), what forbids it, and what is odd about it.

    `people` are the recipients: everybody chosen but those `left_out` by a rule, see `policy`.
    `languages` are how many of them get each of the content's languages, by code.
    """

    people: int
    unreachable: int
    missing_ids: tuple[int, ...]
    seconds: float
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]
    longest: dict[str, Any] | None
    left_out: dict[str, int] = field(default_factory=dict)
    languages: dict[str, int] = field(default_factory=dict)

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
    """Some people of an audience, with everything that a placeholder may name."""
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

    `at` is when it is to go: the frequency cap is reckoned from there.
    """
    problems = list(content.check())
    with database.read_only(engine).begin() as connection:
        try:
            chosen = choice.ruled(connection, settings, audience, at)
        except segments.SegmentError as fault:
            problems.append(Problem("audience", str(fault)))
            return LastLook(0, 0, (), 0.0, tuple(problems), (), None)
        people = policy.only_allowed(chosen)
        missing = tuple(resolve.missing_ids(connection, audience.user_ids))
        found = policy.counted(connection, chosen)
        total, unreachable, left_out = found.people, found.unreachable, found.left_out
        texts = _texts(connection, content, people) if total else []
    if missing:
        problems.append(
            Problem(
                "audience",
                f"Not in the database: {', '.join(map(str, missing))}. Nothing was made. "
                "Import these people, or leave them out.",
            )
        )
    if total == 0:
        problems.append(_nobody(left_out))
    warnings: list[str] = []
    for text in texts:
        problems += text.problems(content)
        warnings += text.warnings(content)
    if unreachable:
        warnings.append(f"{unreachable:,} of {total:,} could not be reached by earlier messages.")
    return LastLook(
        people=total,
        unreachable=unreachable,
        missing_ids=missing,
        seconds=pace.expected_seconds(total, settings),
        problems=tuple(problems),
        warnings=tuple(warnings),
        longest=next((text.longest for text in texts if text.longest), None),
        left_out=left_out,
        languages={text.content.default_language: text.people for text in texts},
    )


def _nobody(left_out: dict[str, int]) -> Problem:
    if not left_out:
        return Problem("audience", "Nobody is chosen. Choose people on Audience first.")
    return Problem("audience", f"Nobody may get it: {policy.sentence(left_out)}.")


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
) -> int:
    """Put a message into the outbox and return its id. Raises OutboxError: then nothing is made."""
    found = look(engine, settings, content, audience, at=scheduled_at)
    if not found.may_go:
        raise outbox.OutboxError(f"Nothing was sent: {found.problems[0].message}")
    new = outbox.NewMessage(
        content=content,
        people=choice.Choice(settings, audience, scheduled_at),
        author=author,
        bot_id=settings.bot_id,
        scheduled_at=scheduled_at,
        recipient_type=(
            RecipientType.INDIVIDUAL if audience.is_individual else RecipientType.GROUP
        ),
        recipient_group=None if audience.is_individual else audience.sentence(),
        cohort=audience.model_dump(mode="json"),
        audience_mode=audience_mode,
        follows_message_id=follows_message_id,
        late_limit=late_limit,
        keep_quiet=keep_quiet,
        cap_ignored_because=audience.ignore_cap,
    )
    return outbox.create(engine, new, draft_id=draft_id)


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
        raise outbox.OutboxError(f"Nothing was made: {found.problems[0].message}")
    return recurring.create(
        engine,
        repeat=rule,
        content=content,
        people=choice.Choice(settings, audience, first),
        audience=audience.model_dump(mode="json"),
        group=None if audience.is_individual else audience.sentence(),
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


def suppress(engine: Engine, user_ids: Sequence[int], *, reason: str, actor: str) -> Suppressed:
    """Mark people as do-not-message, and withdraw what still waits to go to them.

    Also what waits for those who were marked before.

    Raises SuppressionError, and then nothing is changed.
    """
    with engine.begin() as connection:
        marked = suppression.add(connection, user_ids, reason=reason, actor=actor)
        return Suppressed(len(marked), withdrawing.withdraw(connection, user_ids, actor=actor))


def retry_failed(
    engine: Engine, message_id: int, *, actor: str, reasons: tuple[str, ...] = ()
) -> int:
    """`again.retry_failed`, but for nobody who is on an exclusion list as it begins."""
    return again.retry_failed(
        engine, message_id, actor=actor, reasons=reasons, excluded=choice.excluded
    )


def send_again(
    engine: Engine, message_id: int, *, actor: str, user_ids: tuple[int, ...] = ()
) -> int:
    """`again.send_again`, but for nobody who is on an exclusion list as it begins."""
    return again.send_again(
        engine, message_id, actor=actor, user_ids=user_ids, excluded=choice.excluded
    )


def quiet_warning(settings: Settings, moment: datetime | None, *, keep_quiet: bool) -> str | None:
    """What to say of a time within the school's quiet hours; None where it is outside of them."""
    quiet = QuietHours.of(settings)
    at = moment or utc_now()
    if quiet.until(at, settings.zone) is None:
        return None
    clock = f"{at.astimezone(settings.zone):%H:%M} in {settings.zone.key}"
    if keep_quiet:
        return f"It is {clock} then: who sleeps gets it when their quiet hours ({quiet}) are over."
    return f"It is {clock} then, within the quiet hours ({quiet})."


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


def by_language(engine: Engine, codes: Sequence[str], audience: Audience) -> dict[str, int]:
    """How many of an audience get each of a content's languages; the default's code is first."""
    with database.read_only(engine).begin() as connection:
        try:
            people = segments.people(connection, audience)
        except segments.SegmentError:
            return dict.fromkeys(codes, 0)  # the last look says why
        return spoken.counted(connection, people, codes)


def languages_of(engine: Engine, audience: Audience, *, most: int = 12) -> dict[str, int]:
    """The languages that an audience's people read, with how many each, the largest first."""
    with database.read_only(engine).begin() as connection:
        try:
            people = segments.people(connection, audience)
        except segments.SegmentError:
            return {}  # the last look says why
        return spoken.present(connection, people, most=most)


@dataclass(frozen=True)
class _Text:
    """A content in one of its languages, and what those who get it can fill into it."""

    content: Content
    people: int
    filled: values.Filling | None

    @property
    def longest(self) -> dict[str, Any] | None:
        """Who gets the longest text; None where it is the same for everybody."""
        return self.filled.longest if self.filled else None

    def problems(self, whole: Content) -> list[Problem]:
        """What forbids sending it, each with its language where `whole` has several."""
        if self.filled is None:
            return []
        code = self.content.default_language
        own = "" if code == whole.default_language else code
        found = _unfillable(self._parts, self.filled) + _too_long(self.content, self.longest)
        return [
            replace(one, message=whole.in_its_language(one.message, code), language=own)
            for one in found
        ]

    def warnings(self, whole: Content) -> list[str]:
        """What is odd about it."""
        code = self.content.default_language
        found = _gaps(self._parts, self.filled, self.people) if self.filled else []
        if self.people == 0 and code != whole.default_language:
            found = [_("Nobody here reads it: this text reaches nobody.")]
        return [whole.in_its_language(words, code) for words in found]

    @property
    def _parts(self) -> tuple[tuple[str, str], ...]:
        return placeholders.parts(self.content.text)


def _texts(connection: Connection, content: Content, people: Select[Any]) -> list[_Text]:
    """The content in each of its languages, with what its people (`people`) can fill in."""
    counts = spoken.counted(connection, people, content.languages)
    found = []
    for code in content.languages:
        written = content.for_language(code or None)
        parts = placeholders.parts(written.text)
        theirs = spoken.only(people, content.languages, code)
        filled = values.filling(connection, theirs, parts) if parts and counts[code] else None
        found.append(_Text(written, counts[code], filled))
    return found


def _unfillable(parts: tuple[tuple[str, str], ...], filled: values.Filling) -> list[Problem]:
    names = dict.fromkeys(name for name, back in parts if not back and not filled.filled[name])
    return [
        Problem(
            "text",
            _(
                "Nobody here has a value for {placeholder}. Mend its name, or add words to fall "
                "back on: {example}.",
                placeholder=f"{{{name}}}",
                example=f"{{{name}|friend}}",
            ),
        )
        for name in names
    ]


def _too_long(content: Content, longest: dict[str, Any] | None) -> list[Problem]:
    if longest is None:
        return []
    try:
        length = html.parse(placeholders.render(content.text, longest)).length
    except html.HtmlError:
        return []  # named by the content's own check
    if length <= content.limit:
        return []
    who = longest.get("first_name") or longest["user_id"]
    return [
        Problem(
            "text",
            _(
                "For {who} the text is {length} characters long, over Telegram's limit of "
                "{limit}. Shorten it by {over}.",
                who=str(who),
                length=length,
                limit=content.limit,
                over=length - content.limit,
            ),
        )
    ]


def _gaps(parts: tuple[tuple[str, str], ...], filled: values.Filling, total: int) -> list[str]:
    names = dict.fromkeys(name for name, back in parts if not back)
    return [
        plural(
            "{n} person has no {name}: nothing will stand there.",
            "{n} people have no {name}: nothing will stand there.",
            total - filled.filled[name],
            name=name,
        )
        for name in names
        if 0 < filled.filled[name] < total
    ]
