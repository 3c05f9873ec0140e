"""The line of those who wait: who is next among all messages that are being sent.

Small messages go first, so that one to ten people does not wait behind one to 100,000; large ones
take turns. Every query here reads a few rows of one index, however long the line is.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, Row, and_, bindparam, exists, or_, select, update

from hsl import models
from hsl.delivery.quiet import LONGEST, QuietHours
from hsl.models import DeliveryStatus

Recipients, People = models.message_recipients, models.users
History = models.message_history
PER_CHAT = timedelta(seconds=1.05)  # between two messages to one chat
BACKOFF = (2.0, 5.0, 15.0, 60.0)  # seconds until the next try of a request that never left
SMALL = 100  # recipients of a message that need not wait for the large ones
LARGE_FIRST = 4  # every so many departures a large message goes first, so that none starves
SLEEPERS = 500  # recipients looked at in one tick for those who sleep

_other, _again = Recipients.alias("other"), Recipients.c.next_attempt_at
# Made once, as a tick spends more time on making statements than the database on running them.
# Who was written to in the last second is not correlated, so that both databases read it once; it
# is bounded on both sides, for a clock that was set back.
_waiting = (
    select(Recipients.c.id, Recipients.c.user_id)
    .where(
        Recipients.c.message_id == bindparam("message"),
        Recipients.c.delivery_status == DeliveryStatus.PENDING,
        Recipients.c.user_id.not_in(
            select(_other.c.user_id).where(
                _other.c.sending_at.between(bindparam("since"), bindparam("until"))
            )
        ),
    )
    # As the index has them; without it PostgreSQL reads the table from its sent beginning.
    .order_by(_again)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True, of=Recipients)
)
# One range of the index each, as an OR of them would read the whole line.
_RANGES = (
    _waiting.where(_again <= bindparam("now")),
    # A clock that was set back must hold nobody for as long as it jumped.
    _waiting.where(_again > bindparam("too_far")),
    _waiting.where(_again.is_(None)),
)


class Line:
    """The line at one moment, within one transaction."""

    def __init__(
        self, connection: Connection, now: datetime, quiet: QuietHours | None = None
    ) -> None:
        self._connection, self._now, self._quiet = connection, now, quiet

    def next(self, messages: Sequence[Row[Any]], *, most: int, turn: int) -> list[int]:
        """Ids of at most `most` recipients who may be sent to now, two to nobody.

        `messages` are rows with id, total_recipients and keep_quiet; `turn` is the number of the
        bot's next departure, by which messages take turns over all processes.
        """
        messages = self._without_sleepers(messages)
        small = [row for row in messages if row.total_recipients <= SMALL]
        large = [row for row in messages if row.total_recipients > SMALL]
        lines = [self._in_turn(small, most, turn), self._in_turn(large, most, turn)]
        chosen: dict[int, int] = {}
        for place in range(turn, turn + most):
            preferred = 1 if place % LARGE_FIRST == LARGE_FIRST - 1 else 0
            for line in (lines[preferred], lines[1 - preferred]):
                found = next(((r, u) for r, u in line if u not in chosen), None)
                if found is not None:
                    chosen[found[1]] = found[0]
                    break
            else:
                break  # nobody waits any more
        return list(chosen.values())

    def _without_sleepers(self, messages: Sequence[Row[Any]]) -> list[Row[Any]]:
        """These without messages all of whose people wait for their morning: one look for all."""
        keeping = [row.id for row in messages if row.keep_quiet]
        if not keeping or self._quiet is None:
            return list(messages)
        mine = and_(
            Recipients.c.message_id == History.c.id,
            Recipients.c.delivery_status == DeliveryStatus.PENDING,
        )
        ready = [
            exists(select(Recipients.c.id).where(mine, when))
            for when in (_again.is_(None), _again <= self._now, _again > self._now + LONGEST)
        ]
        found = self._connection.execute(
            select(History.c.id).where(History.c.id.in_(keeping), or_(*ready))
        )
        awake = {row.id for row in found}
        return [row for row in messages if not row.keep_quiet or row.id in awake]

    def _in_turn(
        self, messages: Sequence[Row[Any]], most: int, turn: int
    ) -> Iterator[tuple[int, int]]:
        """(recipient, person) of one message after the other, round and round from `turn`."""
        if not messages:
            return
        start = turn % len(messages)
        waiting: list[Iterator[tuple[int, int]]] = []
        for message in [*messages[start:], *messages[:start]]:
            found = self._of(message, most)
            if found:
                waiting.append(iter(found))
            if len(waiting) == most:
                break  # each of these gives one, and nobody else has a turn now
        while waiting:
            still = []
            for line in waiting:
                found_next = next(line, None)
                if found_next is not None:
                    yield found_next
                    still.append(line)
            waiting = still

    def _of(self, message: Row[Any], most: int) -> list[tuple[int, int]]:
        keeps = bool(message.keep_quiet) and self._quiet is not None
        limit = max(most, SLEEPERS) if keeps else most
        longest_wait = LONGEST if keeps else timedelta(seconds=2 * BACKOFF[-1])
        values = {
            "message": message.id,
            "now": self._now,
            "since": self._now - PER_CHAT,
            "until": self._now + PER_CHAT,
            "too_far": self._now + longest_wait,
        }
        found: list[tuple[int, int]] = []
        for statement in _RANGES:
            if len(found) < limit:
                rows = self._connection.execute(statement, {**values, "most": limit - len(found)})
                found += [(row.id, row.user_id) for row in rows]
        return self._awake(found)[:most] if keeps else found

    def _awake(self, found: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Those who do not sleep; the others wait for their morning."""
        if self._quiet is None:
            return list(found)
        by_person = {user_id: recipient_id for recipient_id, user_id in found}
        people = self._connection.execute(
            select(People.c.user_id, People.c.attributes).where(People.c.user_id.in_(by_person))
        )
        zones = {row.user_id: self._quiet.zone_of(dict(row._mapping)) for row in people}
        mornings = {
            zone: self._quiet.until(self._now, zone) for zone in {*zones.values(), self._quiet.zone}
        }
        sleeping: dict[datetime, list[int]] = defaultdict(list)
        awake = []
        for user_id, recipient_id in by_person.items():
            morning = mornings[zones.get(user_id, self._quiet.zone)]
            if morning is None:
                awake.append((recipient_id, user_id))
            else:
                sleeping[morning].append(recipient_id)
        for morning, recipients in sleeping.items():
            self._connection.execute(
                update(Recipients)
                .where(Recipients.c.id.in_(recipients))
                .values(next_attempt_at=morning)
            )
        return awake
