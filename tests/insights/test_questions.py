"""What is said below a chart says what its numbers carry, and no more."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

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


def test_words_for_shares_and_spans() -> None:
    assert interval(0, 0) == "0 of 0"
    assert interval(5, 10) == "50.0 % of 10 (23.7 to 76.3 %)"
    assert [duration(s) for s in (0.2, 59, 120, 7_200, 400_000)] == [
        "1 s", "59 s", "2 min", "2 h", "5 days",
    ]  # fmt: skip
