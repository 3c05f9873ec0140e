"""What is odd about a message that may go, and whose messages are looked at."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from hsl import dispatch, looking, models, taking_back
from hsl.audience import values
from hsl.audience.cohort import Audience, Cohort
from hsl.message.content import Content, Translation
from hsl.models import AudienceMode
from hsl.settings import load_settings

NOW = models.utc_now()
EVERYBODY = Audience(include=(Cohort(everyone=True),))
TEXT = Content(text="The <b>lesson</b> begins")
NAMES = [None, "Bo", "Eva", "Anna", "Annamaria", "Wolfeschlegelstein"]


@pytest.fixture
def house(engine: Engine) -> Engine:
    """Thirty people, all but six of them called Eva."""
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [
                {
                    "user_id": i,
                    "first_name": NAMES[i] if i < len(NAMES) else "Eva",
                    "attributes": {"city": "Omsk"} if i > 1 else {},
                    "unreachable_reason": "blocked" if i > 26 else None,
                    "updated_at": NOW,
                }
                for i in range(30)
            ],
        )
    return engine


def odd(
    engine: Engine, content: Content = TEXT, audience: Audience = EVERYBODY, **more: Any
) -> list[looking.Oddity]:
    at = more.pop("at", NOW.replace(hour=12) + timedelta(days=1))
    settings = load_settings(**more)
    return list(looking.look(engine, settings, content, audience, at=at, author="anna").oddities)


def said(engine: Engine, *arguments: Any, **more: Any) -> str:
    return " ".join(one.words for one in odd(engine, *arguments, **more))


def send(
    engine: Engine, content: Content = TEXT, audience: Audience = EVERYBODY, **more: Any
) -> int:
    return dispatch.send(
        engine,
        load_settings(),
        content=content,
        audience=audience,
        **{"author": "anna", **more},
    )


def began(engine: Engine, number: int, *, days_ago: float, arrived: int = 1) -> None:
    history = models.message_history
    with engine.begin() as connection:
        connection.execute(
            update(history)
            .where(history.c.id == number)
            .values(
                status="sent",
                started_at=NOW - timedelta(days=days_ago),
                successful_deliveries=arrived,
            )
        )


def test_three_messages_are_looked_at(house: Engine) -> None:
    content = Content(text="Hi {first_name|friend} of {city}")
    found = dispatch.look(house, load_settings(), content, EVERYBODY)
    assert [(one.why.value, one.person["first_name"]) for one in found.samples] == [
        ("longest", "Wolfeschlegelstein"),
        ("gaps", None),
        ("typical", "Eva"),
    ]
    assert [one.missing for one in found.samples] == [(), ("first_name", "city"), ()]


def test_the_shortest_stands_for_gaps_that_nobody_has(house: Engine) -> None:
    audience = Audience(include=(Cohort(user_ids=(1, 2, 3, 4, 5)),))
    found = dispatch.look(house, load_settings(), Content(text="{first_name}"), audience)
    assert [(one.why.value, one.person["user_id"]) for one in found.samples] == [
        ("longest", 5),
        ("shortest", 1),
        ("typical", 3),
    ]


@pytest.mark.parametrize("ids", [(1,), (2, 10, 11)])
def test_equal_texts_are_looked_at_once(house: Engine, ids: tuple[int, ...]) -> None:
    audience = Audience(include=(Cohort(user_ids=ids),))
    found = dispatch.look(house, load_settings(), Content(text="{first_name}"), audience)
    assert [one.why for one in found.samples] == [values.Why.LONGEST]


def test_a_text_without_placeholders_has_no_samples(house: Engine) -> None:
    assert dispatch.look(house, load_settings(), TEXT, EVERYBODY).samples == ()


def test_the_same_text_of_late_is_named_with_its_message(house: Engine) -> None:
    some = Audience(include=(Cohort(user_ids=tuple(range(1, 11))),))
    number = send(house, Content(text="the lesson\n BEGINS"), some)
    began(house, number, days_ago=3)
    first = odd(house)[0]
    assert first.message_id == number
    assert first.words == (
        f"The same text went to 10 of these people 3 days ago, by message {number}."
    )
    assert "same text" not in said(house, Content(text="Another lesson begins"))
    assert "same text" not in said(house, TEXT, Audience(include=(Cohort(user_ids=(20,)),)))


def test_the_same_text_of_long_ago_is_forgotten(house: Engine) -> None:
    began(house, send(house), days_ago=8)
    assert "same text" not in said(house)


def test_the_same_text_that_is_still_to_go_is_named(house: Engine) -> None:
    at = NOW + timedelta(days=2, hours=6)
    send(house, scheduled_at=at, audience_mode=AudienceMode.LIVE)
    assert "The same text goes to 30 of these people in 2 days" in said(house)


def test_what_was_taken_back_does_not_count(house: Engine) -> None:
    number = send(house, take_back=10.0)
    assert "same text" in said(house)
    taking_back.take_back(house, number, actor="anna")
    assert "same text" not in said(house)


@pytest.mark.parametrize("mode", [AudienceMode.FROZEN, AudienceMode.LIVE])
def test_another_message_to_mostly_the_same_people_is_named(
    house: Engine, mode: AudienceMode
) -> None:
    at = NOW + timedelta(days=2)
    number = send(house, Content(text="Other"), scheduled_at=at, audience_mode=mode)
    near = [one for one in odd(house, at=at + timedelta(minutes=50)) if one.message_id]
    assert [one.message_id for one in near] == [number]
    assert near[0].words.startswith(f"30 of these people get message {number} within 50 min")
    assert not [one for one in odd(house, at=at + timedelta(minutes=70)) if one.message_id]


def test_a_message_to_few_of_them_is_no_collision(house: Engine) -> None:
    at = NOW + timedelta(days=2)
    few = Audience(include=(Cohort(user_ids=tuple(range(14))),))
    send(house, Content(text="Other"), few, scheduled_at=at)
    assert not [one for one in odd(house, at=at) if one.message_id]


def test_many_unreachable_have_a_remedy_and_few_do_not(house: Engine) -> None:
    assert "3 of 30 could not be reached by earlier messages. Leave out" in said(house)
    most = Audience(include=(Cohort(user_ids=tuple(range(1, 28))),))
    assert "Leave out" not in said(house, TEXT, most)
    assert "1 of 27 could not be reached" in said(house, TEXT, most)


def test_an_audience_beyond_the_usual_is_named(house: Engine) -> None:
    with house.begin() as connection:
        connection.execute(
            insert(models.users),
            [{"user_id": i, "attributes": {}, "updated_at": NOW} for i in range(100, 200)],
        )
    for _ in range(3):
        assert "your largest message of late" not in said(house)
        send(house, Content(text="Small"), Audience(include=(Cohort(user_ids=(1, 2, 3)),)))
    assert "This goes to 130 people; your largest message of late went to 3." in said(house)
    taking_back.take_back(house, send(house, take_back=10.0), actor="anna")
    assert "your largest message of late went to 3." in said(house)
    send(house, Content(text="Large"))
    assert "your largest message of late" not in said(house)


def test_a_text_that_nobody_tried_is_named_until_somebody_did(house: Engine) -> None:
    assert "Nobody tried this text yet" in said(house)
    number = send(house, TEXT, Audience(include=(Cohort(user_ids=(2,)),)))
    assert "Nobody tried this text yet" in said(house)
    began(house, number, days_ago=0)
    assert "Nobody tried this text yet" not in said(house)
    few = Audience(include=(Cohort(user_ids=(1, 2, 3)),))
    assert "Nobody tried" not in said(house, Content(text="New"), few)


def test_quiet_hours_are_named_and_the_weightiest_comes_first(house: Engine) -> None:
    night = (NOW + timedelta(days=1)).replace(hour=23)
    found = odd(house, Content(text="x https://localhost/y"), at=night)
    assert [one.weight for one in found] == sorted((one.weight for one in found), reverse=True)
    assert "within the quiet hours" in " ".join(one.words for one in found)
    assert found[0].words.startswith("https://localhost/y: Telegram makes no link of it")


def test_nobody_is_looked_at_where_nobody_is_chosen(house: Engine) -> None:
    found = looking.look(
        house, load_settings(), TEXT, Audience(), at=None, author="anna"
    )  # fmt: skip
    assert not found.last.may_go


def test_looking_changes_nothing(house: Engine) -> None:
    odd(house)
    with house.begin() as connection:
        assert connection.execute(select(models.message_history.c.id)).all() == []


def test_an_odd_link_is_named_also_where_it_is_in_a_translation(house: Engine) -> None:
    said = {"ru": Translation(text='<a href="https://nas.local/x">Сюда</a>')}
    content = Content(text="Hello", default_language="en", translations=said)
    found = looking.look(house, load_settings(), content, EVERYBODY, at=None, author="anna")
    assert "Сюда: nas.local is reached from its own network alone." in [
        one.words for one in found.oddities
    ]
