"""Behind each mark stand exactly the people that its figure counted."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hsl import insights
from hsl.audience import conditions as c
from hsl.audience.cohort import Cohort
from hsl.insights import people
from tests.insights import counted
from tests.insights.raw import NOW, House, Memory, Row, Sent, random_house

BERLIN = ZoneInfo("Europe/Berlin")
ALL = insights.Filter()
HOUSE = random_house(7)
STORE = Memory(HOUSE)
FILTERS = [
    insights.Filter(),
    insights.Filter(streams=("4th_stream",)),
    insights.Filter(since=NOW - timedelta(days=60), author="anna"),
]


def doors(figure: str, chosen: insights.Filter, key: str) -> dict[str, set[int]]:
    mark = insights.Mark(figure, chosen, BERLIN, key, NOW)
    found = {}
    for door in insights.people_behind(STORE, mark):
        assert door.cohort is not None
        assert door.cohort.where is not None
        found[door.words] = {p.user_id for p in HOUSE.people if holds(door.cohort.where, p.user_id)}
        assert len(found[door.words]) == door.people
    return found


def holds(where: c.Condition, user: int) -> bool:
    """What a condition says of a person, by the raw rows."""
    if isinstance(where, c.All):
        return all(holds(part, user) for part in where.of)
    if isinstance(where, c.AnyOf):
        return any(holds(part, user) for part in where.of)
    if isinstance(where, c.Ids):
        return user in where.ids
    if isinstance(where, c.InStream):
        return bool(HOUSE.streams(user) & set(where.streams))
    assert isinstance(where, c.MessageOutcome)
    statuses = {"got": counted.GOT, "failed": {"failed"}, "uncertain": {"uncertain"}}
    return any(
        row.user_id == user
        and row.message_id == where.message_id
        and row.delivery_status in statuses[where.outcome]
        and (not where.reasons or row.reason in where.reasons)
        for row in HOUSE.rows
    )


def failed_and_got(rows: list[Row]) -> tuple[set[int], set[int]]:
    failed = {row.user_id for row in rows if row.delivery_status == "failed"}
    return failed, {row.user_id for row in rows if row.delivery_status in counted.GOT}


def same(found: dict[str, set[int]], failed: set[int], got: set[int]) -> None:
    assert found.get("whom a message did not reach", set()) == failed
    assert found.get("who got a message", set()) == got


@pytest.fixture(params=FILTERS, ids=["all", "a stream", "period"])
def chosen(request: pytest.FixtureRequest) -> insights.Filter:
    found: insights.Filter = request.param
    return found


def test_a_stream(chosen: insights.Filter) -> None:
    rows = counted.tried(HOUSE, chosen)
    for stream in insights.by_stream(STORE, chosen)["stream"]:
        inside = [row for row in rows if stream in HOUSE.streams(row.user_id)]
        same(doors("stream", chosen, stream), *failed_and_got(inside))


def test_who_can_be_reached_in_a_stream_is_a_condition() -> None:
    mark = insights.Mark("reachable", insights.Filter(), BERLIN, "4th_stream", NOW)
    lost = {p.user_id for p in HOUSE.people if p.unreachable_reason}
    members = {p.user_id for p in HOUSE.places if p.course_stream == "4th_stream"}
    cannot, can = insights.people_behind(STORE, mark)
    assert (cannot.people, can.people) == (len(members & lost), len(members - lost))
    assert cannot.cohort == Cohort(streams=("4th_stream",), reachable=False)
    assert can.cohort == Cohort(streams=("4th_stream",), reachable=True)


def test_who_had_blocked_in_a_stream(chosen: insights.Filter) -> None:
    rows = [row for row in counted.tried(HOUSE, chosen) if row.reason == "blocked"]
    for stream in ("3rd_stream", "4th_stream"):
        blocked = {row.user_id for row in rows if stream in HOUSE.streams(row.user_id)}
        found = doors("blocked", chosen, stream)
        assert found.get("who had blocked the bot", set()) == blocked


@pytest.mark.parametrize("step", ["day", "week"])
def test_a_reason_in_a_day_or_a_week(chosen: insights.Filter, step: Any) -> None:
    rows = [r for r in counted.tried(HOUSE, chosen) if r.delivery_status == "failed"]
    frame = insights.reasons_over_time(STORE, chosen, BERLIN, step=step)
    drawn = set(frame["reason"])
    assert insights.OTHERS in drawn
    for day, reason in zip(frame["day"], frame["reason"], strict=True):
        then = [
            row
            for row in rows
            if counted.day_of(row, BERLIN, step) == day
            and (row.reason or "other")
            in (
                {reason}
                if reason != insights.OTHERS
                else {r.reason or "other" for r in rows} - drawn
            )
        ]
        assert then
        (found,) = doors(f"reason_{step}", chosen, f"{day:%Y-%m-%d}|{reason}").values()
        assert found == {row.user_id for row in then}


@pytest.mark.parametrize(
    ("key", "statuses"),
    [
        ("people|", None),
        ("sent|", {"sent", "deleted"}),
        ("uncertain|", {"uncertain"}),
        ("cancelled|", {"cancelled"}),
        ("pending|", {"pending", "sending"}),
        ("deleted|", {"deleted"}),
    ],
)
def test_an_end_of_one_message(key: str, statuses: set[str] | None) -> None:
    number = max(counted.messages(HOUSE, insights.Filter()))
    rows = [row for row in HOUSE.rows if row.message_id == number]
    rows = [r for r in rows if statuses is None or r.delivery_status in statuses]
    if key == "sent|":
        rows = [row for row in rows if row.sending_at]
    found = doors("end", insights.Filter(message_id=number), key)
    assert next(iter(found.values()), set()) == {row.user_id for row in rows}


def test_a_failure_of_one_message() -> None:
    number = max(counted.messages(HOUSE, insights.Filter()))
    blocked = {r.user_id for r in HOUSE.rows if (r.message_id, r.reason) == (number, "blocked")}
    found = doors("end", insights.Filter(message_id=number), "failed|blocked")
    assert found == {"who were not reached for this reason": blocked}


@pytest.mark.parametrize("step", ["day", "week"])
def test_a_day_or_a_week(chosen: insights.Filter, step: Any) -> None:
    rows = counted.tried(HOUSE, chosen)
    for day in insights.over_time(STORE, chosen, BERLIN, step=step)["day"]:
        then = [row for row in rows if counted.day_of(row, BERLIN, step) == day]
        same(doors(step, chosen, f"{day:%Y-%m-%d}"), *failed_and_got(then))


def test_an_hour_of_a_weekday(chosen: insights.Filter) -> None:
    rows = counted.tried(HOUSE, chosen)
    frame = insights.by_hour(STORE, chosen, BERLIN)
    for weekday, hour in zip(frame["weekday"], frame["hour"], strict=True):
        then = [row for row in rows if weekday_and_hour(row) == (weekday, hour)]
        same(doors("hour", chosen, f"{weekday}|{hour}"), *failed_and_got(then))


def weekday_and_hour(row: Row) -> tuple[int, int]:
    assert row.sending_at is not None
    local = row.sending_at.astimezone(BERLIN)
    return local.weekday(), local.hour


def test_a_reason(chosen: insights.Filter) -> None:
    rows = counted.tried(HOUSE, chosen)
    for reason in insights.reasons(STORE, chosen)["reason"]:
        failed, _ = failed_and_got([row for row in rows if (row.reason or "other") == reason])
        assert doors("reason", chosen, reason) == {"who were not reached for this reason": failed}


def test_reach_and_its_opposite_are_the_stream(chosen: insights.Filter) -> None:
    _, got = failed_and_got(counted.tried(HOUSE, chosen))
    for stream in insights.reach(STORE, chosen)["stream"]:
        members = {p.user_id for p in HOUSE.places if p.course_stream == stream}
        found = doors("reach", chosen, stream)
        assert found.get("who got at least one", set()) == members & got
        assert found.get("who got none of the messages", set()) == members - got


def test_who_blocked_after_a_message(chosen: insights.Filter) -> None:
    frame = insights.churn(STORE, chosen)
    last = counted.last_before_block(HOUSE)
    for number, blocked in zip(frame["message_id"], frame["blocked"], strict=True):
        expected = {
            user
            for user, message in last.items()
            if message == number and counted.inside(HOUSE, chosen, user)
        }
        found = doors("churn", chosen, str(number)).get("who blocked the bot after it", set())
        assert found == expected
        assert len(found) == blocked


def test_a_load(chosen: insights.Filter) -> None:
    frame = insights.fatigue(STORE, chosen)
    for load, number in zip(frame["messages"], frame["people"], strict=True):
        (found,) = doors("load", chosen, load).values()
        assert len(found) == number


def test_a_month_and_a_week_of_retention(chosen: insights.Filter) -> None:
    frame = insights.retention(STORE, chosen, BERLIN, now=NOW)
    for line in frame.itertuples():
        found = doors("retention", chosen, f"{line.month:%Y-%m-%d}|{line.week}")
        old_enough = {
            person.user_id
            for person in HOUSE.people
            if person.registered_at
            and person.registered_at + timedelta(weeks=line.week) <= NOW
            and counted.inside(HOUSE, chosen, person.user_id)
            and month_of(person.registered_at) == (line.month.year, line.month.month)
        }
        since = ", at least so many weeks ago" if line.week else ""
        lost = found.get("who could not be reached any more by then", set())
        assert found[f"who registered in this month{since}"] == old_enough
        assert (len(old_enough), len(old_enough - lost)) == (line.people, line.reachable)


def month_of(moment: datetime) -> tuple[int, int]:
    local = moment.astimezone(BERLIN)
    return local.year, local.month


def test_people_of_a_message_are_a_condition_that_stays_true() -> None:
    number = int(insights.by_message(STORE, insights.Filter())["message_id"].iloc[0])
    timeless = [r for r in HOUSE.rows if r.delivery_status == "sent" and not r.sending_at]
    assert number not in {row.message_id for row in timeless}
    missed, got = insights.people_behind(
        STORE, insights.Mark("message", insights.Filter(), BERLIN, str(number), NOW)
    )
    assert got.cohort == Cohort(got_message=number)
    assert missed.cohort == Cohort(where=c.MessageOutcome(message_id=number, outcome="failed"))
    streams = insights.Filter(streams=("4th_stream",))
    blocked, *_ = insights.people_behind(
        STORE, insights.Mark("blocked", streams, BERLIN, "4th_stream", NOW)
    )
    assert blocked.cohort is not None
    assert blocked.cohort.sentence().startswith("in 4th_stream, (who could not get message")


def test_a_condition_that_says_more_than_the_mark_is_not_taken() -> None:
    # A message that goes over midnight: of its people, only some were tried on the first day.
    night = datetime(2026, 6, 1, 21, 59, tzinfo=UTC)
    morning = night + timedelta(hours=8)
    store = Memory(
        House(
            messages=[Sent(1, night)],
            rows=[Row(1, 1, "sent", None, night), Row(1, 2, "sent", None, morning)],
        )
    )
    (first,) = insights.people_behind(store, insights.Mark("day", ALL, BERLIN, "2026-06-01", NOW))
    (week,) = insights.people_behind(store, insights.Mark("week", ALL, BERLIN, "2026-06-01", NOW))
    assert first.cohort == Cohort(user_ids=(1,))
    assert week.cohort == Cohort(got_message=1)


def test_within_a_stream_a_message_has_people_by_name() -> None:
    chosen = FILTERS[1]
    number = int(insights.by_message(STORE, chosen)["message_id"].iloc[0])
    rows = [row for row in counted.tried(HOUSE, chosen) if row.message_id == number]
    failed, got = failed_and_got(rows)
    found = doors("message", chosen, str(number))
    assert found.get("whom it did not reach", set()) == failed
    assert found["who got it"] == got


def test_too_many_to_name_are_counted_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "FEW_MESSAGES", 0)
    monkeypatch.setattr(people, "MANY_MESSAGES", 0)
    everybody = insights.people_behind(
        STORE, insights.Mark("stream", insights.Filter(), BERLIN, "4th_stream", NOW)
    )
    monkeypatch.setattr(people, "MOST_NAMED", 5)
    mark = insights.Mark("stream", insights.Filter(), BERLIN, "4th_stream", NOW)
    many = insights.people_behind(STORE, mark)
    assert [door.people for door in many] == [door.people for door in everybody]
    for door, named in zip(many, everybody, strict=True):
        assert door.cohort is None
        assert named.cohort is not None
        assert insights.ids_behind(STORE, mark, door.words) == sorted(named.cohort.user_ids)
    with pytest.raises(KeyError):
        insights.ids_behind(STORE, mark, "of whom there is no word")


def test_people_of_an_archived_message_have_names_as_no_condition_can_be_looked_up() -> None:
    start = NOW - timedelta(days=90)
    rows = [
        Row(1, 1, "sent", None, start),
        Row(1, 2, "failed", "blocked", start),
        Row(2, 3, "sent", None, start),
    ]
    messages = [Sent(1, start, archived_at=NOW), Sent(2, start)]
    store = Memory(House(messages=messages, rows=rows))
    for mark in (
        insights.Mark("message", ALL, BERLIN, "1", NOW),
        insights.Mark("end", insights.Filter(message_id=1), BERLIN, "sent|", NOW),
    ):
        got = insights.people_behind(store, mark)[-1]
        assert got.cohort == Cohort(user_ids=(1,))
    (blocked,) = insights.people_behind(store, insights.Mark("reason", ALL, BERLIN, "blocked", NOW))
    assert blocked.cohort == Cohort(user_ids=(2,))
    (other,) = insights.people_behind(store, insights.Mark("message", ALL, BERLIN, "2", NOW))
    assert other.cohort == Cohort(got_message=2)


@pytest.mark.parametrize(
    ("figure", "key"), [("message", "x"), ("hour", "7"), ("day", "soon"), ("load", "-1")]
)
def test_a_key_of_another_kind_is_refused(figure: str, key: str) -> None:
    with pytest.raises(ValueError, match=key):
        insights.people_behind(STORE, insights.Mark(figure, insights.Filter(), BERLIN, key, NOW))


def test_nobody_has_no_door() -> None:
    empty = Memory(House())
    for figure, key in {"stream": "4th", "message": "1", "day": "2026-06-01", "load": "0"}.items():
        mark = insights.Mark(figure, insights.Filter(), BERLIN, key, NOW)
        assert insights.people_behind(empty, mark) == []
