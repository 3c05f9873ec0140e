"""Finding people by a name with a typing error, in another script, or by its beginning."""

from typing import Any

import pytest
from sqlalchemy import Engine, insert, update
from world import OpenStore

from hsl import models
from hsl.audience.cohort import Cohort
from hsl.audience.snapshot import Snapshot
from hsl.warehouse import limits

PEOPLE = [
    (1, "Anastasia", "Petrova", "nastya_p"),
    (2, "Анастасия", "Щербакова", None),
    (3, "Björn", "Lindqvist", "bjorn88"),
    (4, "Дмитрий", "Zhukov", None),
    (5, "Kirill", "Orlov", "kirill_orlov"),
    (6, "Łukasz", None, None),
    (7, None, None, None),
]


@pytest.fixture
def people(engine: Engine, open_store: OpenStore) -> Snapshot:
    with engine.begin() as connection:
        for number, first, last, username in PEOPLE:
            connection.execute(
                insert(models.users).values(
                    user_id=number,
                    first_name=first,
                    last_name=last,
                    username=username,
                    attributes={},
                    updated_at=models.utc_now(),
                )
            )
    return Snapshot(open_store())


def _similar(people: Snapshot, words: str) -> list[int]:
    return [int(number) for number in people.similar(words)["user_id"]]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("anastsia", [1, 2]),
        ("Anastasiya", [1, 2]),
        ("анастосия", [1, 2]),
        ("sherbakova", [2]),
        ("bjoern", [3]),
        ("lindkvist", [3]),
        ("dmitry", [4]),
        ("Жуков", [4]),
        ("kiril orlov", [5]),
        ("lukas", [6]),
        ("@kiril_orlov", [5]),
    ],
)
def test_it_forgives(people: Snapshot, words: str, ids: list[int]) -> None:
    assert set(ids) <= set(_similar(people, words))


@pytest.mark.parametrize(
    "words", ["", "a", "ан", "zzzzzz", "'; DROP TABLE users; --", "%", "\U0010ffff" * 3, "x" * 5000]
)
def test_it_finds_nobody_where_nothing_is_alike(people: Snapshot, words: str) -> None:
    assert _similar(people, words) == []


def test_who_begins_so_is_no_guess(people: Snapshot) -> None:
    assert people.count(Cohort(search="anastasia")).people == 1
    assert _similar(people, "anastasia") == [2]
    assert people.count(Cohort(search="Lind")).people == 1


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("anastasia petrova", [1]),
        ("Petrova  ANA", [1]),
        ("pet @nastya", [1]),
        ("анаст щерб", [2]),
        ("an ana pet", []),
        ("anastasia orlov", []),
        ("kirill kirill_orlov orlov", [5]),
        ("k o r l", []),
    ],
)
def test_several_words_each_begin_a_name_of_the_same_person(
    people: Snapshot, words: str, ids: list[int]
) -> None:
    assert [int(n) for n in people.page(Cohort(search=words))["user_id"]] == ids


def test_the_likest_come_first(people: Snapshot) -> None:
    assert _similar(people, "anastasiq")[0] in {1, 2}
    assert people.similar("anastsia")["word"].tolist()[0] in {"anastasia", "анастасия"}


def test_a_new_name_is_found_and_the_old_one_not(engine: Engine, people: Snapshot) -> None:
    assert people.count(Cohort(search="kir")).people == 1
    with engine.begin() as connection:
        connection.execute(
            update(models.users)
            .where(models.users.c.user_id == 5)
            .values(first_name="Gennady", username=None, updated_at=models.utc_now())
        )
    people.refresh()
    assert people.count(Cohort(search="kir")).people == 0
    assert people.count(Cohort(search="GENN")).people == 1
    assert 5 in _similar(people, "genadi")
    assert 5 not in _similar(people, "kiril")


def test_other_filters_hold_for_names_that_are_almost_so(engine: Engine, people: Snapshot) -> None:
    with engine.begin() as connection:
        connection.execute(insert(models.enrollments).values(user_id=2, course_stream="4th"))
        connection.execute(
            update(models.users)
            .where(models.users.c.user_id == 2)
            .values(updated_at=models.utc_now())
        )
    people.refresh()
    inside = people.similar("anastsia", among=Cohort(streams=("4th",)))
    assert inside["user_id"].tolist() == [2]
    assert people.similar("anastsia", among=Cohort(streams=("5th",))).empty


def test_a_search_for_names_that_are_almost_so_ends_in_time(
    people: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    within = limits.within

    def noted(*given: Any, **named: Any) -> Any:
        asked.append("within its time")
        return within(*given, **named)

    monkeypatch.setattr(limits, "within", noted)
    people.similar("anastsia")
    assert len(asked) >= 2  # what was typed, in Latin letters; and who is called so
