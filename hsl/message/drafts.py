"""Drafts: unsent messages, kept by the server for each author."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from hsl import audit, database, models
from hsl.acting import Permission, needs
from hsl.message import versions
from hsl.message.content import Content
from hsl.words import _

Drafts = models.drafts


class DraftError(ValueError):
    """A draft was changed elsewhere meanwhile, or is gone; nothing was overwritten."""


class GoneError(DraftError):
    """The draft was sent or discarded meanwhile."""


@dataclass(frozen=True)
class Draft:
    """A draft as it was read; `audience` is None where it goes to the author's tray."""

    id: int
    content: Content
    audience: dict[str, Any] | None
    plan: dict[str, Any] = field(default_factory=dict)
    follows_message_id: int | None = None
    edits_message_id: int | None = None
    revision: int = 0
    updated_at: datetime | None = None
    author: str = ""
    saved_by: str = ""  # who saved it last


def listing(engine: Engine, author: str) -> list[Draft]:
    """The author's drafts, the last changed first."""
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(
            select(Drafts)
            .where(Drafts.c.author == author)
            .order_by(Drafts.c.updated_at.desc(), Drafts.c.id.desc())
        ).all()
    return [_draft(row) for row in rows]


def load(engine: Engine, author: str, draft_id: int) -> Draft | None:
    """One of the author's drafts; None when it is gone."""
    with database.read_only(engine).begin() as connection:
        row = connection.execute(
            select(Drafts).where(Drafts.c.id == draft_id, Drafts.c.author == author)
        ).one_or_none()
    return None if row is None else _draft(row)


def by_link(engine: Engine, draft_id: int) -> Draft | None:
    """A draft by its number, whoever began it, as a link leads to it; None when it is gone."""
    with database.read_only(engine).begin() as connection:
        row = connection.execute(select(Drafts).where(Drafts.c.id == draft_id)).one_or_none()
    return None if row is None else _draft(row)


@needs(Permission.WRITE)
def start(
    engine: Engine,
    author: str,
    *,
    content: Content | None = None,
    audience: dict[str, Any] | None = None,
    follows_message_id: int | None = None,
    edits_message_id: int | None = None,
    plan: dict[str, Any] | None = None,
) -> Draft:
    """A new draft, empty or with a given beginning."""
    with engine.begin() as connection:
        versions.forget_of_gone_drafts(connection)
        row = connection.execute(
            insert(Drafts)
            .values(
                author=author,
                content=(content or Content()).model_dump(mode="json"),
                audience=audience,
                plan=plan or {},
                follows_message_id=follows_message_id,
                edits_message_id=edits_message_id,
                revision=0,
                updated_at=models.utc_now(),
            )
            .returning(Drafts)
        ).one()
    return _draft(row)


@needs(Permission.WRITE)
def save(
    engine: Engine,
    author: str,
    draft: Draft,
    *,
    content: Content,
    audience: dict[str, Any] | None,
    plan: dict[str, Any],
) -> Draft:
    """Keep the draft as it is now, and what it said before as a version from time to time.

    Anybody may who has it open. Raises DraftError when another tab has changed it meanwhile, and
    GoneError when it was sent or discarded.
    """
    written = content.model_dump(mode="json")
    with engine.begin() as connection:
        row = connection.execute(
            update(Drafts)
            .where(Drafts.c.id == draft.id, Drafts.c.revision == draft.revision)
            .values(
                content=written,
                audience=audience,
                plan=plan,
                revision=draft.revision + 1,
                updated_at=models.utc_now(),
                saved_by=author,
            )
            .returning(Drafts)
        ).one_or_none()
        if row is None:
            raise _refused(connection, draft.id)
        versions.keep_replaced(
            connection,
            draft.id,
            old=draft.content.model_dump(mode="json"),
            new=written,
            author=draft.saved_by or author,
        )
    return _draft(row)


def _refused(connection: Connection, draft_id: int) -> DraftError:
    there = connection.execute(select(Drafts.c.id).where(Drafts.c.id == draft_id)).one_or_none()
    if there is None:
        return GoneError(_("This draft was sent or discarded in another tab."))
    return DraftError(_("This draft was changed in another tab meanwhile."))


@needs(Permission.WRITE)
def discard(engine: Engine, author: str, draft_id: int) -> None:
    """Throw a draft away; `restore` brings back what was read of it before."""
    with engine.begin() as connection:
        gone = connection.execute(
            delete(Drafts)
            .where(Drafts.c.id == draft_id, Drafts.c.author == author)
            .returning(Drafts)
        ).one_or_none()
        if gone is not None:
            audit.record(
                connection,
                actor=author,
                action="draft_discarded",
                object_type="draft",
                object_id=draft_id,
                details={"preview": str(gone.content.get("text", ""))[:200]},
            )


@needs(Permission.WRITE)
def restore(engine: Engine, draft: Draft, *, actor: str) -> Draft:
    """Bring a discarded draft back under its own number, so that links to it lead there again.

    Where it is there already, as it was brought back elsewhere, that one is returned.
    """
    with engine.begin() as connection:
        there = connection.execute(select(Drafts).where(Drafts.c.id == draft.id)).one_or_none()
        if there is not None:
            return _draft(there)
        row = connection.execute(
            insert(Drafts)
            .values(
                id=draft.id,
                author=draft.author,
                content=draft.content.model_dump(mode="json"),
                audience=draft.audience,
                plan=draft.plan,
                follows_message_id=draft.follows_message_id,
                edits_message_id=draft.edits_message_id,
                revision=draft.revision + 1,
                updated_at=models.utc_now(),
                saved_by=draft.saved_by,
            )
            .returning(Drafts)
        ).one()
        audit.record(
            connection,
            actor=actor,
            action="draft_restored",
            object_type="draft",
            object_id=draft.id,
            details={"preview": draft.content.text[:200]},
        )
    return _draft(row)


def _draft(row: Row[Any]) -> Draft:
    return Draft(
        id=row.id,
        content=Content.from_json(row.content),
        audience=row.audience,
        plan=dict(row.plan or {}),
        follows_message_id=row.follows_message_id,
        edits_message_id=row.edits_message_id,
        revision=row.revision,
        updated_at=row.updated_at,
        author=row.author,
        saved_by=row.saved_by or row.author,
    )
