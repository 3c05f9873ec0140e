"""The second factor: codes that change every 30 seconds (TOTP), and some for a lost phone."""

import hmac

import pyotp
from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from hsl import acting, audit, database
from hsl.accounts import AccountError, sessions, tokens
from hsl.accounts.tables import accounts, recovery_codes
from hsl.acting import Permission
from hsl.words import _

CODES = 10  # that stand for the phone once each
STEP = 30  # seconds
ISSUER = "HSL Dashboard"


def start(engine: Engine, account_id: int) -> str:
    """Make a new secret and return it as an `otpauth://` address; `confirm` puts it in force.

    One's own account only, as only its owner may see it. Raises AccountError where one is in force.
    """
    _require_own(account_id)
    secret = pyotp.random_base32()
    with engine.begin() as connection:
        account = _account(connection, account_id)
        if account.totp_confirmed_at is not None:
            raise AccountError(
                _("There is a second factor already. Take it away before you set up another.")
            )
        connection.execute(
            update(accounts).where(accounts.c.id == account_id).values(totp_secret=secret)
        )
    return pyotp.TOTP(secret).provisioning_uri(name=account.name, issuer_name=ISSUER)


def confirm(engine: Engine, account_id: int, code: str, *, but: str | None = None) -> list[str]:
    """Put the secret in force by a first code of it, and return the recovery codes.

    All sessions of the account end but the one with the hash `but`. Raises AccountError.
    """
    actor = _require_own(account_id)
    with engine.begin() as connection:
        account = _account(connection, account_id)
        if account.totp_secret is None or account.totp_confirmed_at is not None:
            raise AccountError(_("No second factor is being set up. Begin anew."))
        if not _takes(connection, account, code):
            raise AccountError(
                _("That is not the code of this moment. Is the phone’s clock right?")
            )
        now = database.now(connection)
        connection.execute(
            update(accounts).where(accounts.c.id == account_id).values(totp_confirmed_at=now)
        )
        sessions.end_all(connection, account_id, but=but)
        codes = _new_codes(connection, account_id)
        _record(connection, actor.name, "second_factor_added", account.name)
    return codes


def renew_codes(engine: Engine, account_id: int) -> list[str]:
    """Make new recovery codes for one's own account; the old ones open nothing any more."""
    actor = _require_own(account_id)
    with engine.begin() as connection:
        account = _account(connection, account_id)
        if account.totp_confirmed_at is None:
            raise AccountError(_("There is no second factor. Set one up first."))
        codes = _new_codes(connection, account_id)
        _record(connection, actor.name, "recovery_codes_renewed", account.name)
    return codes


def remove(engine: Engine, account_id: int, code: str | None = None) -> None:
    """Take the second factor away: from one's own account by a code of it, else needs MANAGE.

    All sessions of an account from which somebody else took it end. Raises AccountError.
    """
    actor = acting.current()
    own = actor.account_id == account_id
    if not own:
        acting.require(Permission.MANAGE)
    with engine.begin() as connection:
        account = _account(connection, account_id)
        if own and not takes(connection, account_id, code or ""):
            raise AccountError(_("That code is not right. Type the one that the phone shows."))
        connection.execute(
            update(accounts)
            .where(accounts.c.id == account_id)
            .values(totp_secret=None, totp_confirmed_at=None)
        )
        connection.execute(delete(recovery_codes).where(recovery_codes.c.account_id == account_id))
        if not own:
            sessions.end_all(connection, account_id)
        _record(connection, actor.name, "second_factor_removed", account.name)


def codes_left(engine: Engine, account_id: int) -> int:
    """How many recovery codes were not used yet."""
    left = select(func.count()).where(
        recovery_codes.c.account_id == account_id, recovery_codes.c.used_at.is_(None)
    )
    with database.read_only(engine).begin() as connection:
        return int(connection.execute(left).scalar_one())


def takes(connection: Connection, account_id: int, code: str) -> bool:
    """Whether a code is right, which it is only once: the phone's or a recovery code."""
    account = _account(connection, account_id)
    if account.totp_confirmed_at is None:
        return False
    return _takes(connection, account, code) or _takes_recovery(connection, account, code)


def _takes(connection: Connection, account: Row[tuple[object, ...]], code: str) -> bool:
    typed = "".join(code.split())
    totp, now = pyotp.TOTP(account.totp_secret), database.now(connection)
    for step in range(int(now.timestamp()) // STEP - 1, int(now.timestamp()) // STEP + 2):
        if hmac.compare_digest(totp.at(step * STEP).encode(), typed.encode()):
            # A code that somebody looked over a shoulder for was used in this very step.
            used = connection.execute(
                update(accounts)
                .where(accounts.c.id == account.id, accounts.c.totp_step < step)
                .values(totp_step=step)
            )
            return used.rowcount == 1
    return False


def _takes_recovery(connection: Connection, account: Row[tuple[object, ...]], code: str) -> bool:
    used = connection.execute(
        update(recovery_codes)
        .where(
            recovery_codes.c.account_id == account.id,
            recovery_codes.c.code_hash == tokens.hashed(code.strip().lower()),
            recovery_codes.c.used_at.is_(None),
        )
        .values(used_at=database.now(connection))
    )
    if used.rowcount == 1:
        _record(connection, str(account.name), "recovery_code_used", str(account.name))
    return used.rowcount == 1


def _new_codes(connection: Connection, account_id: int) -> list[str]:
    connection.execute(delete(recovery_codes).where(recovery_codes.c.account_id == account_id))
    codes = [tokens.new_code() for _number in range(CODES)]
    connection.execute(
        insert(recovery_codes),
        [{"account_id": account_id, "code_hash": tokens.hashed(code)} for code in codes],
    )
    return codes


def _account(connection: Connection, account_id: int) -> Row[tuple[object, ...]]:
    return connection.execute(select(accounts).where(accounts.c.id == account_id)).one()


def _record(connection: Connection, actor: str, action: str, name: str) -> None:
    audit.record(connection, actor=actor, action=action, object_type="account", object_id=name)


def _require_own(account_id: int) -> acting.Actor:
    actor = acting.current()
    if actor.account_id != account_id:
        raise AccountError(_("A second factor is set up by whose account it is, and nobody else."))
    return actor
