"""An hour at 30 messages a second with kills, outages and restarts: nobody doubled, nobody lost.

python -m pytest -m slow tests/delivery/test_soak.py            # SOAK_SECONDS=3600
"""

import os
import random
import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from hsl import models
from tests.delivery.arena import Arena, wait_until

SECONDS = float(os.environ.get("SOAK_SECONDS", "3600"))
RATE = 30.0  # messages per second
PEOPLE = 4_000  # a message
AT_ONCE = 2  # messages


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 1800)
def test_an_hour_of_trouble_doubles_nobody(tmp_path: Path) -> None:
    arena = Arena(tmp_path, f"sqlite:///{tmp_path / 'hsl.db'}", rate=RATE, from_scratch=True)
    chance = random.Random(11)
    try:
        arena.add_people(PEOPLE)
        sandbox = arena.start_sandbox()
        schedulers = [arena.start_scheduler(), arena.start_scheduler()]
        messages: list[int] = []
        troubles = {"kill": 0, "sandbox": 0, "lock": 0}
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            under_way = [m for m in messages[-AT_ONCE:] if arena.status(m) != "sent"]
            if len(under_way) < AT_ONCE:
                messages.append(arena.send_to_all(f"Message {len(messages)}"))
            time.sleep(chance.uniform(5, 25))
            trouble = chance.choice(["kill", "kill", "sandbox", "lock"])
            troubles[trouble] += 1
            if trouble == "kill":
                place = chance.randrange(len(schedulers))
                arena.kill(schedulers[place])
                time.sleep(chance.uniform(0, 3))
                schedulers[place] = arena.start_scheduler()
            elif trouble == "sandbox":
                arena.kill(sandbox)
                time.sleep(chance.uniform(1, 8))
                sandbox = arena.start_sandbox()
            else:
                lock_for(tmp_path / "hsl.db", chance.uniform(1, 15))
        for message in messages:
            wait_until(
                lambda message=message: arena.status(message) == "sent", "it ends", patience=400
            )
        report(arena, messages, troubles)
    finally:
        arena.end()


def lock_for(path: Path, seconds: float) -> None:
    """Nobody else writes for so long."""
    locker = sqlite3.connect(path, isolation_level=None, timeout=60)
    locker.execute("BEGIN IMMEDIATE")
    time.sleep(seconds)
    locker.execute("ROLLBACK")
    locker.close()


def report(arena: Arena, messages: list[int], troubles: dict[str, int]) -> None:
    accepted = arena.accepted()
    closings = [arena.closing(message) for message in messages]
    sent = sum(closing.sent for closing in closings)
    uncertain = sum(closing.uncertain for closing in closings)
    with arena.engine.begin() as connection:
        bot = connection.execute(select(models.bot_pace)).one()
    words = (
        f"{SECONDS:.0f} s, {len(messages)} messages, {sent} sent, {uncertain} uncertain, "
        f"{len(accepted)} accepted, {bot.refusals} refusals (429), troubles {troubles}"
    )
    (arena.folder / "soak.txt").write_text(words)
    assert max(accepted.values()) == 1, words
    assert sent <= len(accepted) <= sent + uncertain, words
    assert sum(closing.total for closing in closings) == sent + uncertain, words
    assert uncertain <= troubles["kill"] * RATE + troubles["sandbox"] * RATE, words
