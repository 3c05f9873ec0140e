"""The tables of accounts, and the same for SQLAlchemy Core."""

from datetime import datetime
from typing import cast

from sqlalchemy import BigInteger, Column, ForeignKey, Table
from sqlmodel import Field, SQLModel

from hsl.models import RowId, UtcDateTime, utc_now


def _of_account(*, nullable: bool = False) -> Column[int]:
    return Column(RowId, ForeignKey("accounts.id"), nullable=nullable, index=True)


class Account(SQLModel, table=True):
    """Somebody who may sign in. It is never deleted, as the audit names it."""

    __tablename__ = "accounts"
    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    name: str  # as it is signed with
    key: str = Field(unique=True)  # the name as it is compared: case-folded
    email: str | None = Field(default=None, unique=True)  # in lower case; for single sign-on
    role: str  # hsl.acting.Role
    password_hash: str | None = None  # Argon2; None: signs in otherwise, or not yet
    subject: str | None = Field(default=None, unique=True)  # "issuer subject" of single sign-on
    totp_secret: str | None = None  # base32, sealed where a key is set
    totp_confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    totp_step: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))  # last used
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    signed_in_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AccountSession(SQLModel, table=True):
    """A browser that is signed in, or that was asked for its second factor; deleted at its end."""

    __tablename__ = "account_sessions"
    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    token_hash: str = Field(unique=True)
    account_id: int = Field(sa_column=_of_account())
    waits_for_code: bool = False  # the password was right; nothing is open yet
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    seen_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    address: str | None = None
    browser: str | None = None  # what it calls itself


class SignInAttempts(SQLModel, table=True):
    """How often signing in failed lately, for an account or an address."""

    __tablename__ = "sign_in_attempts"
    subject: str = Field(primary_key=True)
    failures: int
    last_at: datetime = Field(sa_type=UtcDateTime)
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RecoveryCode(SQLModel, table=True):
    """One code that stands for the second factor once."""

    __tablename__ = "recovery_codes"
    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    account_id: int = Field(sa_column=_of_account())
    code_hash: str
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SetUpLink(SQLModel, table=True):
    """A link that sets a password once; without an account, that of the first admin."""

    __tablename__ = "set_up_links"
    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    token_hash: str = Field(unique=True)
    account_id: int | None = Field(default=None, sa_column=_of_account(nullable=True))
    made_by: str
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def _table(model: type[SQLModel]) -> Table:
    return cast(Table, model.__table__)  # type: ignore[attr-defined]


accounts = _table(Account)
account_sessions = _table(AccountSession)
sign_in_attempts = _table(SignInAttempts)
recovery_codes = _table(RecoveryCode)
set_up_links = _table(SetUpLink)
