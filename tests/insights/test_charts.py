"""Charts hold what their frame holds, and pictures are made here, without the network."""

from typing import Any

import pytest

from hsl import insights
from hsl.charts import over_time, picture, rows
from hsl.charts.ink import DARK, LIGHT, Ink
from tests.insights.raw import NOW, Memory, random_house
from tests.insights.test_edges import BERLIN

ALL = insights.Filter()


@pytest.fixture(scope="module")
def store() -> insights.Readable:
    return Memory(random_house(5, people=300))


def drawn(store: insights.Readable, ink: Ink) -> dict[str, Any]:
    days = insights.over_time(store, ALL, BERLIN)
    lost = insights.reasons_over_time(store, ALL, BERLIN, step="week")
    messages = insights.by_message(store, ALL)
    speed = insights.speed(store, ALL)
    kept = insights.retention(store, ALL, BERLIN, now=NOW)
    order = list(dict.fromkeys(lost["words"]))
    return {
        "over_time": over_time.shares(days, ink, step="day"),
        "stacked": over_time.stacked(lost, order, ink, step="week"),
        "hours": over_time.hours(insights.by_hour(store, ALL, BERLIN), ink),
        "retention": over_time.retention(kept, ink),
        "dots": rows.dots(messages, "title", "message_id", ink, of="tried"),
        "bars": rows.bars(insights.fatigue(store, ALL), "messages", "messages", ink),
        "times": rows.times(speed, "title", "message_id", ink, words=["–"] * len(speed)),
    }


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def between(low: str, high: str, place: float) -> str:
    ends = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in (low, high)]
    return "#" + "".join(f"{round(a + (b - a) * place):02X}" for a, b in zip(*ends, strict=True))


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("ink", "page"), [(LIGHT, "#FFFFFF"), (DARK, "#12181F")])
def test_text_passes_aa_and_marks_stand_out(ink: Ink, page: str) -> None:
    for text in (ink.text, ink.dim):
        assert contrast(text, page) >= 4.5
    for mark in (ink.series, ink.failed, ink.grey):
        assert contrast(mark, page) >= 3
    for percent in range(101):
        text = ink.on_high if percent / 100 > ink.turn else ink.on_low
        assert contrast(text, between(*ink.scale, percent / 100)) >= 4.5, percent


@pytest.mark.parametrize("form", ["svg", "png"])
def test_every_chart_becomes_a_picture(store: insights.Readable, form: picture.Form) -> None:
    start = {"svg": b"<svg", "png": b"\x89PNG"}[form]
    for name, chart in drawn(store, LIGHT).items():
        made = picture.picture(chart, form, title="Does it <arrive>?")
        assert made.startswith(start), name
        assert form == "png" or b"Does it &lt;arrive&gt;?" in made


def test_every_row_is_a_door_with_its_key(store: insights.Readable) -> None:
    frame = insights.by_message(store, ALL)
    chart = rows.dots(frame, "title", "message_id", LIGHT, of="tried").to_dict()
    (held,) = chart["datasets"].values()
    assert [line["key"] for line in held] == [str(number) for number in frame["message_id"]]
    assert [param["name"] for param in chart["params"]] == ["mark"]


def test_a_small_share_says_so(store: insights.Readable) -> None:
    frame = insights.by_message(store, ALL).assign(small=True)
    chart = rows.dots(frame, "title", "message_id", LIGHT, of="tried").to_dict()
    (held,) = chart["datasets"].values()
    assert all(line["words"].endswith("too few to say") for line in held)


def test_stacks_are_as_high_as_all_that_failed(store: insights.Readable) -> None:
    frame = insights.reasons_over_time(store, ALL, BERLIN, step="week")
    order = list(dict.fromkeys(frame["words"]))
    (held,) = over_time.stacked(frame, order, LIGHT, step="week").to_dict()["datasets"].values()
    tops: dict[str, int] = {}
    for line in held:
        tops[line["day"]] = max(tops.get(line["day"], 0), line["top"])
    assert list(tops.values()) == frame.groupby("day")["failed"].sum().tolist()


@pytest.mark.parametrize(
    ("first", "last"), [(0.0, 0.4), (1, 1), (95, 500), (5, 90_000), (700, 700)]
)
def test_an_axis_of_times_has_a_mark_at_both_ends(first: float, last: float) -> None:
    shown = rows._around(first, last)
    assert len(shown) >= 2
    assert shown[0] <= max(first, 1)
    assert shown[-1] >= last


def test_a_median_is_within_the_axis(store: insights.Readable) -> None:
    frame = insights.by_message(store, ALL).assign(median=0.05)
    chart = rows.dots(frame, "title", "message_id", LIGHT, of="tried", against="median").to_dict()
    low, _ = chart["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert low <= 0.05


def test_days_that_differ_by_little_do_not_look_far_apart(store: insights.Readable) -> None:
    frame = insights.by_message(store, ALL).assign(low=0.97, share=0.971, high=0.972, small=False)
    chart = rows.dots(frame, "title", "message_id", LIGHT, of="tried").to_dict()
    low, high = chart["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert high - low >= rows.LEAST_SPAN
