"""Four people, two streams."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, insert

from hsl import models

DAY = datetime(2026, 3, 1, 12, tzinfo=ZoneInfo("UTC"))


@pytest.fixture
def four_people(engine: Engine) -> None:
    """Anna and Борис in 4th, Борис and Björn_x in 5th, and one without a name in none."""
    rows = [
        (1, "Anna", "anna", "en", {"city": "Omsk"}, None),
        (2, "Борис", None, "ru", {"city": "Tomsk"}, "blocked"),
        (3, "Björn_x", "b%x", "sv", {}, None),
        (4, None, None, None, {"city": "Omsk"}, None),
    ]
    streams = [(1, "4th"), (2, "4th"), (2, "5th"), (3, "5th")]
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [
                {
                    "user_id": number,
                    "first_name": name,
                    "username": username,
                    "language_code": language,
                    "attributes": attributes,
                    "unreachable_reason": reason,
                    "registered_at": DAY + timedelta(days=number),
                    "updated_at": DAY,
                }
                for number, name, username, language, attributes, reason in rows
            ],
        )
        connection.execute(
            insert(models.enrollments),
            [{"user_id": number, "course_stream": stream} for number, stream in streams],
        )
