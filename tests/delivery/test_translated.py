"""Each person gets the message in their own language, over real HTTP, and edits keep it so."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from hsl import dispatch, models
from hsl.audience import spoken
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import changes, history, outbox, recurring, steering
from hsl.message import drafts
from hsl.message.content import Button, Content, Translation
from hsl.settings import load_settings
from tests.delivery.test_sender import Running, ended, sandbox, status, work

__all__ = ["sandbox"]
CODES = {100: "ru", 101: "ru-RU", 102: "en", 103: "pt-BR", 104: None, 105: "ka"}
EVERYBODY = Audience(include=(Cohort(user_ids=tuple(CODES)),))
CONTENT = Content(
    text="Hello {first_name}",
    buttons=((Button(text="Join", callback_data="join"),),),
    default_language="en",
    translations={
        "ru": Translation(
            text="Привет, {first_name}", buttons=((Button(text="Войти", callback_data="join"),),)
        ),
        "pt": Translation(text="Olá {first_name}"),
    },
)


@pytest.fixture
def speakers(engine: Engine, people: list[int]) -> None:
    with engine.begin() as connection:
        for user_id, code in CODES.items():
            connection.execute(
                update(models.users)
                .where(models.users.c.user_id == user_id)
                .values(language_code=code)
            )


def send(engine: Engine, content: Content = CONTENT) -> int:
    return dispatch.send(
        engine, load_settings(), content=content, audience=EVERYBODY, author="anna"
    )


def got(sandbox: Running) -> dict[int, tuple[str, str]]:
    return {
        entry["chat_id"]: (entry["text"], entry["buttons"][0][0]["text"])
        for entry in sandbox.state.accepted
    }


def test_everybody_gets_their_own_language(
    engine: Engine, speakers: None, sandbox: Running
) -> None:
    message_id = send(engine)
    work(engine, sandbox, ended(engine, message_id))
    assert got(sandbox) == {
        100: ("Привет, P100", "Войти"),
        101: ("Привет, P101", "Войти"),
        102: ("Hello P102", "Join"),
        103: ("Olá P103", "Join"),
        104: ("Hello P104", "Join"),
        105: ("Hello P105", "Join"),
    }
    message = history.one(engine, message_id)
    assert message is not None
    assert message.content == CONTENT


def test_an_edit_in_the_chats_keeps_the_languages(
    engine: Engine, speakers: None, sandbox: Running
) -> None:
    message_id = send(engine)
    work(engine, sandbox, ended(engine, message_id))
    changed = CONTENT.model_copy(update={"translations": {"ru": Translation(text="Пока")}})
    run = changes.edit_sent(engine, message_id, changed, actor="anna")
    work(engine, sandbox, ended(engine, run))
    assert status(engine, run).successful_deliveries == 6
    assert {user_id: text for user_id, (text, _) in got(sandbox).items()} == {
        100: "Пока",
        101: "Пока",
        102: "Hello P102",
        103: "Hello P103",
        104: "Hello P104",
        105: "Hello P105",
    }


def test_an_earlier_version_keeps_its_languages(engine: Engine, speakers: None) -> None:
    message_id = send(engine)
    with engine.begin() as connection:
        connection.execute(update(models.message_history).values(status="paused"))
    second = CONTENT.model_copy(update={"text": "Good bye"})
    changes.edit(engine, message_id, second, actor="anna")
    (before,) = changes.versions(engine, message_id)
    message = history.one(engine, message_id)
    assert message is not None
    assert (before.content, message.content) == (CONTENT, second)
    steering.resume(engine, message_id, actor="anna")


def test_a_draft_and_a_rule_keep_the_languages(engine: Engine, speakers: None) -> None:
    draft = drafts.start(engine, "anna", content=CONTENT)
    found = drafts.load(engine, "anna", draft.id)
    assert found is not None
    assert found.content == CONTENT
    message_id = dispatch.repeat(
        engine, load_settings(), content=CONTENT, audience=EVERYBODY, author="anna",
        rule=recurring.Repeat.parse("daily 10:00 UTC"),
    )  # fmt: skip
    message = history.one(engine, message_id)
    assert message is not None
    assert message.content == CONTENT


def test_a_bad_translation_is_not_sent(engine: Engine, speakers: None) -> None:
    bad = CONTENT.model_copy(update={"translations": {"ru": Translation(text="<b>Привет")}})
    with pytest.raises(outbox.OutboxError, match="Russian: Line 1"):
        send(engine, bad)
    with engine.begin() as connection:
        assert connection.execute(select(models.message_history)).all() == []


def test_a_fault_in_one_language_does_not_stop_the_others(
    engine: Engine, speakers: None, create_message: Callable[..., int], sandbox: Running
) -> None:
    message_id = send(engine)
    stored: dict[str, Any] = {
        "default_language": "en",
        "translations": {"ru": {"text": "<b>Привет", "buttons": None}},
    }
    with engine.begin() as connection:
        connection.execute(update(models.message_history).values(translations=stored))
    work(engine, sandbox, ended(engine, message_id))
    row = status(engine, message_id)
    assert (row.status, row.successful_deliveries, row.failed_deliveries) == ("sent", 4, 2)


def test_the_last_look_checks_each_language_among_its_people(
    engine: Engine, speakers: None
) -> None:
    with engine.begin() as connection:
        connection.execute(
            update(models.users).where(models.users.c.user_id == 101).values(first_name="A" * 20)
        )
    content = Content(
        text="Hello",
        default_language="en",
        translations={
            "ru": Translation(text="ы" * 4077 + "{first_name}"),
            "de": Translation(text="{town}"),
            "pt": Translation(text="{town}"),
        },
    )
    found = dispatch.look(engine, load_settings(), content, EVERYBODY)
    assert found.languages == {"en": 3, "de": 0, "pt": 1, "ru": 2}
    assert [(problem.language, problem.message.split(":")[0]) for problem in found.problems] == [
        ("pt", "Portuguese"),
        ("ru", "Russian"),
    ]
    assert "{town}" in found.problems[0].message
    assert "4,097" in found.problems[1].message
    assert found.warnings == ("German: Nobody here reads it: this text reaches nobody.",)
    assert spoken.by_language(engine, content.languages, EVERYBODY) == found.languages
