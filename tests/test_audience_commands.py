"""Segments, marks, the cap, experiments and presses, as an operator types them."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, update

from hsl import experiments, models
from hsl.audience.cohort import Audience, Cohort
from hsl.experiments import Arm
from hsl.message.content import Button, Content
from hsl.settings import load_settings
from tests.test_cli import hsl, ten
from tests.typing_commands import Terminal

__all__ = ["hsl", "ten"]  # fixtures
pytestmark = pytest.mark.usefixtures("ten")


def test_a_segment_lives_its_whole_life(hsl: Terminal) -> None:
    made = hsl("segment", "add", "Fourth", "--stream", "4th_stream", "--json")
    assert (made.returncode, made.stderr) == (0, "")
    assert json.loads(made.stdout)["people"] == 5
    assert hsl("segment", "add", "Boss", "--user", "1", "--exclusion").returncode == 0
    inner = hsl("segment", "add", "Both", "--segment", "Fourth", "--frozen", "--description", "x")
    assert "Both: 5 people, frozen" in inner.stdout
    listed = json.loads(hsl("segment", "list", "--json").stdout)
    assert [(s["name"], s["mode"], s["is_exclusion"]) for s in listed] == [
        ("Boss", "dynamic", True),
        ("Both", "frozen", False),
        ("Fourth", "dynamic", False),
    ]
    used = hsl("segment", "remove", "Fourth")
    assert (used.returncode, "used by segment Both" in used.stderr) == (1, True)
    assert "keeps its 5 people" in hsl("segment", "freeze", "Fourth").stdout
    shown = json.loads(hsl("segment", "show", "Fourth", "--json").stdout)
    assert list(shown["sizes"].values()) == [5]
    assert hsl("segment", "thaw", "Fourth").returncode == 0
    assert hsl("segment", "edit", "Both", "--name", "Two", "--no-exclusion").returncode == 0
    assert hsl("segment", "remove", "Two").returncode == 0
    gone = hsl("segment", "show", "Two")
    assert gone.returncode == 1
    assert gone.stderr.startswith("hsl: There is no segment Two.")


def test_a_message_goes_to_a_segment(hsl: Terminal, engine: Engine) -> None:
    hsl("segment", "add", "Fourth", "--stream", "4th_stream")
    hsl("segment", "add", "Boss", "--user", "1", "--exclusion")
    dry = hsl("send", "--segment", "Fourth", "--text", "Hi", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "4 people" in dry.stdout
    assert "1 left out: list: Boss" in dry.stdout
    sent = json.loads(hsl("send", "--segment", "Fourth", "--text", "Hi", "--yes", "--json").stdout)
    assert (sent["total_recipients"], sent["left_out"]) == (4, {"list: Boss": 1})
    state = json.loads(hsl("status", str(sent["id"]), "--json").stdout)
    assert (state["total_recipients"], state["left_out"]) == (4, {"list: Boss": 1})
    assert "Beside them: 1 left out: list: Boss" in hsl("status", str(sent["id"])).stdout
    unknown = hsl("send", "--segment", "Nobody", "--text", "Hi", "--yes")
    assert unknown.returncode == 1
    assert "There is no segment Nobody." in unknown.stderr


def test_the_cap_leaves_out_and_is_ignored_for_a_reason(
    hsl: Terminal,
    engine: Engine,
) -> None:
    hsl("send", "--user", "1", "--user", "2", "--text", "Hi", "--yes")
    words = ("send", "--all", "--text", "Again", "--dry-run", "--json")
    capped = json.loads(hsl(*words, HSL_FREQUENCY_CAP="1/7d").stdout)
    assert (capped["total_recipients"], capped["left_out"]) == (8, {"cap": 2})
    ignored = hsl(*words, "--ignore-cap", "the lesson is off", HSL_FREQUENCY_CAP="1/7d")
    assert json.loads(ignored.stdout)["total_recipients"] == 10
    blank = hsl(*words, "--ignore-cap", " ", HSL_FREQUENCY_CAP="1/7d")
    assert (blank.returncode, "needs a reason" in blank.stderr) == (2, True)
    wrong = hsl(*words, HSL_FREQUENCY_CAP="often")
    assert (wrong.returncode, "HSL_FREQUENCY_CAP: is not MESSAGES" in wrong.stderr) == (2, True)


def test_people_are_marked_listed_and_let_go(
    hsl: Terminal,
    engine: Engine,
    tmp_path: Path,
) -> None:
    hsl("send", "--user", "1", "--text", "Hi", "--yes")
    said = hsl("suppress", "1", "2", "--reason", "asked by phone")
    assert said.returncode == 0, said.stderr
    assert said.stdout == (
        "2 people are marked; 0 were before. 1 waiting messages to them are withdrawn.\n"
    )
    file = tmp_path / "ids.csv"
    file.write_text("user_id\n2\n3\n")
    listed = hsl("suppress", "--file", str(file), "--reason", "letter", "--json")
    assert json.loads(listed.stdout) == {"marked": 1, "withdrawn": 0}
    marks = json.loads(hsl("suppress", "--list", "--json").stdout)
    assert {m["user_id"]: m["reason"] for m in marks} == {
        1: "asked by phone", 2: "asked by phone", 3: "letter",
    }  # fmt: skip
    held = hsl("send", "--user", "1", "--text", "Hi", "--yes")
    assert (held.returncode, "1 left out: do-not-message" in held.stderr) == (1, True)
    assert "1 people may be written to again" in hsl("unsuppress", "1").stdout
    assert hsl("unsuppress", "1").returncode == 1
    assert hsl("suppress", "5").returncode == 2


def test_an_experiment_and_its_presses_are_read(
    hsl: Terminal,
    engine: Engine,
    tmp_path: Path,
) -> None:
    join = ((Button(text="Join", callback_data="join"),),)
    number = experiments.create(
        engine,
        load_settings(),
        name="Please",
        arms=(
            Arm("A", 50, Content(text="Come", buttons=join)),
            Arm("B", 50, Content(text="Please come", buttons=join)),
        ),
        audience=Audience(include=(Cohort(everyone=True),)),
        author="anna",
        salt="s",
    )
    row = models.message_recipients
    with engine.begin() as connection:
        connection.execute(update(row).values(delivery_status="sent", telegram_message_id=5))
        connection.execute(
            update(models.message_history).values(
                successful_deliveries=models.message_history.c.total_recipients
            )
        )
        first = connection.execute(select(row).order_by(row.c.message_id)).first()
    assert first is not None
    file = tmp_path / "presses.csv"
    file.write_text(
        "telegram_message_id,user_id,data,pressed_at\n"
        f"5,{first.user_id},join,2026-11-24T10:00:00Z\n"
        "5,77,join,2026-11-24T10:00:00Z\n"
    )
    said = hsl("import-presses", str(file))
    assert said.stdout == (
        "1 added, 0 known before, 1 rejected\n  1: no such message in that chat\n"
    )
    found = json.loads(hsl("experiment", str(number), "--json").stdout)
    assert [arm["pressed"]["join"]["hits"] for arm in found["arms"]] == [1, 0]
    assert "pressed join" in hsl("experiment", str(number)).stdout
    assert "Please: A, B" in hsl("experiment").stdout
    assert hsl("experiment", "99").returncode == 1


def test_a_person_who_is_not_there_yet_can_be_marked(hsl: Terminal, engine: Engine) -> None:
    assert hsl("suppress", "77", "--reason", "x").returncode == 0
    with engine.begin() as connection:
        connection.execute(
            insert(models.users).values(user_id=77, attributes={}, updated_at=models.utc_now())
        )
    assert hsl("send", "--user", "77", "--text", "Hi", "--yes").returncode == 1
