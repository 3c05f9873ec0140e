"""A test: the exact content, to a few, by the same road, and in no figure."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update

from hsl import dispatch, models, trial
from hsl.audience import conditions, suppression
from hsl.audience.cohort import Audience, Cohort
from hsl.audience.policy import Cap, at_the_cap
from hsl.delivery import changes, history, outbox, person
from hsl.message import testing
from hsl.message.content import Button, Content, Translation
from hsl.settings import load_settings
from tests.delivery.test_sender import Running, ended, sandbox, work

__all__ = ["sandbox"]
CONTENT = Content(
    text="Hello {first_name}",
    buttons=((Button(text="Join", callback_data="join"),),),
    default_language="en",
    translations={"ru": Translation(text="Привет, {first_name}")},
)


def texts(sandbox: Running) -> list[tuple[int, str]]:
    return sorted((entry["chat_id"], entry["text"]) for entry in sandbox.state.accepted)


def test_each_language_goes_to_each_tester(
    engine: Engine, people: list[int], sandbox: Running
) -> None:
    ids = trial.send(engine, load_settings(), CONTENT, [100, 101], author="anna")
    assert [one.is_over for one in trial.outcomes(engine, ids)] == [False] * 4
    work(engine, sandbox, ended(engine, ids[1]))
    assert texts(sandbox) == [
        (100, "Hello P100"),
        (100, "Привет, P100"),
        (101, "Hello P101"),
        (101, "Привет, P101"),
    ]
    found = trial.outcomes(engine, ids)
    assert [(one.language, one.name, one.status, one.is_over) for one in found] == [
        ("en", "P100", "sent", True),
        ("en", "P101", "sent", True),
        ("ru", "P100", "sent", True),
        ("ru", "P101", "sent", True),
    ]


def test_placeholders_are_those_of_the_example(
    engine: Engine, people: list[int], sandbox: Running
) -> None:
    example = {"first_name": "<Anna> {user_id}"}
    ids = trial.send(engine, load_settings(), CONTENT, [100], author="anna", example=example)
    work(engine, sandbox, ended(engine, ids[1]))
    assert [text for _, text in texts(sandbox)] == [
        "Hello <Anna> {user_id}",
        "Привет, <Anna> {user_id}",
    ]


def test_no_figure_or_cap_counts_a_test(
    engine: Engine, people: list[int], sandbox: Running
) -> None:
    (number,) = trial.send(engine, load_settings(), Content(text="x"), [100], author="anna")
    work(engine, sandbox, ended(engine, number))
    message = history.one(engine, number)
    assert message is not None
    assert (message.is_test, message.closing.sent) == (True, 1)
    assert person.of_person(engine, 100) == []
    count = conditions.MessageCount(what="got", op="ge", count=1)
    got = Audience(include=(Cohort(where=count),))
    assert dispatch.count(engine, got).people == 0
    with engine.begin() as connection:
        busy = at_the_cap(Cap(1, 7), models.utc_now() + timedelta(seconds=1))
        assert connection.execute(busy).all() == []
        actions = connection.execute(select(models.audit_log.c.action, models.audit_log.c.details))
        made = [row.details.get("test") for row in actions if row.action == "message_created"]
    assert made == [True]


def test_who_must_not_be_written_to_gets_no_test(engine: Engine, people: list[int]) -> None:
    with engine.begin() as connection:
        suppression.add(connection, [100], reason="asked", actor="anna")
    with pytest.raises(outbox.OutboxError, match="do-not-message"):
        trial.send(engine, load_settings(), CONTENT, [100], author="anna")
    with engine.begin() as connection:
        assert connection.execute(select(models.message_history)).all() == []


def test_a_mark_that_is_set_meanwhile_takes_the_test_back(
    engine: Engine, people: list[int]
) -> None:
    ids = trial.send(engine, load_settings(), Content(text="x"), [100, 101], author="anna")
    assert dispatch.suppress(engine, [100], reason="asked", actor="anna").withdrawn == 1
    found = {one.user_id: one.status for one in trial.outcomes(engine, ids)}
    assert found == {100: "cancelled", 101: "pending"}


def test_a_test_is_not_changed_in_the_chats(engine: Engine, people: list[int]) -> None:
    (number,) = trial.send(engine, load_settings(), Content(text="x"), [100], author="anna")
    with engine.begin() as connection:
        connection.execute(update(models.message_history).values(status="paused"))
    with pytest.raises(outbox.OutboxError, match="is a test"):
        changes.edit(engine, number, Content(text="y"), actor="anna")


@pytest.mark.parametrize(
    ("content", "testers", "words"),
    [(CONTENT, [], "Nobody is chosen"), (Content(text="<b>"), [100], "Nothing was sent: Line 1")],
)
def test_nothing_is_made_of_what_cannot_be_tested(
    engine: Engine, people: list[int], content: Content, testers: list[int], words: str
) -> None:
    with pytest.raises(outbox.OutboxError, match=words):
        trial.send(engine, load_settings(), content, testers, author="anna")


def test_an_author_has_test_recipients_of_their_own(engine: Engine, people: list[int]) -> None:
    testing.add(engine, "anna", 101)
    testing.add(engine, "anna", 100)
    testing.add(engine, "anna", 101)
    testing.add(engine, "boris", 102)
    assert [one.user_id for one in testing.listing(engine, "anna")] == [101, 100]
    assert testing.listing(engine, "anna")[0].name == "P101"
    testing.remove(engine, "anna", 101)
    assert [one.user_id for one in testing.listing(engine, "anna")] == [100]
    with pytest.raises(testing.TesterError, match="nobody with the id 5"):
        testing.add(engine, "anna", 5)


def test_no_more_than_a_few_are_test_recipients(engine: Engine, people: list[int]) -> None:
    for user_id in people:
        testing.add(engine, "anna", user_id)
    with pytest.raises(testing.TesterError, match="20 test recipients are the most"):
        testing.add(engine, "anna", people[0])
