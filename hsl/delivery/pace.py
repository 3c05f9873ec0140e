"""One rate per bot, kept in a database row that every process shares.

A generic cell rate: `next_departure` is the time at which the next message would leave if all
kept their distance. A late sender may catch up `CATCH_UP` messages (at a paid pace, what left in
`CATCH_UP_FAST`) and no more, as Telegram's own limit tolerates only a small burst. A refusal
(429) holds everyone until `not_before`, lowers the rate, and the rate climbs back slowly (additive
increase, multiplicative decrease).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Update, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from hsl import database, models
from hsl.settings import PaceMode, Settings

CATCH_UP = 1.5  # messages; the limit is taken to tolerate three
CATCH_UP_FAST = 0.15  # seconds, above the free rate: there a few commits take many messages
MARGIN = 0.99  # of the allowed rate, so that jitter on the way causes no refusal
DECREASE = 0.7  # of the rate, after a refusal
INCREASE = 1 / 60  # of the full rate, gained in each step: 0.5/s of 30/s
INCREASE_EVERY = 5.0  # seconds without a refusal
LOWEST = 1.0  # messages per second
TEN = 10  # messages between two pauses in the old rhythm
PAUSE = 1.0  # seconds
PAID_RATE = 1000.0  # messages per second
SHORTEST_SLEEP = 0.02  # seconds; an event loop under load wakes no more exactly
FREE_RATE = 30.0  # messages per second, all that Telegram lets through unpaid
PAID_AGAIN = 3600.0  # seconds after a refusal until a paid broadcast is tried again
HOLD_OFFLINE = 2.0  # seconds without a try when the server cannot be reached


_HELD = (
    select(models.bot_pace).where(models.bot_pace.c.bot_id == bindparam("bot")).with_for_update()
)


@dataclass(frozen=True)
class Rhythm:
    """How a bot may send: messages per second, and whether it pauses after each ten."""

    rate: float
    ten_then_pause: bool = False

    @property
    def limit(self) -> float:
        """The full limit in messages per second, of which `rate` keeps a margin."""
        return self.rate / MARGIN

    @classmethod
    def of(cls, settings: Settings) -> "Rhythm":
        """The rhythm that these settings ask for."""
        return cls(
            rate=settings.messages_per_second * MARGIN,
            ten_then_pause=settings.pace is PaceMode.TEN_THEN_PAUSE,
        )


@dataclass
class BotState:
    """A bot's row as this transaction holds it; see `hsl.models.BotPace`."""

    bot_id: int
    rate: float
    next_departure: float
    departures: int
    refusals: int
    not_before: datetime | None
    held_seconds: float
    rate_changed_at: datetime | None
    trouble: str | None
    trouble_looks: int
    token_fingerprint: str | None
    paid_refusal: str | None
    paid_refused_at: datetime | None

    def may_pay(self, now: float) -> bool:
        """False for an hour after Telegram would not take a paid broadcast."""
        since = self.paid_refused_at
        return since is None or not 0 <= now - since.timestamp() < PAID_AGAIN

    @property
    def is_held(self) -> bool:
        """True while nobody may send, as a refusal asked for it."""
        return self.not_before is not None and self.not_before > models.utc_now()


@dataclass(frozen=True)
class Permit:
    """Leave to send one message at `at`; the one after it is due at `then`."""

    at: float  # seconds since 1970
    then: float  # seconds since 1970


class Spacing:
    """Keeps one process's requests apart as they really leave, not only as they were planned.

    A machine that stalls wakes up with several departures due at once; let go together they would
    be a burst over the limiter's tolerance. `rate` is the full limit: what was late catches up by
    the margin that the plan keeps below it.
    """

    def __init__(self, rate: float) -> None:
        self._interval = 1.0 / rate
        self._tolerance = max(self._interval, SHORTEST_SLEEP)
        self._due = 0.0

    def wait(self, now: float) -> float:
        """0 when a request may leave now, which is counted; else the seconds to wait."""
        early = self._due - self._tolerance - now
        if early > 0:
            return early
        self._due = max(self._due, now) + self._interval
        return 0.0


def expected_seconds(people: int, settings: Settings) -> float:
    """How long a message to so many people takes at the settings' pace, in seconds."""
    rhythm = Rhythm.of(settings)
    pauses = (max(people - 1, 0) // TEN) * PAUSE if rhythm.ten_then_pause else 0.0
    return people / rhythm.rate + pauses


def lock(connection: Connection, bot_id: int, rhythm: Rhythm) -> BotState:
    """The bot's row, locked until the transaction ends; made at the first call."""
    row = connection.execute(_HELD, {"bot": bot_id}).one_or_none()
    if row is None:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        new = insert(models.bot_pace).values(bot_id=bot_id, rate=rhythm.rate)
        connection.execute(new.on_conflict_do_nothing())
        row = connection.execute(_HELD, {"bot": bot_id}).one()
    return _state(row)


def state(engine: Engine, bot_id: int) -> BotState | None:
    """The bot's row as it is; None before its first message."""
    with database.read_only(engine).begin() as connection:
        row = connection.execute(
            select(models.bot_pace).where(models.bot_pace.c.bot_id == bot_id)
        ).one_or_none()
    return None if row is None else _state(row)


def _state(row: Row[Any]) -> BotState:
    return BotState(
        bot_id=row.bot_id,
        rate=row.rate,
        next_departure=row.next_departure,
        departures=row.departures,
        refusals=row.refusals,
        not_before=row.not_before,
        held_seconds=row.held_seconds,
        rate_changed_at=row.rate_changed_at,
        trouble=row.trouble,
        trouble_looks=row.trouble_looks,
        token_fingerprint=row.token_fingerprint,
        paid_refusal=row.paid_refusal,
        paid_refused_at=row.paid_refused_at,
    )


def permits(
    connection: Connection, row: BotState, rhythm: Rhythm, *, now: float, horizon: float, most: int
) -> list[Permit]:
    """Permits up to `now + horizon`, at most `most`; they count only when they are used."""
    _mend_change_of_rate(connection, row, now)
    if row.trouble or _hold_left(connection, row, now) > 0:
        return []
    interval = 1.0 / present_rate(row, rhythm, now)
    late = CATCH_UP_FAST if interval * FREE_RATE < 1.0 else CATCH_UP * interval
    due = max(row.next_departure, now - late)
    furthest = now + horizon + interval + (2 * PAUSE if rhythm.ten_then_pause else PAUSE)
    if due > furthest:
        # A clock that was set back must not hold the bot for as long as it jumped.
        due = furthest
        connection.execute(_bot(row).values(next_departure=due))
    found: list[Permit] = []
    counted = row.departures
    while len(found) < most and due <= now + horizon:
        at = max(due, now)
        counted += 1
        due += interval + (PAUSE if rhythm.ten_then_pause and counted % TEN == 0 else 0.0)
        found.append(Permit(at, due))
    return found


def use(
    connection: Connection, row: BotState, rhythm: Rhythm, used: Sequence[Permit], *, now: float
) -> None:
    """Write down that these first permits are used, so that no other process has them."""
    if not used:
        return
    values: dict[str, object] = {
        "departures": row.departures + len(used),
        "next_departure": used[-1].then,
    }
    rate = _recovered_rate(row, rhythm, now)
    if rate != row.rate:
        values |= {"rate": rate, "rate_changed_at": datetime.fromtimestamp(now, UTC)}
    connection.execute(_bot(row).values(values))


def _hold_left(connection: Connection, row: BotState, now: float) -> float:
    """Seconds until somebody may send; a clock that was set back does not make them more."""
    if row.not_before is None:
        return 0.0
    left = row.not_before.timestamp() - now
    if left > row.held_seconds + PAUSE:
        _set_hold(connection, row, row.held_seconds, now)
        return row.held_seconds
    return left


def _mend_change_of_rate(connection: Connection, row: BotState, now: float) -> None:
    """A clock that was set back does not keep a lowered rate down for as long as it jumped."""
    changed = row.rate_changed_at
    if changed is not None and changed.timestamp() > now + row.held_seconds + PAUSE:
        row.rate_changed_at = datetime.fromtimestamp(now, UTC)
        connection.execute(_bot(row).values(rate_changed_at=row.rate_changed_at))


def _set_hold(connection: Connection, row: BotState, seconds: float, now: float) -> None:
    row.not_before, row.held_seconds = datetime.fromtimestamp(now + seconds, UTC), seconds
    connection.execute(_bot(row).values(not_before=row.not_before, held_seconds=seconds))


def refused(connection: Connection, row: BotState, *, retry_after: float, now: float) -> None:
    """A 429: nobody sends before `retry_after` seconds are over, and then slower."""
    already_held = row.not_before is not None and row.not_before.timestamp() > now
    hold(connection, row, seconds=retry_after, now=now)
    if not already_held:
        # Several refusals of one moment are one lesson, not several.
        row.rate = max(LOWEST, row.rate * DECREASE)
    row.refusals += 1
    row.rate_changed_at = row.not_before
    connection.execute(
        _bot(row).values(rate=row.rate, refusals=row.refusals, rate_changed_at=row.rate_changed_at)
    )


def hold(connection: Connection, row: BotState, *, seconds: float, now: float) -> None:
    """Nobody sends for so many seconds, in any process, also after a restart."""
    if row.not_before is None or row.not_before.timestamp() < now + seconds:
        _set_hold(connection, row, seconds, now)


def refuse_paid(connection: Connection, row: BotState, description: str, *, now: float) -> None:
    """Telegram would not take a paid broadcast: go on at the free rate, and try again later."""
    row.paid_refusal, row.paid_refused_at = description, datetime.fromtimestamp(now, UTC)
    connection.execute(
        _bot(row).values(paid_refusal=description, paid_refused_at=row.paid_refused_at)
    )


def _bot(row: BotState) -> Update:
    return update(models.bot_pace).where(models.bot_pace.c.bot_id == row.bot_id)


def present_rate(row: BotState, rhythm: Rhythm, now: float) -> float:
    """Messages a second that this bot may send now, after refusals and without Stars."""
    rate = _recovered_rate(row, rhythm, now)
    return rate if row.may_pay(now) else min(rate, FREE_RATE * MARGIN)


def _recovered_rate(row: BotState, rhythm: Rhythm, now: float) -> float:
    if row.rate >= rhythm.rate or row.rate_changed_at is None:
        return rhythm.rate
    steps = int((now - row.rate_changed_at.timestamp()) // INCREASE_EVERY)
    return min(rhythm.rate, row.rate + max(steps, 0) * INCREASE * rhythm.rate)
