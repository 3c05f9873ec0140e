"""One message in several languages: who gets which, on paper and in SQL."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, select

from hsl import languages, models
from hsl.audience import spoken
from hsl.message.content import Button, Content, Translation

JOIN = ((Button(text="Join", url="https://example.org"),),)
WHOLE = Content(
    text="Hello",
    buttons=JOIN,
    default_language="en",
    translations={
        "ru": Translation(text="Привет"),
        "pt": Translation(text="Olá"),
        "pt-br": Translation(text="Oi", buttons=()),
    },
)
codes = st.sampled_from(["en", "ru", "pt", "pt-br", "zh", "zh-hant", "uk"])
spellings = st.one_of(
    st.none(),
    st.sampled_from(["", "-", "ru-", "rus", "en_GB", "RU", "ru-RU", "pt_BR", "PT-br-x", " ru ",
                     "zh-Hant-TW", "zh-Hans", "r", "kk"]),
    st.text("ruenptbzh-_ ", max_size=8),
)  # fmt: skip
contents = st.builds(
    lambda default, others: Content(
        text="default",
        default_language=default,
        translations={code: Translation(text=code) for code in others if code != default},
    ),
    st.one_of(st.just(""), codes),
    st.lists(codes, unique=True, max_size=5),
)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ru", "Привет"),
        ("ru-RU", "Привет"),
        ("RU_ru", "Привет"),
        ("rus", "Hello"),
        ("pt-BR", "Oi"),
        ("pt-PT", "Olá"),
        ("en-GB", "Hello"),
        ("ka", "Hello"),
        ("", "Hello"),
        (None, "Hello"),
    ],
)
def test_a_person_gets_their_language_else_the_default(code: str | None, text: str) -> None:
    assert WHOLE.for_language(code).text == text


def test_the_default_wins_over_a_broader_translation() -> None:
    content = Content(
        text="Oi", default_language="pt-br", translations={"pt": Translation(text="Olá")}
    )
    assert content.for_language("pt-BR").text == "Oi"
    assert content.for_language("pt").text == "Olá"


def test_buttons_are_the_defaults_unless_a_translation_has_its_own() -> None:
    assert WHOLE.for_language("ru").buttons == JOIN
    assert WHOLE.for_language("pt-br").buttons == ()


@given(contents, spellings, spellings)
def test_what_one_gets_is_one_language_and_stays_so(
    content: Content, code: str | None, other: str | None
) -> None:
    shown = content.for_language(code)
    assert shown.translations == {}
    assert shown.for_language(other) == shown
    if content.translations:
        assert shown.default_language in content.languages
    said = content.translations.get(shown.default_language)
    assert shown.text == ("default" if said is None else said.text)


@given(contents)
def test_a_row_gives_back_the_same_content(content: Content) -> None:
    assert Content.from_row(content.as_row()) == content
    assert Content.from_json(content.model_dump(mode="json")) == content


def test_a_content_that_was_stored_before_has_one_language() -> None:
    stored = {"message_type": "text", "text": "Hi", "file_id": None, "buttons": []}
    content = Content.from_json(stored)
    assert content.languages == ("",)
    assert content.for_language("ru") is content
    assert content.as_row()["translations"] is None


def test_problems_name_their_language() -> None:
    content = Content(
        text="<b>open",
        default_language="en",
        translations={
            "ru": Translation(text=" ", buttons=((Button(text="Да"),),)),
            "en": Translation(text="x"),
            "r": Translation(text="x"),
        },
    )
    found = [(one.language, one.field, one.message) for one in content.check()]
    assert [(language, field) for language, field, _ in found] == [
        ("", "text"),
        ("en", "translations"),
        ("r", "translations"),
        ("ru", "text"),
        ("ru", "buttons.0.0"),
    ]
    assert found[0][2].startswith("English: ")
    assert found[3][2] == "Russian: The message is empty. Write a text."


def test_one_language_names_none() -> None:
    assert [one.message for one in Content(text=" ", default_language="en").check()] == [
        "The message is empty. Write a text."
    ]


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(content=WHOLE, theirs=["pt-BR", "pt_br-x", "pt-PT", "ru-", None, "rus"])
@given(content=contents, theirs=st.lists(spellings, min_size=1, max_size=12))
def test_sql_counts_as_the_rule_says(
    engine: Engine, content: Content, theirs: list[str | None]
) -> None:
    people = select(models.users.c.user_id, models.users.c.username)
    with engine.begin() as connection:
        connection.execute(delete(models.users))
        connection.execute(
            insert(models.users),
            [
                {"user_id": i, "language_code": code, "attributes": {},
                 "updated_at": models.utc_now()}
                for i, code in enumerate(theirs, 1)
            ],
        )  # fmt: skip
        counts = spoken.counted(connection, people, content.languages)
        got = {
            code: set(
                connection.execute(spoken.only(people, content.languages, code)).scalars().all()
            )
            for code in content.languages
        }
    for code in content.languages:
        wanted = {i for i, one in enumerate(theirs, 1) if content.language_for(one) == code}
        if len(content.languages) > 1:
            assert got[code] == wanted
        assert counts[code] == len(wanted)


def test_a_language_has_a_name_in_the_readers_words() -> None:
    assert languages.name("ru") == "Russian"
    assert languages.name("xq") == "xq"
