"""What the first page would wait for is done before it is asked for."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hsl.models import utc_now
from pages.parts import shell, warm
from tests.door.conftest import serving, until


@pytest.mark.usefixtures("house")
def test_people_and_deliveries_are_read_before_they_are_asked_for() -> None:
    _warmed()
    asked = utc_now()
    assert shell.store().loaded_at < asked


def test_a_database_that_is_away_is_left_to_the_first_page(house: Engine) -> None:
    with house.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE users RENAME TO hidden")
    _warmed()


def _warmed() -> None:
    warm.up()
    for thread in threading.enumerate():
        if thread.name == "warm-up":
            thread.join()


def test_the_pages_begin_with_it(tmp_path: Path) -> None:
    with serving(tmp_path):
        until(lambda: "People and deliveries were read in" in (tmp_path / "log").read_text())
