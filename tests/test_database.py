"""The schema on both databases."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, insert, select, text
from sqlmodel import SQLModel

from hsl import audit, database, models


def test_migrations_make_exactly_the_models(engine: Engine) -> None:
    with engine.begin() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)
    assert differences == []


def test_the_newest_version_is_the_last_file(engine: Engine) -> None:
    scripts = ScriptDirectory(str(database.MIGRATIONS))
    with engine.begin() as connection:
        stored = MigrationContext.configure(connection).get_current_revision()
    assert stored == scripts.get_current_head()
    in_order = [Path(script.path).name for script in scripts.walk_revisions("base", "head")]
    assert in_order == sorted(in_order, reverse=True)


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    database.migrate(engine)
    assert database.is_current(engine)


def test_a_newer_database_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(database.DatabaseError, match="newer than this program"):
        database.migrate(engine)


def test_an_audit_entry_goes_with_its_transaction(engine: Engine) -> None:
    with pytest.raises(RuntimeError), engine.begin() as connection:
        audit.record(connection, actor="anna", action="import")
        raise RuntimeError
    with engine.begin() as connection:
        assert connection.execute(select(models.AuditLog.id)).all() == []
        audit.record(connection, actor="anna", action="import", details={"added": 1})
    with engine.begin() as connection:
        row = connection.execute(select(models.AuditLog)).one()
    assert (row.actor, row.details, row.at.utcoffset().total_seconds()) == ("anna", {"added": 1}, 0)


@pytest.mark.parametrize(
    "bad",
    ["0000-12-31 21:00:00.000000", "10000-01-01 11:59:59.000000", "0001-01-01 00:00:00", "soon", 5],
)
def test_a_persons_date_that_is_none_is_unknown(tmp_path: Path, bad: object) -> None:
    engine = database.open_engine(f"sqlite:///{tmp_path / 'hsl.db'}")
    database.migrate(engine)
    now = models.utc_now()
    with engine.begin() as connection:
        connection.execute(
            insert(models.users).values(user_id=1, attributes={}, registered_at=now, updated_at=now)
        )
        connection.execute(
            insert(models.enrollments).values(user_id=1, course_stream="4th", enrolled_at=now)
        )
        read = select(models.users.c.registered_at, models.enrollments.c.enrolled_at)
        joined = read.join(models.enrollments, models.enrollments.c.user_id == 1)
        assert connection.execute(joined).one() == (now, now)
        connection.execute(text("UPDATE users SET registered_at = :bad"), {"bad": bad})
        connection.execute(text("UPDATE enrollments SET enrolled_at = :bad"), {"bad": bad})
        assert connection.execute(joined).one() == (None, None)
    engine.dispose()
