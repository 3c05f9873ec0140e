"""Counters are compared with the rows themselves, in the database and in the archive's files."""

import pytest
from sqlalchemy import delete, update

from hsl import equality, models
from hsl.archive import ArchiveError, catalogue, storing
from hsl.equality import Unequal
from hsl.models import utc_now
from tests.archive.past import Past

History, Recipients = models.message_history, models.message_recipients


def test_they_are_equal_before_and_after_the_archive(past: Past) -> None:
    before = equality.compare(past.engine)
    assert before.unequal == ()
    assert before.recipients == len(past.rows())
    storing.archive(past.engine, utc_now(), actor="anna")
    assert equality.compare(past.engine) == before


def test_a_row_that_got_lost_is_named(past: Past) -> None:
    march = past.ids["march"]
    row = next(row for row in past.rows() if row[1] == march)
    with past.engine.begin() as connection:
        connection.execute(delete(Recipients).where(Recipients.c.id == row[0]))
    found = {unequal.counter: unequal for unequal in equality.compare(past.engine).unequal}
    total = found["total_recipients"]
    assert (total.message_id, total.written - total.counted) == (march, 1)


def test_a_counter_that_is_wrong_is_named_also_of_an_archived_message(past: Past) -> None:
    storing.archive(past.engine, utc_now(), actor="anna")
    written = past.message("march").failed_deliveries
    with past.engine.begin() as connection:
        connection.execute(
            update(History)
            .where(History.c.id == past.ids["march"])
            .values(failed_deliveries=written + 1)
        )
    assert equality.compare(past.engine).unequal == (
        Unequal(past.ids["march"], "failed_deliveries", written + 1, written),
    )


def test_what_an_archived_message_left_behind_is_not_counted_twice(past: Past) -> None:
    """As after a run that was killed between the file and the rows."""
    rows = past.rows()
    storing.archive(past.engine, utc_now(), actor="anna")
    columns = [column.name for column in Recipients.columns]
    left = dict(zip(columns, next(r for r in rows if r[1] == past.ids["march"]), strict=True))
    with past.engine.begin() as connection:
        connection.execute(Recipients.insert().values(**left))
    assert equality.compare(past.engine).unequal == ()


def test_a_file_that_is_not_there_is_an_error(past: Past) -> None:
    storing.archive(past.engine, utc_now(), actor="anna")
    for path in catalogue.paths(past.engine):
        path.unlink()
    with pytest.raises(ArchiveError):
        equality.compare(past.engine)
