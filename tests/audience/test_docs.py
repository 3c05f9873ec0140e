"""docs/cohorts.md is true: each expression in it is read, and means what stands beside it."""

import re

import pytest

from hsl.audience import vocabulary, where, where_text
from hsl.settings import ROOT

TEXT = (ROOT / "docs" / "cohorts.md").read_text("utf-8")
WORDS = TEXT.split("## How values are compared")[0]
ROWS = re.findall(r"^\| `(.+)` \| (.+) \|$", WORDS, re.MULTILINE)
BLOCK = re.findall(r"```sql\n(.+?)```", TEXT, re.DOTALL)[0]
IN_TERMINAL = re.findall(r'--where "(.+?)"', TEXT)


@pytest.mark.parametrize(("expression", "sentence"), ROWS)
def test_each_expression_means_its_sentence(expression: str, sentence: str) -> None:
    cohort = where.parse(expression)
    assert cohort.sentence() == sentence
    assert where.parse(where_text.write(cohort)) == cohort


@pytest.mark.parametrize("expression", [*BLOCK.split("\n\n"), *IN_TERMINAL])
def test_each_example_is_read(expression: str) -> None:
    assert not where.parse(expression).is_empty


def test_every_word_of_the_language_is_documented() -> None:
    words = {*vocabulary.FUNCTIONS, *vocabulary.COUNTED, *vocabulary.ON_A_COLUMN,
             *vocabulary.FLAGS, *vocabulary.COLUMNS} - {"frozen_segment"}  # fmt: skip
    grouped = {"sent_of_last", "failed_of_last", "sent_ever", "failed_ever", "got_within"}
    said = {word for word in words if re.search(rf"\b{word}\b", TEXT)}
    assert words - said - grouped == {"first_name", "last_name", "unreachable_reason"}
