"""A question that takes too long is ended, and the connection goes on."""

import time

import duckdb
import pytest

from hsl.warehouse import limit

ENDLESS = "SELECT count(*) FROM range(100000000000) AS a(i) WHERE i % 7 = 3"


def test_an_endless_question_is_ended_with_a_sentence() -> None:
    connection = duckdb.connect(config={"threads": 1})
    began = time.monotonic()
    with (
        pytest.raises(limit.TooSlowError, match="Take some conditions away"),
        limit.within(connection, 0.3),
    ):
        connection.execute(ENDLESS).fetchall()
    assert time.monotonic() - began < 5
    with limit.within(connection, 5.0):
        assert connection.execute("SELECT 1").fetchone() == (1,)
