"""The command line, as an operator types it."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select, update

from hsl import cli, models
from tests.typing_commands import Terminal


@pytest.fixture
def hsl(database_address: str, tmp_path: Path) -> Terminal:
    return Terminal(database_address, tmp_path)


@pytest.fixture
def ten(engine: Engine) -> None:
    """Ten people, five of them in 4th_stream."""
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [
                {"user_id": i, "attributes": {}, "updated_at": models.utc_now()}
                for i in range(1, 11)
            ],
        )
        connection.execute(
            insert(models.enrollments),
            [{"user_id": i, "course_stream": "4th_stream"} for i in range(1, 6)],
        )


def messages(engine: Engine) -> int:
    with engine.begin() as connection:
        found = connection.execute(select(func.count()).select_from(models.message_history))
        return int(found.scalar_one())


@pytest.mark.usefixtures("ten")
def test_send_puts_a_message_with_buttons_into_the_outbox(hsl: Terminal, engine: Engine) -> None:
    said = hsl(
        "send", "--stream", "4th_stream", "--user", "9", "--text", "Hi", "--yes", "--json",
        "--button", "1:Join=https://example.org", "--button", "1:Later=callback:later",
        "--button", "2:Code=copy:1234",
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert found["total_recipients"] == 6
    state = json.loads(hsl("status", str(found["id"]), "--json").stdout)
    assert (state["status"], state["pending"], state["total_recipients"]) == ("scheduled", 6, 6)
    with engine.begin() as connection:
        row = connection.execute(select(models.message_history)).one()
    assert row.buttons == [
        [
            {"text": "Join", "url": "https://example.org"},
            {"text": "Later", "callback_data": "later"},
        ],
        [{"text": "Code", "copy_text": "1234"}],
    ]


@pytest.mark.usefixtures("ten")
@pytest.mark.parametrize(
    ("words", "status", "complaint"),
    [
        (["--user", "1", "--user", "77", "--text", "Hi", "--yes"], 1, "Not in the database: 77."),
        (["--all", "--text", "<b>Hi", "--yes"], 1, "Close it with </b>"),
        (["--all", "--text", "{nickname}", "--yes"], 1, "Nobody here has a value for {nickname}"),
        (["--all", "--text", "Hi"], 2, "Nobody can be asked here. Add --yes"),
        (["--text", "Hi", "--yes"], 2, "Nobody is chosen."),
        (["--all", "--text", "Hi", "--yes", "--at", "2030-01-01T10:00"], 2, "has no zone"),
        (["--all", "--text", "Hi", "--yes", "--at", "soon"], 2, "is not a time"),
        (["--all", "--text", "Hi", "--yes", "--at", "2020-01-01T10:00Z"], 1, "is in the past"),
        (["--all", "--video", "f", "--yes", "--at", "2030-01-01T10:00Z"], 1, "file_id may lapse"),
        (["--all", "--text", "Hi", "--yes", "--button", "Join"], 2, "is not ROW:TEXT=ACTION"),
    ],
)
def test_send_refuses_in_one_line_and_makes_nothing(
    hsl: Terminal, engine: Engine, words: list[str], status: int, complaint: str
) -> None:
    said = hsl("send", *words)
    assert said.returncode == status
    assert complaint in said.stderr
    # At night it also says that it is within the quiet hours.
    lines = [line for line in said.stderr.splitlines() if "within the quiet hours" not in line]
    assert len(lines) == 1
    assert messages(engine) == 0


@pytest.mark.usefixtures("ten")
def test_a_photo_goes_by_its_file_id(hsl: Terminal, engine: Engine) -> None:
    said = hsl("send", "--all", "--photo", "AgACabc", "--caption", "See", "--yes")
    assert said.returncode == 0, said.stderr
    with engine.begin() as connection:
        row = connection.execute(select(models.message_history)).one()
    assert (row.message_type, row.file_id, row.message_text) == ("photo", "AgACabc", "See")


@pytest.mark.usefixtures("ten")
def test_a_dry_run_makes_nothing(hsl: Terminal, engine: Engine) -> None:
    said = hsl("send", "--stream", "4th_stream", "--text", "Hi", "--dry-run")
    assert said.returncode == 0
    assert "Would go to 5 people: in 4th_stream. It would take" in said.stdout
    with engine.begin() as connection:
        connection.execute(
            models.users.update()
            .where(models.users.c.user_id == 2)
            .values(unreachable_reason="blocked")
        )
    again = hsl("send", "--stream", "4th_stream", "--text", "Hi", "--dry-run")
    assert "Would go to 5 people: in 4th_stream; 1 of them unreachable." in again.stdout
    assert messages(engine) == 0


@pytest.mark.usefixtures("ten")
def test_a_message_is_paused_resumed_and_cancelled(hsl: Terminal) -> None:
    hsl("send", "--all", "--text", "Hi", "--yes", "--at", "2030-01-01T10:00+03:00")
    assert hsl("pause", "1").stdout == "Message 1 is paused.\n"
    assert hsl("pause", "1").returncode == 1
    assert hsl("resume", "1").returncode == 0
    assert "10 people will not get it" in hsl("cancel", "1").stdout
    assert "10 chosen = 10 cancelled" in hsl("status", "1").stdout
    again = hsl("resume", "1")
    assert again.returncode == 1
    assert "is cancelled and cannot be resumed" in again.stderr
    assert hsl("status", "7").returncode == 1
    assert "10 chosen = 10 cancelled" in hsl("status").stdout


@pytest.mark.usefixtures("ten")
def test_a_follow_up_goes_to_those_who_did_not_get_it(hsl: Terminal, engine: Engine) -> None:
    hsl("send", "--all", "--text", "Hi", "--yes")
    with engine.begin() as connection:
        connection.execute(
            models.message_recipients.update()
            .where(models.message_recipients.c.user_id <= 7)
            .values(delivery_status="sent")
        )
    missed = hsl("send", "--not-delivered", "1", "--text", "Again", "--dry-run", "--json")
    assert json.loads(missed.stdout)["total_recipients"] == 3
    got = hsl("send", "--delivered", "1", "--text", "Thanks", "--dry-run", "--json")
    assert json.loads(got.stdout)["total_recipients"] == 7


def test_import_prints_what_it_did(hsl: Terminal, engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("user_id,first_name\n1,Anna\nx,Boris\n")
    said = hsl("import", str(file))
    assert "1 added, 0 updated, 0 unchanged, 1 rejected" in said.stdout
    assert json.loads(hsl("import", str(file), "--json").stdout)["unchanged"] == 1
    broken = hsl("import", str(tmp_path / "none.csv"))
    assert broken.returncode == 1
    assert len(broken.stderr.strip().splitlines()) == 1


def test_settings_that_are_wrong_stop_it_in_one_line(hsl: Terminal) -> None:
    unknown = hsl("status", HSL_PROT="1")
    assert (unknown.returncode, "HSL_PROT is not a setting" in unknown.stderr) == (2, True)
    bad = hsl("status", HSL_PORT="high")
    assert (bad.returncode, "HSL_PORT" in bad.stderr) == (2, True)
    away = hsl("status", DATABASE_URL="postgresql+psycopg://u:secret@127.0.0.1:1/x")
    assert away.returncode == 1
    assert "secret" not in away.stderr
    assert "cannot be used" in away.stderr


def test_the_doctor_compares_figures_with_counters(
    hsl: Terminal, engine: Engine, ten: None
) -> None:
    hsl("send", "--all", "--text", "First", "--at", "2099-01-01T10:00+00:00", "--yes")

    def figures() -> dict[str, object]:
        said = hsl("doctor", "--json", HSL_TELEGRAM_API_URL="http://127.0.0.1:1")
        return {check["name"]: check for check in json.loads(said.stdout)}["figures"]

    assert figures()["ok"]
    with engine.begin() as connection:
        connection.execute(update(models.message_history).values(failed_deliveries=3))
    wrong = figures()
    assert not wrong["ok"]
    assert wrong["detail"] == "Message 1 says 3 failed_deliveries, and there are 0."


def test_a_health_check_asks_for_signs_of_life_alone(hsl: Terminal, engine: Engine) -> None:
    def alive(**given: str) -> tuple[int, dict[str, bool]]:
        said = hsl("doctor", "--alive", "--json", **given)
        return said.returncode, {check["name"]: check["ok"] for check in json.loads(said.stdout)}

    assert alive() == (1, {"database": True, "scheduler": False})
    with engine.begin() as connection:
        connection.execute(
            insert(models.workers).values(name="a:1", kind="scheduler", host="a", pid=1)
        )
    assert alive() == (0, {"database": True, "scheduler": True})
    with engine.begin() as connection:
        silent = models.utc_now() - timedelta(hours=1)
        connection.execute(update(models.workers).values(beat_at=silent))
    assert alive() == (1, {"database": True, "scheduler": False})
    away = "postgresql+psycopg://u:secret@127.0.0.1:1/x"
    said = hsl("doctor", "--alive", DATABASE_URL=away)
    assert said.returncode == 1
    assert "secret" not in said.stdout + said.stderr


def test_the_doctor_names_what_is_not_well_and_what_to_do(hsl: Terminal, engine: Engine) -> None:
    said = hsl("doctor", "--json", HSL_TELEGRAM_API_URL="http://127.0.0.1:1")
    assert said.returncode == 1
    checks = {check["name"]: check for check in json.loads(said.stdout)}
    assert checks["database"]["ok"]
    assert checks["migrations"]["ok"]
    assert not checks["scheduler"]["ok"]
    assert "python -m hsl scheduler" in checks["scheduler"]["remedy"]
    assert not checks["bot"]["ok"]
    assert checks["disk"]["ok"]
    assert checks["secrets"]["ok"]


def test_a_scheduled_message_is_edited_and_a_sent_one_is_not_deleted_unasked(
    hsl: Terminal, engine: Engine, ten: None
) -> None:
    hsl("send", "--all", "--text", "First", "--at", "2099-01-01T10:00+00:00", "--yes")
    done = hsl("edit", "1", "--text", "Second", "--button", "1:Join=https://example.org")
    assert (done.returncode, done.stderr) == (0, "")
    with engine.begin() as connection:
        row = connection.execute(select(models.message_history)).one()
    assert (row.message_text, row.version, row.buttons[0][0]["text"]) == ("Second", 2, "Join")
    refused = hsl("edit", "1", "--text", "<b>open")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    unasked = hsl("delete", "1")
    assert (unasked.returncode, unasked.stderr) == (
        1,
        "Nothing was deleted. Add --yes to delete.\n",
    )
    never_left = hsl("delete", "1", "--yes")
    assert never_left.returncode == 1
    assert "scheduled" in never_left.stderr


def test_a_rule_is_made_listed_and_stopped(hsl: Terminal, ten: None) -> None:
    made = hsl("send", "--all", "--text", "Hi", "--every", "mon,thu 10:00 Europe/Moscow", "--yes")
    assert made.returncode == 0, made.stderr
    assert "every Monday and Thursday at 10:00" in made.stdout
    (rule,) = json.loads(hsl("rules", "--json").stdout)
    assert rule["next_message"] == 1
    assert "1 scheduled" in hsl("stop", str(rule["id"])).stdout
    assert json.loads(hsl("status", "1", "--json").stdout)["status"] == "cancelled"
    refused = hsl("send", "--all", "--text", "Hi", "--every", "someday 10:00 UTC", "--yes")
    assert refused.returncode == 1
    assert "someday is not a weekday" in refused.stderr


HEAVY = {"pandas", "numpy", "duckdb", "pyarrow", "telegram", "altair", "sqlglot", "openpyxl"}
LATER = HEAVY | {"alembic", "streamlit"}


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_has_its_own_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: python -m hsl {command} [-h]")


def test_a_wrong_word_is_answered_with_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["stats"])
    assert ended.value.code == 2
    assert "'status'" in capsys.readouterr().err


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("words", "kept_out"),
    [
        (["--help"], LATER | {"sqlalchemy", "pydantic"}),
        (["status"], LATER),
        (["pause", "1"], LATER),
        (["send", "--all", "--text", "Hi", "--dry-run"], LATER),
    ],
)
def test_a_command_loads_no_library_that_it_has_no_need_of(
    hsl: Terminal, words: list[str], kept_out: set[str]
) -> None:
    said = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "hsl", *words],
        env=hsl.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    loaded = {line.rpartition("|")[2].strip() for line in said.stderr.splitlines()}
    assert "argparse" in loaded
    assert loaded & kept_out == set()
