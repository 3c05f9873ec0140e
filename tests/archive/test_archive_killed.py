"""A kill between any two steps leaves each message's rows whole in one place, and a way on."""

import signal
from pathlib import Path

import pytest

from hsl import database
from hsl.archive import restoring, storing
from hsl.delivery import history, sums
from hsl.models import utc_now
from tests import forked
from tests.archive import killing
from tests.archive.past import Past


def run_until_killed(past: Past, folder: Path, *words: str) -> None:
    address = past.engine.url.render_as_string(hide_password=False)
    said = folder / "said"
    ended = forked.call(
        killing.run, address, str(database.archive_of(past.engine)), *words, out=said
    )
    assert ended.wait(60) == -signal.SIGKILL, said.read_text("utf-8")


def shown(past: Past) -> list[object]:
    """Everything that people see of all messages: sums, and every recipient."""
    found: list[object] = []
    for number in past.ids.values():
        one = history.one(past.engine, number)
        assert one is not None
        with past.engine.begin() as connection:
            assert sums.closing_sum(connection, number) == one.closing
        table, total = history.recipients(past.engine, number, limit=1_000)
        rows = table.astype(object).where(table.notna(), None).to_dict("records")
        found += [one.closing, total, rows]
    return found


@pytest.mark.parametrize(
    ("words", "still_in_database"),
    [
        (("files", "_sync", "before", "2", "archive"), True),  # a file without its name
        (("files", "write", "after", "1", "archive"), True),  # a file, and nothing knows it
        (("storing", "_hand_over", "before", "2", "archive"), False),  # one month done
        (("storing", "_hand_over", "after", "1", "archive"), False),  # listed, nothing deleted
        (("storing", "_rows_gone", "before", "3", "archive"), False),  # some rows deleted
    ],
)
def test_a_killed_archive_run_is_finished_by_the_next(
    past: Past, tmp_path: Path, words: tuple[str, ...], still_in_database: bool
) -> None:
    rows, before = past.rows(), shown(past)
    run_until_killed(past, tmp_path, *words)
    assert (past.message("march").archived_at is None) is still_in_database
    assert shown(past) == before
    if words[1] == "_rows_gone":
        assert 0 < len(past.rows(past.ids["cancelled"]) + past.rows(past.ids["march"])) < 60
        assert storing.leftovers(past.engine)
    storing.archive(past.engine, utc_now(), actor="anna")
    assert storing.leftovers(past.engine) == []
    assert len(past.rows()) == 60
    assert shown(past) == before
    assert [one.problem for one in restoring.verify(past.engine)] == [None, None]
    for month in ("2025-03", "2025-04"):
        restoring.restore(past.engine, month, actor="anna")
    assert past.rows() == rows


@pytest.mark.parametrize(
    "words",
    [
        ("restoring", "_insert_missing", "after", "3", "restore"),
        ("restoring", "_give_back", "before", "1", "restore"),
        ("restoring", "_give_back", "after", "1", "restore"),
    ],
)
def test_a_killed_restore_goes_on_either_way(
    past: Past, tmp_path: Path, words: tuple[str, ...]
) -> None:
    rows, before = past.rows(), shown(past)
    storing.archive(past.engine, utc_now(), actor="anna")
    run_until_killed(past, tmp_path, *words)
    assert shown(past) == before
    if past.message("march").archived_at is not None:
        restoring.restore(past.engine, "2025-03", actor="anna")
    restoring.restore(past.engine, "2025-04", actor="anna")
    assert past.rows() == rows
    storing.archive(past.engine, utc_now(), actor="anna")
    assert len(past.rows()) == 60
    assert shown(past) == before
