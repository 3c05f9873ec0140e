"""Every string has a translation, and the translations are sound."""

import ast
import re
from collections.abc import Iterator
from string import Formatter

import pytest

from hsl import words
from hsl.locale.missing import ROOT, missing, template

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


# What Streamlit draws: which of its arguments people read, by place and by name.
DRAWN = {
    "title", "header", "subheader", "caption", "text", "markdown", "write", "info", "warning",
    "error", "success", "toast", "button", "link_button", "download_button", "form_submit_button",
    "page_link", "checkbox", "toggle", "radio", "selectbox", "multiselect", "segmented_control",
    "pills", "text_input", "text_area", "number_input", "date_input", "time_input", "slider",
    "file_uploader", "metric", "popover", "expander", "spinner", "status", "dialog", "tabs",
    "Column", "TextColumn", "NumberColumn", "DateColumn", "DatetimeColumn", "CheckboxColumn",
    "data_editor", "altair_chart", "vega_lite_chart", "menu", "save_as",
}  # fmt: skip
READ = {"label", "help", "placeholder", "caption", "body", "text", "title", "alt", "delta"}
# Names of forms and fields, which no language translates; addresses and files have a slash.
NAMES = {"SQL", "JSON", "file_id", "platform"}
LETTERS = re.compile(r"[^\W\d_]{2,}")


def bare(node: ast.expr) -> Iterator[ast.Constant]:
    """English that stands in an expression as it is, not within a call that translates it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if (
            node.value not in NAMES
            and "/" not in node.value
            and LETTERS.search(re.sub(r":material/\w+:", "", node.value))
        ):
            yield node
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            if isinstance(part, ast.Constant):
                yield from bare(part)
    elif isinstance(node, ast.BinOp):
        yield from bare(node.left)
        yield from bare(node.right)
    elif isinstance(node, ast.IfExp):
        yield from bare(node.body)
        yield from bare(node.orelse)
    elif isinstance(node, ast.List | ast.Tuple):
        for one in node.elts:
            yield from bare(one)


def untranslated(source: str) -> Iterator[tuple[int, str]]:
    """The line and the words of each argument that is read and not translated."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        is_log = isinstance(node.func.value, ast.Name) and node.func.value.id == "log"
        if node.func.attr not in DRAWN or is_log:
            continue
        read = [*node.args[:1], *(k.value for k in node.keywords if k.arg in READ)]
        for argument in read:
            yield from ((found.lineno, str(found.value)) for found in bare(argument))


def test_what_is_drawn_is_translated() -> None:
    paths = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]
    found = [
        f"{path.relative_to(ROOT)}:{line}: {words}"
        for path in paths
        for line, words in untranslated(path.read_text("utf-8"))
    ]
    assert found == []


def test_english_that_is_drawn_as_it_is_is_found() -> None:
    source = """
st.button("Send", icon=":material/send:", help="It goes now")
st.caption(f"{n} people" if n else "")
st.selectbox(_("Sort"), ["a name"], placeholder="Choose")
st.markdown(f"{_('One')} · **{number}**", key="a-key")
st.button(":material/close:")
"""
    assert [words for _line, words in untranslated(source)] == [
        "Send", "It goes now", " people", "Choose",
    ]  # fmt: skip
