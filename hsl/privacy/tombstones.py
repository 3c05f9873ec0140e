"""Whom no import may bring back: keyed hashes of ids, from which nobody reads the ids again.

The key is made at random in the database and stays there. Whoever holds the database and guesses an
id can check the guess; the hash keeps ids out of sight, and out of exports and joins.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, exists, insert, select

from hsl import database, models

TURN = 7_305_014  # of making the key
AT_ONCE = 500  # values of one IN list
People, Keys = models.forgotten_people, models.forgotten_key


def are_there(connection: Connection) -> bool:
    """Whether anybody was forgotten."""
    return bool(connection.execute(select(exists().where(People.c.fingerprint != ""))).scalar_one())


def among(connection: Connection, user_ids: Iterable[int]) -> list[int]:
    """Those of these ids that were forgotten."""
    key = _key(connection)
    if key is None:
        return []
    ids = {_fingerprint(key, user_id): user_id for user_id in user_ids}
    marks = list(ids)
    found: list[int] = []
    for start in range(0, len(marks), AT_ONCE):
        some = select(People.c.fingerprint).where(
            People.c.fingerprint.in_(marks[start : start + AT_ONCE])
        )
        there: Sequence[str] = connection.execute(some).scalars().all()
        found += [ids[mark] for mark in there]
    return found


def add(connection: Connection, user_id: int, *, actor: str) -> None:
    """Mark this id as forgotten, in the caller's transaction."""
    key = _key(connection)
    if key is None:
        database.take_turns(connection, TURN)
        key = _key(connection)
    if key is None:
        key = secrets.token_hex(32)
        connection.execute(insert(Keys).values(id=1, key=key))
    if not among(connection, [user_id]):
        connection.execute(
            insert(People).values(
                fingerprint=_fingerprint(key, user_id),
                forgotten_at=models.utc_now(),
                forgotten_by=actor,
            )
        )


def _key(connection: Connection) -> str | None:
    return connection.execute(select(Keys.c.key)).scalar_one_or_none()


def _fingerprint(key: str, user_id: int) -> str:
    return hmac.new(bytes.fromhex(key), str(user_id).encode(), hashlib.sha256).hexdigest()
