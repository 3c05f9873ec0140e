"""What is odd about a message that may go: what it says, to whom, and what else they get then.

Each oddity is one sentence with its remedy or its link; the one that matters most comes first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, or_, select

from hsl import choice, database, dispatch, models, spans
from hsl.audience import policy, segments
from hsl.audience.cohort import Audience
from hsl.delivery import outcome
from hsl.dispatch import LastLook
from hsl.message import oddities
from hsl.message.content import Content
from hsl.models import Action, AudienceMode, DeliveryStatus, MessageStatus, RecipientType, utc_now
from hsl.settings import Settings
from hsl.words import _, plural

History, Recipients = models.message_history, models.message_recipients
DAYS = 7  # in which the same text counts as said already
NEAR = timedelta(hours=1)  # between two messages to the same people
MOSTLY = 0.5  # of these people, who get another message at about that time
MANY_UNREACHABLE = 0.1  # of these people
LARGER = 3  # times the largest message of this author of late
LATELY = 20  # messages of an author
UNTESTED_OVER = 20  # people, from which a message should be tested first
TESTERS = 5  # people of a message that counts as a test
MOST = 500  # messages that are looked at
AHEAD = (MessageStatus.SCHEDULED, MessageStatus.SENDING, MessageStatus.PAUSED)
REACHES = (
    *models.GOT, DeliveryStatus.UNCERTAIN, DeliveryStatus.SENDING, DeliveryStatus.PENDING,
)  # fmt: skip


@dataclass(frozen=True)
class Oddity:
    """One sentence; `weight` orders them, and `message_id` is the message that it speaks of."""

    weight: int
    words: str
    message_id: int | None = None
    page: str | None = None  # where it is mended, such as "audience"


@dataclass(frozen=True)
class Look:
    """The last look, and what is odd about it, the weightiest first."""

    last: LastLook
    oddities: tuple[Oddity, ...]


def look(
    engine: Engine,
    settings: Settings,
    content: Content,
    audience: Audience,
    *,
    at: datetime | None,
    author: str,
    keep_quiet: bool = False,
    through: str | None = None,
) -> Look:
    """Look at a message once more before it goes at `at` (None: now); nothing is changed.

    `through` is its bot's name where there are several, of which each reaches people of its own.
    """
    last = dispatch.look(engine, settings, content, audience, at=at)
    lost = dispatch.unreachable_words(last.unreachable, last.people)
    odd = [Oddity(60, words) for words in last.warnings if words != lost]
    odd += [Oddity(85, words) for words in content.link_warnings()]
    if (quiet := dispatch.quiet_warning(settings, at, keep_quiet=keep_quiet)) is not None:
        odd.append(Oddity(20 if keep_quiet else 75, quiet))
    odd += _unreachable(last)
    if not last.people:
        return Look(last, _sorted(odd))
    with database.read_only(engine).begin() as connection:
        try:
            people = policy.only_allowed(choice.ruled(connection, settings, audience, at))
        except segments.SegmentError:
            return Look(last, _sorted(odd))
        tried = _others(connection, at or utc_now())
        others = [row for row in tried if row.action == Action.SEND]
        same = list(_same_text(connection, people, others, content))
        odd += same
        known = {oddity.message_id for oddity in same}
        apart = [row for row in others if row.id not in known]
        odd += _collisions(connection, people, apart, last.people, at or utc_now())
        if through is not None:
            odd += _lost_to_it(connection, people, settings.bot_id, through, last.people)
        odd += _unusual(connection, author, last.people)
        odd += _untested(tried, content, author, last.people)
    return Look(last, _sorted(odd))


def _sorted(odd: Sequence[Oddity]) -> tuple[Oddity, ...]:
    return tuple(sorted(odd, key=lambda one: -one.weight))


def _unreachable(last: LastLook) -> Iterator[Oddity]:
    if not last.unreachable:
        return
    if last.unreachable < MANY_UNREACHABLE * last.people:
        yield Oddity(10, dispatch.unreachable_words(last.unreachable, last.people))
        return
    yield Oddity(
        45,
        _(
            "{lost} of {people} could not be reached by earlier messages. "
            "Leave out who is unreachable, or expect that many failures.",
            lost=last.unreachable,
            people=last.people,
        ),
        page="audience",
    )


def _lost_to_it(
    connection: Connection, people: Select[Any], bot_id: int, through: str, total: int
) -> Iterator[Oddity]:
    """How many could not be reached by the last message that this bot sent them.

    A person's own mark tells of the last message of any bot.
    """
    asked = people.subquery()
    last = (
        select(func.max(Recipients.c.id).label("id"))
        .join(History, History.c.id == Recipients.c.message_id)
        .where(
            History.c.bot_id == bot_id,
            History.c.action.in_([Action.SEND, Action.TEST]),
            Recipients.c.delivery_status.in_([*models.GOT, DeliveryStatus.FAILED]),
            Recipients.c.user_id.in_(select(asked.c.user_id)),
        )
        .group_by(Recipients.c.user_id)
        .subquery()
    )
    lost = connection.execute(
        select(func.count())
        .select_from(Recipients.join(last, last.c.id == Recipients.c.id))
        .where(Recipients.c.reason.in_(outcome.UNREACHABLE_REASONS))
    ).scalar_one()
    if lost:
        yield Oddity(
            55 if lost >= MANY_UNREACHABLE * total else 15,
            _(
                "{lost} of {people} could not be reached by the last message through the bot "
                "{name}. Another bot may reach them.",
                lost=lost,
                people=total,
                name=through,
            ),
        )


def _others(connection: Connection, at: datetime) -> Sequence[Row[Any]]:
    """The messages of the last days and of the days around `at`, the last first."""
    since, until = utc_now() - timedelta(days=DAYS), at + timedelta(days=DAYS)
    return connection.execute(
        select(
            History.c.id,
            History.c.message_text,
            History.c.author,
            History.c.status,
            History.c.scheduled_at,
            History.c.started_at,
            History.c.action,
            History.c.audience,
            History.c.audience_mode,
            History.c.recipient_type,
            History.c.total_recipients,
            History.c.successful_deliveries,
        )
        .where(
            History.c.action.not_in([Action.EDIT, Action.DELETE]),
            or_(
                History.c.started_at >= since,
                History.c.status.in_(AHEAD) & History.c.scheduled_at.between(since, until),
            ),
        )
        .order_by(History.c.id.desc())
        .limit(MOST)
    ).all()


def _same_text(
    connection: Connection, people: Select[Any], others: Sequence[Row[Any]], content: Content
) -> Iterator[Oddity]:
    wanted = oddities.as_read(content.text)
    if not wanted:
        return
    same = [row for row in others if oddities.as_read(row.message_text) == wanted][:3]
    for row in same:
        count = _shared(connection, people, row)
        if not count:
            continue
        number = str(row.id)
        apart = ((row.started_at or row.scheduled_at) - utc_now()).total_seconds()
        if apart > 0:
            words = plural(
                "The same text goes to {n} of these people in {span}, by message {number}.",
                "The same text goes to {n} of these people in {span}, by message {number}.",
                count, span=spans.words(apart), number=number,
            )  # fmt: skip
        else:
            words = plural(
                "The same text went to {n} of these people {span} ago, by message {number}.",
                "The same text went to {n} of these people {span} ago, by message {number}.",
                count, span=spans.words(-apart), number=number,
            )  # fmt: skip
        yield Oddity(90, words, message_id=row.id)


def _collisions(
    connection: Connection,
    people: Select[Any],
    others: Sequence[Row[Any]],
    total: int,
    at: datetime,
) -> Iterator[Oddity]:
    near = [row for row in others if abs((row.started_at or row.scheduled_at) - at) <= NEAR]
    for row in near[:5]:
        count = _shared(connection, people, row)
        if count < MOSTLY * total:
            continue
        apart = abs(((row.started_at or row.scheduled_at) - at).total_seconds())
        words = plural(
            "{n} of these people gets message {number} within {span} of this one. "
            "Choose another time, or let one of the two wait.",
            "{n} of these people get message {number} within {span} of this one. "
            "Choose another time, or let one of the two wait.",
            count, number=str(row.id), span=spans.words(max(apart, 60)),
        )  # fmt: skip
        yield Oddity(70, words, message_id=row.id)


def _shared(connection: Connection, people: Select[Any], row: Row[Any]) -> int:
    """How many of `people` get or got that message; where it chooses them late, who would now."""
    ours = people.order_by(None).subquery("ours")
    late = row.audience_mode == AudienceMode.LIVE and row.started_at is None
    if late:
        try:
            audience = Audience.model_validate(row.audience)
            theirs = segments.people(connection, audience).order_by(None).subquery("theirs")
        except (segments.SegmentError, ValueError):
            return 0
        joined = ours.join(theirs, theirs.c.user_id == ours.c.user_id)
        return int(connection.execute(select(func.count()).select_from(joined)).scalar_one())
    met = (Recipients.c.user_id == ours.c.user_id) & (Recipients.c.message_id == row.id)
    reached = Recipients.c.delivery_status.in_(REACHES)
    found = select(func.count()).select_from(ours.join(Recipients, met)).where(reached)
    return int(connection.execute(found).scalar_one())


def _unusual(connection: Connection, author: str, people: int) -> Iterator[Oddity]:
    """An audience far larger than any of this author's last ones."""
    sizes = (History.c.total_recipients, History.c.audience_at_creation)
    larger: Any = func.greatest if connection.dialect.name == "postgresql" else func.max
    lately = connection.execute(
        select(larger(*sizes).label("people"))
        .where(
            History.c.author == author,
            History.c.action == Action.SEND,
            History.c.taken_back_at.is_(None),
        )
        .order_by(History.c.id.desc())
        .limit(LATELY)
    ).all()
    largest = max((row.people for row in lately), default=0)
    if len(lately) >= LARGER and people > LARGER * max(largest, UNTESTED_OVER):
        yield Oddity(
            80,
            _(
                "This goes to {people} people; your largest message of late went to {largest}. "
                "Look once more at whom you chose.",
                people=people,
                largest=int(largest),
            ),
            page="audience",
        )


def _untested(
    others: Sequence[Row[Any]], content: Content, author: str, people: int
) -> Iterator[Oddity]:
    if people <= UNTESTED_OVER:
        return
    wanted = oddities.as_read(content.text)
    for row in others:
        few = row.recipient_type == RecipientType.INDIVIDUAL and row.total_recipients <= TESTERS
        arrived = few and row.author == author and row.successful_deliveries > 0
        if arrived and oddities.as_read(row.message_text) == wanted:
            return
    yield Oddity(
        40, _("Nobody tried this text yet. Send it to yourself first, and look at it on a phone.")
    )
