"""What the guard keeps of sessions goes on beside the pages, and takes nobody for another."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any, cast

from websockets.sync.client import connect

from hsl import database
from hsl.accounts import registry
from hsl.accounts.keeper import Keeper
from hsl.acting import Role
from hsl.settings import Settings
from hsl.web_guard import Gate, _Socket
from tests.door.conftest import PASSWORD, ask, serving, until


class SlowKeeper:
    """Knows both sessions; while it is asked for the first one the second one opens."""

    def __init__(self) -> None:
        self.gate: Gate | None = None
        self.second = _Socket("second")

    def among(self, hashes: set[str]) -> dict[str, Any]:
        assert self.gate is not None
        self.gate._sockets.add(self.second)
        return {one: object() for one in hashes & {"first", "second"}}

    def asks(self) -> bool:
        return True


def test_who_comes_while_sessions_are_looked_at_stays() -> None:
    keeper = SlowKeeper()
    keeper.gate = Gate(cast(Keeper, keeper))
    first, ended = _Socket("first"), _Socket("ended")
    with keeper.gate.opened(first), keeper.gate.opened(ended):
        asyncio.run(keeper.gate.close_ended())
        assert ended.ended.is_set()
        assert not first.ended.is_set()
        assert not keeper.second.ended.is_set()


def test_a_page_does_not_wait_for_a_locked_database_to_note_its_use(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        registry.add(served.engine, "anna", Role.ADMIN, password=PASSWORD)
        until(lambda: ask(served.address).status_code == 401)
        with served.signed_in() as client:
            locker = sqlite3.connect(tmp_path / "hsl.db", isolation_level=None)
            locker.execute("BEGIN IMMEDIATE")
            # The lock is waited for ten seconds; a page comes at once, as reading needs none.
            answer = client.get("/", headers={"Accept": "text/html"}, timeout=5)
            assert answer.status_code == 200
            cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            with connect(
                served.address.replace("http", "ws", 1) + "/_stcore/stream",
                additional_headers={"Cookie": cookies},
                origin=served.address,  # type: ignore[arg-type]
                subprotocols=["streamlit"],  # type: ignore[list-item]
            ):
                pass
            locker.execute("ROLLBACK")
            locker.close()


def test_a_use_is_noted_now_and_then(tmp_path: Path) -> None:
    engine = database.open_engine(f"sqlite:///{tmp_path / 'hsl.db'}")
    keeper = Keeper(engine, Settings(), always_asks=True)
    assert keeper.is_use_due("a")
    assert not keeper.is_use_due("a")
    assert keeper.is_use_due("b")
    engine.dispose()


def test_a_house_with_accounts_asks_also_when_its_database_went_away_at_once(
    tmp_path: Path,
) -> None:
    engine = database.open_engine(f"sqlite:///{tmp_path / 'hsl.db'}")
    database.migrate(engine)
    registry.add(engine, "anna", Role.ADMIN, password=PASSWORD)
    keeper = Keeper(engine, Settings(), always_asks=False)
    engine.dispose()
    for file in tmp_path.glob("hsl.db*"):
        file.unlink()
    assert keeper.asks()
