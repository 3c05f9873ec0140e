"""Names in the order in which people count."""

from hypothesis import given
from hypothesis import strategies as st

from hsl.order import natural_key, naturally


def test_numbers_are_ordered_by_value() -> None:
    streams = ["10th_stream", "4th_stream", "Поток 12", "поток 2", "intro", "4th_stream_b"]
    assert naturally(streams) == [
        "4th_stream",
        "4th_stream_b",
        "10th_stream",
        "intro",
        "поток 2",
        "Поток 12",
    ]


@given(st.lists(st.text(), unique=True))
def test_it_is_a_total_order(names: list[str]) -> None:
    assert naturally(names) == naturally(reversed(names))
    assert len({natural_key(name) for name in names}) == len(names)
