"""Each reader against made-up inputs: any bytes, and such as are nearly right."""

import io
import json
import string
import subprocess
import sys
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hsl import words
from hsl.audience import address, where, where_text
from hsl.audience.cohort import Cohort
from hsl.message import button_lines
from hsl.message.content import Button
from hsl.settings import ROOT
from tests.audience.cohorts import said
from tests.fuzz import targets

QUICK = settings(deadline=None, max_examples=200)
SLOW = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
PIECES = {
    "where": ["NOT ", "AND ", "OR ", "(", ")", "city", " = ", " IN ", "'x'", "3", "got(", "--",
              "::", "in_stream(", "BETWEEN ", "DATE ", "=>", ",", "\"", "'", "\\", "/*", "*/", ";"],
    "html": ["<b>", "</b>", "<a href='", "'>", "&lt", "&#0;", "&#xd800;", "<tg-spoiler>", "<pre>",
             "<code class='language-", "</", "<!--", "<tg-emoji emoji-id='", "\u202e"],
    "placeholder": ["{", "}", "|", "first_name", "{first_name}", "{first_name|", "<", "\n"],
    "button": ["1:", "2:", "=", "callback:", "copy:", "https://", "x.org", " | ", "\t", "\n", " - ",
               "http://[", ":", "%", "\u2028", "²:", "99999999999999999999:"],
    "address": ["~", "eJ", "=", "-_", "A", "in_stream('x')", "%", "\x00"],
}  # fmt: skip
TEXTS = sorted(PIECES)


def near(name: str) -> st.SearchStrategy[bytes]:
    """Inputs made of a language's own pieces, and of anything."""
    pieces = st.lists(st.sampled_from(PIECES[name]) | st.text(max_size=3), max_size=14)
    return pieces.map(lambda found: "".join(found).encode("utf-8", "replace"))


@pytest.mark.parametrize("name", [name for name in targets.TARGETS if name != "importer"])
def test_any_bytes(name: str) -> None:
    @QUICK
    @given(st.binary(max_size=300) | st.sampled_from(targets.SEEDS[name]))
    def holds(content: bytes) -> None:
        targets.TARGETS[name](content)

    holds()


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_nearly_right(name: str) -> None:
    @QUICK
    @given(near(name))
    def holds(content: bytes) -> None:
        targets.TARGETS[name](content)

    holds()


@pytest.mark.parametrize("name", TEXTS)
def test_a_right_one_with_a_byte_changed(name: str) -> None:
    @QUICK
    @given(st.sampled_from(targets.SEEDS[name]), st.integers(0, 60), st.binary(max_size=3))
    def holds(seed: bytes, at: int, put: bytes) -> None:
        targets.TARGETS[name](seed[:at] + put + seed[at + 1 :])

    holds()


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("seed", [b"x", b"city = 'x'", b"{first_name}", b"a=https://x.org", b"~"])
def test_broken_utf_8_in_the_words_of_a_command(name: str, seed: bytes) -> None:
    for at in range(len(seed) + 1):
        targets.TARGETS[name](b"\x01" + seed[:at] + b"\xff" + seed[at:])


WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
CELLS = WORDS | st.integers(-(10**20), 10**20).map(str) | st.sampled_from(
    ["", "=1+1", "1", "2026-01-01", "0001-01-01T00:00Z", "user", "NaN", "1e400", "\ufeff", '"']
)  # fmt: skip
COLUMNS = st.lists(
    st.sampled_from(["user_id", "username", "first_name", "stream", "status", "registered_at",
                     "enrolled_at", "city", "a;b", "USER_ID"]) | WORDS,
    min_size=1, max_size=5, unique=True,
)  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    columns = ["user_id", *draw(COLUMNS)] if draw(st.booleans()) else draw(COLUMNS)
    row = st.lists(CELLS, min_size=len(columns), max_size=len(columns))
    return columns, draw(st.lists(row, max_size=4))


def as_file(kind: str, columns: list[str], rows: list[list[str]]) -> bytes | None:
    """The table as a file; None where the kind cannot hold it."""
    if kind == ".csv":
        quoted = [
            ",".join('"' + c.replace('"', '""') + '"' for c in row) for row in [columns, *rows]
        ]
        return "\n".join(quoted).encode()
    if kind == ".tsv":
        return "\n".join("\t".join(row) for row in [columns, *rows]).encode()
    if kind == ".jsonl":
        return "\n".join(json.dumps(dict(zip(columns, row, strict=True))) for row in rows).encode()
    file = io.BytesIO()
    if kind == ".parquet":
        arrays = [pa.array([row[at] for row in rows], pa.string()) for at in range(len(columns))]
        pq.write_table(pa.Table.from_arrays(arrays, names=columns), file)
        return file.getvalue()
    book = openpyxl.Workbook()
    assert book.active is not None
    try:
        for row in [columns, *rows]:
            book.active.append(row)
        book.save(file)
    except openpyxl.utils.exceptions.IllegalCharacterError:
        return None
    return file.getvalue()


@pytest.mark.parametrize("kind", targets.KINDS)
def test_a_table_of_anything_is_imported_or_refused(kind: str) -> None:
    @SLOW
    @given(tables())
    def holds(made: tuple[list[str], list[list[str]]]) -> None:
        content = as_file(kind, *made)
        if content is None:
            return
        report = targets.import_people(content, kind)
        if report is not None and kind in {".jsonl", ".parquet"}:
            told = report.added + report.updated + report.unchanged + report.rejected
            assert told <= len(made[1])

    holds()


@pytest.mark.parametrize("kind", targets.KINDS)
def test_a_file_that_is_broken_anywhere_is_imported_or_refused(kind: str) -> None:
    whole = as_file(kind, ["user_id", "first_name", "city"], [["1", "Anna", "Kazan"]] * 3)
    assert whole is not None

    @SLOW
    @given(st.integers(0, len(whole)), st.binary(max_size=6), st.integers(0, 6))
    def holds(at: int, put: bytes, gone: int) -> None:
        targets.import_people(whole[:at] + put + whole[at + gone :], kind)

    holds()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@QUICK
@given(said, JSON, st.integers(0, 200))
def test_a_cohort_with_anything_in_a_place_of_it(cohort: Cohort, put: Any, place: int) -> None:
    def changed(value: Any) -> Any:
        nonlocal place
        place -= 1
        if place == 0:
            return put
        if isinstance(value, dict):
            return {name: changed(inner) for name, inner in value.items()}
        return [changed(inner) for inner in value] if isinstance(value, list) else value

    targets.cohort_json(json.dumps(changed(json.loads(cohort.model_dump_json()))).encode())


@QUICK
@given(said)
def test_a_cohort_comes_back_from_everything_it_is_written_as(cohort: Cohort) -> None:
    assert where.parse(where_text.write(cohort)) == cohort
    assert address.from_address(address.to_address(cohort)) == cohort
    assert Cohort.model_validate_json(cohort.model_dump_json()) == cohort


@pytest.mark.parametrize("many", [2, 20, 40])
def test_a_chain_of_nots_that_is_read_can_be_read_again(many: int) -> None:
    targets.where_box(b"!" * many + b"reachable")
    targets.page_address(b"NOT " * many + b"reachable")


@pytest.mark.parametrize(
    "number", ["4" * 30, "-" + "9" * 300, "1.7e308", "0." + "1" * 30, "1e-300"]
)
@pytest.mark.parametrize("locale", ["en", "ru"])
def test_a_number_of_any_size_is_said(number: str, locale: str) -> None:
    with words.spoken_as(locale):
        targets.where_box(f"level = {number}".encode())
        targets.where_box(f"got_within(3) >= {number}".encode())


PLAIN = st.text(string.ascii_letters + string.digits + " яЯ!?", min_size=1, max_size=20)


@QUICK
@given(
    PLAIN.map(str.strip).filter(bool),
    st.sampled_from(["url", "callback_data", "copy_text"]),
    PLAIN.map(str.strip).filter(bool),
)
def test_a_button_comes_back_from_its_line(text: str, kind: str, words: str) -> None:
    action = "https://example.org/" + words.replace(" ", "") if kind == "url" else words
    one = Button(text=text, **{kind: action})
    found = button_lines.read(f"1:{button_lines.line(one)}")
    assert (found.rows, found.refused) == (((one,),), ())


@pytest.mark.slow
def test_guided_fuzzing_finds_nothing() -> None:
    pytest.importorskip("atheris", reason="pip install atheris")
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.guided", "all", "30"], cwd=ROOT, timeout=1200
    )
    assert done.returncode == 0
