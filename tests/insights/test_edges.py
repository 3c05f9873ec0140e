"""Zones, clock changes, empty houses and single people."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hsl import insights
from tests.insights.raw import NOW, House, Memory, Person, Place, Row, Sent

BERLIN, KATHMANDU = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")
ALL = insights.Filter()


def house(*times: datetime, status: str = "sent") -> Memory:
    """One message to one person for each time."""
    return Memory(
        House(
            people=[Person(i, registered_at=times[0]) for i, _ in enumerate(times, 1)],
            places=[Place(i, "4th") for i, _ in enumerate(times, 1)],
            messages=[Sent(1, times[0])],
            rows=[Row(1, i, status, None, at, at) for i, at in enumerate(times, 1)],
        )
    )


def test_the_day_is_the_viewers() -> None:
    late = house(datetime(2026, 3, 1, 23, 30, tzinfo=UTC))
    assert str(insights.over_time(late, ALL, BERLIN)["day"].iloc[0].date()) == "2026-03-02"
    assert str(insights.over_time(late, ALL, ZoneInfo("UTC"))["day"].iloc[0].date()) == "2026-03-01"


def test_an_hour_that_comes_twice_is_one_hour() -> None:
    # At 03:00 on 25 October 2026 Berlin's clocks go back to 02:00.
    twice = house(*(datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)))
    frame = insights.by_hour(twice, ALL, BERLIN)
    assert frame[["weekday", "hour", "tried"]].to_numpy().tolist() == [[6, 2, 2]]


def test_an_hour_that_is_left_out_is_not_there() -> None:
    # At 02:00 on 29 March 2026 they go on to 03:00.
    spring = house(*(datetime(2026, 3, 29, hour, 30, tzinfo=UTC) for hour in (0, 1)))
    assert insights.by_hour(spring, ALL, BERLIN)["hour"].tolist() == [1, 3]


def test_the_people_of_a_short_day_are_those_of_23_hours() -> None:
    store = house(
        datetime(2026, 3, 28, 22, 59, tzinfo=UTC),
        datetime(2026, 3, 28, 23, 0, tzinfo=UTC),
        datetime(2026, 3, 29, 21, 59, tzinfo=UTC),
        datetime(2026, 3, 29, 22, 0, tzinfo=UTC),
    )
    (door,) = insights.people_behind(store, insights.Mark("day", ALL, BERLIN, "2026-03-29", NOW))
    assert door.cohort is not None
    assert door.cohort.user_ids == (2, 3)
    days = insights.over_time(store, ALL, BERLIN)
    assert days["tried"].tolist() == [1, 2, 1]


def test_zones_that_differ_by_quarters_of_an_hour() -> None:
    # Kathmandu is 5 h 45 min ahead.
    store = house(
        datetime(2026, 5, 4, 12, 14, 59, tzinfo=UTC), datetime(2026, 5, 4, 12, 15, tzinfo=UTC)
    )
    assert insights.by_hour(store, ALL, KATHMANDU)["hour"].tolist() == [17, 18]


def test_a_week_begins_on_monday() -> None:
    store = house(datetime(2026, 5, 3, 21, 59, tzinfo=UTC), datetime(2026, 5, 3, 22, 1, tzinfo=UTC))
    weeks = insights.over_time(store, ALL, BERLIN, step="week")["day"]
    assert [str(day.date()) for day in weeks] == ["2026-04-27", "2026-05-04"]


FIGURES: dict[str, Any] = {
    "by_stream": insights.by_stream,
    "by_message": insights.by_message,
    "over_time": lambda store, chosen: insights.over_time(store, chosen, BERLIN),
    "by_hour": lambda store, chosen: insights.by_hour(store, chosen, BERLIN),
    "reasons": insights.reasons,
    "reasons_over_time": lambda store, chosen: insights.reasons_over_time(store, chosen, BERLIN),
    "reach": insights.reach,
    "churn": insights.churn,
    "fatigue": insights.fatigue,
    "speed": insights.speed,
    "retention": lambda store, chosen: insights.retention(store, chosen, BERLIN, now=NOW),
    "comparison": insights.comparison,
}


@pytest.mark.parametrize("name", FIGURES)
def test_an_empty_house_has_empty_figures_of_the_same_columns(name: str) -> None:
    one = Memory(
        House(
            people=[Person(1, registered_at=datetime(2026, 6, 1, tzinfo=UTC))],
            places=[Place(1, "4th")],
            messages=[Sent(1, NOW), Sent(2, NOW)],
            rows=[Row(1, 1, "sent", None, NOW, NOW), Row(2, 1, "failed", "blocked", NOW)],
        )
    )
    empty, full = FIGURES[name](Memory(House()), ALL), FIGURES[name](one, ALL)
    assert empty.empty
    assert len(full) > 0
    assert list(empty.columns) == list(full.columns)
    assert full["small"].all()


def test_nobody_tried_is_a_total_of_nothing() -> None:
    line = insights.total(Memory(House()), ALL).iloc[0]
    assert line[["messages", "people", "tried", "delivered"]].tolist() == [0, 0, 0, 0]
    assert (line["low"], line["high"]) == (0.0, 1.0)


def test_a_block_met_before_any_message_arrived_is_nobodys() -> None:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    store = Memory(
        House(
            people=[Person(1)],
            messages=[Sent(1, at), Sent(2, at.replace(day=2))],
            rows=[Row(1, 1, "failed", "blocked", at), Row(2, 1, "sent", None, at.replace(day=2))],
        )
    )
    assert insights.churn(store, ALL)["blocked"].tolist() == [0]


def test_the_first_block_counts_and_no_later_one() -> None:
    day = [datetime(2026, 6, number, tzinfo=UTC) for number in range(1, 6)]
    statuses = ["sent", "sent", "failed", "sent", "failed"]
    store = Memory(
        House(
            people=[Person(1)],
            messages=[Sent(i, at) for i, at in enumerate(day, 1)],
            rows=[
                Row(i, 1, status, "blocked" if status == "failed" else None, day[i - 1])
                for i, status in enumerate(statuses, 1)
            ],
        )
    )
    frame = insights.churn(store, ALL).set_index("message_id")
    assert frame["blocked"].to_dict() == {1: 0, 2: 1, 4: 0}
    # A filter on the messages does not change to which of them a block belongs.
    only = insights.churn(store, insights.Filter(until=day[2])).set_index("message_id")
    assert only["blocked"].to_dict() == {1: 0, 2: 1}
    assert insights.churn(store, insights.Filter(since=day[2]))["blocked"].tolist() == [0]
