"""The tray of chosen people: a sum of sets that survives everything."""

import pytest
from sqlalchemy import Engine

from hsl import database
from hsl.audience import resolve, selection
from hsl.audience.cohort import Cohort

pytestmark = pytest.mark.usefixtures("four_people")


def chosen(engine: Engine, author: str = "anna") -> list[int]:
    audience = selection.audience(engine, author)
    with engine.begin() as connection:
        rows = connection.execute(resolve.people(audience, engine.dialect.name)).all()
    return sorted(row.user_id for row in rows)


def test_nobody_is_in_it_twice(engine: Engine) -> None:
    assert selection.add(engine, "anna", Cohort(streams=("4th",)), "4th")
    assert selection.add(engine, "anna", Cohort(streams=("5th",)), "5th")
    assert not selection.add(engine, "anna", Cohort(streams=("5th",)), "5th")
    assert chosen(engine) == [1, 2, 3]
    assert len(selection.entries(engine, "anna")) == 2


def test_taking_a_line_away_undoes_exactly_it(engine: Engine) -> None:
    selection.add(engine, "anna", Cohort(streams=("4th",)), "4th")
    selection.add(engine, "anna", Cohort(streams=("5th",)), "5th")
    first = selection.entries(engine, "anna")[0]
    selection.remove(engine, "anna", first.id)
    assert chosen(engine) == [2, 3]


def test_people_taken_out_stay_out_until_they_are_named_again(engine: Engine) -> None:
    selection.add(engine, "anna", Cohort(streams=("4th",)), "4th")
    selection.take_out(engine, "anna", (2,), "Борис")
    selection.add(engine, "anna", Cohort(streams=("5th",)), "5th")
    assert chosen(engine) == [1, 3]
    selection.add(engine, "anna", Cohort(user_ids=(2,)), "Борис")
    assert chosen(engine) == [1, 2, 3]


def test_somebody_named_and_taken_out_again_is_out(engine: Engine) -> None:
    selection.add(engine, "anna", Cohort(user_ids=(1, 2)), "two")
    selection.take_out(engine, "anna", (2,), "Борис")
    assert chosen(engine) == [1]


def test_each_author_has_a_tray_and_a_restart_keeps_it(
    engine: Engine, database_address: str
) -> None:
    selection.add(engine, "anna", Cohort(user_ids=(1,)), "Anna")
    again = database.open_engine(database_address)
    assert chosen(again) == [1]
    assert chosen(again, "boris") == []
    selection.clear(again, "boris")
    assert chosen(again) == [1]
    selection.clear(again, "anna")
    assert chosen(again) == []
    again.dispose()
