"""That a message waits for a second person is said by whoever answers for it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from hsl import acting, database, experiments, models
from hsl.acting import ROLES, Actor, Role
from hsl.api import application
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import deciding, history
from hsl.message.content import Content
from tests.api.api_served import PEOPLE, Served, add_people, served_on
from tests.test_cli import hsl, ten
from tests.typing_commands import Terminal

__all__ = ["hsl", "ten"]
OVER = {"HSL_SECOND_APPROVER_OVER": "5"}
SEND = ("send", "--all", "--text", "Hi", "--yes")
FIVE = " OR ".join(f"user_id = {number}" for number in range(100, 105))
BORIS = Actor("boris", ROLES[Role.APPROVER], account_id=2)


@pytest.fixture
def strict(engine: Engine, tmp_path: Path) -> Iterator[Served]:
    """The API where more than five people need a second person; there are thirty."""
    add_people(engine)
    with served_on(engine.execution_options(**{database.SECOND_APPROVER: 5}), tmp_path) as found:
        yield found


@pytest.mark.usefixtures("ten")
def test_the_terminal_says_it_after_sending_and_of_its_state(hsl: Terminal, engine: Engine) -> None:
    said = hsl(*SEND, **OVER)
    assert "It waits for a second person, as it would go to 10 people" in said.stdout, said.stderr
    assert json.loads(hsl(*SEND, "--json", **OVER).stdout)["waits_for_approval"] is True
    state = hsl("status", "1", **OVER).stdout
    assert "Waits for a second person: operator asked on " in state
    found = json.loads(hsl("status", "1", "--json", **OVER).stdout)
    assert (found["waits_for_approval"], found["approval_asked_by"]) == (True, "operator")
    listed = hsl("status", **OVER).stdout.splitlines()
    assert ["waits for approval" in line for line in listed] == [True, True]

    with acting.acting_as(BORIS):
        deciding.approve(engine, 1, actor="boris")
    hsl("cancel", "2", **OVER)

    assert "Waits for" not in hsl("status", "1", **OVER).stdout
    listed = json.loads(hsl("status", "--json", **OVER).stdout)
    assert [one["waits_for_approval"] for one in listed] == [False, False]


@pytest.mark.usefixtures("ten")
def test_the_terminal_says_it_of_what_is_asked_for_anew(hsl: Terminal, engine: Engine) -> None:
    hsl(*SEND)
    assert "second person" not in hsl("status", "1").stdout
    changed = hsl("edit", "1", "--text", "Hello", **OVER).stdout
    assert "It waits for a second person" in changed
    hsl("pause", "1", **OVER)
    resumed = hsl("resume", "1", **OVER).stdout
    assert resumed.startswith("Message 1 is paused no more. It waits for a second person")
    rows, history_ = models.message_recipients, models.message_history
    with engine.begin() as connection:
        connection.execute(update(rows).values(delivery_status="failed", reason="blocked"))
        connection.execute(
            update(history_).values(
                status="sent", started_at=models.utc_now(), failed_deliveries=10
            )
        )
    assert "It waits for a second person" in hsl("retry", "1", **OVER).stdout


def few_or_many(where: str) -> dict[str, object]:
    return {"content": {"text": "Hi"}, "where": where}


@pytest.mark.usefixtures("ten")
def test_a_dry_run_in_the_terminal_says_that_it_would_wait(hsl: Terminal) -> None:
    dry = ("send", "--all", "--text", "Hi", "--dry-run")
    assert "It would wait for a second person's approval." in hsl(*dry, **OVER).stdout
    assert json.loads(hsl(*dry, "--json", **OVER).stdout)["needs_approval"] is True
    assert "second person" not in hsl(*dry).stdout
    assert json.loads(hsl(*dry, "--json").stdout)["needs_approval"] is False


@pytest.mark.parametrize(("where", "waits"), [(FIVE, False), (f"{FIVE} OR user_id = 105", True)])
def test_a_dry_run_of_the_api_says_what_becomes_of_the_message_sent(
    strict: Served, where: str, waits: bool
) -> None:
    with strict.client() as client:
        look = client.post("/messages/dry-run", json=few_or_many(where)).json()
        sent = client.post("/messages", json=few_or_many(where)).json()
    assert (look["needs_approval"], sent["waits_for_approval"]) == (waits, waits)


def test_the_api_says_it_in_every_answer_about_the_message(strict: Served) -> None:
    with strict.client() as client:
        few = client.post("/messages", json=few_or_many("user_id = 100")).json()
        assert few["waits_for_approval"] is False
        made = client.post("/messages", json=few_or_many("true")).json()
        assert made["waits_for_approval"] is True
        path = f"/messages/{made['id']}"
        assert client.get(path).json()["waits_for_approval"] is True
        listed = client.get("/messages").json()["items"]
        assert [one["waits_for_approval"] for one in listed] == [True, False]
        with acting.acting_as(BORIS):
            deciding.approve(strict.engine, made["id"], actor="boris")
        assert client.get(path).json()["waits_for_approval"] is False


@pytest.mark.parametrize(
    ("shape", "field"), [("Message", "waits_for_approval"), ("Look", "needs_approval")]
)
def test_the_description_of_the_api_says_what_the_field_means(shape: str, field: str) -> None:
    described = application.description()["components"]["schemas"][shape]
    assert "another account has approved it" in described["properties"][field]["description"]
    assert field in described["required"]


def test_what_is_over_waits_for_nobody(strict: Served) -> None:
    with strict.client() as client:
        made = client.post("/messages", json={"content": {"text": "Hi"}, "where": "true"}).json()
        cancelled = client.post(f"/messages/{made['id']}/cancel").json()
    assert cancelled["waits_for_approval"] is False
    found = history.one(strict.engine, made["id"])
    assert found is not None
    assert not found.waits_for_approval


def test_an_experiment_waits_with_all_of_its_arms(strict: Served) -> None:
    hello = Content(text="Hi")
    number = experiments.create(
        strict.engine,
        strict.settings,
        name="A or B",
        arms=(experiments.Arm("A", 50, hello), experiments.Arm("B", 50, hello)),
        audience=Audience(include=(Cohort(everyone=True),)),
        author="anna",
    )
    found = deciding.of_experiment(strict.engine, number)
    assert found is not None
    assert found.people == len(PEOPLE)
    assert deciding.of_experiment(strict.engine, number + 1) is None
