"""The type of an attribute is what a comparison will read its values as."""

import re

import duckdb
from hypothesis import example, given
from hypothesis import strategies as st

from hsl import texts
from hsl.warehouse import attributes
from hsl.warehouse.attributes import AttributeType


@given(
    st.from_regex(r"-?[0-9]{1,32}(\.[0-9]{1,32})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
    | st.from_regex(
        r"[0-9]{4}-[01][0-9]-[0-3][0-9]([T ]([0-2][0-9](:[0-6][0-9]){0,3})?(\.[0-9]+)?"
        r" ?(Z|[+-][0-2][0-9](:?[0-5][0-9])?)?)?",
        fullmatch=True,
    )
)
@example("1e400")
@example("1" * 31)
@example("007")
@example("2026-11-24T")
@example("2100-02-29")
def test_a_number_or_date_is_what_a_comparison_reads_as_one(words: str) -> None:
    with duckdb.connect() as store:
        store.execute('CREATE TABLE users ("a:x" VARCHAR)')
        store.execute("INSERT INTO users VALUES (?)", [words])
        kind = attributes.types(store, ["x"])["x"]
    is_code = re.match(r"-?0[0-9]", words) is not None
    assert (kind is AttributeType.NUMBER) == (texts.number(words) is not None and not is_code)
    assert (kind is AttributeType.DATE) == (texts.day(words) is not None)
