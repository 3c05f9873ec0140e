"""Pages of many people ask at the same time who is signed in."""

import sys
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from hsl.accounts.keeper import Keeper
from hsl.settings import Settings

PAGES, QUESTIONS, KNOWN = 4, 60, 3_000


@pytest.fixture
def many_turns() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("many_turns")
def test_what_is_known_is_kept_in_order_by_all_of_them(engine: Engine, settings: Settings) -> None:
    keeper = Keeper(engine, settings, always_asks=True)
    keeper.among(f"known-{number}" for number in range(KNOWN))
    faults: list[Exception] = []

    def page(name: int) -> None:
        try:
            for number in range(QUESTIONS):
                keeper.among([f"{name}-{number}"])
        except RuntimeError as fault:
            faults.append(fault)

    pages = [threading.Thread(target=page, args=(name,)) for name in range(PAGES)]
    for one in pages:
        one.start()
    for one in pages:
        one.join()
    assert faults == []
