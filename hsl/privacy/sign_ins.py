"""Sessions, failed attempts and set-up links that are over are not kept for ever."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, Table, delete, func, or_, select

from hsl import audit, database
from hsl.accounts.tables import account_sessions, set_up_links, sign_in_attempts
from hsl.privacy import NO_LONGER
from hsl.settings import Settings

Session, Attempt, Link = account_sessions.c, sign_in_attempts.c, set_up_links.c


def due(engine: Engine, settings: Settings, now: datetime) -> int:
    """How many rows are older than the setting lets them be."""
    with database.read_only(engine).begin() as connection:
        return sum(
            connection.execute(select(func.count()).select_from(table).where(old)).scalar_one()
            for table, old in _old(settings, now)
        )


def let_go(engine: Engine, settings: Settings, now: datetime) -> int:
    """Delete what is due, and write it down where it was anything; how many rows."""
    with engine.begin() as connection:
        gone = sum(
            connection.execute(delete(table).where(old)).rowcount
            for table, old in _old(settings, now)
        )
        if gone:
            audit.record(
                connection, actor="scheduler", action=NO_LONGER, details={"sign_ins": gone}
            )
    return gone


def _old(settings: Settings, now: datetime) -> list[tuple[Table, ColumnElement[bool]]]:
    """The tables, and which of their rows were over so many days ago; none is open."""
    if not settings.keep_sign_ins_days:
        return []
    before = now - timedelta(days=settings.keep_sign_ins_days)
    idle = timedelta(seconds=settings.session_idle)
    return [
        (account_sessions, or_(Session.expires_at < before, Session.seen_at < before - idle)),
        (sign_in_attempts, Attempt.last_at < before),
        (set_up_links, or_(Link.expires_at < before, Link.used_at < before)),
    ]
