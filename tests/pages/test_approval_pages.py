"""A message that waits for a second person, on the pages of who asked and of who decides."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update
from streamlit.testing.v1 import AppTest

from hsl import acting, models, settings
from hsl.acting import ROLES, Actor, Role
from hsl.audience import selection
from hsl.audience.cohort import Cohort
from hsl.delivery import deciding, history, outbox
from hsl.message import drafts
from hsl.message.content import Content
from hsl.models import RecipientType

Open = Callable[..., AppTest]
ANNA = Actor("anna", ROLES[Role.APPROVER], account_id=1)
BORIS = Actor("boris", ROLES[Role.APPROVER], account_id=2)


@pytest.fixture
def asked(house: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Engine, int]]:
    monkeypatch.setenv("HSL_SECOND_APPROVER_OVER", "100")
    settings.get_settings.cache_clear()
    new = outbox.NewMessage(
        content=Content(text="Hello to very many"),
        people=select(models.users.c.user_id, models.users.c.username),
        author="anna",
        bot_id=1,
        recipient_type=RecipientType.GROUP,
    )
    strict = house.execution_options(hsl_second_approver_over=100)
    with acting.acting_as(ANNA):
        number = outbox.create(strict, new)
    yield strict, number
    acting.acted_by(None)


def html_of(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def press(app: AppTest, words: str) -> AppTest:
    next(button for button in app.button if button.label == words).click()
    return app.run()


def test_overview_tells_that_it_waits_and_leads_there(
    open_page: Open, asked: tuple[Engine, int]
) -> None:
    acting.acted_by(lambda: BORIS)
    app = open_page("overview")
    assert not app.exception
    assert "anna asks for a second approver: it would go to 188 people" in html_of(app)


def test_who_asked_finds_no_answer_to_give(open_page: Open, asked: tuple[Engine, int]) -> None:
    acting.acted_by(lambda: ANNA)
    app = open_page("messages", message=str(asked[1]))
    assert "waits for approval" in html_of(app)
    assert not any(button.label == "Approve" for button in app.button)


def test_another_person_approves_it(open_page: Open, asked: tuple[Engine, int]) -> None:
    acting.acted_by(lambda: BORIS)
    app = open_page("messages", message=str(asked[1]))
    press(app, "Approve")
    assert not app.exception
    assert deciding.waiting(asked[0]) == []


def test_a_rejection_needs_its_reason(open_page: Open, asked: tuple[Engine, int]) -> None:
    acting.acted_by(lambda: BORIS)
    app = press(open_page("messages", message=str(asked[1])), "Reject")
    assert "Say why" in app.error[0].value
    app.text_input(key=f"why-not-{asked[1]}").set_value("the wrong link")
    press(app, "Reject")
    message = history.one(asked[0], asked[1])
    assert message is not None
    assert message.status_reason is not None and "the wrong link" in message.status_reason


def toasts(app: AppTest) -> list[str]:
    return [toast.value for toast in app.toast]


def test_who_sends_to_many_is_told_that_it_waits(
    open_page: Open, asked: tuple[Engine, int]
) -> None:
    acting.acted_by(lambda: ANNA)
    selection.add(asked[0], "anna", Cohort(everyone=True), "everybody")
    drafts.start(asked[0], "anna", content=Content(text="Hello again"))
    app = press(open_page("compose"), "Continue")
    next(button for button in app.button if button.key == "send").click()
    app.run()
    assert not app.exception
    assert any(
        "waits for a second approver, as it goes to 188 people" in one for one in toasts(app)
    )


def test_the_list_says_which_message_waits(open_page: Open, asked: tuple[Engine, int]) -> None:
    acting.acted_by(lambda: BORIS)
    assert "waits for approval" in html_of(open_page("messages"))
    with acting.acting_as(BORIS):
        deciding.approve(asked[0], asked[1], actor="boris")
    assert "waits for approval" not in html_of(open_page("messages"))


def test_a_message_that_waits_is_not_said_to_leave(
    open_page: Open, asked: tuple[Engine, int]
) -> None:
    with asked[0].begin() as connection:
        connection.execute(
            update(models.message_history).values(
                take_back_until=models.utc_now() + timedelta(seconds=60)
            )
        )
    acting.acted_by(lambda: BORIS)
    said = html_of(open_page("messages", message=str(asked[1])))
    assert "does not leave yet" in said
    assert "It leaves in" not in said
