"""Keys of the API: each has a name, scopes and an end; its secret is shown once and kept hashed.

A secret has 256 random bits, so that one round of SHA-256 is enough: there is nothing to guess.
"""

import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from hsl import audit, audit_changes, database, models, outward
from hsl.acting import Permission, needs
from hsl.errors import PlainError
from hsl.words import _

Keys = outward.api_keys
SECRET = re.compile(r"hsl_[A-Za-z0-9_-]{43}")
SHOWN = 10  # characters of a secret that are kept to tell keys apart
LONGEST_NAME = 60  # characters
MOST_DAYS = 3650
USED_EVERY = timedelta(minutes=1)  # how exactly the last use is known


class ApiKeyError(PlainError, ValueError):
    """A key cannot be made or revoked as asked; nothing was changed."""


@dataclass(frozen=True)
class Key:
    """A key without its secret."""

    id: int
    name: str
    prefix: str
    scopes: frozenset[Permission]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def is_valid(self) -> bool:
        """True while it opens anything: it is neither revoked nor over."""
        return self.revoked_at is None and (
            self.expires_at is None or self.expires_at > models.utc_now()
        )

    @property
    def state(self) -> str:
        """One word: valid, revoked or expired."""
        if self.revoked_at is not None:
            return "revoked"
        return "valid" if self.is_valid else "expired"


@needs(Permission.MANAGE)
def add(
    engine: Engine, name: str, scopes: Collection[Permission], *, days: int | None, actor: str
) -> tuple[Key, str]:
    """Make a key that is valid for so many days (None: until it is revoked), and its secret.

    The secret is not kept and cannot be had again. Raises ApiKeyError.
    """
    words = " ".join(name.split())
    if not words or len(words) > LONGEST_NAME or not words.isprintable():
        raise ApiKeyError(
            _("A key's name has 1 to {most} characters on one line.", most=LONGEST_NAME)
        )
    if words in audit.ACTORS:
        raise ApiKeyError(_("{name} signs others' work. Choose another name.", name=words))
    if not scopes:
        raise ApiKeyError(_("A key needs at least one scope, such as look."))
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise ApiKeyError(_("A key is valid for 1 to {most} days.", most=MOST_DAYS))
    secret = f"hsl_{secrets.token_urlsafe(32)}"
    now = models.utc_now()
    with engine.begin() as connection:
        database.take_turns(connection, _TURN)
        taken = connection.execute(select(Keys.c.id).where(Keys.c.name == words)).first()
        if taken is not None:
            raise ApiKeyError(_("There is a key {name} already. Choose another name.", name=words))
        row = connection.execute(
            insert(Keys).returning(Keys),
            {
                "name": words,
                "prefix": secret[:SHOWN],
                "secret_hash": _hashed(secret),
                "scopes": [one.value for one in Permission if one in scopes],
                "created_by": actor,
                "created_at": now,
                "expires_at": None if days is None else now + timedelta(days=days),
            },
        ).one()
        key = _key(row)
        made = audit_changes.between({}, _told(key))
        _record(connection, "api_key_added", key, actor, made)
    return key, secret


@needs(Permission.MANAGE)
def revoke(engine: Engine, name: str, *, actor: str) -> Key:
    """Let a key open nothing any more, at once and for ever. Raises ApiKeyError."""
    with engine.begin() as connection:
        row = connection.execute(
            update(Keys)
            .where(Keys.c.name == name, Keys.c.revoked_at.is_(None))
            .values(revoked_at=models.utc_now())
            .returning(Keys)
        ).one_or_none()
        if row is None:
            raise ApiKeyError(_("There is no key {name} to revoke.", name=name))
        key = _key(row)
        gone = audit_changes.between(_told(key), {"revoked_at": _moment(key.revoked_at)})
        _record(connection, "api_key_revoked", key, actor, gone)
    return key


@needs(Permission.MANAGE)
def listing(engine: Engine) -> list[Key]:
    """All keys, also those that open nothing any more, the last one first."""
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(select(Keys).order_by(Keys.c.id.desc())).all()
    return [_key(row) for row in rows]


def of_secret(engine: Engine, secret: str) -> Key | None:
    """The valid key of this secret, whose last use is written down; None for any other secret."""
    if not SECRET.fullmatch(secret):
        return None
    with database.read_only(engine).begin() as connection:
        row = connection.execute(
            select(Keys).where(Keys.c.secret_hash == _hashed(secret))
        ).one_or_none()
    key = None if row is None else _key(row)
    if key is None or not key.is_valid:
        return None
    now = models.utc_now()
    if key.last_used_at is None or now - key.last_used_at > USED_EVERY:
        with engine.begin() as connection:
            connection.execute(update(Keys).where(Keys.c.id == key.id).values(last_used_at=now))
    return key


_TURN = 7_201_012  # of whoever makes a key


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _told(key: Key) -> dict[str, Any]:
    """What the audit says of a key: never its secret."""
    return {"scopes": sorted(key.scopes), "expires_at": _moment(key.expires_at)}


def _moment(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat()


def _record(
    connection: Connection, action: str, key: Key, actor: str, changed: dict[str, Any]
) -> None:
    audit.record(
        connection,
        actor=actor,
        action=action,
        object_type="api_key",
        object_id=key.id,
        details={"name": key.name, "prefix": key.prefix, **changed},
    )


def _key(row: Row[tuple[object, ...]]) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=frozenset(Permission(one) for one in row.scopes),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
