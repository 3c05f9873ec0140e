"""A database with some people and deliveries, and a store on it."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from world import OpenStore, World

from hsl.warehouse.store import Store


@pytest.fixture
def world(engine: Engine) -> World:
    """After forty random changes."""
    found = World(engine, 42)
    with engine.begin() as connection:
        found.people_come(connection)
        found.message_is_made(connection)
    for _ in range(40):
        found.step()
    return found


@pytest.fixture
def open_store(engine: Engine, tmp_path: Path) -> OpenStore:
    """A new store on the database, with its file in the test's folder."""

    def opened(**overrides: Any) -> Store:
        given: dict[str, Any] = {"folder": tmp_path, "refresh_after": 300.0} | overrides
        return Store(engine, **given)

    return opened
