"""Each page opens, on an empty house and on a full one, and says what to do next."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, delete
from streamlit.testing.v1 import AppTest

from hsl import models
from tests.unguarded import forget_audit

Open = Callable[..., AppTest]
PAGES = ["overview", "audience", "compose", "messages", "delivery", "audit", "settings"]


@pytest.mark.parametrize("name", PAGES)
def test_it_opens(open_page: Open, name: str) -> None:
    app = open_page(name)
    assert [error.value for error in app.error] == []
    assert app.title[0].value.lower() == name
    assert "Sandbox: nothing leaves this machine" in app.info[0].value


@pytest.mark.parametrize("name", PAGES)
def test_it_opens_with_nobody_in_the_house(open_page: Open, house: Engine, name: str) -> None:
    with house.begin() as connection:
        for table in (models.users, models.enrollments):
            connection.execute(delete(table))
        forget_audit(connection)
    app = open_page(name)
    assert [error.value for error in app.error] in ([], ["The message is empty\\. Write a text\\."])
