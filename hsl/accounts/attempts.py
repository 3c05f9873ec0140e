"""Failed attempts to sign in: each one after the first few makes the next wait twice as long.

An attempt counts as failed before the password is looked at, and is taken back when it was right,
so that a thousand attempts at once get no more guesses than one after the other.
"""

import ipaddress
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from hsl import database, spans
from hsl.accounts import AccountError, tokens
from hsl.accounts.tables import sign_in_attempts
from hsl.words import _

FREE_BY_ACCOUNT = 5  # failures that are not waited for
FREE_BY_ADDRESS = 20  # more, as a school's people may share one
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)  # after the last failure or the end of its wait
_log = sign_in_attempts.c


class LockedError(AccountError):
    """Too many attempts failed; the message says how long to wait."""


def of_account(key: str) -> str:
    """What an account's failures are counted under, and those of a name that nobody has."""
    return f"account:{tokens.hashed(key)}"


def of_codes(account_id: int) -> str:
    """What wrong codes of an account are counted under."""
    return f"code:{account_id}"


def of_address(address: str | None) -> str:
    """What an address's failures are counted under; an IPv6 host has a whole /64 to itself."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "address:unknown"
    if found.version == 6:
        found = ipaddress.ip_network((found, 64), strict=False).network_address
    return f"address:{found}"


def begin(connection: Connection, free: Mapping[str, int]) -> None:
    """Count a failure under each subject, which has so many free. Raises LockedError, and counts
    none, while one of them has to wait."""
    now = database.now(connection)
    insert = insert_postgresql if connection.dialect.name == "postgresql" else insert_sqlite
    counted: dict[str, int] = {}
    for subject in sorted(free):  # in one order, so that no two wait for each other
        connection.execute(
            insert(sign_in_attempts)
            .values(subject=subject, failures=0, last_at=now)
            .on_conflict_do_nothing()
        )
        row = connection.execute(
            select(sign_in_attempts).where(_log.subject == subject).with_for_update()
        ).one()
        if row.locked_until is not None and row.locked_until > now:
            wait = spans.words((row.locked_until - now).total_seconds())
            raise LockedError(_("Too many attempts failed. Try again in {wait}.", wait=wait))
        forgotten = max(row.last_at, row.locked_until or row.last_at) < now - FORGOTTEN_AFTER
        counted[subject] = 1 if forgotten else row.failures + 1
    for subject, failures in counted.items():
        connection.execute(
            update(sign_in_attempts)
            .where(_log.subject == subject)
            .values(
                failures=failures, last_at=now, locked_until=_lock(now, failures, free[subject])
            )
        )
    connection.execute(
        delete(sign_in_attempts).where(_log.last_at < now - FORGOTTEN_AFTER - LONGEST_WAIT)
    )


def _lock(now: datetime, failures: int, free: int) -> datetime | None:
    if failures < free:
        return None
    wait = min(timedelta(seconds=2 ** min(failures - free, 20)), LONGEST_WAIT)
    return now + wait


def forget(connection: Connection, *subjects: str) -> None:
    """The attempt was right: what failed before counts no more."""
    connection.execute(delete(sign_in_attempts).where(_log.subject.in_(subjects)))


def take_back(connection: Connection, subject: str) -> None:
    """The attempt was right: it is not counted, but those before it are.

    Somebody with an account of their own must not be able to guess at others' for ever.
    """
    row = connection.execute(
        select(sign_in_attempts).where(_log.subject == subject).with_for_update()
    ).one_or_none()
    if row is not None and row.failures > 0:
        connection.execute(
            update(sign_in_attempts)
            .where(_log.subject == subject)
            .values(failures=row.failures - 1, locked_until=None)
        )
