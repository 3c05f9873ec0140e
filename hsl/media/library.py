"""The library: the files that a bot can send, by name, with what they are and where they are used.

A file_id belongs to one bot, so each bot has a library of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from hsl import audit, database, models
from hsl.acting import Permission, needs
from hsl.media.dropped import named
from hsl.media.errors import MediaError
from hsl.models import Action, MessageType
from hsl.words import N_

Files, History, Rules = models.media_files, models.message_history, models.recurring_messages
OBJECT = "media"
PAGE = 12  # files shown at a time


@dataclass(frozen=True)
class File:
    """One file of the library; `thumbnail` is a small JPEG in base64, `used` counts messages."""

    id: int
    kind: MessageType
    file_id: str
    name: str
    size: int | None
    mime: str | None
    width: int | None
    height: int | None
    duration: int | None
    thumbnail: str | None
    uploaded_by: str
    uploaded_at: datetime
    is_lasting: bool
    is_removed: bool
    used: int


def listing(
    engine: Engine,
    bot_id: int,
    *,
    search: str = "",
    kind: MessageType | None = None,
    before: tuple[datetime, int] | None = None,
    offset: int = 0,
    limit: int = PAGE,
) -> tuple[list[File], int]:
    """Files that fit, the last uploaded first, and how many fit in all.

    `before` is when a file was uploaded and its id: only those that stand after it here.
    """
    fits = [Files.c.bot_id == bot_id, Files.c.removed_at.is_(None)]
    if before is not None:
        fits.append(tuple_(Files.c.uploaded_at, Files.c.id) < before)
    if kind is not None:
        fits.append(Files.c.kind == kind)
    with database.read_only(engine).begin() as connection:
        for word in search.split():
            fits.append(_holds(connection, word))
        total = connection.execute(select(func.count()).select_from(Files).where(*fits)).scalar()
        rows = connection.execute(
            _files(bot_id)
            .where(*fits)
            .order_by(Files.c.uploaded_at.desc(), Files.c.id.desc())
            .offset(offset)
            .limit(limit)
        ).all()
    return [_file(row) for row in rows], int(total or 0)


def find(engine: Engine, bot_id: int, file_id: str) -> File | None:
    """The file of this file_id, also where it was removed; None for one that is not known."""
    with database.read_only(engine).begin() as connection:
        row = connection.execute(_files(bot_id).where(Files.c.file_id == file_id)).one_or_none()
    return None if row is None else _file(row)


def uploaded(
    engine: Engine, bot_id: int, sha256: str, kind: MessageType, *, actor: str
) -> File | None:
    """The file with this content that stands at Telegram already; one removed is listed again."""
    same = [Files.c.bot_id == bot_id, Files.c.sha256 == sha256, Files.c.kind == kind]
    with engine.begin() as connection:
        row = connection.execute(_files(bot_id).where(*same)).one_or_none()
        if row is not None and row.removed_at is not None:
            _list_again(connection, row.id, actor)
            row = connection.execute(_files(bot_id).where(*same)).one()
    return None if row is None else _file(row)


@needs(Permission.WRITE)
def add(engine: Engine, bot_id: int, values: Mapping[str, Any], *, actor: str, action: str) -> File:
    """Keep a file under its columns' `values`; one that is known by its file_id stays as it was."""
    known = _files(bot_id).where(Files.c.file_id == values["file_id"])
    try:
        with engine.begin() as connection:
            row = connection.execute(known).one_or_none()
            if row is None:
                _insert(connection, bot_id, values, actor=actor, action=action)
            elif row.removed_at is not None:
                _list_again(connection, row.id, actor)
            row = connection.execute(known).one()
    except IntegrityError:
        # Another process uploaded the same content meanwhile, and both are as good.
        found = uploaded(engine, bot_id, values["sha256"], values["kind"], actor=actor)
        if found is None:
            raise
        return found
    return _file(row)


@needs(Permission.WRITE)
def rename(engine: Engine, bot_id: int, number: int, name: str, *, actor: str) -> None:
    """Give a file another name here; at Telegram it keeps its own. Raises MediaError."""
    words = named(name) if name.strip() else ""
    if not words:
        raise MediaError(N_("A file needs a name."))
    with engine.begin() as connection:
        row = _locked(connection, bot_id, number)
        connection.execute(update(Files).where(Files.c.id == number).values(name=words))
        _audit(connection, actor, "media_renamed", number, before=row.name, after=words)


@needs(Permission.WRITE)
def remove(engine: Engine, bot_id: int, number: int, *, actor: str) -> None:
    """Take a file out of the library; Telegram keeps it. Raises MediaError.

    One that messages or rules use is hidden only, so that they still show it and may still wait.
    """
    with engine.begin() as connection:
        row = _locked(connection, bot_id, number)
        if _is_used(connection, bot_id, row.file_id):
            connection.execute(
                update(Files).where(Files.c.id == number).values(removed_at=models.utc_now())
            )
        else:
            connection.execute(delete(Files).where(Files.c.id == number))
        _audit(connection, actor, "media_removed", number, name=row.name, file_id=row.file_id)


def _files(bot_id: int) -> Any:
    used = (
        select(func.count())
        .select_from(History)
        .where(
            History.c.bot_id == bot_id,
            History.c.action == Action.SEND,
            History.c.file_id == Files.c.file_id,
        )
        .scalar_subquery()
    )
    return select(Files, used.label("used")).where(Files.c.bot_id == bot_id)


def _holds(connection: Connection, word: str) -> ColumnElement[bool]:
    # SQLite's own lower() knows the Latin letters alone.
    lower = func.hsl_lower if connection.dialect.name == "sqlite" else func.lower
    return lower(Files.c.name).contains(word.lower(), autoescape=True)


def _is_used(connection: Connection, bot_id: int, file_id: str) -> bool:
    messages = select(History.c.id).where(History.c.bot_id == bot_id, History.c.file_id == file_id)
    rules = select(Rules.c.id).where(Rules.c.content["file_id"].as_string() == file_id)
    return any(connection.execute(found.limit(1)).first() for found in (messages, rules))


def _insert(
    connection: Connection, bot_id: int, values: Mapping[str, Any], *, actor: str, action: str
) -> None:
    number: int = connection.execute(
        insert(Files)
        .values(bot_id=bot_id, uploaded_by=actor, uploaded_at=models.utc_now(), **values)
        .returning(Files.c.id)
    ).scalar_one()
    told = {
        name: values[name]
        for name in ("kind", "name", "size", "file_id", "sha256", "chat_id", "message_id")
        if values.get(name) is not None
    }
    _audit(connection, actor, action, number, **told)


def _list_again(connection: Connection, number: int, actor: str) -> None:
    connection.execute(update(Files).where(Files.c.id == number).values(removed_at=None))
    _audit(connection, actor, "media_listed_again", number)


def _locked(connection: Connection, bot_id: int, number: int) -> Row[Any]:
    row = connection.execute(
        select(Files)
        .where(Files.c.id == number, Files.c.bot_id == bot_id, Files.c.removed_at.is_(None))
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise MediaError(N_("This file is no longer in the library. Reload the page."))
    return row


def _audit(connection: Connection, actor: str, action: str, number: int, **details: object) -> None:
    audit.record(
        connection,
        actor=actor,
        action=action,
        object_type=OBJECT,
        object_id=number,
        details=details,
    )


def _file(row: Row[Any]) -> File:
    return File(
        id=row.id,
        kind=MessageType(row.kind),
        file_id=row.file_id,
        name=row.name,
        size=row.size,
        mime=row.mime,
        width=row.width,
        height=row.height,
        duration=row.duration,
        thumbnail=row.thumbnail,
        uploaded_by=row.uploaded_by,
        uploaded_at=row.uploaded_at,
        is_lasting=row.message_id is not None,
        is_removed=row.removed_at is not None,
        used=row.used,
    )
