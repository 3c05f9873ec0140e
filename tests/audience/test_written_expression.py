"""An expression as it is typed in a terminal or sent to the API: its attributes are looked up."""

import pytest
from sqlalchemy import Engine, insert

from hsl import models
from hsl.audience import listing, where, written
from hsl.models import utc_now

NAMES = ("city", "город", "ª", 'a "quoted" one', "level 2")


@pytest.fixture
def described(engine: Engine) -> Engine:
    """One person with attributes of all these names."""
    with engine.begin() as connection:
        connection.execute(
            insert(models.users).values(
                user_id=7, attributes=dict.fromkeys(NAMES, "Omsk"), updated_at=utc_now()
            )
        )
    return engine


@pytest.mark.parametrize("name", NAMES)
def test_an_attribute_of_any_name_finds_its_people(described: Engine, name: str) -> None:
    said = name.replace('"', '""')
    cohort = written.cohort_of(described, f"\"{said}\" = 'Omsk'")
    assert [found.user.user_id for found in listing.after(described, cohort)] == [7]


@pytest.mark.parametrize("name", ["cty", "горд"])
def test_an_attribute_of_nobody_is_told_with_what_was_meant(described: Engine, name: str) -> None:
    with pytest.raises(where.WhereError, match="did you mean"):
        written.cohort_of(described, f"{name} = 'Omsk'")
