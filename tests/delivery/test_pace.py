"""The shared rate."""

import itertools
import time
from collections.abc import Callable

import pytest
import time_machine
from sqlalchemy import Connection, Engine, select

from hsl import models
from hsl.delivery import pace, starting, tick
from hsl.settings import load_settings

START = 1_800_000_000.0


def take(
    connection: Connection, row: pace.BotState, rhythm: pace.Rhythm, *, now: float, most: int
) -> list[float]:
    permits = pace.permits(connection, row, rhythm, now=now, horizon=0.05, most=most)
    pace.use(connection, row, rhythm, permits, now=now)
    return [permit.at for permit in permits]


def departures(engine: Engine, rhythm: pace.Rhythm, moments: list[float]) -> list[float]:
    times: list[float] = []
    for now in moments:
        with engine.begin() as connection:
            row = pace.lock(connection, 1, rhythm)
            times += take(connection, row, rhythm, now=now, most=100)
    return times


def refusals(times: list[float], *, rate: float, tolerance: float) -> int:
    """How many a cell-rate limiter would refuse."""
    due, refused = 0.0, 0
    for moment in times:
        due = max(due, moment)
        if due - moment > tolerance / rate:
            refused += 1
        else:
            due += 1 / rate
    return refused


def test_it_keeps_the_rate_and_a_limiter_refuses_none(engine: Engine) -> None:
    times = departures(engine, pace.Rhythm(30), [START + 0.05 * step for step in range(400)])
    assert 590 <= len(times) <= 602
    assert refusals(times, rate=30, tolerance=3) == 0


def test_after_a_stall_it_does_not_burst(engine: Engine) -> None:
    moments = [START, START + 0.05, *(START + 5 + 0.05 * step for step in range(40))]
    times = departures(engine, pace.Rhythm(30), moments)
    assert refusals(times, rate=30, tolerance=3) == 0


def test_a_clock_set_back_does_not_stall_it(engine: Engine) -> None:
    times = departures(engine, pace.Rhythm(30), [START, START - 3600, START - 3600 + 1.2])
    assert times[-1] < START - 3000


def test_a_clock_set_back_does_not_stall_the_old_rhythm(engine: Engine) -> None:
    rhythm = pace.Rhythm(30, ten_then_pause=True)
    back = START - 3600
    times = departures(engine, rhythm, [START, *(back + 0.05 * step for step in range(100))])
    assert len([moment for moment in times if moment < START]) > 10


def test_a_clock_set_back_does_not_keep_a_low_rate(engine: Engine) -> None:
    rhythm = pace.Rhythm(30)
    with engine.begin() as connection:
        pace.refused(connection, pace.lock(connection, 1, rhythm), retry_after=1, now=START)
    back = START - 3600
    departures(engine, rhythm, [back])
    times = departures(engine, rhythm, [back + 200 + 0.05 * step for step in range(40)])
    assert len(times) > 55


def test_the_old_rhythm_pauses_after_each_ten(engine: Engine) -> None:
    rhythm = pace.Rhythm(30, ten_then_pause=True)
    times = departures(engine, rhythm, [START + 0.05 * step for step in range(100)])
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert [place for place, gap in enumerate(gaps, 1) if gap > 0.9] == [10, 20, 30]


def test_a_refusal_lowers_the_rate_and_it_climbs_back(engine: Engine) -> None:
    rhythm = pace.Rhythm(30)
    with engine.begin() as connection:
        row = pace.lock(connection, 1, rhythm)
        pace.refused(connection, row, retry_after=5, now=START)
    assert departures(engine, rhythm, [START + 4]) == []
    soon = departures(engine, rhythm, [START + 6 + 0.05 * step for step in range(20)])
    later = departures(engine, rhythm, [START + 600 + 0.05 * step for step in range(20)])
    assert len(soon) < len(later)


def test_the_expected_time_follows_the_rhythm() -> None:
    even = pace.expected_seconds(1000, load_settings())
    old = pace.expected_seconds(1000, load_settings(HSL_PACE="ten-then-pause"))
    assert 33 < even < 34
    assert 130 < old < 135


def test_what_a_stall_held_back_leaves_spaced() -> None:
    spacing = pace.Spacing(30.0)
    left: list[float] = []
    now = 0.0
    for planned in range(60):
        now = max(now, planned / 29.7)
        if planned == 30:
            now += 0.4  # the machine stalls
        while (early := spacing.wait(now)) > 0:
            now += early
        left.append(now)
    limiter = 0.0
    for moment in left:
        assert limiter - moment <= 2 / 30.0 + 1e-9  # a limiter that tolerates three is not met
        limiter = max(limiter, moment) + 1 / 30.0


def test_a_clock_set_back_does_not_lengthen_a_hold(engine: Engine) -> None:
    rhythm = pace.Rhythm(30)

    def taken(now: float) -> list[float]:
        with engine.begin() as connection:
            row = pace.lock(connection, 1, rhythm)
            return take(connection, row, rhythm, now=now, most=5)

    assert taken(START)
    with engine.begin() as connection:
        row = pace.lock(connection, 1, rhythm)
        pace.refused(connection, row, retry_after=35, now=START)
    assert taken(START + 34) == []
    back = START - 3600
    assert taken(back) == []
    assert taken(back + 34) == []
    taken(back + 36)
    assert taken(back + 37.2)


def test_a_clock_set_forward_lifts_no_rate(engine: Engine) -> None:
    times = departures(engine, pace.Rhythm(30), [START, START + 3600, START + 3600.05])
    assert len(times) < 10
    assert refusals(times, rate=30, tolerance=3) == 0


@pytest.mark.parametrize("database_address", ["postgresql"], indirect=True)
def test_machines_whose_clocks_differ_share_one_rate(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    """Two schedulers on machines that are two minutes apart, on one PostgreSQL."""
    for _ in range(5):
        create_message()
    starting.start_due(engine, now=models.utc_now(), resolve=lambda _: select())
    taken, began = 0, time.monotonic()
    while time.monotonic() - began < 2.0:
        for apart in (0, 120):
            with (
                time_machine.travel(time.time() + apart, tick=True),
                engine.begin() as connection,
            ):
                taken += len(
                    tick.depart(
                        connection,
                        worker=f"w{apart}",
                        bot_id=1,
                        rhythm=pace.Rhythm(15),
                        horizon=0.05,
                        most=10,
                    )
                )
        time.sleep(0.02)
    assert 24 <= taken <= 34
