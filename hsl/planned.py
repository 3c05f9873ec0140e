"""What goes when: messages that went or will go, what rules are yet to make, and what meets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, func, select

from hsl import database, models
from hsl.audience import conditions
from hsl.audience.cohort import Audience
from hsl.delivery import recurring
from hsl.message import html
from hsl.models import Action, AudienceMode, MessageStatus, utc_now

History, Recipients = models.message_history, models.message_recipients
Rules = models.recurring_messages
MOST = 2_000  # messages of a period
MOST_OF_RULE = 400  # dates of one rule
AHEAD = (MessageStatus.SCHEDULED, MessageStatus.SENDING, MessageStatus.PAUSED)
PLANNED = "planned"  # the state of what a rule is yet to make
SHARED = 0.05  # of the smaller message's people, from which two messages meet


@dataclass(frozen=True)
class Reach:
    """Whom a message goes to, as far as its audience tells: these streams, or everybody."""

    streams: frozenset[str] = frozenset()
    everybody: bool = False

    def shared(self, other: "Reach") -> frozenset[str]:
        """The streams that both reach."""
        if self.everybody:
            return other.streams
        return self.streams if other.everybody else self.streams & other.streams

    def meets(self, other: "Reach") -> bool:
        """True where somebody may get both."""
        return bool(self.shared(other)) or (self.everybody and other.everybody)


@dataclass(frozen=True)
class Entry:
    """A message at its time, or a date of a rule that is not made yet (then `id` is None)."""

    at: datetime
    title: str
    status: str
    group: str | None
    people: int
    reach: Reach
    author: str
    id: int | None = None
    rule_id: int | None = None
    experiment_id: int | None = None
    is_written: bool = False  # its recipients are chosen already
    taken_back: bool = False
    audience: Mapping[str, Any] | None = None  # as it is stored

    @property
    def is_ahead(self) -> bool:
        """True for what goes still, wholly or in part."""
        return self.status in {*AHEAD, PLANNED}

    @property
    def can_move(self) -> bool:
        """True for what has a time that can still be changed."""
        return self.status == MessageStatus.SCHEDULED and self.id is not None


@dataclass(frozen=True)
class Collision:
    """Two messages to the same people within the window; `people` is None where nobody can count.

    `first` goes before `second`; at least one of them goes still.
    """

    first: Entry
    second: Entry
    streams: tuple[str, ...] = ()
    people: int | None = None

    @property
    def apart(self) -> timedelta:
        """The time between them."""
        return self.second.at - self.first.at


def between(engine: Engine, start: datetime, end: datetime) -> list[Entry]:
    """Everything from `start` to before `end`, the first first, what rules will make with it."""
    with database.read_only(engine).begin() as connection:
        found = [*_messages(connection, start, end), *_of_rules(connection, start, end)]
    return sorted(found, key=lambda entry: (entry.at, entry.id or 0))


def collisions(
    engine: Engine, entries: Sequence[Entry], *, window: timedelta
) -> tuple[Collision, ...]:
    """Which of these meet: within `window` of each other, and to the same people.

    Written recipients are counted; whom a message chooses later is told by its streams.
    """
    near = list(_near(entries, window))
    countable = [(a, b) for a, b in near if a.is_written and b.is_written]
    with database.read_only(engine).begin() as connection:
        people = _shared(connection, countable)
    found = []
    for first, second in near:
        streams = tuple(sorted(first.reach.shared(second.reach)))
        if first.is_written and second.is_written:
            count = people.get((first.id or 0, second.id or 0), 0)
            if count and count >= SHARED * min(first.people, second.people):
                found.append(Collision(first, second, streams, count))
        elif first.reach.meets(second.reach):
            found.append(Collision(first, second, streams))
    return tuple(found)


def _near(entries: Iterable[Entry], window: timedelta) -> Iterator[tuple[Entry, Entry]]:
    """Pairs within the window of which one goes still; the arms of one test never share people."""
    live = [e for e in entries if e.is_ahead or e.status == MessageStatus.SENT]
    live.sort(key=lambda entry: entry.at)
    for first, second in combinations(live, 2):
        is_one = first.experiment_id is not None and first.experiment_id == second.experiment_id
        if second.at - first.at <= window and (first.is_ahead or second.is_ahead) and not is_one:
            yield first, second


def _shared(
    connection: Connection, pairs: Sequence[tuple[Entry, Entry]]
) -> dict[tuple[int, int], int]:
    """How many people are in both messages of each pair, by their ids."""
    if not pairs:
        return {}
    one, other = Recipients.alias("one"), Recipients.alias("other")
    ids = {(a.id or 0, b.id or 0) for a, b in pairs}
    firsts, seconds = {a for a, _ in ids}, {b for _, b in ids}
    rows = connection.execute(
        select(one.c.message_id, other.c.message_id.label("other_id"), func.count().label("people"))
        .select_from(one.join(other, one.c.user_id == other.c.user_id))
        .where(one.c.message_id.in_(firsts), other.c.message_id.in_(seconds))
        .where(one.c.message_id != other.c.message_id)
        .group_by(one.c.message_id, other.c.message_id)
    ).all()
    return {(row.message_id, row.other_id): int(row.people) for row in rows}


def _messages(connection: Connection, start: datetime, end: datetime) -> list[Entry]:
    at = func.coalesce(History.c.started_at, History.c.scheduled_at, type_=models.UtcDateTime())
    rows = connection.execute(
        select(History, at.label("at"))
        .where(and_(at >= start, at < end), History.c.action == Action.SEND)
        .order_by(at)
        .limit(MOST)
    ).all()
    return [_entry(row) for row in rows]


def _entry(row: Row[Any]) -> Entry:
    late = row.audience_mode == AudienceMode.LIVE and row.started_at is None
    return Entry(
        at=row.at,
        title=html.first_line(row.message_text)[:90] or row.message_type.capitalize(),
        status=str(row.status),
        group=row.recipient_group,
        people=row.audience_at_creation if late else row.total_recipients,
        reach=reach_of(row.audience),
        author=row.author,
        id=row.id,
        rule_id=row.rule_id,
        experiment_id=row.experiment_id,
        is_written=not late and row.archived_at is None,
        taken_back=row.taken_back_at is not None,
        audience=row.audience,
    )


def _of_rules(connection: Connection, start: datetime, end: datetime) -> Iterator[Entry]:
    """The dates of the rules at work that no message is made for yet."""
    rows = connection.execute(select(Rules).where(Rules.c.stopped_at.is_(None))).all()
    for row in rows:
        rule = recurring.rule_of(row)
        chosen = row.audience["chosen"]
        entry = Entry(
            at=start,
            title=html.first_line(rule.text)[:90],
            status=PLANNED,
            group=row.audience["group"],
            people=0,
            reach=reach_of(chosen),
            author=row.author,
            rule_id=row.id,
            audience=chosen,
        )
        # The next one is made already, as a message that stands in the calendar by itself.
        made_to = max(rule.next_at or utc_now(), utc_now())
        for moment in _dates(rule.repeat, max(made_to, start - timedelta(microseconds=1)), end):
            yield replace(entry, at=moment)


def _dates(repeat: recurring.Repeat, after: datetime, end: datetime) -> Iterator[datetime]:
    for _place in range(MOST_OF_RULE):
        moment = repeat.after(after)
        if moment is None or moment >= end:
            return
        yield moment
        after = moment


def reach_of(audience: Mapping[str, Any] | None) -> Reach:
    """Whom an audience as it was stored reaches; nobody whom a program of today cannot read."""
    try:
        chosen = Audience.model_validate(audience or {})
    except ValueError:
        return Reach()
    places = [_reach(cohort.where) for cohort in chosen.include if cohort.where is not None]
    return Reach(
        frozenset().union(*(place.streams for place in places)),
        any(place.everybody for place in places),
    )


def _reach(condition: conditions.Condition) -> Reach:
    """All of "and" holds, so one part that names streams names them for the whole."""
    if isinstance(condition, conditions.Everyone):
        return Reach(everybody=True)
    if isinstance(condition, conditions.InStream):
        return Reach(frozenset(condition.streams), not condition.streams)
    if isinstance(condition, conditions.All):
        parts = [_reach(part) for part in condition.of]
        named = [part.streams for part in parts if part.streams]
        return Reach(named[0].intersection(*named[1:]) if named else frozenset(), not named)
    if isinstance(condition, conditions.AnyOf):
        parts = [_reach(part) for part in condition.of]
        return Reach(
            frozenset().union(*(part.streams for part in parts)),
            any(part.everybody for part in parts),
        )
    # Whoever is told by something else, such as a city, may be in any stream.
    return Reach(everybody=not isinstance(condition, conditions.Ids))
