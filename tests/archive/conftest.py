"""A house that has written to its people for a while."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, insert

from hsl import models
from tests.archive.past import APRIL, MARCH, NOW, Past, add_message


@pytest.fixture
def past(engine: Engine) -> Iterator[Past]:
    """People 100 to 139; messages of March and April 2025, and of now."""
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [
                {"user_id": i, "first_name": f"P{i}", "attributes": {}, "updated_at": NOW}
                for i in range(100, 140)
            ],
        )
    ids = {
        "march": add_message(engine, started_at=MARCH),
        "cancelled": add_message(engine, started_at=MARCH - timedelta(days=3), status="cancelled"),
        "april": add_message(engine, started_at=APRIL, people=24),
        "paused": add_message(engine, started_at=MARCH, status="paused"),
        "yesterday": add_message(engine, started_at=NOW - timedelta(hours=30)),
    }
    yield Past(engine, ids)
