"""Intervals agree with published values, and greyness with the number of people."""

import pandas as pd
import pytest

from hsl import insights
from hsl.insights.intervals import with_shares


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17, table I, method 3 (score, no correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # Counted by hand from the formula.
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (0, 0, 0.0, 1.0),
    ],
)
def test_the_interval_is_wilsons(part: int, whole: int, low: float, high: float) -> None:
    assert insights.wilson(part, whole) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize(("part", "whole"), [(-1, 3), (4, 3)])
def test_more_than_all_is_refused(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match=f"{part} is no part of {whole}"):
        insights.wilson(part, whole)


def test_a_share_of_nobody_is_missing_and_small() -> None:
    frame = with_shares(pd.DataFrame({"a": [0, 3], "b": [0, 4]}), "a", "b")
    assert frame["share"].isna().tolist() == [True, False]
    assert frame["share"].iloc[1] == 0.75
    assert frame["small"].tolist() == [True, True]


def test_thirty_are_not_small() -> None:
    frame = with_shares(pd.DataFrame({"a": [1, 1], "b": [29, 30]}), "a", "b")
    assert frame["small"].tolist() == [True, False]


def test_shares_are_apart_only_where_their_intervals_are() -> None:
    def counted(*rows: tuple[int, int]) -> pd.DataFrame:
        return with_shares(pd.DataFrame(rows, columns=["a", "b"]), "a", "b")

    assert insights.apart(counted((50, 100), (90, 100)))
    assert not insights.apart(counted((85, 100), (90, 100)))
    assert not insights.apart(counted((1, 10), (10, 10)))
    assert not insights.apart(counted((50, 100)))
