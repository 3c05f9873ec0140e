"""A database that is used again is as empty, and as it was made, as a new one."""

import pytest
from sqlalchemy import create_engine, text

from hsl import database
from tests.postgres_copies import Copies

COUNT = text("SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM audit_log)")
NEXT = text("SELECT nextval('audit_log_id_seq')")
WRITTEN = (
    "INSERT INTO users (user_id, attributes, updated_at) VALUES (1, '{}', now())",
    "ALTER TABLE audit_log DISABLE TRIGGER audit_log_added_only",
    "ALTER TABLE audit_log ENABLE TRIGGER audit_log_added_only",
    "SELECT nextval('audit_log_id_seq')",
)
CHANGED = (
    "ALTER TABLE users ADD COLUMN more integer",
    "ALTER TABLE users ALTER COLUMN first_name TYPE varchar(7)",
    "DROP TABLE webhooks CASCADE",
    "CREATE TABLE more (n integer)",
    "CREATE INDEX more ON users (first_name)",
    "ALTER TABLE audit_log DISABLE TRIGGER audit_log_added_only",
    "CREATE OR REPLACE FUNCTION audit_added_only() RETURNS trigger LANGUAGE plpgsql "
    "AS 'BEGIN RETURN NEW; END'",
    "UPDATE alembic_version SET version_num = '0001'",
    "CREATE SCHEMA more",
    "GRANT SELECT ON users TO PUBLIC",
    "ALTER SEQUENCE audit_log_id_seq INCREMENT BY 7",
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 65', current_database()); END $$",
)


def _does(address: str, *statements: str) -> int:
    """Do this there; the database's oid, which a new one does not share."""
    engine = create_engine(address)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
        found = "SELECT oid FROM pg_database WHERE datname = current_database()"
        oid = connection.execute(text(found)).scalar_one()
    engine.dispose()
    return int(oid)


@pytest.fixture
def copies(postgres_address: str, migrated_template: str) -> Copies:
    return Copies(postgres_address, migrated_template)


def test_what_was_written_is_gone_in_the_next_one(copies: Copies) -> None:
    with copies.one() as first:
        oid = _does(first, *WRITTEN)
        left_open = create_engine(first).connect()
        left_open.execute(COUNT)
    with copies.one() as second:
        assert second != first
        assert _does(second) == oid
        engine = database.open_engine(second)
        with engine.begin() as connection:
            assert connection.execute(COUNT).scalar_one() == 0
            assert connection.execute(NEXT).scalar_one() == 1
        assert database.is_current(engine)
        engine.dispose()
    left_open.invalidate()
    copies.close()


@pytest.mark.parametrize("statement", CHANGED)
def test_what_was_changed_beside_rows_is_thrown_away(copies: Copies, statement: str) -> None:
    with copies.one() as first:
        oid = _does(first, statement)
    with copies.one() as second:
        assert _does(second) != oid
    copies.close()


def test_two_at_once_are_two(copies: Copies) -> None:
    with copies.one() as first, copies.one() as second:
        assert _does(first) != _does(second)
    copies.close()
