"""People in the database, and messages to them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select

from hsl import models
from hsl.delivery import outbox
from hsl.message.content import Content
from hsl.models import RecipientType

BOT = 1
CreateMessage = Callable[..., int]


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduler's notes go to a folder of the test's."""
    monkeypatch.setenv("HSL_DATA_DIR", str(tmp_path))


@pytest.fixture
def people(engine: Engine) -> list[int]:
    """Twenty people, ids 100 to 119."""
    ids = list(range(100, 120))
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [
                {
                    "user_id": i,
                    "first_name": f"P{i}",
                    "attributes": {},
                    "updated_at": models.utc_now(),
                }
                for i in ids
            ],
        )
    return ids


@pytest.fixture
def create_message(engine: Engine, people: list[int]) -> CreateMessage:
    """Make a message to all of `people`; further arguments go to `outbox.NewMessage`."""

    def create(*, draft_id: int | None = None, **arguments: object) -> int:
        new = outbox.NewMessage(
            **{
                "content": Content(text="Hello"),
                "people": select(models.users.c.user_id, models.users.c.username),
                "author": "anna",
                "bot_id": BOT,
                "recipient_type": RecipientType.GROUP,
                **arguments,
            }
        )
        return outbox.create(engine, new, draft_id=draft_id)

    return create
