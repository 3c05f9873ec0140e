"""An archived message's page, what a person got, and the download menus."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from hsl import database, dispatch, settings
from hsl.archive import storing
from hsl.audience import export
from hsl.audience.cohort import Audience, Cohort
from hsl.message.content import Content
from hsl.models import utc_now
from tests.archive.past import add_message

Open = Callable[..., AppTest]


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


@pytest.fixture
def archived(house: Engine) -> int:
    number = add_message(house, started_at=utc_now() - timedelta(days=90))
    add_message(house, started_at=utc_now())
    storing.archive(house, utc_now(), actor="anna")
    return number


def test_its_recipients_are_read_and_nothing_is_offered_that_is_refused(
    open_page: Open, archived: int
) -> None:
    app = open_page("messages", message=str(archived))
    assert not app.exception
    month = f"{utc_now() - timedelta(days=90):%Y-%m}"
    assert any(f"archive --restore {month}" in caption.value for caption in app.caption)
    assert "30 of 30 recipients" in [caption.value for caption in app.caption]
    assert len(app.dataframe[0].value) == 30
    refused = ("again", "Edit", "Delete", "Write to", "Take the", "Send to")
    assert not [label for label in labels(app) if label.startswith(refused)]
    app.text_input(key="who").set_value("name3").run()
    assert "1 of 30 recipients" in [caption.value for caption in app.caption]


def test_a_missing_file_is_said_and_the_list_stays(
    open_page: Open, archived: int, house: Engine
) -> None:
    for path in database.archive_of(house).glob("*/*.parquet"):
        path.unlink()
    app = open_page("messages", message=str(archived))
    assert not app.exception
    assert any("is not there" in error.value for error in app.error)
    assert not open_page("messages").exception


def test_a_person_named_in_the_address(open_page: Open, archived: int) -> None:
    app = open_page("audience", person="102")
    assert not app.exception
    assert any("Person 102: 0 of 2 messages arrived." in c.value for c in app.caption)
    shown = app.dataframe[-1].value
    assert list(shown["Why"]) == ["blocked the bot", "blocked the bot"]
    assert list(shown["Archived"]) == ["", "yes"]


def test_downloads_are_offered_in_three_formats(open_page: Open, archived: int) -> None:
    for page in ("messages", "audit", "audience"):
        app = open_page(page)
        assert not app.exception
        assert [button.label for button in app.get("download_button")] == [
            "CSV",
            "Parquet",
            "Excel",
        ]


def test_people_who_are_asked_about_the_archive_are_not_downloaded(
    house: Engine, archived: int
) -> None:
    asks = Cohort(got_message=archived)
    assert "is archived" in (export.problem(house, asks) or "")
    assert export.problem(house, Cohort(everyone=True)) is None


def test_everybody_found_is_in_the_file_with_their_streams(house: Engine) -> None:
    with export.people(house, Cohort(streams=("4th_stream",))) as file:
        lines = file.read().decode("utf-8-sig").splitlines()
    found = dispatch.count(house, Audience(include=(Cohort(streams=("4th_stream",)),)))
    assert len(lines) == found.people + 1
    assert lines[0].startswith("user_id,username,first_name")
    assert all("4th_stream" in line for line in lines[1:])
    look = dispatch.look(
        house, settings.get_settings(), Content(text="A"), Audience(include=(Cohort(),))
    )
    assert not look.may_go
