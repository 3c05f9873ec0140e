"""The figures once more, by loops over the raw rows, without a line of SQL."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime, timedelta
from math import ceil, floor
from zoneinfo import ZoneInfo

from hsl import insights
from tests.insights.raw import House, Row, Sent

GOT = {"sent", "deleted"}
Pair = tuple[int, int]


def messages(house: House, chosen: insights.Filter) -> dict[int, Sent]:
    found = {}
    for sent in house.messages:
        if sent.action != "send" or sent.started_at is None:
            continue
        if chosen.since and sent.started_at < chosen.since:
            continue
        if chosen.until and sent.started_at >= chosen.until:
            continue
        if chosen.message_type and sent.message_type != chosen.message_type:
            continue
        if chosen.author and sent.author != chosen.author:
            continue
        found[sent.id] = sent
    return found


def inside(house: House, chosen: insights.Filter, user_id: int) -> bool:
    return not chosen.streams or bool(house.streams(user_id) & set(chosen.streams))


def tried(house: House, chosen: insights.Filter) -> list[Row]:
    fits = messages(house, chosen)
    allowed = {user for user in {r.user_id for r in house.rows} if inside(house, chosen, user)}
    return [
        row
        for row in house.rows
        if row.message_id in fits
        and row.user_id in allowed
        and row.sending_at is not None
        and row.delivery_status in {*GOT, "failed", "uncertain"}
    ]


def pairs(rows: Iterable[Row], keys: Callable[[Row], Iterable[Hashable]]) -> dict[Hashable, Pair]:
    """Tried and delivered by each key of a row."""
    all_of: Counter[Hashable] = Counter()
    got: Counter[Hashable] = Counter()
    for row in rows:
        for key in keys(row):
            all_of[key] += 1
            got[key] += row.delivery_status in GOT
    return {key: (all_of[key], got[key]) for key in all_of}


def day_of(row: Row, zone: ZoneInfo, step: str) -> datetime:
    assert row.sending_at is not None
    local = row.sending_at.astimezone(zone).replace(tzinfo=None)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday()) if step == "week" else day


def last_before_block(house: House) -> dict[int, int]:
    """The message that each blocker got last before the first failure that told of the block."""
    every = insights.Filter()
    blocks: dict[int, datetime] = {}
    rows = sorted(tried(house, every), key=lambda r: r.sending_at or datetime.max)
    for row in rows:
        if row.delivery_status == "failed" and row.reason == "blocked" and row.sending_at:
            blocks.setdefault(row.user_id, row.sending_at)
    found: dict[int, int] = {}
    for row in rows:
        met = blocks.get(row.user_id)
        if met and row.delivery_status in GOT and row.sending_at and row.sending_at < met:
            found[row.user_id] = row.message_id
    return found


def loads(house: House, chosen: insights.Filter) -> dict[str, tuple[int, int, int, int]]:
    """By messages a person: people, tried, delivered, blocked."""
    by_person: dict[int, list[Row]] = defaultdict(list)
    for row in tried(house, chosen):
        by_person[row.user_id].append(row)
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for person in house.people:
        if inside(house, chosen, person.user_id) and person.user_id not in by_person:
            found["0"][0] += 1
    for rows in by_person.values():
        count = len(rows)
        name = str(count) if count < 10 else "10–19" if count < 20 else "20–49"
        found[name][0] += 1
        found[name][1] += count
        found[name][2] += sum(r.delivery_status in GOT for r in rows)
        found[name][3] += any(r.delivery_status == "failed" and r.reason == "blocked" for r in rows)
    return {name: (line[0], line[1], line[2], line[3]) for name, line in found.items()}


def seconds(house: House, sent: Sent, chosen: insights.Filter) -> list[float]:
    """When each person had this message, after its start, the soonest first."""
    assert sent.started_at is not None
    return sorted(
        max(0.0, ((row.sent_at or row.sending_at) - sent.started_at).total_seconds())  # type: ignore[operator]
        for row in tried(house, chosen)
        if row.message_id == sent.id and row.delivery_status in GOT
    )


def at_share(times: list[float], percent: int) -> float:
    return times[max(1, ceil(len(times) * percent / 100)) - 1]


def retention(
    house: House, chosen: insights.Filter, zone: ZoneInfo, now: datetime
) -> dict[tuple[datetime, int], Pair]:
    """People and reachable by registration month and week since."""
    this_month = now.astimezone(zone).replace(tzinfo=None, day=1, hour=0, minute=0, second=0)
    found: dict[tuple[datetime, int], list[int]] = defaultdict(lambda: [0, 0])
    week = timedelta(days=7)
    for person in house.people:
        born = person.registered_at
        if born is None or born > now or not inside(house, chosen, person.user_id):
            continue
        local = born.astimezone(zone)
        month = datetime(local.year, local.month, 1)
        ago = (this_month.year - month.year) * 12 + this_month.month - month.month
        if ago >= 12:
            continue
        for number in range(27):
            if born + number * week > now:
                break
            gone = person.unreachable_since
            found[month, number][0] += 1
            found[month, number][1] += gone is None or floor((gone - born) / week) >= number
    return {key: (line[0], line[1]) for key, line in found.items()}
