"""A kill between any two steps leaves each message's rows whole in one place, and a way on."""

import signal
import subprocess
import sys

import pytest

from hsl import database
from hsl.archive import restoring, storing
from hsl.delivery import history, sums
from hsl.models import utc_now
from hsl.settings import ROOT
from tests.archive.past import Past

# Kills its process when `name` of `module` is called for the n-th time, before or after the call.
SCRIPT = """
import os, signal, sys
from pathlib import Path
from hsl import database, models
from hsl.archive import files, restoring, storing
address, folder, module, name, moment, nth, what = sys.argv[1:]
place = {"storing": storing, "restoring": restoring, "files": files}[module]
real, calls = getattr(place, name), [0]
def killed(*arguments, **named):
    calls[0] += 1
    last = calls[0] == int(nth)
    if last and moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    found = real(*arguments, **named)
    if last:
        os.kill(os.getpid(), signal.SIGKILL)
    return found
setattr(place, name, killed)
storing.DELETED_AT_ONCE = restoring.INSERTED_AT_ONCE = 7
engine = database.open_engine(address, archive=Path(folder))
if what == "restore":
    restoring.restore(engine, "2025-03", actor="anna")
else:
    storing.archive(engine, models.utc_now(), actor="anna")
"""


def run_until_killed(past: Past, *words: str) -> None:
    address = past.engine.url.render_as_string(hide_password=False)
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, address, str(database.archive_of(past.engine)), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr


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
    past: Past, words: tuple[str, ...], still_in_database: bool
) -> None:
    rows, before = past.rows(), shown(past)
    run_until_killed(past, *words)
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
def test_a_killed_restore_goes_on_either_way(past: Past, words: tuple[str, ...]) -> None:
    rows, before = past.rows(), shown(past)
    storing.archive(past.engine, utc_now(), actor="anna")
    run_until_killed(past, *words)
    assert shown(past) == before
    if past.message("march").archived_at is not None:
        restoring.restore(past.engine, "2025-03", actor="anna")
    restoring.restore(past.engine, "2025-04", actor="anna")
    assert past.rows() == rows
    storing.archive(past.engine, utc_now(), actor="anna")
    assert len(past.rows()) == 60
    assert shown(past) == before
