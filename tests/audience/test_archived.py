"""A cohort that hangs on archived recipients is refused by the main database, and only then."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, insert, select

from hsl import models
from hsl.audience import archived, segments, where
from hsl.audience.cohort import Audience, Cohort

NOW = models.utc_now()


@pytest.fixture
def archive(engine: Engine) -> None:
    """Message 1 of 90 days ago is archived, 2 of 50 days ago and 3 of yesterday are not."""
    with engine.begin() as connection:
        connection.execute(
            insert(models.message_history),
            [
                {
                    "id": number, "message_text": "Hi", "author": "anna", "bot_id": 1,
                    "recipient_type": "group", "recipient_group": "all", "scheduled_at": NOW,
                    "started_at": NOW - timedelta(days=days),
                    "finished_at": NOW - timedelta(days=days - 0.5),
                    "archived_at": NOW if number == 1 else None, "message_type": "text",
                    "status": "sent", "audience_mode": "frozen", "buttons": [], "options": {},
                    "left_out": {},
                }
                for number, days in ((1, 90), (2, 50), (3, 1))
            ],
        )  # fmt: skip


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize(
    ("expression", "refused"),
    [
        ("got(1)", True),
        ("reachable AND NOT (enrolled OR failed(1))", True),
        ("got(2) OR missed(3)", False),
        ("got_of_last(3) = 0", True),
        ("got_of_last(2) = 0", False),
        ("got_within(100) = 0", True),
        ("got_within(60) = 0", False),
        ("sent_ever() = 0", True),
        ("pressed(1) AND reachable", False),
    ],
)
def test_what_hangs_on_archived_recipients_is_refused(
    engine: Engine, expression: str, refused: bool
) -> None:
    cohort = where.parse(expression)
    for chosen in (cohort, Audience(include=(Cohort(everyone=True),), exclude=(cohort,))):
        with engine.begin() as connection:
            if not refused:
                assert connection.execute(segments.people(connection, chosen)).all() == []
                continue
            with pytest.raises(segments.SegmentError, match=r"Message 1 is archived.*--restore"):
                segments.people(connection, chosen)


@pytest.mark.usefixtures("archive")
def test_all_archived_messages_are_asked_about_at_once(engine: Engine) -> None:
    asked: list[str] = []
    cohort = where.parse("got_of_last(2) = 0 OR got_within(60) = 0 OR sent_within(50) > 1")

    def count() -> int:
        asked.clear()
        with engine.begin() as connection:
            assert archived.missing(connection, cohort, now=NOW) is None
        return sum(sql.startswith("SELECT") for sql in asked)

    event.listen(engine, "after_cursor_execute", lambda *found: asked.append(found[2]))
    one = count()
    with engine.begin() as connection:
        history = models.message_history
        row = connection.execute(select(history).where(history.c.id == 1)).one()
        connection.execute(
            insert(history), [{**row._mapping, "id": number} for number in range(-20, 0)]
        )
    assert count() == one == 1
