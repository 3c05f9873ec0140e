"""The accounts: who there is, in which role, and what changes about them."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, or_, select, update

from hsl import acting, audit, audit_changes, database
from hsl.accounts import AccountError, attempts, passwords, second_factor, sessions
from hsl.accounts.tables import accounts
from hsl.acting import Permission, Role
from hsl.words import _

TURN = 7_201_010  # of whoever changes who there is
# What signs in the audit without being anybody's account.
RESERVED = {"operator", "scheduler", "sample", "nobody"}
NAME = re.compile(r"[^\W_][\w.@+-]{1,63}")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,63}")


@dataclass(frozen=True)
class Account:
    """An account as it may be shown."""

    id: int
    name: str
    role: Role
    email: str | None
    has_password: bool
    has_second_factor: bool
    is_disabled: bool
    created_at: datetime
    signed_in_at: datetime | None


def key_of(name: str) -> str:
    """A name as names are compared: in one form of Unicode, whatever its case."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def exist(engine: Engine) -> bool:
    """Whether there is any account; from then on the pages ask who is there."""
    with database.read_only(engine).begin() as connection:
        return there_are(connection)


def there_are(connection: Connection) -> bool:
    """The same within a transaction."""
    return connection.execute(select(accounts.c.id).limit(1)).first() is not None


@acting.needs(Permission.MANAGE)
def listing(engine: Engine) -> list[Account]:
    """All accounts by their names."""
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(select(accounts).order_by(accounts.c.key)).all()
    return [_shown(row) for row in rows]


def named(engine: Engine, name: str) -> Account:
    """The account with this name. Its own, or needs MANAGE. Raises AccountError for none."""
    with database.read_only(engine).begin() as connection:
        row = row_of(connection, name)
    if acting.current().account_id != row.id:
        acting.require(Permission.MANAGE)
    return _shown(row)


def row_of(connection: Connection, name: str) -> Row[Any]:
    """The row of the account with this name. Raises AccountError for none."""
    row = connection.execute(select(accounts).where(accounts.c.key == key_of(name))).first()
    if row is None:
        raise AccountError(
            _("There is no account {name}. `python -m hsl user list` names them.", name=name)
        )
    return row


@acting.needs(Permission.MANAGE)
def add(
    engine: Engine,
    name: str,
    role: Role,
    *,
    password: str | None = None,
    email: str | None = None,
) -> int:
    """Make an account and return its id; without a password it needs a set-up link."""
    with engine.begin() as connection:
        database.take_turns(connection, TURN)
        return insert_account(
            connection, name, role, password=password, email=email, actor=acting.current().name
        )


def insert_account(
    connection: Connection,
    name: str,
    role: Role,
    *,
    password: str | None = None,
    email: str | None = None,
    subject: str | None = None,
    actor: str,
) -> int:
    """Make an account in the caller's transaction, which took its turn. Raises AccountError."""
    name = unicodedata.normalize("NFKC", name).strip()
    if not NAME.fullmatch(name):
        raise AccountError(
            _(
                "{name} cannot be a name. Take 2 to 64 letters, digits and . _ @ + -, beginning "
                "with a letter or a digit.",
                name=repr(name[:70]),
            )
        )
    if key_of(name) in RESERVED:
        raise AccountError(_("{name} signs for the program itself. Take another name.", name=name))
    if connection.execute(select(accounts.c.id).where(accounts.c.key == key_of(name))).first():
        raise AccountError(_("There is an account {name} already. Take another name.", name=name))
    email = _checked_email(connection, email)
    if password is not None:
        passwords.check(password, name, email)
    found: int = connection.execute(
        insert(accounts)
        .values(
            name=name,
            key=key_of(name),
            email=email,
            role=role.value,
            password_hash=None if password is None else passwords.hashed(password),
            subject=subject,
            totp_step=0,
            created_at=database.now(connection),
        )
        .returning(accounts.c.id)
    ).scalar_one()
    audit.record(
        connection,
        actor=actor,
        action="account_added",
        object_type="account",
        object_id=name,
        details=audit_changes.between({}, {"role": role.value, "email": email}),
    )
    return found


def _checked_email(connection: Connection, email: str | None) -> str | None:
    if not email or not email.strip():
        return None
    email = email.strip().lower()
    if not EMAIL.fullmatch(email):
        raise AccountError(_("{email} is no email address.", email=repr(email[:100])))
    if connection.execute(select(accounts.c.id).where(accounts.c.email == email)).first():
        raise AccountError(_("Another account has the email address {email}.", email=email))
    return email


@acting.needs(Permission.MANAGE)
def change_role(engine: Engine, name: str, role: Role) -> None:
    """Give an account another role, which ends its sessions."""
    with _changed(engine, name) as (connection, row):
        if row.role == role.value:
            return
        _keep_an_admin(connection, row, role)
        _set(connection, row, role=role.value)
        sessions.end_all(connection, row.id)
        _record(connection, row, "account_role", {"role": row.role}, {"role": role.value})


@acting.needs(Permission.MANAGE)
def change_email(engine: Engine, name: str, email: str | None) -> None:
    """Set or take away the email address by which single sign-on knows an account."""
    with _changed(engine, name) as (connection, row):
        if (row.email or "") == (email or "").strip().lower():
            return
        email = _checked_email(connection, email)
        # Who signed in under the old address must not go on doing so.
        _set(connection, row, email=email, subject=None)
        was_linked = row.subject is not None
        _record(
            connection,
            row,
            "account_email",
            {"email": row.email, "single_sign_on": was_linked},
            {"email": email, "single_sign_on": False},
        )


def change_password(
    engine: Engine, name: str, password: str, *, old: str | None = None, but: str | None = None
) -> None:
    """Set a password, which ends all sessions but the one with the hash `but`.

    One's own needs the old one, where there is one; another's needs MANAGE. Raises AccountError.
    """
    with _changed(engine, name) as (connection, row):
        if acting.current().account_id != row.id:
            acting.require(Permission.MANAGE)
        elif row.password_hash and not passwords.matches(row.password_hash, old or ""):
            raise AccountError(_("The old password is wrong. Type the one you sign in with."))
        set_password(connection, row, password, actor=acting.current().name)
        sessions.end_all(connection, row.id, but=but)


def set_password(connection: Connection, row: Row[Any], password: str, *, actor: str) -> None:
    """Set a password in the caller's transaction, and forget failed attempts at the old one."""
    passwords.check(password, row.name, row.email)
    _set(connection, row, password_hash=passwords.hashed(password))
    attempts.forget(connection, attempts.of_account(row.key))
    audit.record(
        connection,
        actor=actor,
        action="account_password",
        object_type="account",
        object_id=row.name,
    )


@acting.needs(Permission.MANAGE)
def disable(engine: Engine, name: str) -> None:
    """Let an account sign in no more, and end its sessions."""
    with _changed(engine, name) as (connection, row):
        if row.disabled_at is not None:
            return
        _keep_an_admin(connection, row, None)
        _set(connection, row, disabled_at=database.now(connection))
        sessions.end_all(connection, row.id)
        _record(connection, row, "account_disabled", {"active": True}, {"active": False})


@acting.needs(Permission.MANAGE)
def enable(engine: Engine, name: str) -> None:
    """Let an account sign in again, at once where too many attempts failed."""
    with _changed(engine, name) as (connection, row):
        attempts.forget(connection, attempts.of_account(row.key), attempts.of_codes(row.id))
        _set(connection, row, disabled_at=None)
        was_active = row.disabled_at is None
        _record(connection, row, "account_enabled", {"active": was_active}, {"active": True})


@acting.needs(Permission.MANAGE)
def reset_second_factor(engine: Engine, name: str) -> None:
    """Take the second factor away from an account whose phone and recovery codes are lost."""
    with database.read_only(engine).begin() as connection:
        row = row_of(connection, name)
    second_factor.take_away(engine, row.id)


@contextmanager
def _changed(engine: Engine, name: str) -> Iterator[tuple[Connection, Row[Any]]]:
    with engine.begin() as connection:
        database.take_turns(connection, TURN)
        yield connection, row_of(connection, name)


def _keep_an_admin(connection: Connection, row: Row[Any], role: Role | None) -> None:
    """Raise AccountError where the last admin who can sign in would be none any more."""
    if row.role != Role.ADMIN or row.disabled_at is not None or role is Role.ADMIN:
        return
    others = select(func.count()).where(
        accounts.c.role == Role.ADMIN.value,
        accounts.c.disabled_at.is_(None),
        accounts.c.id != row.id,
        or_(accounts.c.password_hash.is_not(None), accounts.c.subject.is_not(None)),
    )
    if connection.execute(others).scalar_one() == 0:
        raise AccountError(
            _("{name} is the last admin. Make another account an admin first.", name=row.name)
        )


def _set(connection: Connection, row: Row[Any], **values: Any) -> None:
    connection.execute(update(accounts).where(accounts.c.id == row.id).values(**values))


def _record(
    connection: Connection,
    row: Row[Any],
    action: str,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    audit.record(
        connection,
        actor=acting.current().name,
        action=action,
        object_type="account",
        object_id=row.name,
        details=audit_changes.between(before, after),
    )


def _shown(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        email=row.email,
        has_password=row.password_hash is not None,
        has_second_factor=row.totp_confirmed_at is not None,
        is_disabled=row.disabled_at is not None,
        created_at=row.created_at,
        signed_in_at=row.signed_in_at,
    )
