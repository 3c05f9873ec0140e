"""A cohort finds exactly its people in the main database."""

from datetime import date

import pytest
from sqlalchemy import Engine, insert, update

from hsl import models
from hsl.audience import address, resolve, snapshot, where, where_text
from hsl.audience.cohort import Audience, Cohort
from hsl.warehouse.store import Store

pytestmark = pytest.mark.usefixtures("four_people")

CASES = [
    (Cohort(), []),
    (Cohort(everyone=True), [1, 2, 3, 4]),
    (Cohort(streams=("4th",)), [1, 2]),
    (Cohort(streams=("4th", "5th")), [1, 2, 3]),
    (Cohort(streams=("4th", "5th"), match="all"), [2]),
    (Cohort(not_enrolled=True), [4]),
    (Cohort(streams=("5th",), not_enrolled=True), [2, 3, 4]),
    (Cohort(languages=("ru", "sv")), [2, 3]),
    (Cohort(reachable=True), [1, 3, 4]),
    (Cohort(reachable=False), [2]),
    (Cohort(attributes={"city": ("Omsk",)}), [1, 4]),
    (Cohort(search="@ANN"), [1]),
    (Cohort(search="бор"), [2]),
    (Cohort(search="b%"), [3]),
    (Cohort(search="4"), [4]),
    (Cohort(user_ids=(1, 3, 99)), [1, 3]),
    (Cohort(registered_from=date(2026, 3, 3), registered_to=date(2026, 3, 4)), [2, 3]),
]


@pytest.mark.parametrize(("cohort", "ids"), CASES)
def test_it_finds_exactly_its_people(engine: Engine, cohort: Cohort, ids: list[int]) -> None:
    with engine.begin() as connection:
        rows = connection.execute(resolve.people(cohort, engine.dialect.name)).all()
    assert sorted(row.user_id for row in rows) == ids


@pytest.mark.parametrize(("cohort", "ids"), CASES)
def test_the_index_finds_the_same_people(engine: Engine, cohort: Cohort, ids: list[int]) -> None:
    people = snapshot.Snapshot(Store(engine, folder=None, refresh_after=300.0))
    assert sorted(people.page(cohort)["user_id"]) == ids
    assert people.count(cohort) == snapshot.Count(len(ids), int(2 in ids))


LEFT_OR_NOT = [
    ("in_stream('4th')", [1]),
    ("in_stream('4th', status => 'left')", [2]),
    ("in_stream('4th', status => 'left', status => NULL)", [1, 2]),
    ("in_stream('5th', status => NULL)", [2]),
    ("in_stream(status => 'left')", [2, 3]),
    ("enrolled", [1, 2]),
    ("NOT enrolled", [3, 4]),
    ("NOT in_stream('4th')", [2, 3, 4]),
    ("in_all_streams('4th', '5th')", []),
    ("in_all_streams('4th', '5th', status => 'left', status => NULL)", [2]),
    ("in_stream(since => days_ago(10000))", []),
]


@pytest.mark.parametrize(("words", "ids"), LEFT_OR_NOT)
def test_who_has_left_is_in_the_stream_only_where_that_is_asked(
    engine: Engine, words: str, ids: list[int]
) -> None:
    place = models.enrollments
    with engine.begin() as connection:
        for person, stream in ((2, "4th"), (3, "5th")):
            gone = place.c.user_id == person, place.c.course_stream == stream
            connection.execute(update(place).where(*gone).values(status="left"))
    cohort = where.parse(words)
    for told in (cohort, where.parse(where_text.write(cohort)),
                 Cohort.model_validate_json(cohort.model_dump_json()),
                 address.from_address(address.to_address(cohort))):  # fmt: skip
        with engine.begin() as connection:
            rows = connection.execute(resolve.people(told, engine.dialect.name)).all()
        assert sorted(row.user_id for row in rows) == ids
    people = snapshot.Snapshot(Store(engine, folder=None, refresh_after=300.0))
    assert sorted(people.page(cohort)["user_id"]) == ids


def test_a_packed_address_keeps_that_no_status_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "SHORT", 0)
    cohort = where.parse("in_stream('4th', status => NULL)")
    assert address.from_address(address.to_address(cohort)) == cohort


def test_a_sum_of_cohorts_counts_each_person_once(engine: Engine) -> None:
    audience = Audience(
        include=(Cohort(streams=("4th",)), Cohort(user_ids=(2, 3, 4))),
        exclude=(Cohort(languages=("sv",)),),
    )
    with engine.begin() as connection:
        rows = connection.execute(resolve.people(audience, engine.dialect.name)).all()
    # The fourth has no language at all, and stays.
    assert sorted(row.user_id for row in rows) == [1, 2, 4]


def test_unknown_ids_are_listed(engine: Engine) -> None:
    with engine.begin() as connection:
        assert resolve.missing_ids(connection, [7, 1, 5]) == [7, 5]


def test_it_counts_who_is_unreachable(engine: Engine) -> None:
    with engine.begin() as connection:
        chosen = resolve.people(Cohort(streams=("4th",)), engine.dialect.name)
        assert resolve.chosen_count(connection, chosen) == (2, 1)


def test_it_says_itself_in_words() -> None:
    cohort = Cohort(streams=("3rd", "4th"), not_enrolled=True, reachable=True)
    assert cohort.sentence() == "in 3rd or in 4th or not enrolled, reachable"


def test_it_round_trips_through_json() -> None:
    cohort = Cohort(
        streams=("4th",), attributes={"city": ("Omsk",)}, registered_to=date(2026, 1, 2)
    )
    assert Cohort.model_validate_json(cohort.model_dump_json()) == cohort


@pytest.mark.parametrize(
    ("words", "ids"),
    [("иван иванов", [5]), ("иванов иван", [5]), ("ив ив", [5]), ("иванова мария", [6]),
     ("иван мария", [6]), ("и и и", []), ("иван иванов иванова", [])],
)  # fmt: skip
def test_each_word_begins_a_name_of_its_own(engine: Engine, words: str, ids: list[int]) -> None:
    people = ((5, "Иван", "Иванов"), (6, "Мария", "Иванова"), (7, "Пётр", "Иванов"))
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [
                {
                    "user_id": number,
                    "first_name": first,
                    "last_name": last,
                    "attributes": {},
                    "updated_at": models.utc_now(),
                }
                for number, first, last in people
            ],
        )
        found = connection.execute(resolve.people(Cohort(search=words), engine.dialect.name))
        assert sorted(row.user_id for row in found) == ids
    index = snapshot.Snapshot(Store(engine, folder=None, refresh_after=300.0))
    assert sorted(index.page(Cohort(search=words))["user_id"]) == ids
