"""An audience that asks about archived messages is refused, not answered without them."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hsl import dispatch, models
from hsl.archive import asking, restoring, storing
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import outbox
from hsl.message.content import Content
from hsl.models import AudienceMode, RecipientType, utc_now
from hsl.settings import load_settings
from tests.archive.past import Past


def problem(past: Past, audience: dict[str, Any]) -> str | None:
    with past.engine.begin() as connection:
        return asking.problem(connection, audience)


def test_a_message_by_its_number(past: Past) -> None:
    number, settings = past.ids["march"], load_settings()
    missed = Audience(include=(Cohort(missed_message=number),))
    assert dispatch.look(past.engine, settings, Content(text="Again"), missed).may_go
    storing.archive(past.engine, utc_now(), actor="anna")
    found = dispatch.look(past.engine, settings, Content(text="Again"), missed)
    assert not found.may_go
    assert f"message {number}, which is archived" in found.problems[0].message
    with pytest.raises(outbox.OutboxError, match="archive --restore 2025-03"):
        dispatch.send(
            past.engine, settings, content=Content(text="A"), audience=missed, author="anna"
        )
    everybody = Audience(include=(Cohort(everyone=True),))
    assert dispatch.look(past.engine, settings, Content(text="All"), everybody).may_go
    restoring.restore(past.engine, "2025-03", actor="anna")
    assert dispatch.look(past.engine, settings, Content(text="Again"), missed).may_go


def test_counts_of_messages_that_reach_into_the_archive(past: Past) -> None:
    ever = {"include": [{"where": {"kind": "not", "of": {"kind": "messages", "what": "got"}}}]}
    days = (utc_now() - past.message("april").finished_at) / timedelta(days=1)
    of_days = [
        {"kind": "messages", "what": "sent", "days": int(days) - 1},
        {"kind": "messages", "what": "sent", "days": int(days) + 2},
    ]
    assert problem(past, ever) is None
    storing.archive(past.engine, utc_now(), actor="anna")
    assert "all messages ever, and some of 2025-04 are archived" in (problem(past, ever) or "")
    assert problem(past, {"all": of_days[:1]}) is None
    assert "the last " in (problem(past, {"all": of_days}) or "")
    assert problem(past, {"kind": "messages", "what": "got", "last": 1}) is None
    named = {"kind": "message", "message_id": past.ids["april"], "outcome": "got"}
    assert "--restore 2025-04" in (problem(past, {"exclude": [named]}) or "")
    assert problem(past, {"kind": "pressed", "message_id": past.ids["april"]}) is None


def test_a_scheduled_message_whose_people_cannot_be_chosen_waits(past: Past) -> None:
    asks = Audience(include=(Cohort(got_message=past.ids["march"]),))
    with past.engine.begin() as connection:
        new = outbox.NewMessage(
            content=Content(text="Later"),
            people=select(models.users.c.user_id, models.users.c.username),
            author="anna",
            bot_id=1,
            recipient_type=RecipientType.GROUP,
            scheduled_at=utc_now() + timedelta(hours=1),
            cohort=asks.model_dump(mode="json"),
            audience_mode=AudienceMode.LIVE,
        )
        number = outbox.add(connection, new)
    storing.archive(past.engine, utc_now(), actor="anna")
    dispatch.hold_back_archived(past.engine, utc_now())
    history = models.message_history
    found = select(history.c.status, history.c.status_reason).where(history.c.id == number)
    with past.engine.begin() as connection:
        assert connection.execute(found).one().status == "scheduled"
    dispatch.hold_back_archived(past.engine, utc_now() + timedelta(hours=2))
    with past.engine.begin() as connection:
        row = connection.execute(found).one()
    assert row.status == "paused"
    assert "archive --restore 2025-03" in row.status_reason
