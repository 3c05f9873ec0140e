"""Set-up links: each lets its holder set a password once, the first one as the first admin."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from hsl import acting, audit, database
from hsl.accounts import AccountError, registry, sessions, tokens
from hsl.accounts.tables import accounts, set_up_links
from hsl.acting import Permission, Role
from hsl.settings import Settings
from hsl.words import _

LASTS = timedelta(hours=24)
FIRST = "nobody"  # who adds the first account: it has no name before
PATH = "set-up"  # under the pages' address, before the token


@dataclass(frozen=True)
class Link:
    """A link that still opens: the name of its account, None for the first admin's."""

    name: str | None


@acting.needs(Permission.MANAGE)
def make(engine: Engine, name: str | None = None) -> str:
    """A new link's token, for an account or for the first admin; earlier links of it open nothing.

    Raises AccountError for an account that is disabled, and for a first admin's link once there is
    an account.
    """
    token = tokens.new()
    with engine.begin() as connection:
        database.take_turns(connection, registry.TURN)
        account = None if name is None else registry.row_of(connection, name)
        if account is None and registry.there_are(connection):
            raise AccountError(
                _("There is an account already, so there is no first one to set up.")
            )
        if account is not None and account.disabled_at is not None:
            raise AccountError(
                _("{name} is disabled. Enable the account first.", name=account.name)
            )
        now = database.now(connection)
        owner = None if account is None else account.id
        connection.execute(
            update(set_up_links)
            .where(
                set_up_links.c.account_id.is_not_distinct_from(owner),
                set_up_links.c.used_at.is_(None),
            )
            .values(used_at=now)
        )
        connection.execute(
            insert(set_up_links).values(
                token_hash=tokens.hashed(token),
                account_id=owner,
                made_by=acting.current().name,
                expires_at=now + LASTS,
            )
        )
        audit.record(
            connection,
            actor=acting.current().name,
            action="set_up_link_made",
            object_type="account",
            object_id=None if account is None else account.name,
        )
    return token


def address(settings: Settings, token: str) -> str:
    """Where a link leads, as people reach the pages."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    place = settings.public_url.rstrip("/") or f"http://{host}:{settings.port}"
    return f"{place}/{PATH}/{token}"


def waits_for_first(engine: Engine) -> bool:
    """Whether a link for the first admin is open."""
    with database.read_only(engine).begin() as connection:
        found = select(set_up_links.c.id).where(
            set_up_links.c.account_id.is_(None),
            set_up_links.c.used_at.is_(None),
            set_up_links.c.expires_at > database.now(connection),
        )
        return connection.execute(found).first() is not None


def look(engine: Engine, token: str) -> Link | None:
    """What a link opens; None where it was used, is older than LASTS, or never was."""
    with database.read_only(engine).begin() as connection:
        row = _open(connection, token)
        if row is None:
            return None
        if row.account_id is None:
            return None if registry.there_are(connection) else Link(None)
        return Link(row.name) if row.disabled_at is None else None


def use(engine: Engine, token: str, password: str, *, name: str | None = None) -> int:
    """Set the password by a link and return the account's id; `name` is the first admin's.

    Raises AccountError, and leaves the link as it was, for a password or name that cannot be.
    """
    gone = AccountError(_("This link was used or is too old. Ask an admin for a new one."))
    with engine.begin() as connection:
        database.take_turns(connection, registry.TURN)
        row = _open(connection, token)
        if row is None:
            raise gone
        if row.account_id is None:
            if registry.there_are(connection):
                raise gone
            found = registry.insert_account(
                connection, name or "", Role.ADMIN, password=password, actor=FIRST
            )
        else:
            account = registry.row_of(connection, row.name)
            if account.disabled_at is not None:
                raise gone
            registry.set_password(connection, account, password, actor=account.name)
            sessions.end_all(connection, account.id)
            found = account.id
        connection.execute(
            update(set_up_links)
            .where(set_up_links.c.id == row.id)
            .values(used_at=database.now(connection))
        )
    return found


def _open(connection: Connection, token: str) -> Row[Any] | None:
    return connection.execute(
        select(set_up_links, accounts.c.name, accounts.c.disabled_at)
        .join(accounts, accounts.c.id == set_up_links.c.account_id, isouter=True)
        .where(
            set_up_links.c.token_hash == tokens.hashed(token),
            set_up_links.c.used_at.is_(None),
            set_up_links.c.expires_at > database.now(connection),
        )
    ).first()
