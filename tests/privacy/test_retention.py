"""What is kept no longer: nobody knows who it was, and every sum is as it was."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select, update

from hsl import audit, equality, guarding, models
from hsl.accounts import registry
from hsl.accounts.tables import account_sessions, set_up_links, sign_in_attempts
from hsl.acting import Role
from hsl.archive import restoring, storing
from hsl.privacy import NO_LONGER, nightly, retention, sign_ins
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
    (entry,), total = audit.entries(engine, action=NO_LONGER)
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


def add_sign_ins(engine: Engine, *ages: int) -> None:
    """A session, an attempt and a set-up link that were over so many days ago, of each age."""
    account = registry.add(engine, "anna", Role.EDITOR)
    with engine.begin() as connection:
        for days in ages:
            over = NOW - timedelta(days=days)
            connection.execute(
                insert(account_sessions).values(
                    token_hash=f"session {days}", account_id=account, waits_for_code=False,
                    created_at=over - timedelta(days=7), seen_at=over, expires_at=over,
                )
            )  # fmt: skip
            connection.execute(
                insert(sign_in_attempts).values(subject=f"address:{days}", failures=3, last_at=over)
            )
            connection.execute(
                insert(set_up_links).values(
                    token_hash=f"link {days}", made_by="anna", expires_at=over
                )
            )


def sign_ins_left(engine: Engine) -> list[int]:
    with engine.begin() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (account_sessions, sign_in_attempts, set_up_links)
        ]


def test_sign_ins_that_are_over_go_after_90_days(engine: Engine) -> None:
    add_sign_ins(engine, 91, 89, -5)
    usual = load_settings()
    assert sign_ins.due(engine, usual, NOW) == 3
    assert sign_ins.let_go(engine, load_settings(HSL_KEEP_SIGN_INS_DAYS=0), NOW) == 0
    assert sign_ins.let_go(engine, usual, NOW) == 3
    assert sign_ins_left(engine) == [2, 2, 2]
    assert (sign_ins.due(engine, usual, NOW), sign_ins.let_go(engine, usual, NOW)) == (0, 0)
    (entry,), _total = audit.entries(engine, action=NO_LONGER)
    assert entry.details == {"sign_ins": 3}


def test_a_session_that_was_left_idle_goes_too_and_one_in_use_stays(engine: Engine) -> None:
    add_sign_ins(engine, -400)
    with engine.begin() as connection:
        connection.execute(update(account_sessions).values(seen_at=NOW - timedelta(days=95)))
    long = load_settings(HSL_SESSION_IDLE=86_400 * 30, HSL_SESSION_LONGEST=86_400 * 500)
    assert sign_ins.let_go(engine, long, NOW) == 0
    assert sign_ins.let_go(engine, load_settings(), NOW) == 1
    assert sign_ins_left(engine) == [0, 1, 1]


def test_it_is_done_at_night_without_other_settings(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nightly, "HOURS", range(24))
    add_sign_ins(engine, 3_000)
    assert "3 rows" in guarding.kept(engine, load_settings()).detail
    nights = nightly.Nights(engine, load_settings())
    nights.look()
    nights.wait()
    assert sign_ins_left(engine) == [0, 0, 0]
    assert guarding.kept(engine, load_settings()).ok
