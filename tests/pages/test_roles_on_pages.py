"""Pages say in one sentence what somebody may not do, and show no name to who may not see names."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from hsl import acting, models
from hsl.acting import Actor, Role, permissions_of
from hsl.delivery import outbox, steering
from hsl.message.content import Content
from hsl.models import RecipientType

Open = Callable[..., AppTest]
PAGES = ("overview", "audience", "compose", "messages", "delivery", "audit", "settings")


@pytest.fixture
def message(house: Engine) -> int:
    new = outbox.NewMessage(
        content=Content(text="Hello"),
        people=select(models.users.c.user_id, models.users.c.username),
        author="anna",
        bot_id=1,
        recipient_type=RecipientType.GROUP,
    )
    number = outbox.create(house, new)
    steering.pause(house, number, actor="anna")
    return number


def of(role: Role, *, names: bool = True) -> Actor:
    return Actor("Vera", permissions_of(role, viewers_see_names=names), acting.Way.PAGES)


@pytest.fixture
def pages_of(open_page: Open) -> Iterator[Callable[..., AppTest]]:
    """Open a page as somebody; the pages run in threads of their own."""

    def open_as(actor: Actor, page: str, **parameters: str) -> AppTest:
        acting.acted_by(lambda: actor)
        return open_page(page, **parameters)

    yield open_as
    acting.acted_by(None)


def seen(app: AppTest) -> str:
    tables = " ".join(frame.value.to_string() for frame in app.dataframe)
    notes = " ".join(note.value for note in [*app.info, *app.warning, *app.error])
    return f"{tables} {notes}"


@pytest.mark.parametrize("page", PAGES)
def test_a_viewer_without_names_meets_no_error_and_no_name(
    page: str, pages_of: Open, message: int
) -> None:
    parameters = {"message": str(message)} if page == "messages" else {}
    app = pages_of(of(Role.VIEWER, names=False), page, **parameters)
    assert not app.exception
    assert "7000000" not in seen(app)
    assert not [error.value for error in app.error]
    said = [note.value for note in [*app.info, *app.warning] if "Vera may not" in note.value]
    assert len(said) == (page in {"audience", "compose", "messages"})


def test_what_is_sent_is_steered_by_an_approver(pages_of: Open, message: int) -> None:
    for role, may in ((Role.EDITOR, False), (Role.APPROVER, True)):
        app = pages_of(of(role), "messages", message=str(message))
        resume = next(button for button in app.button if button.label == "Resume")
        assert resume.disabled is not may
        assert ("role approver" in (resume.help or "")) is not may


def test_an_editor_writes_and_cannot_send(pages_of: Open) -> None:
    app = pages_of(of(Role.EDITOR), "compose")
    assert not app.exception
    assert any(button.label == "Continue" for button in app.button)
