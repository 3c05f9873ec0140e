"""An audience by every rule: who of it may get a message, asked anew in each transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from hsl import database
from hsl.audience import archived, policy, segments
from hsl.audience.cohort import Audience
from hsl.delivery import outbox
from hsl.models import utc_now
from hsl.settings import Settings

CAP_TURN = 7_201_001  # the turn of whoever chooses people by what others get


@dataclass(frozen=True)
class Choice:
    """An audience by every rule of these settings, for a message at `at` (when asked, if None).

    What makes or starts a message asks it within its own transaction, see `choosing`.
    """

    settings: Settings
    audience: Audience
    at: datetime | None = None

    def people(self, connection: Connection) -> Select[Any]:
        """Everybody chosen, with what leaves them out. Raises OutboxError."""
        try:
            return ruled(connection, self.settings, self.audience, self.at)
        except segments.SegmentError as fault:
            raise outbox.OutboxError(str(fault)) from fault

    def hold(self, connection: Connection) -> None:
        """Where the cap binds: one at a time, or two messages would not see each other."""
        if _cap(self.settings, self.audience) is not None:
            database.take_turns(connection, CAP_TURN)

    def barred(
        self, connection: Connection, message_id: int, since: datetime
    ) -> list[tuple[str, Select[Any]]]:
        """Everybody whom a list leaves out, or the cap where other messages came since."""
        rules = excluded(connection)
        cap = _cap(self.settings, self.audience)
        if cap is not None and policy.may_have_moved(connection, since, but=message_id):
            at = self.at or utc_now()
            rules.append((policy.CAPPED, policy.at_the_cap(cap, at, but=message_id)))
        return rules


def excluded(connection: Connection) -> list[tuple[str, Select[Any]]]:
    """By rule: a select of user_id of everybody on an exclusion list. Raises OutboxError."""
    try:
        found = segments.exclusions(connection)
    except segments.SegmentError as fault:
        raise outbox.OutboxError(str(fault)) from fault
    return [
        (policy.LISTED + one.name, select(one.people.order_by(None).subquery().c.user_id))
        for one in found
    ]


def ruled(
    connection: Connection, settings: Settings, audience: Audience, at: datetime | None
) -> Select[Any]:
    """Everybody chosen as user_id, username and `rule`: what leaves them out of a message at `at`.

    Raises SegmentError where it, an exclusion list or the cap cannot be looked up.
    """
    cap = _cap(settings, audience)
    unknown = archived.within_cap(connection, cap, at=at or utc_now()) if cap else None
    if unknown is not None:
        raise segments.SegmentError(unknown)
    return policy.allowed(
        segments.people(connection, audience),
        exclusions=segments.exclusions(connection),
        cap=cap,
        at=at,
    )


def _cap(settings: Settings, audience: Audience) -> policy.Cap | None:
    return None if audience.ignore_cap else policy.Cap.parse(settings.frequency_cap)
