"""Lengths of time in words."""

import pytest

from hsl import spans


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"),
        (40, "40 s"),
        (59, "59 s"),
        (60, "1 min"),
        (1200, "20 min"),
        (7200, "2 h"),
        (86_400, "24 h"),
        (4 * 86_400, "4 days"),
    ],
)
def test_a_span_reads_as_one_unit(seconds: float, words: str) -> None:
    assert spans.words(seconds) == words
