"""Idempotency-Key: the same request twice is one deed and one answer, also after a crash.

1. A request claims its key in a transaction of its own; another one with it waits for the answer.
2. The deed's audit entry stamps the claim within the deed's own transaction: either both hold or
   neither. Who lost the claim meanwhile cannot stamp it, so that its deed does not happen.
3. The answer is kept. Where a crash came between 2 and 3, it is made anew of what the stamp says.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from hsl import database, outward

Answers = outward.api_answers
KEPT = timedelta(hours=24)
OWNED = timedelta(seconds=30)  # a claim of a process that died is free after that
RENEWED_EVERY = 10.0  # seconds


class LostClaimError(Exception):
    """Another request took the claim over, so this one must not do the deed."""


@dataclass(frozen=True)
class Claim:
    """This request may do the deed."""

    id: int
    owner: str


@dataclass(frozen=True)
class Kept:
    """The answer that was given."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True)
class Undone:
    """The deed `done` (its audit entry) was done, but whoever did it died before it answered."""

    claim: Claim
    done: dict[str, Any]


@dataclass(frozen=True)
class Busy:
    """Another request is doing it."""


@dataclass(frozen=True)
class Differs:
    """The key was used for another request."""


def hash_of(method: str, path: str, query: bytes, body_hash: str) -> str:
    """What tells a request from others."""
    parts = (method.encode(), path.encode(), query, body_hash.encode())
    return hashlib.sha256(b"\x00".join(parts)).hexdigest()


def claim(
    engine: Engine, api_key_id: int, key: str, request_hash: str
) -> Claim | Kept | Undone | Busy | Differs:
    """What is to be done with a request that has this key."""
    try:
        with engine.begin() as connection:
            return _claim(connection, api_key_id, key, request_hash)
    except IntegrityError:
        return Busy()  # another one claimed it at this very moment


def _claim(
    connection: Connection, api_key_id: int, key: str, request_hash: str
) -> Claim | Kept | Undone | Busy | Differs:
    now, owner = database.now(connection), secrets.token_hex(8)
    wanted = and_(Answers.c.api_key_id == api_key_id, Answers.c.idempotency_key == key)
    connection.execute(delete(Answers).where(wanted, Answers.c.created_at < now - KEPT))
    row = connection.execute(select(Answers).where(wanted).with_for_update()).one_or_none()
    if row is None:
        number: int = connection.execute(
            insert(Answers).returning(Answers.c.id),
            {
                "api_key_id": api_key_id,
                "idempotency_key": key,
                "request_hash": request_hash,
                "owner": owner,
                "owned_until": now + OWNED,
                "created_at": now,
            },
        ).scalar_one()
        return Claim(number, owner)
    if row.request_hash != request_hash:
        return Differs()
    if row.status is not None:
        return Kept(row.status, row.content_type, bytes(row.body))
    if row.owned_until > now:
        return Busy()
    connection.execute(
        update(Answers).where(Answers.c.id == row.id).values(owner=owner, owned_until=now + OWNED)
    )
    mine = Claim(row.id, owner)
    return mine if row.done is None else Undone(mine, row.done)


def stamp(connection: Connection, mine: Claim, entry: dict[str, Any]) -> None:
    """Say in the deed's transaction that it is done; a second entry changes nothing.

    Raises LostClaimError.
    """
    stamped = connection.execute(
        update(Answers).where(*_held(mine), Answers.c.done.is_(None)).values(done=entry)
    )
    if stamped.rowcount == 0:
        held = connection.execute(select(Answers.c.id).where(*_held(mine))).first()
        if held is None:
            raise LostClaimError


def renew(engine: Engine, mine: Claim) -> None:
    """Keep the claim for a while longer."""
    with engine.begin() as connection:
        until = database.now(connection) + OWNED
        connection.execute(update(Answers).where(*_held(mine)).values(owned_until=until))


def keep(engine: Engine, mine: Claim, answer: Kept) -> None:
    """Keep the answer for whoever asks again."""
    with engine.begin() as connection:
        connection.execute(
            update(Answers)
            .where(*_held(mine))
            .values(status=answer.status, content_type=answer.content_type, body=answer.body)
        )


def release(engine: Engine, mine: Claim) -> None:
    """Nothing was done, so that the same request may be tried again; else the stamp stays."""
    with engine.begin() as connection:
        connection.execute(delete(Answers).where(*_held(mine), Answers.c.done.is_(None)))
        now = database.now(connection)
        connection.execute(update(Answers).where(*_held(mine)).values(owned_until=now))


def forget(engine: Engine) -> int:
    """Forget answers that are older than a day; how many."""
    with engine.begin() as connection:
        before = database.now(connection) - KEPT
        return connection.execute(delete(Answers).where(Answers.c.created_at < before)).rowcount


def _held(mine: Claim) -> tuple[Any, Any]:
    return Answers.c.id == mine.id, Answers.c.owner == mine.owner
