"""Signing in: by name and password, then by a code where the account has a second factor."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, select, update

from hsl import audit, database
from hsl.accounts import AccountError, attempts, passwords, registry, second_factor, sessions
from hsl.accounts.tables import account_sessions, accounts
from hsl.settings import Settings
from hsl.words import _


@dataclass(frozen=True)
class Browser:
    """From where somebody signs in."""

    address: str | None
    name: str | None  # what the browser calls itself


@dataclass(frozen=True)
class SignedIn:
    """A session's token, for its cookie, and whether it opens nothing until a code is given."""

    token: str
    waits_for_code: bool


class SignInError(AccountError):
    """It was not the right name, password or code; the message does not say which."""


def with_password(
    engine: Engine, settings: Settings, name: str, password: str, browser: Browser
) -> SignedIn:
    """Sign in by name and password. Raises SignInError, or LockedError after many failures.

    A name that nobody has, an account without a password and a wrong password cannot be told
    apart, by the words or by the time they take.
    """
    key = registry.key_of(name)[: passwords.LONGEST]
    by_account = attempts.of_account(key)
    with engine.begin() as connection:
        _count(connection, browser, {by_account: attempts.FREE_BY_ACCOUNT})
        account = connection.execute(select(accounts).where(accounts.c.key == key)).first()
    right = passwords.matches(None if account is None else account.password_hash, password)
    with engine.begin() as connection:
        if account is None or not right or _is_gone(connection, account):
            failed(connection, account, browser)
        else:
            if passwords.is_outdated(account.password_hash):
                anew = passwords.hashed(password)
                connection.execute(
                    update(accounts).where(accounts.c.id == account.id).values(password_hash=anew)
                )
            attempts.forget(connection, by_account)
            attempts.take_back(connection, attempts.of_address(browser.address))
            return enter(connection, settings, account, browser)
    raise SignInError(_("The name or the password is wrong."))


def with_code(
    engine: Engine, settings: Settings, token_hash: str, code: str, browser: Browser
) -> SignedIn:
    """Finish signing in by a code. Raises SignInError, or LockedError after many failures."""
    with engine.begin() as connection:
        waiting = sessions.look(connection, settings, token_hash, waits_for_code=True)
        if waiting is None:
            raise SignInError(_("That took too long. Sign in again."))
        by_code = attempts.of_codes(waiting.account_id)
        _count(connection, browser, {by_code: attempts.FREE_BY_ACCOUNT})
    with engine.begin() as connection:
        account = connection.execute(
            select(accounts).where(accounts.c.id == waiting.account_id)
        ).one()
        if second_factor.takes(connection, settings, account.id, code):
            attempts.forget(connection, by_code)
            attempts.take_back(connection, attempts.of_address(browser.address))
            connection.execute(
                account_sessions.delete().where(account_sessions.c.token_hash == token_hash)
            )
            return enter(connection, settings, account, browser, second_factor_given=True)
        failed(connection, account, browser)
    raise SignInError(_("That code is not right. Type the one that the phone shows now."))


def enter(
    connection: Connection,
    settings: Settings,
    account: Row[Any],
    browser: Browser,
    *,
    second_factor_given: bool = False,
) -> SignedIn:
    """Open a session for an account that proved itself, or ask it for its second factor."""
    waits = account.totp_confirmed_at is not None and not second_factor_given
    token = sessions.begin(
        connection,
        settings,
        account.id,
        address=browser.address,
        browser=browser.name,
        waits_for_code=waits,
    )
    if not waits:
        connection.execute(
            update(accounts)
            .where(accounts.c.id == account.id)
            .values(signed_in_at=database.now(connection))
        )
        audit.record(
            connection,
            actor=account.name,
            action="signed_in",
            object_type="account",
            object_id=account.name,
            details={"address": browser.address},
        )
    return SignedIn(token, waits)


def _count(connection: Connection, browser: Browser, by: dict[str, int]) -> None:
    address = attempts.of_address(browser.address)
    attempts.begin(connection, {**by, address: attempts.FREE_BY_ADDRESS})


def _is_gone(connection: Connection, account: Row[Any]) -> bool:
    """Whether it was disabled or got another password while this one was looked at."""
    now = connection.execute(select(accounts).where(accounts.c.id == account.id)).one()
    return now.disabled_at is not None or now.password_hash != account.password_hash


def failed(
    connection: Connection, account: Row[Any] | None, browser: Browser, **more: object
) -> None:
    """Record that somebody did not get in; `more` says how it was tried and why not."""
    # What was typed for a name may have been a password, and is kept nowhere.
    name = None if account is None else account.name
    audit.record(
        connection,
        actor=name or "nobody",
        action="sign_in_failed",
        object_type="account",
        object_id=name,
        details={"address": browser.address, **more},
    )
