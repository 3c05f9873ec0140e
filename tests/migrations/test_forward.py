"""From every version that there was, kept as SQL, to this one: every row is as it was."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, create_engine, inspect, select, text

from hsl import audit, audit_chain, database

KEPT = Path(__file__).parent / "kept"
VERSIONS = sorted(path.name.partition(".")[0] for path in KEPT.glob("*.sqlite.sql"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without any table."""
    if request.param == "sqlite":
        engine = database.open_engine(f"sqlite:///{tmp_path / 'hsl.db'}")
        yield engine
        engine.dispose()
        return
    server: str = request.getfixturevalue("postgres_address")
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE forward TEMPLATE template0"))
    engine = database.open_engine(server.replace("/postgres?", "/forward?"))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE forward WITH (FORCE)"))
    admin.dispose()


def load(engine: Engine, version: str) -> None:
    said = (KEPT / f"{version}.{engine.dialect.name}.sql").read_text("utf-8")
    if engine.dialect.name == "sqlite":
        connection = sqlite3.connect(str(engine.url.database))
        connection.executescript(said)
        connection.close()
        return
    with engine.begin() as connection:
        connection.exec_driver_sql(said.replace("%", "%%"))
    engine.dispose()  # its connection has the search path of the dump


def rows(engine: Engine, columns: dict[str, list[str]] | None = None) -> dict[str, list[Any]]:
    """All rows, of these columns if given, as the database has them."""
    tables = MetaData()
    tables.reflect(engine)
    wanted = columns or {
        table.name: [column.name for column in table.columns] for table in tables.sorted_tables
    }
    with engine.begin() as connection:
        return {
            name: sorted(
                repr(tuple(row))
                for row in connection.execute(
                    select(*(tables.tables[name].c[column] for column in names))
                )
            )
            for name, names in wanted.items()
            if name not in {"alembic_version", "audit_head"}
        }


@pytest.mark.parametrize("version", VERSIONS)
def test_it_comes_forward_whole(empty: Engine, version: str) -> None:
    load(empty, version)
    before = rows(empty)
    assert len(before["users"]) == 3
    columns = {
        name: [c["name"] for c in inspect(empty).get_columns(name) if c["name"] not in NEW]
        for name in before
    }
    before = rows(empty, columns)
    database.migrate(empty)
    assert database.is_current(empty)
    assert rows(empty, columns) == before
    if version < "0013":
        assert audit_chain.verify(empty).is_whole
        with empty.begin() as connection:
            audit.record(connection, actor="anna", action="later")
        assert (audit_chain.verify(empty).looked, audit_chain.verify(empty).is_whole) == (4, True)


# Hashes are made by the migration where there were none.
NEW = ("previous_hash", "hash")


def test_every_version_is_kept() -> None:
    newest = database._versions()[-1]
    assert set(database._versions()) - set(VERSIONS) <= {newest}
