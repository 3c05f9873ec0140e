"""Every string has a translation, and the translations are sound."""

import re
from string import Formatter

import pytest

from hsl import words
from hsl.locale.missing import missing, template

OTHERS = sorted(words.LANGUAGES.keys() - {"en"})


@pytest.fixture
def russian() -> object:
    words.read_by(lambda: "ru-RU")
    yield
    words.read_by(lambda: None)


def values_in(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_every_string_is_translated(language: str) -> None:
    lack = [(m.id, m.locations) for m in missing(language) if m.id]
    assert lack == []


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_left_over(language: str) -> None:
    asked = {(m.id, m.context) for m in template()}
    left = [m.id for m in words.catalogue(language) if m.id and (m.id, m.context) not in asked]
    assert left == []


@pytest.mark.parametrize("language", OTHERS)
def test_translations_name_the_same_values(language: str) -> None:
    asked = {(m.id, m.context): m for m in template()}
    for kept in words.catalogue(language):
        if not kept.id or "{" not in str(kept.id):
            continue
        source = asked[kept.id, kept.context]
        ids = source.id if isinstance(source.id, tuple) else (source.id,)
        strings = kept.string if isinstance(kept.string, tuple) else (kept.string,)
        wanted = values_in(ids[-1])
        for said in strings:
            # A form that is for one only may say "one" instead of the number.
            assert values_in(said) | {"n"} == wanted | {"n"}, said


@pytest.mark.parametrize("language", OTHERS)
def test_plurals_have_every_form(language: str) -> None:
    catalogue = words.catalogue(language)
    for kept in catalogue:
        if isinstance(kept.id, tuple):
            assert len(kept.string) == catalogue.num_plurals, kept.id


def test_counts_agree_in_russian(russian: None) -> None:
    said = [words.plural("{n} person", "{n} people", n) for n in (1, 2, 5, 11, 21, 1204)]
    assert [re.sub(r"\s", " ", one) for one in said] == [
        "1 человек",
        "2 человека",
        "5 человек",
        "11 человек",
        "21 человек",
        "1 204 человека",
    ]


def test_an_unknown_language_reads_english() -> None:
    words.read_by(lambda: "tlh-KX")
    try:
        assert words.plural("{n} person", "{n} people", 1204) == "1,204 people"
    finally:
        words.read_by(lambda: None)


def test_what_names_something_gets_no_separators() -> None:
    assert words._("{a} and {b}", a=1204, b="1204") == "1,204 and 1204"


def test_what_is_stored_is_english(russian: None) -> None:
    with words.in_english():
        stored = words.plural("{n} person", "{n} people", 2)
    assert (stored, words.plural("{n} person", "{n} people", 2)) == ("2 people", "2 человека")
