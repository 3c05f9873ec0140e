"""Charts are read on light and on dark, without colours, and in the reader's language."""

from collections.abc import Iterator

import pandas as pd
import pytest

from hsl import words
from hsl.charts import ink, over_time, picture, rows
from hsl.insights.intervals import in_order, with_shares

BACKGROUNDS = ((ink.LIGHT, "#FFFFFF"), (ink.DARK, "#11181F"))


@pytest.fixture
def russian() -> Iterator[None]:
    words.read_by(lambda: "ru-RU")
    yield
    words.read_by(lambda: None)


@pytest.mark.parametrize(("shade", "background"), BACKGROUNDS)
def test_text_passes_aa_and_marks_are_seen(shade: ink.Ink, background: str) -> None:
    for text in (shade.text, shade.dim):
        assert ink.contrast(text, background) >= 4.5
    for mark in (shade.series, shade.grey, shade.failed):
        assert ink.contrast(mark, background) >= 3
    for fill in shade.reasons:
        assert ink.contrast(ink.on(fill), fill) >= 4.5
    assert ink.contrast(shade.on_high, shade.scale[1]) >= 4.5
    assert ink.contrast(shade.on_low, shade.scale[0]) >= 4.5


def shares() -> pd.DataFrame:
    frame = pd.DataFrame({"stream": ["10th", "4th"], "tried": [1204, 20], "delivered": [1150, 19]})
    return with_shares(in_order(frame, "stream"), "delivered", "tried")


def test_few_are_a_diamond_and_not_grey_alone() -> None:
    chart = rows.dots(shares(), "stream", "stream", ink.LIGHT, of="tried")
    svg = picture.picture(chart, "svg").decode()
    assert "too few to say" in svg
    layer = next(layer for layer in chart.to_dict()["layer"] if layer["mark"]["type"] == "point")
    assert layer["encoding"]["shape"]["condition"]["value"] == "diamond"


def test_names_stand_in_the_order_in_which_people_count() -> None:
    assert list(shares()["stream"]) == ["4th", "10th"]


def test_a_picture_is_in_the_language_of_its_reader(russian: None) -> None:
    chart = rows.dots(shares(), "stream", "stream", ink.LIGHT, of="tried")
    svg = picture.picture(chart, "svg", title="Доходят ли сообщения?").decode()
    assert "95,5 % из 1\u00a0204" in svg
    assert "слишком мало для вывода" in svg
    days = shares().assign(day=pd.to_datetime(["2026-11-02", "2026-11-03"]))
    drawn = picture.picture(over_time.shares(days, ink.LIGHT, step="day"), "svg").decode()
    assert "нояб." in drawn
    assert over_time.weekdays()[0] == "пн"


def test_each_reason_has_its_number_beside_its_colour() -> None:
    days = pd.DataFrame(
        {
            "day": pd.to_datetime(["2026-11-02", "2026-11-02"]),
            "reason": ["blocked", "kicked"],
            "words": ["blocked the bot", "bot was removed"],
            "failed": [40, 20],
            "tried": [400, 400],
        }
    )
    frame = with_shares(days, "failed", "tried")
    order = ["blocked the bot", "bot was removed"]
    svg = picture.picture(over_time.stacked(frame, order, ink.LIGHT, step="day"), "svg").decode()
    assert "1 blocked the bot" in svg
    assert "2 bot was removed" in svg
