"""The frequency cap forgets no delivery because its row lies in the archive."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from hsl import dispatch, models
from hsl.archive import catalogue, restoring, storing
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import outbox, starting
from hsl.message.content import Content
from hsl.models import AudienceMode, utc_now
from hsl.scheduler import Scheduler
from hsl.settings import load_settings
from tests.archive.past import Past, add_message
from tests.typing_commands import Terminal

THREE = Audience(include=(Cohort(user_ids=(100, 101, 106)),))  # who got every message


def look(engine: Engine, cap: str, audience: Audience = THREE) -> dispatch.LastLook:
    settings = load_settings(frequency_cap=cap)
    return dispatch.look(engine, settings, Content(text="Hi"), audience)


@pytest.fixture
def lately(past: Past) -> Past:
    """Two more messages, of three and four days ago."""
    for days in (4, 3):
        past.ids[f"{days} days"] = add_message(
            past.engine, started_at=utc_now() - timedelta(days=days)
        )
    return past


def test_what_the_cap_counts_stays_and_the_output_says_so(
    lately: Past, database_address: str, tmp_path: Path
) -> None:
    assert look(lately.engine, "3/7d").left_out == {"cap": 3}
    hsl = Terminal(database_address, tmp_path)
    yesterday = (utc_now() - timedelta(days=1)).date().isoformat()
    for words in (("--dry-run",), ()):
        ran = hsl("archive", "--before", yesterday, *words, HSL_FREQUENCY_CAP="3/7d")
        assert ran.returncode == 0, ran.stderr
        stay = [line for line in ran.stdout.splitlines() if "stay" in line]
        assert "as the frequency cap still counts who got them" in stay[0]
        assert "(HSL_FREQUENCY_CAP, 3/7d)" in stay[0]
    told = hsl("archive", "--before", yesterday, "--json", HSL_FREQUENCY_CAP="3/7d")
    assert (json.loads(told.stdout), told.stderr.count("messages stay")) == ([], len(stay))
    assert lately.message("3 days").archived_at is None
    assert lately.message("april").archived_at is not None
    assert look(lately.engine, "3/7d").left_out == {"cap": 3}


def test_a_cap_of_more_days_than_was_kept_refuses_every_message(lately: Past) -> None:
    assert look(lately.engine, "3/7d").left_out == {"cap": 3}
    storing.archive(lately.engine, utc_now(), actor="anna")
    found = look(lately.engine, "3/7d")
    assert not found.may_go
    number = lately.ids["4 days"]
    assert f"counts message {number}, which is archived" in found.problems[0].message
    month = f"{lately.message('4 days').started_at:%Y-%m}"
    assert f"archive --restore {month}" in found.problems[0].message
    assert look(lately.engine, "3/2d").may_go
    assert look(lately.engine, "").may_go
    urgent = THREE.model_copy(update={"ignore_cap": "the lesson is off"})
    assert look(lately.engine, "3/7d", urgent).may_go
    with lately.engine.begin() as connection:
        months = {file.month for file in catalogue.listed(connection)}
    for month in months:
        restoring.restore(lately.engine, month, actor="anna")
    assert look(lately.engine, "3/7d").left_out == {"cap": 3}


def test_a_scheduled_message_waits_where_the_cap_reaches_into_the_archive(lately: Past) -> None:
    settings = load_settings(frequency_cap="9/7d", bot_token="1:sandbox")
    soon = utc_now() + timedelta(minutes=5)
    number = dispatch.send(
        lately.engine, settings, content=Content(text="Hi"), audience=THREE, author="anna",
        scheduled_at=soon, audience_mode=AudienceMode.LIVE,
    )  # fmt: skip
    storing.archive(lately.engine, utc_now(), actor="anna")
    scheduler = Scheduler(settings, lately.engine)
    later = soon + timedelta(minutes=1)
    assert starting.start_due(lately.engine, now=later, resolve=scheduler._people) == []
    history = models.message_history
    with lately.engine.begin() as connection:
        row = connection.execute(
            select(history.c.status, history.c.status_reason).where(history.c.id == number)
        ).one()
    assert row.status == "paused"
    assert "archive --restore" in row.status_reason
    with pytest.raises(outbox.OutboxError, match="which is archived"):
        dispatch.send(
            lately.engine, settings, content=Content(text="A"), audience=THREE, author="anna"
        )
