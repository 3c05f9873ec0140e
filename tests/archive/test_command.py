"""The archive in a terminal, before a move, and to the doctor."""

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from hsl import database, doctor, moving
from hsl.archive import restoring, storing
from hsl.delivery import history
from hsl.models import utc_now
from hsl.settings import load_settings
from tests.archive.past import Past
from tests.typing_commands import Terminal


@pytest.fixture
def hsl(database_address: str, tmp_path: Path) -> Terminal:
    return Terminal(database_address, tmp_path)


def test_archive_list_verify_and_restore(hsl: Terminal, past: Past) -> None:
    planned = hsl("archive", "--before", "2025-04-01", "--dry-run")
    assert planned.stdout == "2025-03: 60 rows of 2 messages would move\n"
    assert len(past.rows()) == 144
    made = hsl("archive", "--before", "2025-04-01", "--json")
    assert made.returncode == 0, made.stderr
    assert [(one["month"], one["rows"]) for one in json.loads(made.stdout)] == [("2025-03", 60)]
    listed = json.loads(hsl("archive", "--list", "--json").stdout)
    assert (listed[0]["month"], listed[0]["messages"], listed[0]["rows"]) == ("2025-03", 2, 60)
    assert "ok   2025-03/" in hsl("archive", "--verify").stdout
    state = json.loads(hsl("status", str(past.ids["march"]), "--json").stdout)
    assert (state["sent"], state["failed_by_reason"]) == (10, {"blocked": 5, "other": 5})
    refused = hsl("retry", str(past.ids["march"]))
    assert refused.returncode == 1
    assert "archive --restore 2025-03" in refused.stderr
    got = json.loads(hsl("person", "102", "--json").stdout)
    assert [one["archived"] for one in got].count(True) == 2
    assert "blocked the bot" in hsl("person", "102").stdout
    assert "No message was ever meant for 9." in hsl("person", "9").stdout
    back = hsl("archive", "--restore", "2025-03")
    assert back.stdout == "2025-03: 60 rows are in the database again.\n"
    assert len(past.rows()) == 144
    assert hsl("archive", "--list").stdout == "Nothing is archived.\n"
    assert hsl("archive").returncode == 2
    wrong = hsl("archive", "--restore", "2025-03")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)


def test_the_doctor_tells_of_missing_files_and_ended_runs(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check() -> doctor.Check:
        return doctor._archive(past.engine)

    assert check().ok
    monkeypatch.setattr(storing, "_delete", lambda *_: None)
    storing.archive(past.engine, utc_now(), actor="anna")
    assert "ended" in check().detail
    monkeypatch.undo()
    storing.archive(past.engine, utc_now(), actor="anna")
    assert check() == doctor.Check("archive", True, "84 rows in 2 files.")
    strange = database.archive_of(past.engine) / "2025-03" / "other.parquet"
    strange.write_bytes(b"PAR1")
    found = check()
    assert not found.ok
    assert f"{strange} is not listed by this database" in found.remedy
    shutil.rmtree(database.archive_of(past.engine))
    assert "2 of 2 files are not there" in check().detail


def test_a_move_keeps_the_archive_and_needs_it_whole(
    past: Past, postgres_address: str, tmp_path: Path
) -> None:
    if past.engine.dialect.name != "sqlite":
        pytest.skip("moves are from SQLite")
    storing.archive(past.engine, utc_now(), actor="anna")
    server = create_engine(postgres_address, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE archived"))
    new = database.open_engine(
        postgres_address.replace("/postgres?", "/archived?"), archive=tmp_path / "archive"
    )
    folder, away = database.archive_of(past.engine), tmp_path / "away"
    folder.rename(away)
    with pytest.raises(moving.MoveError, match=r"is not there.*Nothing was copied"):
        moving.move(past.engine, new)
    away.rename(folder)
    moving.move(past.engine, new)
    number = past.ids["march"]
    assert history.one(new, number) == history.one(past.engine, number)
    assert history.of_person(new, 102) == history.of_person(past.engine, 102)
    assert [one.problem for one in restoring.verify(new)] == [None, None]
    assert restoring.restore(new, "2025-03", actor="anna") == 60
    assert history.recipients(new, number, limit=1)[1] == 30
    new.dispose()
    with server.connect() as connection:
        connection.execute(text("DROP DATABASE archived WITH (FORCE)"))
    server.dispose()


def test_the_archive_lies_in_the_data_folder(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    assert database.archive_of(database.engine_for(settings)) == tmp_path / "archive"
