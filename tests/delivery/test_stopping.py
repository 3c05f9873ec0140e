"""SIGTERM: what is in flight is finished, and the process is gone within ten seconds."""

import signal
import time
from pathlib import Path

import pytest

from tests.delivery.arena import Arena, wait_until

STOPS = 10.0  # seconds


@pytest.mark.parametrize(("latency", "is_answered"), [(0.3, True), (60.0, False)])
def test_a_sender_that_is_told_to_stop_finishes_what_it_can_and_is_gone(
    tmp_path: Path, latency: float, is_answered: bool
) -> None:
    arena = Arena(tmp_path, f"sqlite:///{tmp_path / 'hsl.db'}", rate=20.0, latency=latency)
    try:
        arena.add_people(100)
        arena.start_sandbox()
        message = arena.send_to_all()
        scheduler = arena.start_scheduler()
        wait_until(lambda: arena.in_flight() > 3, "requests are in flight", patience=40)
        began = time.monotonic()
        scheduler.send_signal(signal.SIGTERM)
        assert scheduler.wait(STOPS + 20) == 0
        # A busy machine takes a while to end an interpreter.
        assert time.monotonic() - began < STOPS
        closing = arena.closing(message)
        assert arena.status(message) == "sending"
        assert closing.uncertain == 0
        if is_answered:
            assert closing.in_flight == 0
            assert closing.sent == len(arena.accepted())
        else:
            # Nobody knows of these; the next scheduler names them uncertain.
            assert closing.in_flight > 3
            assert closing.sent == 0
    finally:
        arena.end()
