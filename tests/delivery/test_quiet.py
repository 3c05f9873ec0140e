"""Quiet hours by each person's clock, also where the clocks change."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from hsl.delivery.quiet import QuietHours
from hsl.settings import SettingsError, load_settings

BERLIN, ALMATY = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Almaty")
NIGHT = QuietHours(time(22), time(8), BERLIN)


def utc(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "zone", "ends"),
    [
        ("2026-11-24T20:59", BERLIN, None),  # 21:59
        ("2026-11-24T21:00", BERLIN, "2026-11-25T07:00"),  # 22:00
        ("2026-11-25T06:59", BERLIN, "2026-11-25T07:00"),  # 7:59
        ("2026-11-25T07:00", BERLIN, None),  # 8:00
        ("2026-11-24T18:00", ALMATY, "2026-11-25T03:00"),  # 23:00 there, 19:00 in Berlin
        # The night in which the clocks go forward has an hour less, and back an hour more.
        ("2026-03-28T22:00", BERLIN, "2026-03-29T06:00"),
        ("2026-10-24T21:00", BERLIN, "2026-10-25T07:00"),
    ],
)
def test_the_quiet_ends_in_the_morning_of_the_zone(
    moment: str, zone: ZoneInfo, ends: str | None
) -> None:
    assert NIGHT.until(utc(moment), zone) == (None if ends is None else utc(ends))


def test_a_quiet_that_ends_in_the_repeated_hour_always_moves_on() -> None:
    short = QuietHours(time(1), time(2, 30), BERLIN)
    moment = utc("2026-10-25T01:10")  # 2:10 for the second time
    ends = short.until(moment, BERLIN)
    assert ends is not None
    assert ends > moment
    assert short.until(utc("2026-10-25T01:30"), BERLIN) is None


def test_hours_within_one_day() -> None:
    siesta = QuietHours(time(13), time(15), BERLIN)
    assert siesta.until(utc("2026-11-24T12:30"), BERLIN) == utc("2026-11-24T14:00")
    assert siesta.until(utc("2026-11-24T20:00"), BERLIN) is None


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", 7, None])
def test_an_unknown_zone_is_the_schools(name: object) -> None:
    assert NIGHT.zone_of({"attributes": {"time_zone": name}}) is BERLIN
    assert NIGHT.zone_of({}) is BERLIN


def test_a_persons_zone_is_theirs() -> None:
    assert NIGHT.zone_of({"attributes": {"time_zone": "Asia/Almaty"}}) == ALMATY


def test_settings_name_them(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(HSL_QUIET_HOURS="23:30-07:15", HSL_TIME_ZONE="Europe/Berlin")
    assert QuietHours.of(settings) == QuietHours(time(23, 30), time(7, 15), BERLIN)
    monkeypatch.setenv("HSL_QUIET_HOURS", "22-8")
    with pytest.raises(SettingsError, match="HSL_QUIET_HOURS"):
        load_settings()
