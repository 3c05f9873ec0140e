"""What is stored in English is said in Russian where it is a sentence of ours, and stays else."""

from collections.abc import Iterator

import pytest

from hsl import stored, words
from hsl.audience.sources import losses, registry
from hsl.words import _, plural


@pytest.fixture
def russian() -> Iterator[None]:
    words.read_by(lambda: "ru-RU")
    yield
    words.read_by(lambda: None)


def english(text: str, **values: object) -> str:
    with words.in_english():
        return _(text, **values)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{shown} names no file of people now. Check the folder and pattern.", {"shown": "/a b.c"}),
        ("The query is empty. Write one SELECT.", {}),
        ("{shown} is larger than {most} MiB.", {"shown": "people.csv", "most": 1204}),
        (
            "{name!r} is not the name of an environment variable. Write env:NAME.",
            {"name": "school db"},
        ),
    ],
)
def test_a_known_sentence_is_said_with_its_values(
    russian: None, text: str, values: dict[str, object]
) -> None:
    assert stored.said(english(text, **values)) == _(text, **values) != english(text, **values)


def test_a_sentence_within_a_sentence_is_said_too(russian: None) -> None:
    why = registry.ACCEPTABLE.replace(" (--accept-shrink)", "")
    kept = english(losses.PEOPLE_GONE, came=3, was=1204, days=30, acceptable=why)
    said = stored.said(kept)
    assert words.number(1204) in said
    assert "1,204" not in said
    assert "run it again" not in said


def test_counts_take_their_form(russian: None) -> None:
    text = ("{n} person gets messages again from then on.",
            "{n} people get messages again from then on.")  # fmt: skip
    for n in (1, 2, 5, 1204):
        with words.in_english():
            kept = plural(*text, n)
        assert stored.said(kept) == plural(*text, n)


@pytest.mark.parametrize("text", ["Anna", "sent", "Hello you, the lesson begins", "a {b} c", ""])
def test_what_is_not_ours_stays(russian: None, text: str) -> None:
    assert stored.said(text) == text


def test_who_reads_english_reads_it_as_it_is() -> None:
    text = "The query is empty. Write one SELECT."
    assert stored.said(text) == text
