"""Tabs that have one draft open see each other, as long as they beat."""

from sqlalchemy import Engine, func, select, update

from hsl import models
from hsl.message import presence
from hsl.message.presence import Other

Presence = models.draft_presence


def test_a_tab_sees_the_others_and_not_itself(engine: Engine) -> None:
    assert presence.beat(engine, 1, "tab-a", "anna") == []
    assert presence.beat(engine, 1, "tab-b", "boris") == [Other("tab-a", "anna")]
    assert presence.beat(engine, 1, "tab-a", "anna") == [Other("tab-b", "boris")]
    assert presence.beat(engine, 2, "tab-c", "vera") == []


def test_a_tab_shows_one_draft_at_a_time(engine: Engine) -> None:
    presence.beat(engine, 1, "tab-a", "anna")
    presence.beat(engine, 2, "tab-a", "anna")
    assert presence.beat(engine, 1, "tab-b", "boris") == []


def test_a_tab_that_beats_no_more_is_gone(engine: Engine) -> None:
    presence.beat(engine, 1, "tab-a", "anna")
    with engine.begin() as connection:
        long_ago = models.utc_now() - 2 * presence.GONE_AFTER
        connection.execute(update(Presence).values(beat_at=long_ago))
    assert presence.beat(engine, 1, "tab-b", "boris") == []
    with engine.begin() as connection:
        assert connection.execute(select(func.count()).select_from(Presence)).scalar_one() == 1


def test_a_tab_that_leaves_is_not_seen(engine: Engine) -> None:
    presence.beat(engine, 1, "tab-a", "anna")
    presence.leave(engine, "tab-a")
    assert presence.beat(engine, 1, "tab-b", "boris") == []
