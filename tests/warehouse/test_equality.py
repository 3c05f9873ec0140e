"""The store is equal to the main database, whatever happened there."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, update
from world import World, in_database, in_store, long_ago

from hsl import audit, equality, models
from hsl.warehouse import refreshing
from hsl.warehouse.store import Store
from tests.unguarded import forget_audit

STEPS = 45


def _store(engine: Engine, folder: Path | None = None) -> Store:
    return Store(engine, folder=folder, refresh_after=300.0)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_equal_after_any_changes(engine: Engine, seed: int) -> None:
    world = World(engine, seed)
    store = _store(engine)
    done = []
    for number in range(STEPS):
        done.append(world.step())
        if number % 3 == 0:
            store.refresh()
            assert in_store(store) == in_database(engine), done
            assert equality.compare(engine).unequal == (), done
    store.refresh()
    assert in_store(store) == in_database(engine)


def test_it_is_equal_when_much_time_goes_by_between(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is within the overlaps: what changed is seen by times and counters alone."""
    monkeypatch.setattr(refreshing, "PEOPLE_OVERLAP", timedelta(0))
    monkeypatch.setattr(refreshing, "DELIVERY_OVERLAP", timedelta(0))
    world = World(engine, 11)
    store = _store(engine)
    for number in range(STEPS):
        world.step()
        if number % 4 == 0:
            store.refresh()
            assert in_store(store) == in_database(engine)


def test_what_was_on_its_way_for_long_gets_its_outcome(engine: Engine) -> None:
    world = World(engine, 5)
    with engine.begin() as connection:
        world.people_come(connection)
        world.message_is_made(connection)
        for row in world._recipients(connection, models.DeliveryStatus.PENDING, most=99):
            world._set(connection, row, models.DeliveryStatus.SENDING, sending_at=models.utc_now())
    long_ago(engine, models.message_recipients.c.sending_at, timedelta(hours=3))
    store = _store(engine)
    store.refresh()
    with engine.begin() as connection:
        # Put back without a counter moving, as when Telegram could not be reached.
        connection.execute(
            update(models.message_recipients)
            .where(models.message_recipients.c.delivery_status == "sending")
            .values(delivery_status="pending")
        )
    store.refresh()
    assert in_store(store) == in_database(engine)


def test_a_first_look_equals_many(engine: Engine) -> None:
    world = World(engine, 7)
    store = _store(engine)
    for _ in range(STEPS):
        world.step()
        store.refresh()
    assert in_store(_store(engine)) == in_store(store)


def test_it_reads_all_when_a_backup_was_restored(engine: Engine) -> None:
    world = World(engine, 3)
    for _ in range(20):
        world.step()
    with engine.begin() as connection:
        audit.record(connection, actor="anna", action="import")
    store = _store(engine)
    store.refresh()
    with engine.begin() as connection:
        # The backup lacks the entry, and its people are other ones with older times.
        forget_audit(connection)
        connection.execute(
            update(models.users).values(
                first_name="Other", updated_at=models.utc_now() - timedelta(days=9)
            )
        )
    store.refresh()
    assert in_store(store) == in_database(engine)
    assert set(store.frame("SELECT first_name FROM users")["first_name"]) == {"Other"}
