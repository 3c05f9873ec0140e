"""The second factor: codes that change every 30 seconds (TOTP), and some for a lost phone.

What the codes are made from is sealed where a key is set (`hsl.sealing`). What was kept before
there was one is sealed when a code of it is taken, or when all is sealed anew (`hsl.resealing`).
"""

import hmac

import pyotp
from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from hsl import acting, audit, database, sealing
from hsl.accounts import AccountError, sessions, tokens
from hsl.accounts.tables import accounts, recovery_codes
from hsl.acting import Permission
from hsl.settings import Settings
from hsl.words import _

CODES = 10  # that stand for the phone once each
STEP = 30  # seconds
ISSUER = "HSL Dashboard"
SEALED = "sealed:"  # how a sealed secret begins


def start(engine: Engine, settings: Settings, account_id: int) -> str:
    """Make a new secret and return it as an `otpauth://` address; `confirm` puts it in force.

    One's own account only, as only its owner may see it. Raises AccountError where one is in force,
    and SealError where the key that is set is none.
    """
    _require_own(account_id)
    secret = pyotp.random_base32()
    kept = _sealed(settings, secret)
    with engine.begin() as connection:
        account = _account(connection, account_id)
        if account.totp_confirmed_at is not None:
            raise AccountError(
                _("There is a second factor already. Take it away before you set up another.")
            )
        connection.execute(
            update(accounts).where(accounts.c.id == account_id).values(totp_secret=kept)
        )
    return pyotp.TOTP(secret).provisioning_uri(name=account.name, issuer_name=ISSUER)


def confirm(
    engine: Engine, settings: Settings, account_id: int, code: str, *, but: str | None = None
) -> list[str]:
    """Put the secret in force by a first code of it, and return the recovery codes.

    All sessions of the account end but the one with the hash `but`. Raises AccountError.
    """
    actor = _require_own(account_id)
    with engine.begin() as connection:
        account = _account(connection, account_id)
        if account.totp_secret is None or account.totp_confirmed_at is not None:
            raise AccountError(_("No second factor is being set up. Begin anew."))
        if not _takes(connection, settings, account, code):
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


def remove(engine: Engine, settings: Settings, account_id: int, code: str) -> None:
    """Take the second factor away from one's own account, by a code of it. Raises AccountError."""
    actor = _require_own(account_id)
    with engine.begin() as connection:
        if not takes(connection, settings, account_id, code):
            raise AccountError(_("That code is not right. Type the one that the phone shows."))
        _take_away(connection, actor, account_id)


@acting.needs(Permission.MANAGE)
def take_away(engine: Engine, account_id: int) -> None:
    """Take the second factor away from anybody's account, whose sessions end."""
    with engine.begin() as connection:
        _take_away(connection, acting.current(), account_id)
        sessions.end_all(connection, account_id)


def _take_away(connection: Connection, actor: acting.Actor, account_id: int) -> None:
    account = _account(connection, account_id)
    connection.execute(
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(totp_secret=None, totp_confirmed_at=None)
    )
    connection.execute(delete(recovery_codes).where(recovery_codes.c.account_id == account_id))
    _record(connection, actor.name, "second_factor_removed", account.name)


def plain(connection: Connection) -> int:
    """How many accounts' codes are made from what stands in the database unsealed."""
    secret = accounts.c.totp_secret
    found = select(func.count()).where(secret.is_not(None), ~secret.startswith(SEALED))
    return int(connection.execute(found).scalar_one())


def seal_within(connection: Connection, settings: Settings, *, actor: str) -> int:
    """Seal what all accounts' codes are made from with the first key; how many there are.

    Raises SealError where one does not open.
    """
    rows = connection.execute(
        select(accounts).where(accounts.c.totp_secret.is_not(None)).with_for_update()
    ).all()
    for row in rows:
        _seal(connection, settings, row, actor=actor)
    return len(rows)


def codes_left(engine: Engine, account_id: int) -> int:
    """How many recovery codes were not used yet."""
    left = select(func.count()).where(
        recovery_codes.c.account_id == account_id, recovery_codes.c.used_at.is_(None)
    )
    with database.read_only(engine).begin() as connection:
        return int(connection.execute(left).scalar_one())


def takes(connection: Connection, settings: Settings, account_id: int, code: str) -> bool:
    """Whether a code is right, which it is only once: the phone's or a recovery code.

    Raises AccountError where the phone's cannot be looked at.
    """
    account = _account(connection, account_id)
    if account.totp_confirmed_at is None:
        return False
    # A recovery code needs no key, and opens where that went.
    return _takes_recovery(connection, account, code) or _takes(connection, settings, account, code)


def _takes(
    connection: Connection, settings: Settings, account: Row[tuple[object, ...]], code: str
) -> bool:
    is_right = _fits(connection, settings, account, code)
    if is_right and sealing.is_set(settings) and not str(account.totp_secret).startswith(SEALED):
        _seal(connection, settings, account, actor=str(account.name))
    return is_right


def _fits(
    connection: Connection, settings: Settings, account: Row[tuple[object, ...]], code: str
) -> bool:
    typed = "".join(code.split())
    try:
        totp, now = pyotp.TOTP(_opened(settings, account)), database.now(connection)
    except sealing.SealError as fault:
        raise AccountError(
            _(
                "The phone’s codes cannot be checked now: {why} Until then a recovery code opens.",
                why=str(fault),
            )
        ) from fault
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


def _sealed(settings: Settings, secret: str) -> str:
    """As it is kept: sealed, where there is a key."""
    if not sealing.is_set(settings):
        return secret
    return f"{SEALED}{sealing.seal(settings, secret.encode())}"


def _opened(settings: Settings, account: Row[tuple[object, ...]]) -> str:
    kept = str(account.totp_secret)
    if not kept.startswith(SEALED):
        return kept
    return sealing.unseal(settings, kept.removeprefix(SEALED)).decode()


def _seal(
    connection: Connection, settings: Settings, account: Row[tuple[object, ...]], *, actor: str
) -> None:
    sealed = _sealed(settings, _opened(settings, account))
    connection.execute(
        update(accounts).where(accounts.c.id == account.id).values(totp_secret=sealed)
    )
    _record(connection, actor, "second_factor_sealed", str(account.name))


def _account(connection: Connection, account_id: int) -> Row[tuple[object, ...]]:
    return connection.execute(select(accounts).where(accounts.c.id == account_id)).one()


def _record(connection: Connection, actor: str, action: str, name: str) -> None:
    audit.record(connection, actor=actor, action=action, object_type="account", object_id=name)


def _require_own(account_id: int) -> acting.Actor:
    actor = acting.current()
    if actor.account_id != account_id:
        raise AccountError(_("A second factor is set up by whose account it is, and nobody else."))
    return actor
