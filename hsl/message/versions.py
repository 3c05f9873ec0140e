"""What a draft said before: kept while it is written, thinned with age, and brought back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select

from hsl import database, models
from hsl.acting import Permission, needs
from hsl.message import html
from hsl.message.content import Content

Versions = models.draft_versions
EVERY = timedelta(minutes=3)  # of writing
NEWEST = 30  # versions that are kept, however close they are
GONE_FOR = timedelta(days=1)  # a draft that was discarded can be brought back for a while
OLDER = 70  # hours before those of which the last version is kept


@dataclass(frozen=True)
class Version:
    """What a draft said when `author` left it so at `made_at`."""

    id: int
    content: Content
    author: str
    made_at: datetime

    @property
    def title(self) -> str:
        """Its first line, as Telegram shows it; empty where nothing was written."""
        return html.first_line(self.content.text)


def listing(engine: Engine, draft_id: int) -> list[Version]:
    """A draft's versions, the newest first."""
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(
            select(Versions).where(Versions.c.draft_id == draft_id).order_by(Versions.c.id.desc())
        ).all()
    return [
        Version(row.id, Content.from_json(row.content), row.author, row.made_at) for row in rows
    ]


@needs(Permission.WRITE)
def keep(engine: Engine, draft_id: int, content: Content, author: str) -> None:
    """A deliberate step: keep what the draft says now, unless its last version says the same."""
    with engine.begin() as connection:
        _keep(connection, draft_id, content.model_dump(mode="json"), author)


def keep_replaced(
    connection: Connection,
    draft_id: int,
    *,
    old: dict[str, Any],
    new: dict[str, Any],
    author: str,
) -> None:
    """Writing goes on: keep what is replaced every few minutes, and before much of it goes."""
    if old == new:
        return
    last = connection.execute(
        select(Versions.c.made_at)
        .where(Versions.c.draft_id == draft_id)
        .order_by(Versions.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    is_due = last is None or models.utc_now() - last >= EVERY
    if is_due or _takes_much(str(old.get("text", "")), str(new.get("text", ""))):
        _keep(connection, draft_id, old, author)


def forget_of_gone_drafts(connection: Connection) -> None:
    """Drop versions of drafts that were sent or discarded, a day after they were made."""
    there = select(models.drafts.c.id)
    connection.execute(
        delete(Versions).where(
            Versions.c.draft_id.not_in(there), Versions.c.made_at < models.utc_now() - GONE_FOR
        )
    )


def to_drop(versions: Sequence[tuple[int, datetime]]) -> list[int]:
    """Ids that are dropped of (id, made_at), the newest first: beyond the newest, one an hour."""
    dropped: list[int] = []
    hours: set[datetime] = set()
    for version, made_at in versions[NEWEST:]:
        hour = made_at.replace(minute=0, second=0, microsecond=0)
        if hour in hours or len(hours) == OLDER:
            dropped.append(version)
        hours |= {hour} if len(hours) < OLDER else set()
    return dropped


def _takes_much(old: str, new: str) -> bool:
    return len(old) >= 40 and len(new) < len(old) // 2


def _keep(connection: Connection, draft_id: int, content: dict[str, Any], author: str) -> None:
    rows = connection.execute(
        select(Versions).where(Versions.c.draft_id == draft_id).order_by(Versions.c.id.desc())
    ).all()
    if not _says_something(content) or (rows and rows[0].content == content):
        return
    made = connection.execute(
        insert(Versions)
        .values(draft_id=draft_id, content=content, author=author, made_at=models.utc_now())
        .returning(Versions.c.id, Versions.c.made_at)
    ).one()
    gone = to_drop([(made.id, made.made_at), *((row.id, row.made_at) for row in rows)])
    if gone:
        connection.execute(delete(Versions).where(Versions.c.id.in_(gone)))


def _says_something(content: dict[str, Any]) -> bool:
    return content != Content().model_dump(mode="json")
