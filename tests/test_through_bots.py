"""Choosing the bot that sends: which there are, what each can send, and whom it does not reach."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from hsl import acting, bots, dispatch, looking, models
from hsl.acting import ROLES, Actor, Role
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import deciding, history
from hsl.message import drafts
from hsl.message.content import Content
from hsl.settings import load_settings
from tests import two_bots
from tests.api.api_served import add_people, served_on
from tests.two_bots import CLUB, SCHOOL, SECRET

STREAM = Audience(include=(Cohort(streams=("4th_stream",)),))
OWN = load_settings(HSL_SECRET_KEY=SECRET, BOT_TOKEN="303:CCC")
KEYED = load_settings(HSL_SECRET_KEY=SECRET)


@pytest.fixture
def house(engine: Engine) -> Engine:
    """Thirty people, ten of them in 4th_stream, and two bots."""
    add_people(engine)
    two_bots.keep(engine)
    return engine


def send(engine: Engine, bot_id: int, reason: str | None, user_ids: list[int]) -> None:
    """A message through this bot that is over: it arrived, or failed for this reason."""
    number = dispatch.send(
        engine,
        bots.of_id(engine, KEYED, bot_id),
        content=Content(text="Hi"),
        audience=Audience(include=(Cohort(user_ids=tuple(user_ids)),)),
        author="anna",
    )
    status = "sent" if reason is None else "failed"
    with engine.begin() as connection:
        connection.execute(
            update(models.message_recipients)
            .where(models.message_recipients.c.message_id == number)
            .values(delivery_status=status, reason=reason)
        )


def lost(engine: Engine, bot_id: int) -> list[str]:
    found = looking.look(
        engine,
        bots.of_id(engine, KEYED, bot_id),
        Content(text="Another"),
        STREAM,
        at=None,
        author="anna",
        through="club" if bot_id == CLUB else "school",
    )
    return [odd.words for odd in found.oddities if "through the bot" in odd.words]


def test_the_bots_to_choose_from_are_those_kept_and_that_of_the_token(house: Engine) -> None:
    found = bots.speakers(house, KEYED)
    assert [(one.name, one.bot_id, one.in_use) for one in found] == [
        ("club", CLUB, False),
        ("school", SCHOOL, True),
    ]
    assert [one.name for one in bots.speakers(house, OWN)] == ["club", "school", "BOT_TOKEN"]
    assert bots.of_id(house, KEYED, CLUB).token == "202:secret"
    assert bots.of_id(house, OWN, 303).token == "303:CCC"
    bots.remove(house, "club", actor="anna")
    with pytest.raises(bots.BotError, match="Bot 202, which was chosen, is not kept any more"):
        bots.of_id(house, KEYED, CLUB)


def test_without_kept_bots_that_of_the_token_speaks(engine: Engine) -> None:
    assert [(one.bot_id, one.in_use) for one in bots.speakers(engine, OWN)] == [(303, True)]
    assert bots.speakers(engine, KEYED) == []


def test_who_is_lost_to_one_bot_is_counted_for_it_alone(house: Engine) -> None:
    assert lost(house, CLUB) == []
    send(house, CLUB, "blocked", [100, 101, 120])
    send(house, SCHOOL, None, [100, 101])
    send(house, CLUB, "other", [102])
    assert lost(house, CLUB) == [
        "2 of 10 could not be reached by the last message through the bot club. "
        "Another bot may reach them."
    ]
    assert lost(house, SCHOOL) == []
    send(house, CLUB, None, [100])
    assert lost(house, CLUB)[0].startswith("1 of 10")


def test_a_file_goes_through_no_bot_but_its_own(house: Engine) -> None:
    two_bots.keep_a_photo_of_school(house)
    for file_id, bot_id, may_go in (
        ("of-school", CLUB, False),
        ("of-school", SCHOOL, True),
        ("of-nobody-known", CLUB, True),
    ):
        content = Content(message_type=models.MessageType.PHOTO, file_id=file_id)
        found = dispatch.look(house, bots.of_id(house, KEYED, bot_id), content, STREAM)
        assert found.may_go is may_go, (file_id, bot_id)
        assert any("uploaded through another bot" in p.message for p in found.problems) != may_go


def test_a_rejected_message_without_a_draft_keeps_to_its_bot(house: Engine) -> None:
    strict = house.execution_options(hsl_second_approver_over=5)
    number = dispatch.send(
        strict,
        bots.of_id(house, KEYED, CLUB),
        content=Content(text="Hi"),
        audience=STREAM,
        author="anna",
    )
    with acting.acting_as(Actor("boris", ROLES[Role.APPROVER], account_id=2)):
        draft_id = deciding.reject(strict, number, actor="boris", reason="no")
    found = drafts.by_link(house, draft_id or 0)
    assert found is not None
    assert found.plan == {"bot": CLUB}


def test_the_api_sends_through_the_bot_in_use_or_the_one_named(
    house: Engine, tmp_path: Path
) -> None:
    wanted = {"content": {"text": "Hi"}, "where": "user_id = 100"}
    with (
        served_on(house, tmp_path, HSL_SECRET_KEY=SECRET) as served,
        served.client() as client,
    ):
        numbers = [
            client.post("/messages", json={**wanted, **bot}).raise_for_status().json()["id"]
            for bot in ({}, {"bot": "club"})
        ]
        refused = client.post("/messages", json={**wanted, "bot": "chess"})
        looked = client.post("/messages/dry-run", json={**wanted, "bot": "chess"})
    found = [history.one(house, number) for number in numbers]
    assert [one and one.bot_id for one in found] == [SCHOOL, CLUB]
    for answer in (refused, looked):
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith("There is no bot chess. There are: club, school")
    with house.begin() as connection:
        assert len(connection.execute(select(models.message_history)).all()) == 2
