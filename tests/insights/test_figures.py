"""Each figure equals the same figure counted by loops over the raw rows."""

from collections import Counter
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from hsl import insights
from hsl.delivery.sums import REASON_WORDS
from tests.insights import counted
from tests.insights.raw import NOW, House, Memory, random_house

MOSCOW, KOLKATA, BERLIN = (
    ZoneInfo(name) for name in ("Europe/Moscow", "Asia/Kolkata", "Europe/Berlin")
)
FILTERS = {
    "all": insights.Filter(),
    "streams": insights.Filter(streams=("3rd_stream", "5th_stream")),
    "period": insights.Filter(since=NOW - timedelta(days=80), until=NOW - timedelta(days=10)),
    "text by anna": insights.Filter(message_type="text", author="anna"),
    "nothing": insights.Filter(author="nobody"),
}


@pytest.fixture(params=range(3), scope="module")
def house(request: pytest.FixtureRequest) -> House:
    return random_house(request.param)


@pytest.fixture(scope="module")
def store(house: House) -> insights.Readable:
    return Memory(house)


@pytest.fixture(params=FILTERS)
def chosen(request: pytest.FixtureRequest) -> insights.Filter:
    return FILTERS[request.param]


def shares(frame: pd.DataFrame, *keys: str) -> dict[Hashable, tuple[int, int]]:
    """Tried and delivered by key, once each share and interval is found to fit them."""
    for line in frame.itertuples():
        low, high = insights.wilson(line.delivered, line.tried)  # type: ignore[arg-type]
        assert (line.low, line.high) == pytest.approx((low, high))
        assert line.share == line.delivered / line.tried  # type: ignore[operator]
        assert line.small == (line.tried < 30)  # type: ignore[operator]
    named = frame[keys[0]] if len(keys) == 1 else zip(*(frame[k] for k in keys), strict=True)
    return dict(zip(named, zip(frame["tried"], frame["delivered"], strict=True), strict=True))


def test_the_total(store: insights.Readable, house: House, chosen: insights.Filter) -> None:
    rows = counted.tried(house, chosen)
    line = insights.total(store, chosen).iloc[0]
    assert line["messages"] == len({row.message_id for row in rows})
    assert line["people"] == len({row.user_id for row in rows})
    assert line["tried"] == len(rows)
    assert line["delivered"] == sum(row.delivery_status in counted.GOT for row in rows)


def test_by_stream(store: insights.Readable, house: House, chosen: insights.Filter) -> None:
    wanted = set(chosen.streams or ("3rd_stream", "4th_stream", "5th_stream"))
    expected = counted.pairs(
        counted.tried(house, chosen), lambda row: house.streams(row.user_id) & wanted
    )
    assert shares(insights.by_stream(store, chosen), "stream") == expected


def test_by_message(store: insights.Readable, house: House, chosen: insights.Filter) -> None:
    expected = counted.pairs(counted.tried(house, chosen), lambda row: [row.message_id])
    frame = insights.by_message(store, chosen)
    assert shares(frame, "message_id") == expected
    assert frame["started_at"].is_monotonic_decreasing
    assert frame["title"].tolist() == [f"{i} · Message {i}" for i in frame["message_id"]]


def test_by_message_keeps_the_last(store: insights.Readable, house: House) -> None:
    kept = insights.by_message(store, insights.Filter(), most=3)["message_id"].tolist()
    fits = counted.messages(house, insights.Filter())
    ordered = sorted(fits, key=lambda number: cast(datetime, fits[number].started_at))
    assert kept == ordered[:-4:-1]


@pytest.mark.parametrize("step", ["day", "week"])
@pytest.mark.parametrize("zone", [MOSCOW, KOLKATA, BERLIN], ids=str)
def test_over_time(
    store: insights.Readable, house: House, chosen: insights.Filter, zone: ZoneInfo, step: Any
) -> None:
    expected = counted.pairs(
        counted.tried(house, chosen), lambda row: [counted.day_of(row, zone, step)]
    )
    assert shares(insights.over_time(store, chosen, zone, step=step), "day") == expected


def test_no_other_step_of_time(store: insights.Readable) -> None:
    with pytest.raises(ValueError, match="month is no step"):
        insights.over_time(store, insights.Filter(), MOSCOW, step=cast(Any, "month"))


@pytest.mark.parametrize("zone", [MOSCOW, KOLKATA, BERLIN], ids=str)
def test_by_hour(
    store: insights.Readable, house: House, chosen: insights.Filter, zone: ZoneInfo
) -> None:
    def key(row: Any) -> list[tuple[int, int]]:
        local = row.sending_at.astimezone(zone)
        return [(local.weekday(), local.hour)]

    expected = counted.pairs(counted.tried(house, chosen), key)
    assert shares(insights.by_hour(store, chosen, zone), "weekday", "hour") == expected


def test_reasons(store: insights.Readable, house: House, chosen: insights.Filter) -> None:
    rows = counted.tried(house, chosen)
    expected = Counter(r.reason or "other" for r in rows if r.delivery_status == "failed")
    frame = insights.reasons(store, chosen)
    assert dict(zip(frame["reason"], frame["failed"], strict=True)) == expected
    assert set(frame["tried"]) <= {len(rows)}
    assert frame["failed"].is_monotonic_decreasing
    assert frame["words"].tolist() == [REASON_WORDS[reason] for reason in frame["reason"]]


@pytest.mark.parametrize("step", ["day", "week"])
def test_reasons_over_time(
    store: insights.Readable, house: House, chosen: insights.Filter, step: Any
) -> None:
    rows = counted.tried(house, chosen)
    frame = insights.reasons_over_time(store, chosen, BERLIN, step=step)
    named = set(frame["reason"]) - {"other reasons"}
    most = insights.reasons(store, chosen)["failed"].tolist()
    assert len(named) == (len(most) if len(most) <= 5 else 4)
    days = Counter(counted.day_of(row, BERLIN, step) for row in rows)
    expected: Counter[tuple[datetime, str]] = Counter()
    for row in rows:
        if row.delivery_status == "failed":
            reason = row.reason or "other"
            day = counted.day_of(row, BERLIN, step)
            expected[day, reason if reason in named else "other reasons"] += 1
    found = zip(frame["day"], frame["reason"], frame["failed"], frame["tried"], strict=True)
    for day, reason, failed, tried in found:
        assert (failed, tried) == (expected.pop((day, reason)), days[day])
    assert not expected


def test_reach(store: insights.Readable, house: House, chosen: insights.Filter) -> None:
    got = {r.user_id for r in counted.tried(house, chosen) if r.delivery_status in counted.GOT}
    people: Counter[str] = Counter()
    reached: Counter[str] = Counter()
    for place in house.places:
        if not chosen.streams or place.course_stream in chosen.streams:
            people[place.course_stream] += 1
            reached[place.course_stream] += place.user_id in got
    frame = insights.reach(store, chosen)
    assert dict(zip(frame["stream"], frame["people"], strict=True)) == people
    assert dict(zip(frame["stream"], frame["reached"], strict=True)) == reached
    assert frame["share"].tolist() == pytest.approx(
        [reached[s] / people[s] for s in frame["stream"]]
    )


def test_churn(store: insights.Readable, house: House, chosen: insights.Filter) -> None:
    got = Counter(
        row.message_id for row in counted.tried(house, chosen) if row.delivery_status in counted.GOT
    )
    blocked = Counter(
        message
        for user, message in counted.last_before_block(house).items()
        if counted.inside(house, chosen, user)
    )
    frame = insights.churn(store, chosen)
    assert dict(zip(frame["message_id"], frame["got"], strict=True)) == got
    assert frame["blocked"].tolist() == [blocked[i] for i in frame["message_id"]]


def test_fatigue(store: insights.Readable, house: House, chosen: insights.Filter) -> None:
    frame = insights.fatigue(store, chosen)
    columns = [frame[name] for name in ("people", "tried", "delivered", "blocked")]
    found = dict(zip(frame["messages"], zip(*columns, strict=True), strict=True))
    assert found == counted.loads(house, chosen)
    for line in frame.itertuples():
        low, high = insights.wilson(line.blocked, line.people)  # type: ignore[arg-type]
        assert (line.block_low, line.block_high) == pytest.approx((low, high))


def test_speed(store: insights.Readable, house: House, chosen: insights.Filter) -> None:
    frame = insights.speed(store, chosen).set_index("message_id")
    fits = counted.messages(house, chosen)
    expected = {
        number: times
        for number, sent in fits.items()
        if (times := counted.seconds(house, sent, chosen))
    }
    assert set(frame.index) == set(expected)
    for number, times in expected.items():
        line = frame.loc[number]
        wanted = [counted.at_share(times, percent) for percent in (50, 95, 100)]
        assert [line["seconds_50"], line["seconds_95"], line["seconds_100"]] == pytest.approx(
            wanted
        )
        assert line["delivered"] == len(times)


def test_some_block_the_bot_after_a_message() -> None:
    frame = insights.churn(Memory(random_house(0)), insights.Filter())
    assert frame["blocked"].sum() > 0


@pytest.mark.parametrize("zone", [MOSCOW, BERLIN], ids=str)
def test_retention(
    store: insights.Readable, house: House, chosen: insights.Filter, zone: ZoneInfo
) -> None:
    frame = insights.retention(store, chosen, zone, now=NOW)
    found = dict(
        zip(
            zip(frame["month"], frame["week"], strict=True),
            zip(frame["people"], frame["reachable"], strict=True),
            strict=True,
        )
    )
    assert found == counted.retention(house, chosen, zone, NOW)


def test_the_comparison_is_made_of_the_other_figures(
    store: insights.Readable, house: House, chosen: insights.Filter
) -> None:
    frame = insights.comparison(store, chosen).set_index(["measure", "stream"])
    streams = insights.by_stream(store, chosen).set_index("stream")
    reach = insights.reach(store, chosen).set_index("stream")
    rows = counted.tried(house, chosen)
    for stream in reach.index:
        members = {p.user_id for p in house.places if p.course_stream == stream}
        well = {p.user_id for p in house.people if p.unreachable_reason is None}
        found = frame.loc[("reachable", stream)]
        assert (found["part"], found["whole"]) == (len(members & well), len(members))
        assert frame.loc[("reached", stream), "part"] == reach.loc[stream, "reached"]
        touched = {r.user_id for r in rows} & members
        if not touched:
            assert ("blocked", stream) not in frame.index
            continue
        assert frame.loc[("arrived", stream), "part"] == streams.loc[stream, "delivered"]
        assert frame.loc[("arrived", stream), "whole"] == streams.loc[stream, "tried"]
        gone = {r.user_id for r in rows if r.delivery_status == "failed" and r.reason == "blocked"}
        assert frame.loc[("blocked", stream), "part"] == len(gone & members)
        assert frame.loc[("blocked", stream), "whole"] == len(touched)
