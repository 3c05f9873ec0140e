"""One message's result: a funnel that adds up, and a median of earlier messages by loops."""

from collections import Counter
from datetime import datetime
from statistics import median
from typing import cast

import pytest

from hsl import insights
from hsl.insights import one
from tests.insights import counted
from tests.insights.raw import House, Memory, random_house

HOUSE = random_house(11, people=200)
STORE = Memory(HOUSE)
NUMBERS = [sent.id for sent in HOUSE.messages if sent.started_at and sent.action == "send"]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_funnel_adds_up(number: int) -> None:
    found = insights.result(STORE, number)
    steps = dict(zip(found.funnel["step"], found.funnel["people"], strict=True))
    kinds = found.funnel.groupby("kind")["people"].sum()
    rows = [row for row in HOUSE.rows if row.message_id == number]
    statuses = Counter(row.delivery_status for row in rows)
    assert steps["chosen"] == len(rows)
    assert kinds["sent"] == statuses["sent"] + statuses["deleted"]
    assert kinds.get("failed", 0) == statuses["failed"]
    ends = [kinds.get(k, 0) for k in ("sent", "failed", "uncertain", "cancelled", "pending")]
    assert sum(ends) == steps["chosen"]
    assert kinds.get("deleted", 0) == statuses["deleted"]
    started = cast(datetime, next(s.started_at for s in HOUSE.messages if s.id == number))
    gone = {
        p.user_id for p in HOUSE.people if p.unreachable_since and p.unreachable_since < started
    }
    assert steps["reachable when it started"] == sum(row.user_id not in gone for row in rows)
    assert found.delivered == kinds["sent"]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("looked_at", [3, 50])
def test_it_is_held_against_the_median(
    number: int, looked_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one, "EARLIER", looked_at)
    found = insights.result(STORE, number)
    fits = counted.messages(HOUSE, insights.Filter())
    order = sorted(fits, key=lambda i: (cast(datetime, fits[i].started_at), i))
    before = order[: order.index(number)][-looked_at:]
    rows = counted.tried(HOUSE, insights.Filter())
    mine = set().union(
        *(HOUSE.streams(row.user_id) for row in HOUSE.rows if row.message_id == number)
    )
    by_stream = counted.pairs(
        rows, lambda row: [(s, row.message_id) for s in HOUSE.streams(row.user_id) & mine]
    )
    for line in found.by_stream.itertuples():
        assert (line.tried, line.delivered) == by_stream[line.stream, number]
        shares = [
            got / tried
            for (stream, message), (tried, got) in by_stream.items()
            if stream == line.stream and message in before and tried >= 30
        ]
        assert line.earlier == len(shares)
        assert (
            line.median == pytest.approx(median(shares)) if shares else line.median != line.median
        )
    together = counted.pairs(
        (row for row in rows if HOUSE.streams(row.user_id) & mine), lambda row: [row.message_id]
    )
    shares = [
        together[i][1] / together[i][0] for i in before if i in together and together[i][0] >= 30
    ]
    assert found.earlier == len(shares)
    assert found.median == (pytest.approx(median(shares)) if shares else None)


def test_a_message_that_is_not_there_has_nothing() -> None:
    found = insights.result(Memory(House()), 5)
    assert found.funnel.empty
    assert found.by_stream.empty
    assert (found.tried, found.delivered, found.median, found.earlier) == (0, 0, None, 0)
