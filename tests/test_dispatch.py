"""The last look names what forbids sending, and sending looks once more."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, insert, select

from hsl import dispatch, models
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import outbox
from hsl.message.content import Content
from hsl.models import MessageType
from hsl.settings import Settings, load_settings

EVERYBODY = Audience(include=(Cohort(everyone=True),))


@pytest.fixture
def settings(engine: Engine) -> Settings:
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [
                {
                    "user_id": i,
                    "first_name": name,
                    "attributes": attributes,
                    "unreachable_reason": "blocked" if i == 1 else None,
                    "updated_at": models.utc_now(),
                }
                for i, name, attributes in [
                    (1, "Anna", {"city": "Omsk"}),
                    (2, "Wolfeschlegelstein", {}),
                    (3, None, {}),
                ]
            ],
        )
    return load_settings()


def words(engine: Engine, settings: Settings, text: str, audience: Audience = EVERYBODY) -> str:
    found = dispatch.look(engine, settings, Content(text=text), audience)
    return " ".join(problem.message for problem in found.problems)


def test_a_good_message_may_go(engine: Engine, settings: Settings) -> None:
    found = dispatch.look(engine, settings, Content(text="Hi {first_name|friend}"), EVERYBODY)
    assert (found.may_go, found.people, found.unreachable) == (True, 3, 1)
    assert found.longest is not None
    assert found.longest["user_id"] == 2
    assert found.seconds == pytest.approx(3 / 29.7)


def test_ids_that_nobody_has_are_listed_and_nothing_is_made(
    engine: Engine, settings: Settings
) -> None:
    audience = Audience(include=(Cohort(user_ids=(1, 77, 78)),))
    assert "Not in the database: 77, 78." in words(engine, settings, "Hi", audience)
    with pytest.raises(outbox.OutboxError, match="77, 78"):
        dispatch.send(
            engine, settings, content=Content(text="Hi"), audience=audience, author="anna"
        )
    with engine.begin() as connection:
        made = connection.execute(select(func.count()).select_from(models.message_history))
        assert made.scalar_one() == 0


def test_a_placeholder_that_nobody_can_fill_is_named(engine: Engine, settings: Settings) -> None:
    assert "{town}" in words(engine, settings, "In {town}")
    assert words(engine, settings, "In {town|your town}") == ""
    found = dispatch.look(engine, settings, Content(text="In {city}"), EVERYBODY)
    assert found.may_go
    assert found.warnings[0].startswith("2 people have no city")


def test_the_longest_result_decides_about_the_length(engine: Engine, settings: Settings) -> None:
    name = len("Wolfeschlegelstein")
    fits = "x" * (4096 - name) + "{first_name|friend}"
    assert words(engine, settings, fits) == ""
    assert "For Wolfeschlegelstein the text is 4,097 characters" in words(
        engine, settings, "x" + fits
    )


def test_a_file_that_may_lapse_forbids_a_later_time_and_no_other(
    engine: Engine, settings: Settings
) -> None:
    video = Content(message_type=MessageType.VIDEO, file_id="abc", text="See")
    later = models.utc_now() + timedelta(days=1)
    (problem,) = dispatch.look(engine, settings, video, EVERYBODY, at=later).problems
    assert problem.field == "file_id"
    assert "may lapse before a later time" in problem.message
    assert dispatch.look(engine, settings, video, EVERYBODY).may_go
