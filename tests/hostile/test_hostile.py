"""Every payload by every way: refused with a sentence or kept as it is, and nothing is lost."""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Engine, func, select

from hsl import cli, database, models, table
from hsl import settings as house
from hsl.audience import address, columns, export, importer, resolve, where
from hsl.audience.cohort import Cohort
from hsl.message import button_lines, html, placeholders, preview
from hsl.message.content import Content
from hsl.settings import ROOT
from pages.parts import show
from tests.hostile.corpus import ATTACKS, CORPUS, REFUSED, WAYS, Hostile

FORMULA = ("=", "+", "-", "@", "\t", "\r")
each = pytest.mark.parametrize("hostile", CORPUS, ids=lambda hostile: hostile.name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Path:
    """A folder with a migrated database, in which one person stands."""
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copyfile(migrated_file, folder / "hsl.db")
    return folder


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[Engine]:
    """The engine of that database."""
    engine = database.open_engine(f"sqlite:///{folder / 'hsl.db'}", archive=folder / "archive")
    people = folder / "first.csv"
    people.write_text("user_id,first_name\n1,Anna\n", "utf-8")
    importer.import_file(engine, people, actor="anna", rejects_dir=folder)
    yield engine
    engine.dispose()


def names(engine: Engine) -> dict[int, str | None]:
    with engine.begin() as connection:
        rows = connection.execute(select(models.users.c.user_id, models.users.c.first_name))
        return {row.user_id: row.first_name for row in rows}


def write(path: Path, value: str) -> None:
    """A file of two people, one of them with this name."""
    rows = [{"user_id": 2, "first_name": value}, {"user_id": 3, "first_name": "Boris"}]
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["user_id", "first_name"])
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        book = openpyxl.Workbook()
        assert book.active is not None
        book.active.append(["user_id", "first_name"])
        for row in rows:
            book.active.append([row["user_id"], row["first_name"]])
            book.active.cell(book.active.max_row, 2).data_type = "s"
        book.save(path)


@each
@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet", "jsonl"])
def test_in_a_file(engine: Engine, tmp_path: Path, hostile: Hostile, kind: str) -> None:
    """It comes in as it is, or its row is rejected, or the whole file is; then out again."""
    before, path = names(engine), tmp_path / f"people.{kind}"
    try:
        write(path, hostile.payload)
    except (ValueError, openpyxl.utils.exceptions.IllegalCharacterError):
        return  # the format itself cannot hold it
    try:
        report = importer.import_file(engine, path, actor="anna", rejects_dir=tmp_path)
    except columns.ImportRefused as refused:
        assert len(str(refused)) < 500
        assert names(engine) == before
        return
    assert report.added + report.updated + report.unchanged + report.rejected == 2
    after = names(engine)
    assert after[1] == "Anna"
    if not report.rejected:
        stripped = hostile.payload.strip()
        kept = str(after[2])
        assert kept.replace("\r\n", "\n").split() == stripped.replace("\r\n", "\n").split() or (
            kind == "xlsx" and len(stripped) > table.CELL_LENGTH
        )
    with export.people(engine, Cohort(), table.Format.CSV) as file:
        text = file.read().decode("utf-8-sig")
    for row in csv.reader(io.StringIO(text)):
        assert not any(cell.startswith(FORMULA) and not _is_number(cell) for cell in row)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@each
def test_in_the_where_box(engine: Engine, hostile: Hostile) -> None:
    try:
        where.parse(hostile.payload)
    except where.WhereError as refused:
        assert str(refused)
    quoted = hostile.payload.replace("'", "''")
    try:
        cohort = where.parse(f"city = '{quoted}'", {"city": "text"})
    except where.WhereError as refused:
        assert len(str(refused)) < 500
        return
    assert count(engine, cohort) == 0
    assert names(engine)[1] == "Anna"


@each
def test_in_a_search_and_in_a_cohorts_json(engine: Engine, hostile: Hostile) -> None:
    try:
        cohort = Cohort.model_validate_json(json.dumps({"search": hostile.payload}))
        Cohort.model_validate_json(json.dumps({"where": {"kind": hostile.payload}}))
    except ValidationError:
        try:
            cohort = Cohort.model_validate({"search": hostile.payload})
        except ValidationError:
            return
    assert count(engine, cohort) <= len(names(engine))
    assert names(engine)[1] == "Anna"


def count(engine: Engine, cohort: Cohort) -> int:
    with engine.begin() as connection:
        chosen = resolve.people(cohort, "sqlite").subquery()
        return int(connection.execute(select(func.count()).select_from(chosen)).scalar_one())


@each
def test_in_a_message_and_its_preview(hostile: Hostile) -> None:
    problems = Content(text=hostile.payload).check()
    assert all(len(problem.message) < 500 for problem in problems)
    try:
        parsed = html.parse(hostile.payload)
    except html.HtmlError as refused:
        assert str(refused)
        return
    assert inert(preview.body(parsed.text, parsed.entities))


@each
def test_as_a_value_in_a_placeholder(hostile: Hostile) -> None:
    said = placeholders.render("Hi {first_name}!", {"first_name": hostile.payload})
    assert "<" not in said
    assert not placeholders.is_personal(said)
    if hostile.answer is not REFUSED:
        parsed = html.parse(said)
        assert parsed.entities == ()
        assert inert(preview.body(parsed.text, parsed.entities))


def inert(shown: str) -> bool:
    """Whether HTML holds none of the elements and addresses that run or load something."""
    small = shown.lower()
    return not any(word in small for word in ("<script", "<img", "<svg", 'href="javascript'))


@each
def test_as_buttons(hostile: Hostile) -> None:
    found = button_lines.read(hostile.payload)
    for words in (hostile.payload, f"x={hostile.payload}", f"x=callback:{hostile.payload}"):
        rows = button_lines.read(words).rows
        problems = Content(text="Hi", buttons=rows).check()
        assert all(len(problem.message) < 500 for problem in problems)
    assert len(found.rows) + len(found.refused) <= max(1, len(hostile.payload.splitlines()))


@each
def test_as_a_label_on_a_page(hostile: Hostile) -> None:
    if len(hostile.payload) > 100_000:
        return
    said = show.plain(hostile.payload)
    for mark in "<[$`*":
        assert said.count(mark) == said.count(f"\\{mark}")
    assert ":material" not in said


@each
def test_in_an_address_of_a_page(hostile: Hostile) -> None:
    for words in (hostile.payload, f"~{hostile.payload}"):
        try:
            address.from_address(words)
        except address.AddressError as refused:
            assert len(str(refused)) < 500


@each
def test_in_the_words_of_a_command(
    engine: Engine,
    folder: Path,
    hostile: Hostile,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("HSL_DATA_DIR", str(folder))
    house.get_settings.cache_clear()
    try:
        for words in (
            ["people", f"--where={hostile.payload}"],
            ["send", "--all", f"--text={hostile.payload}", "--dry-run"],
            ["send", f"--segment={hostile.payload}", "--text=Hi", "--dry-run"],
            ["import", f"./{hostile.payload}"],
        ):
            try:
                ended = cli.main(words)
            except SystemExit as usage:
                ended = int(usage.code or 0)
            said = capsys.readouterr()
            assert ended in {0, 1, 2}
            assert "Traceback" not in said.err
            assert len(said.err) < 3_000
    finally:
        house.get_settings.cache_clear()
    assert names(engine)[1] == "Anna"


PIECES = st.sampled_from(
    ["<b>", "</b>", "<a href='", "'>", "&lt", "&#0;", "<tg-spoiler>", "{", "}", "|", "=", "\u202e"]
)


@settings(deadline=None, max_examples=150)
@given(text=st.text(max_size=40) | st.lists(PIECES, max_size=12).map("".join))
def test_rubbish_in_a_message_is_read_or_refused(text: str) -> None:
    try:
        parsed = html.parse(text)
    except html.HtmlError:
        return
    assert inert(preview.body(parsed.text, parsed.entities))


@settings(deadline=None, max_examples=150)
@given(text=st.text(max_size=40), value=st.text(max_size=40) | st.lists(PIECES).map("".join))
def test_rubbish_in_a_placeholder_says_nothing_more(text: str, value: str) -> None:
    placeholders.render(text, {"first_name": value})
    assert not placeholders.names(placeholders.render("{first_name}", {"first_name": value}))


@settings(deadline=None, max_examples=150)
@given(words=st.text(max_size=60))
def test_rubbish_in_an_address_is_a_cohort_or_refused(words: str) -> None:
    for said in (words, f"~{words}"):
        try:
            address.from_address(said)
        except address.AddressError:
            continue


def test_the_documentation_has_these_tables() -> None:
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    for hostile in CORPUS:
        assert f"\n| {hostile.name} | {hostile.answer} |\n" in text, hostile.name
    for way, (file, test) in WAYS.items():
        assert f"\n- {way}\n" in text
        assert is_there(file, test)
    for attack in ATTACKS:
        row = f"| {attack.name} | {attack.answer} | `{attack.file}`: {attack.test} |"
        assert f"\n{row}\n" in text, row
        assert is_there(attack.file, attack.test)
    rows = text.partition("| tried | answer | test |")[2].partition("\n\n")[0].splitlines()
    assert len(rows) == len(ATTACKS) + 2, "a row that is no attack of tests/hostile/corpus.py"


def is_there(file: str, test: str) -> bool:
    """Whether a file has this test."""
    return f"\ndef test_{test}(" in (ROOT / file).read_text("utf-8")
