"""The calendar's entries: messages, the dates of rules, and which of them meet."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine, insert, update

from hsl import dispatch, experiments, models, planned
from hsl.audience import conditions
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import recurring, steering
from hsl.message.content import Content
from hsl.models import AudienceMode
from hsl.settings import load_settings

NOW = models.utc_now()
TOMORROW = (NOW + timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)
HOURS = timedelta(hours=2)
FOURTH = Audience(include=(Cohort(streams=("4th",)),))
FIFTH = Audience(include=(Cohort(streams=("5th",)),))
EVERYBODY = Audience(include=(Cohort(everyone=True),))


@pytest.fixture
def house(engine: Engine) -> Engine:
    """Sixty people: half in the 4th stream, half in the 5th, and one in both."""
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [{"user_id": i, "attributes": {}, "updated_at": NOW} for i in range(1, 61)],
        )
        connection.execute(
            insert(models.enrollments),
            [
                *({"user_id": i, "course_stream": "4th"} for i in range(1, 31)),
                *({"user_id": i, "course_stream": "5th"} for i in (1, *range(31, 61))),
            ],
        )
    return engine


def schedule(engine: Engine, at: datetime, audience: Audience = FOURTH, **more: Any) -> int:
    return dispatch.send(
        engine,
        load_settings(),
        content=Content(text="<b>Lesson</b>\nmore"),
        audience=audience,
        author="anna",
        scheduled_at=at,
        **more,
    )


def week(engine: Engine) -> list[planned.Entry]:
    return planned.between(engine, NOW - timedelta(days=7), NOW + timedelta(days=15))


def met(engine: Engine, window: timedelta = HOURS) -> list[tuple[int | None, int | None]]:
    found = planned.collisions(engine, week(engine), window=window)
    return [(one.first.id, one.second.id) for one in found]


def test_a_message_stands_at_its_time(house: Engine) -> None:
    number = schedule(house, TOMORROW)
    (entry,) = week(house)
    assert (entry.id, entry.at, entry.title) == (number, TOMORROW, "Lesson")
    assert (entry.people, entry.status, entry.can_move) == (30, "scheduled", True)
    assert planned.between(house, TOMORROW, TOMORROW + HOURS) == [entry]
    assert planned.between(house, TOMORROW - HOURS, TOMORROW) == []


def test_what_began_stands_where_it_began(house: Engine) -> None:
    number = schedule(house, TOMORROW)
    began = NOW - timedelta(hours=3)
    history = models.message_history
    with house.begin() as connection:
        connection.execute(update(history).values(status="sent", started_at=began))
    (entry,) = week(house)
    assert (entry.id, entry.at, entry.can_move, entry.is_ahead) == (number, began, False, False)


def test_a_rule_shows_its_dates_without_those_that_are_made(house: Engine) -> None:
    days = tuple(range(7))
    dispatch.repeat(
        house, load_settings(), content=Content(text="Daily"), audience=FOURTH, author="anna",
        rule=recurring.Repeat(days, time(10), "UTC"),
    )  # fmt: skip
    found = week(house)
    assert [entry.status for entry in found] == ["scheduled"] + ["planned"] * (len(found) - 1)
    gaps = {b.at - a.at for a, b in pairwise(found)}
    assert gaps == {timedelta(days=1)}
    assert len(found) in {14, 15}
    assert not any(entry.can_move for entry in found[1:])
    (rule,) = recurring.at_work(house)
    recurring.stop(house, rule.id, actor="anna")
    assert [entry.status for entry in week(house)] == ["cancelled"]


def test_two_messages_to_the_same_people_meet(house: Engine) -> None:
    first = schedule(house, TOMORROW)
    second = schedule(house, TOMORROW + timedelta(hours=1))
    schedule(house, TOMORROW + timedelta(hours=9))
    (found,) = planned.collisions(house, week(house), window=HOURS)
    assert (found.first.id, found.second.id, found.people) == (first, second, 30)
    assert (found.streams, found.apart) == (("4th",), timedelta(hours=1))


def test_other_people_do_not_meet(house: Engine) -> None:
    schedule(house, TOMORROW)
    only_fifth = Audience(include=(Cohort(user_ids=tuple(range(40, 61))),))
    schedule(house, TOMORROW, only_fifth)
    assert met(house) == []


def test_few_shared_people_meet_only_where_they_are_some_of_the_message(house: Engine) -> None:
    schedule(house, TOMORROW)
    schedule(house, TOMORROW, FIFTH)
    assert met(house) == []  # one of thirty, under a twentieth
    schedule(house, TOMORROW, Audience(include=(Cohort(user_ids=(1, 40)),)))
    assert len(met(house)) == 2


def test_who_is_chosen_late_meets_by_streams(house: Engine) -> None:
    first = schedule(house, TOMORROW, audience_mode=AudienceMode.LIVE)
    fifth = schedule(house, TOMORROW, FIFTH, audience_mode=AudienceMode.LIVE)
    whole = schedule(house, TOMORROW, EVERYBODY, audience_mode=AudienceMode.LIVE)
    assert met(house) == [(first, whole), (fifth, whole)]
    found = planned.collisions(house, week(house), window=HOURS)
    assert [(one.streams, one.people) for one in found] == [(("4th",), None), (("5th",), None)]


def test_what_is_over_and_what_is_cancelled_meets_nothing(house: Engine) -> None:
    first, second = schedule(house, TOMORROW), schedule(house, TOMORROW)
    assert len(met(house)) == 1
    steering.cancel(house, second, actor="anna")
    assert met(house) == []
    history = models.message_history
    with house.begin() as connection:
        connection.execute(update(history).values(status="sent", started_at=TOMORROW))
    assert met(house) == []
    third = schedule(house, TOMORROW + timedelta(minutes=5))
    assert met(house) == [(first, third), (second, third)]


def test_the_arms_of_an_experiment_do_not_meet(house: Engine) -> None:
    arms = [
        experiments.Arm("A", 50, Content(text="a")),
        experiments.Arm("B", 50, Content(text="b")),
    ]
    experiments.create(
        house, load_settings(), name="A or B", arms=arms, audience=EVERYBODY, author="anna",
        scheduled_at=TOMORROW, audience_mode=AudienceMode.LIVE, salt="s",
    )  # fmt: skip
    assert len(week(house)) == 2
    assert met(house) == []


@pytest.mark.parametrize(
    ("cohort", "reach"),
    [
        (Cohort(streams=("4th", "5th")), planned.Reach(frozenset({"4th", "5th"}))),
        (Cohort(everyone=True), planned.Reach(everybody=True)),
        (Cohort(user_ids=(1, 2)), planned.Reach()),
        (Cohort(languages=("ru",)), planned.Reach(everybody=True)),
        (Cohort(streams=("4th",), languages=("ru",)), planned.Reach(frozenset({"4th"}))),
        (Cohort(streams=("4th",), not_enrolled=True), planned.Reach(frozenset({"4th"}), True)),
        (
            Cohort(where=conditions.Not(of=conditions.InStream(streams=("4th",)))),
            planned.Reach(everybody=True),
        ),
    ],
)
def test_what_an_audience_reaches(cohort: Cohort, reach: planned.Reach) -> None:
    stored = Audience(include=(cohort,)).model_dump(mode="json")
    assert planned.reach_of(stored) == reach


def test_an_audience_that_cannot_be_read_reaches_nobody() -> None:
    assert planned.reach_of({"include": [{"nonsense": 1}]}) == planned.Reach()
    assert planned.reach_of(None) == planned.Reach()


def test_times_are_utc(house: Engine) -> None:
    schedule(house, TOMORROW)
    assert week(house)[0].at.tzinfo is UTC
