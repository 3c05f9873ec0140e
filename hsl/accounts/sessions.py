"""Sessions: a browser that is signed in, by a random token of which only the hash is kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, Select, delete, insert, or_, select, update

from hsl import acting, audit, database
from hsl.accounts import tokens
from hsl.accounts.tables import account_sessions, accounts
from hsl.acting import Permission, Role
from hsl.settings import Settings

CODE_WITHIN = timedelta(minutes=5)  # for the second factor, after the password
AGENT = 200  # characters kept of what a browser calls itself


@dataclass(frozen=True)
class Session:
    """A session that is open, and whose it is."""

    id: int
    token_hash: str
    account_id: int
    name: str
    role: Role
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str | None
    browser: str | None


def begin(
    connection: Connection,
    settings: Settings,
    account_id: int,
    *,
    address: str | None,
    browser: str | None,
    waits_for_code: bool = False,
) -> str:
    """Open a session and return its token, which is kept nowhere."""
    token, now = tokens.new(), database.now(connection)
    lasts = CODE_WITHIN if waits_for_code else timedelta(seconds=settings.session_longest)
    connection.execute(
        delete(account_sessions).where(
            or_(
                account_sessions.c.expires_at <= now,
                account_sessions.c.seen_at <= now - timedelta(seconds=settings.session_idle),
            )
        )
    )
    connection.execute(
        insert(account_sessions).values(
            token_hash=tokens.hashed(token),
            account_id=account_id,
            waits_for_code=waits_for_code,
            created_at=now,
            seen_at=now,
            expires_at=now + lasts,
            address=address,
            browser=browser[:AGENT] if browser else None,
        )
    )
    return token


def look(
    connection: Connection, settings: Settings, token_hash: str, *, waits_for_code: bool = False
) -> Session | None:
    """The open session with this hash; None where it ended, or its account was disabled."""
    return among(connection, settings, [token_hash], waits_for_code=waits_for_code).get(token_hash)


def among(
    connection: Connection,
    settings: Settings,
    hashes: list[str],
    *,
    waits_for_code: bool = False,
) -> dict[str, Session]:
    """Those of these sessions that are open, by their hashes."""
    found = _open(connection, settings, waits_for_code=waits_for_code)
    rows = connection.execute(found.where(account_sessions.c.token_hash.in_(hashes)))
    return {row.token_hash: _session(row) for row in rows}


def _open(
    connection: Connection, settings: Settings, *, waits_for_code: bool = False
) -> Select[tuple[object, ...]]:
    now, one = database.now(connection), account_sessions.c
    return (
        select(account_sessions, accounts.c.name, accounts.c.role)
        .join(accounts, accounts.c.id == one.account_id)
        .where(
            one.waits_for_code == waits_for_code,
            one.expires_at > now,
            one.seen_at > now - timedelta(seconds=settings.session_idle),
            accounts.c.disabled_at.is_(None),
        )
    )


def _session(row: object) -> Session:
    named = row._mapping  # type: ignore[attr-defined]
    fields = {name: named[name] for name in Session.__dataclass_fields__}
    return Session(**{**fields, "role": Role(named["role"])})


def seen(engine: Engine, token_hash: str) -> None:
    """Note that a session is in use, so that it does not end for being idle."""
    with engine.begin() as connection:
        connection.execute(
            update(account_sessions)
            .where(account_sessions.c.token_hash == token_hash)
            .values(seen_at=database.now(connection))
        )


def listing(engine: Engine, settings: Settings, account_id: int) -> list[Session]:
    """An account's open sessions, the one used last first. Its own, or needs MANAGE."""
    _require_own(account_id)
    with database.read_only(engine).begin() as connection:
        found = _open(connection, settings).where(account_sessions.c.account_id == account_id)
        rows = connection.execute(found.order_by(account_sessions.c.seen_at.desc()))
        return [_session(row) for row in rows]


def sign_out(engine: Engine, token_hash: str, *, everywhere: bool = False) -> None:
    """End a session, or all of its account, by whoever holds its token."""
    with engine.begin() as connection:
        ended = connection.execute(
            delete(account_sessions)
            .where(account_sessions.c.token_hash == token_hash)
            .returning(account_sessions.c.account_id)
        ).scalar_one_or_none()
        if ended is not None:
            name = connection.execute(
                select(accounts.c.name).where(accounts.c.id == ended)
            ).scalar_one()
            others = end_all(connection, ended) if everywhere else 0
            audit.record(
                connection,
                actor=name,
                action="signed_out_everywhere" if everywhere else "signed_out",
                object_type="account",
                object_id=name,
                details={"sessions": others + 1} if everywhere else None,
            )


def sign_out_everywhere(engine: Engine, account_id: int, *, but: str | None = None) -> int:
    """End all sessions of an account but one; how many. Its own, or needs MANAGE."""
    actor = _require_own(account_id)
    with engine.begin() as connection:
        name: str = connection.execute(
            select(accounts.c.name).where(accounts.c.id == account_id)
        ).scalar_one()
        ended = end_all(connection, account_id, but=but)
        audit.record(
            connection,
            actor=actor.name,
            action="signed_out_everywhere",
            object_type="account",
            object_id=name,
            details={"sessions": ended},
        )
    return ended


def end_all(connection: Connection, account_id: int, *, but: str | None = None) -> int:
    """End all sessions of an account in the caller's transaction, but one; how many."""
    ending = delete(account_sessions).where(account_sessions.c.account_id == account_id)
    if but is not None:
        ending = ending.where(account_sessions.c.token_hash != but)
    return connection.execute(ending).rowcount


def _require_own(account_id: int) -> acting.Actor:
    actor = acting.current()
    return actor if actor.account_id == account_id else acting.require(Permission.MANAGE)
