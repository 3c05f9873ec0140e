"""Writing a content in its languages, one at a time, loses nothing of the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsl.message import translating
from hsl.message.content import Button, Content, Translation
from hsl.models import MessageType

JOIN = ((Button(text="Join", callback_data="join"),),)
ENTER = ((Button(text="Войти", callback_data="join"),),)
WHOLE = Content(
    text="Hello",
    buttons=JOIN,
    default_language="en",
    translations={"pt": Translation(text="Olá"), "ru": Translation(text="Привет", buttons=ENTER)},
)


@given(st.sampled_from(["", "pt", "ru"]))
def test_to_look_at_a_language_changes_nothing(code: str) -> None:
    assert translating.put(WHOLE, code, translating.seen(WHOLE, code)) == WHOLE


@given(st.sampled_from(["", "pt", "ru"]), st.text(max_size=20))
def test_what_is_written_in_one_language_stays_out_of_the_others(code: str, text: str) -> None:
    seen = translating.seen(WHOLE, code)
    put = translating.put(WHOLE, code, seen.model_copy(update={"text": text}))
    assert translating.seen(put, code).text == text
    for other in {"", "pt", "ru"} - {code}:
        assert translating.seen(put, other) == translating.seen(WHOLE, other)


def test_buttons_follow_the_default_until_they_are_made_others() -> None:
    none = Content(text="Hello", buttons=(), default_language="en", translations=WHOLE.translations)
    assert translating.seen(translating.put(WHOLE, "", none), "pt").buttons == ()
    assert translating.seen(translating.put(WHOLE, "", none), "ru").buttons == ENTER
    own = translating.put(WHOLE, "pt", Content(text="Olá", buttons=ENTER))
    assert own.translations["pt"].buttons == ENTER
    assert translating.with_default_buttons(own, "pt").translations["pt"].buttons is None


def test_kind_and_file_are_of_all_languages() -> None:
    video = Content(message_type=MessageType.VIDEO, file_id="f", text="Пока", buttons=ENTER)
    put = translating.put(WHOLE, "ru", video)
    assert (put.message_type, put.file_id, put.text) == ("video", "f", "Hello")
    assert translating.seen(put, "pt").file_id == "f"


def test_a_language_begins_with_a_copy_and_the_defaults_buttons() -> None:
    one = Content(text="Hello", buttons=JOIN)
    added = translating.add(one, "RU", default="en")
    assert added.languages == ("en", "ru")
    assert added.for_language("ru-RU") == added.for_language("en").model_copy(
        update={"default_language": "ru"}
    )
    assert translating.add(one, "ru", default="en", copied=False).translations["ru"].text == ""
    assert translating.remove(added, "ru").for_language("ru").text == "Hello"


@pytest.mark.parametrize("code", ["pt", "ru"])
def test_another_default_gives_everybody_who_is_named_the_same(code: str) -> None:
    turned = translating.make_default(WHOLE, code)
    for reader in ("en", "pt", "ru"):
        assert turned.for_language(reader) == WHOLE.for_language(reader)
    assert turned.for_language("ka").text == WHOLE.for_language(code).text
    assert translating.make_default(turned, "en").for_language("ru") == WHOLE.for_language("ru")


def test_a_default_without_a_code_cannot_become_a_translation() -> None:
    unnamed = WHOLE.model_copy(update={"default_language": ""})
    with pytest.raises(ValueError, match="no language's code"):
        translating.make_default(unnamed, "ru")


def test_other_words_keep_the_buttons() -> None:
    other = translating.with_texts(WHOLE, "Bye", {"ru": "Пока"})
    assert [other.for_language(code).text for code in ("en", "ru", "pt")] == ["Bye", "Пока", "Olá"]
    assert other.for_language("ru").buttons == ENTER
