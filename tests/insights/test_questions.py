"""What is said below a chart says what its numbers carry, and no more."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hsl import insights
from hsl.charts import arrival, people
from hsl.charts.figure import Counts, Figure, duration, interval
from hsl.charts.ink import DARK, LIGHT
from tests.insights.raw import NOW, House, Memory, Person, Place, Row, Sent, random_house

MOSCOW = ZoneInfo("Europe/Moscow")
MONDAY = datetime(2026, 6, 1, 9, tzinfo=UTC)  # noon in Moscow


def two_hours(first: int, second: int) -> Counts:
    """A hundred people each at noon and at six in the evening, so many of whom it reached."""
    rows = [
        Row(
            1,
            hour * 1_000 + person,
            "sent" if person < got else "failed",
            None if person < got else "blocked",
            MONDAY + timedelta(hours=hour),
        )
        for hour, got in ((0, first), (6, second))
        for person in range(100)
    ]
    store = Memory(House(messages=[Sent(1, MONDAY)], rows=rows))
    return Counts(store, insights.Filter(), MOSCOW, NOW)


def all_of(counts: Counts) -> list[Figure]:
    return [
        arrival.over_time(counts, "day"),
        arrival.by_message(counts),
        *arrival.comparison(counts),
        arrival.reach(counts, 30),
        arrival.hours(counts),
        arrival.speed(counts),
        people.reasons_over_time(counts, "week"),
        people.reasons(counts),
        people.churn(counts),
        *people.loads(counts),
        people.retention(counts),
    ]


def test_the_best_hour_is_named_where_hours_differ() -> None:
    said = arrival.hours(two_hours(95, 60)).summary
    assert "Best Mon 12:00 (95.0% of 100); worst Mon 18:00 (60.0% of 100)." in said
    assert "Europe/Moscow" in said


def test_no_hour_is_best_where_chance_explains_it() -> None:
    assert "No hour differs" in arrival.hours(two_hours(95, 93)).summary


def test_few_people_are_no_hour() -> None:
    row = Row(1, 1, "sent", None, MONDAY)
    store = Memory(House(messages=[Sent(1, MONDAY)], rows=[row]))
    counts = Counts(store, insights.Filter(), MOSCOW, NOW)
    assert "No hour has 30 deliveries yet." in arrival.hours(counts).summary


def test_every_figure_is_drawn_and_its_marks_have_names() -> None:
    counts = Counts(Memory(random_house(2)), insights.Filter(), MOSCOW, NOW)
    for figure in all_of(counts):
        assert len(figure.numbers) > 0
        for ink in (LIGHT, DARK):
            held = figure.build(ink).to_dict()["datasets"].values()
            keys = {line["key"] for rows in held for line in rows}
            assert keys <= set(figure.marks), figure.name
        assert figure.question.endswith("?")
        assert figure.summary.strip()


def test_nothing_breaks_where_nothing_is() -> None:
    counts = Counts(Memory(House()), insights.Filter(), MOSCOW, NOW)
    assert all(figure.numbers.empty for figure in all_of(counts))


def test_a_first_message_is_held_against_nothing() -> None:
    house = House(
        people=[Person(1)],
        places=[Place(1, "4th")],
        messages=[Sent(1, MONDAY)],
        rows=[Row(1, 1, "sent", None, MONDAY)],
    )
    found = insights.result(Memory(house), 1)
    assert "There is no earlier message" in people.funnel(found, 1).summary


def lines_of(figure: Figure) -> list[dict[str, Any]]:
    """What the chart's marks hold."""
    return [line for rows in figure.build(LIGHT).to_dict()["datasets"].values() for line in rows]


def tooltips(figure: Figure) -> set[str]:
    def within(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            for fact in part.get("tooltip", []) if isinstance(part.get("tooltip"), list) else []:
                yield fact["field"]
            for inner in part.values():
                yield from within(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from within(inner)

    spec = figure.build(LIGHT).to_dict()
    spec.pop("datasets")
    return set(within(spec))


def message_to(number: int, people_count: int, failed: int) -> list[Row]:
    return [
        Row(number, i, "failed" if i <= failed else "sent", "blocked" if i <= failed else None,
            MONDAY + timedelta(days=number))
        for i in range(1, people_count + 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "failed", "said", "grey"),
    [(3, 1, "1 of 3, too few to say", True), (40, 10, "10 · 25.0 % (14.2 to 40.2 %)", False)],
)
def test_a_share_of_a_funnel_has_its_interval_or_is_grey(
    count: int, failed: int, said: str, grey: bool
) -> None:
    house = House(messages=[Sent(1, MONDAY)], rows=message_to(1, count, failed))
    figure = people.funnel(insights.result(Memory(house), 1), 1)
    lines = {line["key"]: line for line in lines_of(figure)}
    assert lines["failed|blocked"]["words"] == said
    assert (lines["failed|blocked"]["fill"] == LIGHT.grey) is grey
    assert lines["people|"]["words"] == f"{count:,}"
    assert {"share", "low", "high", "chosen"} <= tooltips(figure)


def test_a_median_says_of_how_many_messages_it_is() -> None:
    house = House(
        people=[Person(i) for i in range(1, 41)],
        places=[Place(i, "4th") for i in range(1, 41)],
        messages=[Sent(i, MONDAY + timedelta(days=i)) for i in (1, 2)],
        rows=[*message_to(1, 40, 4), *message_to(2, 40, 10)],
    )
    figure = people.one_by_stream(insights.result(Memory(house), 2), 2)
    (line,) = lines_of(figure)
    assert line["words"] == "75.0% of 40; median of 1 message"
    assert {"median", "earlier"} <= tooltips(figure)


def test_shares_of_stacked_reasons_have_an_interval_and_n() -> None:
    house = House(messages=[Sent(1, MONDAY)], rows=message_to(1, 3, 1))
    counts = Counts(Memory(house), insights.Filter(), MOSCOW, NOW)
    figure = people.reasons_over_time(counts, "day")
    assert {"share", "low", "high", "said"} <= tooltips(figure)
    (line,) = lines_of(figure)
    assert line["said"] == "3, too few to say"


def test_words_for_shares_and_spans() -> None:
    assert interval(0, 0) == "0 of 0"
    assert interval(5, 10) == "50.0 % of 10 (23.7 to 76.3 %)"
    assert [duration(s) for s in (0.2, 59, 120, 7_200, 400_000)] == [
        "1 s", "59 s", "2 min", "2 h", "5 days",
    ]  # fmt: skip
