"""The audit as whoever owns the database could handle it: without the triggers that guard it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, delete, text

from hsl import models


@contextmanager
def unguarded(connection: Connection) -> Iterator[None]:
    """Within it nothing keeps the audit's rows from being changed."""
    tables = ("audit_log", "audit_head")
    if connection.dialect.name == "postgresql":
        for table in tables:
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        yield
        for table in tables:
            connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
        return
    guards = connection.execute(
        text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_%'")
    ).all()
    for guard in guards:
        connection.execute(text(f"DROP TRIGGER {guard.name}"))
    yield
    for guard in guards:
        connection.exec_driver_sql(guard.sql)


def forget_audit(connection: Connection) -> None:
    """Remove every entry, as a restored backup lacks them."""
    with unguarded(connection):
        connection.execute(delete(models.audit_log))
        connection.execute(delete(models.audit_head))
