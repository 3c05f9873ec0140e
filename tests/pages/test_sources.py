"""Sources in Settings: add with a look, run, see what failed, remove."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from hsl import models
from hsl.audience.sources import definitions, registry, runs
from hsl.audience.sources.errors import SourceError
from hsl.settings import get_settings

Open = Callable[..., AppTest]


@pytest.fixture
def school(tmp_path: Path) -> Path:
    """Another database of four people."""
    path = tmp_path / "school.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE people (telegram_id, name, course, city)")
        connection.executemany(
            "INSERT INTO people VALUES (?, ?, '9th_stream', 'Omsk')",
            [(1, "Anna"), (2, "Boris"), (3, "Vera"), (4, "Daniel")],
        )
    return path


def keep(house: Engine, school: Path) -> definitions.Definition:
    definition = definitions.define(
        name="*school*",
        kind="sql",
        address=f"sqlite:///{school}",
        query="SELECT * FROM people",
        mapping={"telegram_id": "user_id", "course": "stream", "name": "first_name"},
        every_minutes=60,
    )
    registry.add(house, definition, actor="anna")
    return definition


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))  # type: ignore[attr-defined]


def test_a_source_is_added_with_a_look_at_its_people(
    open_page: Open, house: Engine, school: Path
) -> None:
    app = open_page("settings")
    next(button for button in app.button if button.label == "Add a source").click().run()
    app.text_input(key="source-new-name").set_value("platform").run()
    app.text_input(key="source-new-address").set_value(f"sqlite:///{school}").run()
    app.text_area(key="source-new-query").set_value("SELECT * FROM people").run()
    app.button(key="source-new-look").click().run()
    assert not app.exception
    assert app.selectbox(key="source-new-column-telegram_id").value == "user_id"
    assert app.selectbox(key="source-new-column-course").value == "course"

    app.selectbox(key="source-new-column-course").set_value("stream").run()
    assert app.button(key="source-new-keep").disabled
    app.button(key="source-new-look").click().run()
    assert not app.button(key="source-new-keep").disabled
    app.selectbox(key="source-new-every").set_value("every hour").run()
    app.button(key="source-new-keep").click().run()

    assert not app.exception
    kept = registry.named(house, "platform").definition
    assert kept.mapping == {"telegram_id": "user_id", "name": "first_name", "course": "stream"}
    assert kept.every_minutes == 60
    assert "platform" in html(app)


def test_an_address_with_a_password_is_refused_there(open_page: Open) -> None:
    app = open_page("settings")
    next(button for button in app.button if button.label == "Add a source").click().run()
    address = app.text_input(key="source-new-address")
    address.set_value("postgresql://u:s3cret@127.0.0.1/d").run()
    app.text_area(key="source-new-query").set_value("SELECT 1").run()
    app.button(key="source-new-look").click().run()
    assert "environment variable" in app.error[0].value
    assert "s3cret" not in app.error[0].value


def test_it_is_run_and_says_its_figures(open_page: Open, house: Engine, school: Path) -> None:
    keep(house, school)
    app = open_page("settings")
    assert "It was never run." in html(app)
    next(button for button in app.button if button.label == "Run now").click().run()
    assert not app.exception
    with house.begin() as connection:
        streams = connection.execute(
            select(models.enrollments.c.user_id).where(
                models.enrollments.c.course_stream == "9th_stream"
            )
        ).all()
    assert len(streams) == 4
    assert "4 added, 0 updated, 0 unchanged, 0 left, 0 rejected" in html(app)
    assert "*school*" in html(app)


def test_a_sudden_loss_needs_somebody_who_accepts_it(
    open_page: Open, house: Engine, school: Path
) -> None:
    keep(house, school)
    runs.run(house, "*school*", settings=get_settings(), actor="anna")
    with sqlite3.connect(school) as connection:
        connection.execute("DELETE FROM people WHERE telegram_id > 1")
    with pytest.raises(SourceError):
        runs.run(house, "*school*", settings=get_settings(), actor="anna")

    overview = open_page("overview")
    assert "Only 1 people came, after 4" in html(overview)

    app = open_page("settings")
    button = next(button for button in app.button if button.label.startswith("They have really"))
    button.click().run()
    assert "3 left" in html(app)
    assert "Only 1 people came" not in html(open_page("overview"))


def test_a_part_is_changed_and_the_rest_is_kept(
    open_page: Open, house: Engine, school: Path
) -> None:
    before = keep(house, school)
    registry.change(house, "*school*", actor="anna", every_minutes=7, mark_left=False)
    app = open_page("settings")
    next(button for button in app.button if button.label == "Change").click().run()
    assert app.text_input(key="source-new-name").disabled
    assert app.text_input(key="source-new-address").value == before.address
    app.text_area(key="source-new-query").set_value("SELECT telegram_id, name FROM people").run()
    app.button(key="source-new-look").click().run()
    assert not app.exception
    assert app.error[0].value  # the mapped column course is gone from the query
    app.text_area(key="source-new-query").set_value("SELECT * FROM people WHERE city <> ''").run()
    app.button(key="source-new-look").click().run()
    assert app.selectbox(key="source-new-every").value == "every 7 min"
    app.button(key="source-new-keep").click().run()
    assert not app.exception
    after = registry.named(house, "*school*").definition
    assert after.query == "SELECT * FROM people WHERE city <> ''"
    assert (after.every_minutes, after.mark_left) == (7, False)
    assert after.mapping == before.mapping


def test_it_is_removed(open_page: Open, house: Engine, school: Path) -> None:
    keep(house, school)
    app = open_page("settings")
    next(button for button in app.button if button.label == "Remove").click().run()
    assert registry.listing(house) == []
    assert "There are no sources yet." in html(app)
