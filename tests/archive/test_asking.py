"""An audience that asks about archived messages is refused, not answered without them."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from hsl import dispatch, models
from hsl.archive import restoring, storing
from hsl.audience import segments, where
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import outbox, starting
from hsl.message.content import Content
from hsl.models import AudienceMode, RecipientType, utc_now
from hsl.scheduler import Scheduler
from hsl.settings import load_settings
from tests.archive.past import Past


def problem(engine: Engine, expression: str) -> str | None:
    with engine.begin() as connection:
        try:
            segments.people(connection, where.parse(expression))
        except segments.SegmentError as fault:
            return str(fault)
    return None


def test_a_message_by_its_number(past: Past) -> None:
    number, settings = past.ids["march"], load_settings()
    missed = Audience(include=(Cohort(missed_message=number),))
    assert dispatch.look(past.engine, settings, Content(text="Again"), missed).may_go
    storing.archive(past.engine, utc_now(), actor="anna")
    found = dispatch.look(past.engine, settings, Content(text="Again"), missed)
    assert not found.may_go
    assert f"Message {number} is archived" in found.problems[0].message
    with pytest.raises(outbox.OutboxError, match="archive --restore 2025-03"):
        dispatch.send(
            past.engine, settings, content=Content(text="A"), audience=missed, author="anna"
        )
    everybody = Audience(include=(Cohort(everyone=True),))
    assert dispatch.look(past.engine, settings, Content(text="All"), everybody).may_go
    restoring.restore(past.engine, "2025-03", actor="anna")
    assert dispatch.look(past.engine, settings, Content(text="Again"), missed).may_go


def test_counts_of_messages_that_reach_into_the_archive(past: Past) -> None:
    days = int((utc_now() - past.message("april").finished_at) / timedelta(days=1))
    april = past.ids["april"]
    assert problem(past.engine, "got_ever() = 0") is None
    storing.archive(past.engine, utc_now(), actor="anna")
    assert "is archived" in (problem(past.engine, "got_ever() = 0") or "")
    assert problem(past.engine, f"sent_within({days - 1}) = 0") is None
    assert "is archived" in (problem(past.engine, f"sent_within({days + 2}) = 0") or "")
    assert "--restore 2025-04" in (problem(past.engine, f"NOT got({april})") or "")
    assert problem(past.engine, f"pressed({april})") is None


def test_an_exclusion_list_that_asks_about_the_archive_lets_nobody_through(past: Past) -> None:
    settings, everybody = load_settings(), Audience(include=(Cohort(everyone=True),))
    segments.add(
        past.engine, name="had_march", owner="anna", is_exclusion=True,
        cohort=Cohort(got_message=past.ids["march"]),
    )  # fmt: skip
    assert dispatch.look(past.engine, settings, Content(text="All"), everybody).people == 25
    storing.archive(past.engine, utc_now(), actor="anna")
    found = dispatch.look(past.engine, settings, Content(text="All"), everybody)
    assert not found.may_go
    assert found.problems[0].message.startswith("The exclusion list had_march: Message ")


def test_a_segment_that_cannot_be_counted_keeps_no_other_from_it(past: Past) -> None:
    segments.add(
        past.engine, name="had_march", owner="anna", cohort=Cohort(got_message=past.ids["march"])
    )
    segments.add(past.engine, name="everybody", owner="anna", cohort=Cohort(everyone=True))
    storing.archive(past.engine, utc_now(), actor="anna")
    with past.engine.begin() as connection:
        connection.execute(models.segment_sizes.delete())
    assert segments.measure(past.engine) == 1
    assert [s.people for s in segments.listing(past.engine)] == [40, None]


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
    scheduler = Scheduler(load_settings(bot_token="1:sandbox"), past.engine)
    later = utc_now() + timedelta(hours=1, minutes=1)
    assert starting.start_due(past.engine, now=later, resolve=scheduler._people) == []
    history = models.message_history
    with past.engine.begin() as connection:
        row = connection.execute(
            select(history.c.status, history.c.status_reason).where(history.c.id == number)
        ).one()
    assert row.status == "paused"
    assert "archive --restore 2025-03" in row.status_reason
