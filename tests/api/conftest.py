"""The API served over HTTP, on each database or on one that a file's tests share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_served import Served, add_people, served_on
from sqlalchemy import Engine

from hsl import database


@pytest.fixture
def served(engine: Engine, tmp_path: Path) -> Iterator[Served]:
    """The API on each of the two databases, with thirty people."""
    add_people(engine)
    with served_on(engine, tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def shared(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The API on SQLite with thirty people, for all tests of a file."""
    folder = tmp_path_factory.mktemp("api")
    shutil.copyfile(migrated_file, folder / "hsl.db")
    engine = database.open_engine(f"sqlite:///{folder / 'hsl.db'}", archive=folder / "archive")
    add_people(engine)
    with served_on(engine, folder) as found:
        yield found
    engine.dispose()
