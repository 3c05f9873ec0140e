"""What takes too long is ended at its time, and nothing else, by one thread for all."""

import threading
from collections.abc import Iterator

import duckdb
import pytest

from hsl.warehouse import limits
from hsl.warehouse.watchdog import Watchdog

LONG = 60.0  # seconds, in which no test waits
SOON = 0.05


@pytest.fixture
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with limits.open_database("1GB") as found:
        yield found


def test_the_one_whose_time_is_over_first_is_interrupted_first() -> None:
    dog, said, both = Watchdog(), list[str](), threading.Event()

    def last() -> None:
        said.append("late")
        both.set()

    dog.put_on(last, 3 * SOON)
    dog.put_on(lambda: said.append("soon"), SOON)  # put on later, and over before
    assert both.wait(LONG)
    assert said == ["soon", "late"]


def test_what_was_taken_off_is_left_alone() -> None:
    dog, said, over = Watchdog(), list[str](), threading.Event()
    dog.take_off(dog.put_on(lambda: said.append("wrong"), SOON))
    dog.put_on(over.set, 2 * SOON)
    assert over.wait(LONG)
    assert said == []


def test_one_that_was_interrupted_can_be_taken_off() -> None:
    dog, over = Watchdog(), threading.Event()
    number = dog.put_on(over.set, 0)
    assert over.wait(LONG)
    dog.take_off(number)


def test_questions_share_one_thread(database: duckdb.DuckDBPyConnection) -> None:
    with limits.within(database, LONG):
        before = threading.active_count()
        for _ in range(20):
            with limits.within(database.cursor(), LONG):
                assert threading.active_count() == before


def test_of_two_questions_only_the_long_one_is_ended(database: duckdb.DuckDBPyConnection) -> None:
    other = database.cursor()
    with limits.within(other, LONG):
        with (
            pytest.raises(limits.TooLongError, match=r"over 0\.05 s"),
            limits.within(database, SOON),
        ):
            database.execute("SELECT count(*) FROM range(10000000) a, range(10000000) b")
        assert other.execute("SELECT count(*) FROM range(1000)").fetchone() == (1000,)
