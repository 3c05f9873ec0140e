"""What is kept no longer: nobody knows who it was, and every sum is as it was."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select, update

from hsl import audit, equality, guarding, models
from hsl.archive import restoring, storing
from hsl.privacy import nightly, retention
from hsl.settings import Settings, load_settings
from tests.archive.past import APRIL, MARCH, NOW, add_message
from tests.unguarded import unguarded

Rows, Presses = models.message_recipients, models.button_presses


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        HSL_KEEP_RECIPIENTS_DAYS=90,
        HSL_KEEP_PRESSES_DAYS=400,
        HSL_KEEP_DRAFTS_DAYS=30,
        HSL_DATA_DIR=tmp_path,
    )


def known(engine: Engine) -> int:
    """How many rows say who got a message."""
    with engine.begin() as connection:
        found = select(func.count()).where(Rows.c.user_id < models.FIRST_PSEUDONYM)
        return connection.execute(found).scalar_one()


def test_it_lets_go_of_what_is_old(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 7)
    archived = add_message(engine, started_at=MARCH)
    old = add_message(engine, started_at=NOW - timedelta(days=200))
    add_message(engine, started_at=NOW - timedelta(hours=30))
    with engine.begin() as connection:
        for message, pressed_at in ((archived, MARCH), (old, NOW), (old, APRIL)):
            connection.execute(
                insert(Presses).values(
                    message_id=message,
                    user_id=101 if pressed_at == NOW else 100,
                    button="yes",
                    pressed_at=pressed_at,
                )
            )
        for days in (5, 40):
            values = {"author": "anna", "content": {}, "plan": {}, "revision": 0}
            at = NOW - timedelta(days=days)
            connection.execute(insert(models.drafts).values(**values, updated_at=at))
    storing.archive(engine, before=datetime(2025, 5, 1, tzinfo=UTC), actor="anna")
    assert known(engine) == 60
    due = retention.due(engine, settings, NOW)
    assert (due.recipients, due.presses, due.drafts) == (30, 2, 1)

    done = retention.let_go(engine, settings, NOW)
    assert (done.recipients, done.presses, done.drafts) == (60, 2, 1)
    assert known(engine) == 30
    assert retention.due(engine, settings, NOW).total == 0
    assert retention.let_go(engine, settings, NOW).total == 0
    with engine.begin() as connection:
        mine = select(Rows.c.message_id, Rows.c.user_id)
        (press,) = connection.execute(select(Presses.c.message_id, Presses.c.user_id)).all()
        assert tuple(press) in set(map(tuple, connection.execute(mine)))
        assert press.user_id >= models.FIRST_PSEUDONYM
    assert equality.compare(engine).unequal == ()
    assert all(one.problem is None for one in restoring.verify(engine))
    (entry,), total = audit.entries(engine, action=retention.NO_LONGER)
    assert (total, entry.details["recipients"]) == (1, 60)


def test_without_the_settings_all_is_kept(engine: Engine) -> None:
    add_message(engine, started_at=MARCH)
    assert retention.let_go(engine, load_settings(), NOW).total == 0
    assert known(engine) == 30


def test_what_is_not_over_is_kept(engine: Engine, settings: Settings) -> None:
    add_message(engine, started_at=MARCH, status="paused")
    retention.let_go(engine, settings, NOW)
    assert known(engine) == 30


def test_the_doctor_tells(engine: Engine, settings: Settings) -> None:
    assert guarding.kept(engine, settings).ok
    add_message(engine, started_at=NOW - timedelta(days=200))
    late = guarding.kept(engine, settings)
    assert (late.ok, "30" in late.detail) == (False, True)
    retention.let_go(engine, settings, NOW)
    assert guarding.kept(engine, settings).ok
    assert guarding.audited(engine).ok
    with engine.begin() as connection, unguarded(connection):
        connection.execute(update(models.audit_log).values(actor="mallory"))
    assert not guarding.audited(engine).ok


def test_it_is_done_once_a_night(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_message(engine, started_at=NOW - timedelta(days=200))
    nights = nightly.Nights(engine, settings)
    monkeypatch.setattr(nightly, "HOURS", range(0))
    nights.look()
    nights.wait()
    assert known(engine) == 30
    monkeypatch.setattr(nightly, "HOURS", range(24))
    nights.look()
    nights.wait()
    assert known(engine) == 0
