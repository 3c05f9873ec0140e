"""What is stored in English is said in the reader's language."""

from collections.abc import Iterator
from string import Formatter

import pytest

from hsl import words
from hsl.delivery import sums, told
from hsl.models import Action


@pytest.fixture
def russian() -> Iterator[None]:
    words.read_by(lambda: "ru-RU")
    yield
    words.read_by(lambda: None)


@pytest.mark.parametrize("form", told.FORMS)
def test_every_stored_reason_is_known_again(form: str, russian: None) -> None:
    values = {name: "2 days" if name == "span" else "x: 50 % [y]" for _, name, _, _ in
              Formatter().parse(form) if name}  # fmt: skip
    said = told.reason(form.format(**values))
    assert said != form.format(**values)
    assert "{" not in said
    assert all(value in said for name, value in values.items() if name != "span")
    assert "span" not in values or "2 дня" in said


def test_what_has_no_known_form_stays(russian: None) -> None:
    assert told.reason("Somebody said so") == "Somebody said so"
    assert told.closing("no sum at all") == "no sum at all"


CLOSING = sums.ClosingSum(1204, 1150, {"blocked": 31, "never_started": 9}, 2, 0, 0, 0, 12)
ENGLISH = (
    "1,204 chosen = 1,150 sent + 31 blocked the bot + 9 never started the bot + 2 uncertain"
    " + 12 not tried yet"
)


def test_a_sum_is_stored_in_english_and_said_in_russian(russian: None) -> None:
    stored = told.stored_sum(CLOSING)
    assert stored == ENGLISH
    said = told.closing(stored)
    assert said == CLOSING.sentence()
    assert said.startswith("выбрано 1\u00a0204 = отправлено 1\u00a0150 + заблокировали бота 31")


def test_in_english_nothing_changes() -> None:
    assert told.closing(ENGLISH) == ENGLISH == CLOSING.sentence()
    run = CLOSING.of_action(Action.DELETE)
    said = told.closing(ENGLISH, whole="chats", done="deleted")
    assert said == run.sentence()
    assert said.startswith("1,204 chats = 1,150 deleted + 31 blocked")


def test_a_short_sum_has_one_term_for_all_that_failed() -> None:
    assert CLOSING.in_short().sentence() == (
        "1,204 chosen = 1,150 sent + 40 failed + 2 uncertain + 12 not tried yet"
    )
