"""Where a draft is open: each browser's tab beats while it shows it, and sees the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine, delete, insert, select, update

from hsl import models
from hsl.acting import Permission, needs

Presence = models.draft_presence
EVERY = 4.0  # seconds between two beats of a tab
GONE_AFTER = timedelta(seconds=15)


@dataclass(frozen=True)
class Other:
    """Another tab that has the draft open, and who sits there."""

    place: str
    author: str


@needs(Permission.WRITE)
def beat(engine: Engine, draft_id: int, place: str, author: str) -> Sequence[Other]:
    """Say that `place` shows the draft, and no other one; returns who else shows it."""
    now = models.utc_now()
    with engine.begin() as connection:
        connection.execute(
            delete(Presence).where(
                (Presence.c.beat_at < now - GONE_AFTER)
                | ((Presence.c.place == place) & (Presence.c.draft_id != draft_id))
            )
        )
        beaten = connection.execute(
            update(Presence)
            .where(Presence.c.draft_id == draft_id, Presence.c.place == place)
            .values(beat_at=now)
        )
        if not beaten.rowcount:
            connection.execute(
                insert(Presence).values(draft_id=draft_id, place=place, author=author, beat_at=now)
            )
        rows = connection.execute(
            select(Presence)
            .where(Presence.c.draft_id == draft_id, Presence.c.place != place)
            .order_by(Presence.c.place)
        ).all()
    return [Other(row.place, row.author) for row in rows]


def leave(engine: Engine, place: str) -> None:
    """The tab shows no draft any more."""
    with engine.begin() as connection:
        connection.execute(delete(Presence).where(Presence.c.place == place))
