"""Files of people come in, set-wise, and rubbish stays out."""

import csv
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, select, update

from hsl import models, table
from hsl.audience import export, formats, importer, upsert
from hsl.audience.cohort import Cohort
from hsl.settings import ROOT

HEADER = "user_id,username,first_name,registered_at,stream,status,city\n"


def load(engine: Engine, path: Path) -> importer.ImportReport:
    return importer.import_file(engine, path, actor="anna", rejects_dir=path.parent / "rejects")


def write(folder: Path, words: str, name: str = "people.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(words, encoding)
    return path


def people(engine: Engine) -> dict[int, Any]:
    with engine.begin() as connection:
        return {row.user_id: row for row in connection.execute(select(models.users))}


def counts(report: importer.ImportReport) -> tuple[int, int, int, int]:
    return report.added, report.updated, report.unchanged, report.rejected


def test_the_sample_comes_in_once(engine: Engine, tmp_path: Path) -> None:
    sample = ROOT / "data" / "sample_users.csv"
    path = write(tmp_path, sample.read_text("utf-8"))
    assert counts(load(engine, path)) == (5000, 0, 0, 0)
    assert counts(load(engine, path)) == (0, 0, 5000, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter_and_mark(
    engine: Engine, tmp_path: Path, delimiter: str, encoding: str
) -> None:
    words = HEADER + "7,@boris,Борис,2026-01-02T03:00:00+03:00,4th,active,Omsk\n8,,,,,,\n"
    report = load(engine, write(tmp_path, words.replace(",", delimiter), encoding=encoding))
    assert counts(report) == (2, 0, 0, 0)
    boris = people(engine)[7]
    assert (boris.username, boris.first_name) == ("boris", "Борис")
    assert boris.registered_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert boris.attributes == {"city": "Omsk"}


def test_other_kinds_of_files(engine: Engine, tmp_path: Path) -> None:
    frame = pd.DataFrame({"user_id": [1, 2], "first_name": ["A", "B"], "stream": ["x", "y"]})
    frame.to_parquet(tmp_path / "p.parquet")
    lines = "\n".join(json.dumps(row) for row in frame.to_dict("records"))
    write(tmp_path, lines, "p.jsonl")
    book = openpyxl.Workbook()
    for row in [list(frame.columns), *frame.to_numpy().tolist()]:
        book.worksheets[0].append(row)
    book.save(tmp_path / "p.xlsx")
    assert counts(load(engine, tmp_path / "p.parquet")) == (2, 0, 0, 0)
    assert counts(load(engine, tmp_path / "p.jsonl")) == (0, 0, 2, 0)
    assert counts(load(engine, tmp_path / "p.xlsx")) == (0, 0, 2, 0)


def test_bad_rows_go_to_a_file_with_line_and_reason(engine: Engine, tmp_path: Path) -> None:
    words = HEADER + "\n".join(
        [
            "1,anna,A,,,,",
            "x,,,,,,",
            f"{2**52},,,,,,",
            "2,ANNA,,,,,",
            "3,,,2026-13-45,,,",
            "4,,,2026-01-01 10:00:00,,,",
            ",,,,,,",
            "5,,,2026-01-01,,,",
        ]
    )
    report = load(engine, write(tmp_path, words))
    assert counts(report) == (2, 0, 0, 6)
    assert sorted(people(engine)) == [1, 5]
    assert report.rejects_file is not None
    with report.rejects_file.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["line"] for row in rows] == ["3", "4", "5", "6", "7", "8"]
    assert "52 bits" in rows[1]["reason"]
    assert "another person's" in rows[2]["reason"]


def test_a_username_in_the_database_is_not_taken_over(engine: Engine, tmp_path: Path) -> None:
    load(engine, write(tmp_path, HEADER + "1,anna,A,,,,\n"))
    assert counts(load(engine, write(tmp_path, HEADER + "2,Anna,B,,4th,,\n"))) == (0, 0, 0, 1)


def test_what_a_file_does_not_say_stays(engine: Engine, tmp_path: Path) -> None:
    load(engine, write(tmp_path, HEADER + "1,anna,A,,4th,active,Omsk\n"))
    with engine.begin() as connection:
        connection.execute(update(models.users).values(unreachable_reason="blocked"))
    words = "user_id,first_name,stream,level\n1,Anna,5th,top\n"
    assert counts(load(engine, write(tmp_path, words))) == (0, 1, 0, 0)
    anna = people(engine)[1]
    assert (anna.username, anna.first_name, anna.unreachable_reason) == ("anna", "Anna", "blocked")
    assert anna.attributes == {"city": "Omsk", "level": "top"}
    with engine.begin() as connection:
        streams = connection.execute(select(models.enrollments.c.course_stream)).scalars().all()
    assert sorted(streams) == ["4th", "5th"]


def test_a_persons_rows_add_up(engine: Engine, tmp_path: Path) -> None:
    words = "user_id,stream,city,level\n1,4th,Omsk,\n1,5th,,top\n1,6th,Perm,\n"
    load(engine, write(tmp_path, words))
    assert people(engine)[1].attributes == {"city": "Perm", "level": "top"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("p.csv", b"name,age\nx,1\n", "no column user_id"),
        ("p.csv", "user_id,first_name\n1,Б\n".encode("cp1251"), "not UTF-8"),
        ("p.parquet", b"PAR1 rubbish", "cannot be read"),
        ("p.xlsx", b"rubbish", "not an Excel file"),
        ("p.pdf", b"%PDF", "unknown kind"),
        ("p.jsonl", b'{"user_id": 1}\n{"user_', "cannot be read"),
    ],
)
def test_a_broken_file_changes_nothing(
    engine: Engine, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(importer.ImportRefused, match=words):
        load(engine, path)
    assert people(engine) == {}


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+03:00",  # the year before the first one, in UTC
        "0000-01-01",
        "1899-12-31T23:59:59Z",
        "2200-01-01",
        "9999-12-31T23:59:59-12:00",  # the year 10000, in UTC
    ],
)
@pytest.mark.parametrize("column", ["registered_at", "enrolled_at"])
def test_a_time_that_no_person_has_is_rejected(
    engine: Engine, tmp_path: Path, column: str, moment: str
) -> None:
    words = f"user_id,stream,{column}\n1,4th,{moment}\n2,4th,1900-01-01\n3,4th,2199-12-31\n"
    report = load(engine, write(tmp_path, words))
    assert counts(report) == (2, 0, 0, 1)
    assert sorted(people(engine)) == [2, 3]
    assert report.rejects_file is not None
    assert f"{column} is before 1900 or after 2199" in report.rejects_file.read_text("utf-8")
    with engine.begin() as connection:
        found = connection.execute(select(models.enrollments.c.enrolled_at)).scalars().all()
    assert len(found) == 2


def test_a_rejected_row_owns_no_username(engine: Engine, tmp_path: Path) -> None:
    words = HEADER + "1,ann,A,2026-13-45,,,\n2,ann,B,,,,\n3,Ann,C,,,,\n"
    report = load(engine, write(tmp_path, words))
    assert counts(report) == (1, 0, 0, 2)
    assert list(people(engine)) == [2]


def sheet(folder: Path, *rows: list[Any], write_only: bool = False) -> Path:
    """An Excel file; one that is only written has no dimensions and leaves out what is empty."""
    book = openpyxl.Workbook(write_only=write_only)
    page = book.create_sheet() if write_only else book.worksheets[0]
    for row in rows:
        page.append(row)
    book.save(folder / "p.xlsx")
    return folder / "p.xlsx"


def reasons(report: importer.ImportReport) -> list[tuple[str, str]]:
    """Line and reason of what was rejected."""
    assert report.rejects_file is not None
    with report.rejects_file.open(encoding="utf-8") as file:
        return [(row["line"], row["reason"]) for row in csv.DictReader(file)]


def refused(engine: Engine, path: Path, words: str) -> None:
    with pytest.raises(importer.ImportRefused, match=words):
        load(engine, path)
    assert people(engine) == {}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_column_without_a_name_is_refused(engine: Engine, tmp_path: Path, kind: str) -> None:
    path = (
        write(tmp_path, ",user_id,first_name\n1,556,Boris\n")
        if kind == "csv"
        else sheet(tmp_path, [None, "user_id", "first_name"], [1, 556, "Boris"])
    )
    refused(engine, path, "column A has no name")


def test_what_stands_beside_a_sheets_header_is_refused(engine: Engine, tmp_path: Path) -> None:
    refused(engine, sheet(tmp_path, ["user_id"], [1], [2, "Anna"]), "column B has no name")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_empty_column_without_a_name_is_left_out(
    engine: Engine, tmp_path: Path, kind: str
) -> None:
    path = (
        write(tmp_path, ",user_id,first_name\n,556,Boris\n,557,\n")
        if kind == "csv"
        else sheet(tmp_path, [None, "user_id", "first_name"], [None, 556, "Boris"], [None, 557])
    )
    assert counts(load(engine, path)) == (2, 0, 0, 0)
    boris = people(engine)[556]
    assert (boris.first_name, boris.attributes) == ("Boris", {})


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_two_columns_of_one_name_are_refused(engine: Engine, tmp_path: Path, kind: str) -> None:
    names = ["user_id", "city", "City"]
    if kind == "csv":
        path = write(tmp_path, "user_id,city,City\n1,Omsk,Perm\n")
    elif kind == "xlsx":
        path = sheet(tmp_path, names, [1, "Omsk", "Perm"])
    else:
        path = tmp_path / "p.parquet"
        pq.write_table(pa.Table.from_arrays([pa.array(["1"])] * 3, names=names), path)
    refused(engine, path, "two columns named city")


def test_short_and_empty_rows_of_a_sheet_keep_their_columns(engine: Engine, tmp_path: Path) -> None:
    path = sheet(
        tmp_path, ["user_id", "first_name", "city"], [1], [], [2.0, None, "Omsk"], ["x"],
        write_only=True,
    )  # fmt: skip
    report = load(engine, path)
    assert counts(report) == (2, 0, 0, 1)
    assert reasons(report)[0][0] == "5"
    found = people(engine)
    assert (found[1].attributes, found[2].attributes) == ({}, {"city": "Omsk"})


@pytest.mark.parametrize("form", list(table.Format))
def test_our_own_files_come_in_again(
    engine: Engine, tmp_path: Path, four_people: None, form: table.Format
) -> None:
    with engine.begin() as connection:
        connection.execute(
            update(models.users).where(models.users.c.user_id == 1).values(first_name="-A;=1+1")
        )
    path = tmp_path / f"people.{form.value}"
    with export.people(engine, Cohort(), form) as file:
        path.write_bytes(file.read())
    before = people(engine)
    report = load(engine, path)
    assert (report.added, report.rejected) == (0, 0)
    after = people(engine)
    for name in importer.columns.KNOWN[:6]:
        assert {i: before[i]._mapping[name] for i in before} == {
            i: after[i]._mapping[name] for i in after
        }


@pytest.mark.parametrize("name", ["telegram_id", "TG_ID", "chat_id"])
def test_the_platforms_id_is_not_telegrams(engine: Engine, tmp_path: Path, name: str) -> None:
    path = write(tmp_path, f"id,{name},first_name\n1,700000001,Anna\n")
    assert counts(load(engine, path)) == (1, 0, 0, 0)
    (anna,) = people(engine).values()
    assert (anna.user_id, anna.attributes) == (700000001, {"id": "1"})


@pytest.mark.parametrize("names", ["user_id,telegram_id", "telegram_id,chat_id"])
def test_two_ids_that_may_be_telegrams_are_refused(
    engine: Engine, tmp_path: Path, names: str
) -> None:
    refused(engine, write(tmp_path, f"{names}\n1,2\n"), "both may be Telegram's id")


def test_rows_of_another_width_are_rejected(engine: Engine, tmp_path: Path) -> None:
    path = write(tmp_path, "user_id,a,b\n1,x,y\n2,,\n3,x,y,z\n4,x,y,\n12")
    report = load(engine, path)
    assert sorted(people(engine)) == [1, 2, 4]
    assert reasons(report) == [
        ("4", "more cells than the header"),
        ("6", "fewer cells than the header: it may be cut off"),
    ]


@pytest.mark.parametrize("names", ["line", "fault", "registered", "raw_id", "LINE"])
def test_any_name_may_be_an_attributes(engine: Engine, tmp_path: Path, names: str) -> None:
    load(engine, write(tmp_path, f"user_id,{names}\n1,7\n"))
    assert people(engine)[1].attributes == {names.lower(): "7"}


def test_what_no_database_keeps_is_rejected(engine: Engine, tmp_path: Path) -> None:
    rows = [
        {"user_id": 1, "first_name": "A\0"},
        {"user_id": 2, "city": "\0"},
        {"user_id": 3, "first_name": "A" * 256},
        {"user_id": 4, "city": "A" * 1_000_000},
        {"user_id": 5, "first_name": "A" * 255, "city": "A" * 10_000},
        {"user_id": "6\0"},
        {"user_id": 7, "tags": ["\0"]},
    ]
    path = write(tmp_path, "\n".join(json.dumps(row) for row in rows), "p.jsonl")
    report = load(engine, path)
    assert sorted(people(engine)) == [5, 7]
    assert [reason for _, reason in reasons(report)] == [
        "first_name has a NUL character",
        "city has a NUL character",
        "first_name is longer than 255 characters",
        "city is longer than 10,000 characters",
        "user_id has a NUL character",
    ]


def test_the_rejects_run_nothing_in_a_spreadsheet(engine: Engine, tmp_path: Path) -> None:
    path = write(tmp_path, 'user_id,a\n"=HYPERLINK(1)",\n"x;=1+1",\n')
    report = load(engine, path)
    assert report.rejects_file is not None
    with report.rejects_file.open(encoding="utf-8", newline="") as file:
        found = [row["user_id"] for row in csv.DictReader(file)]
    assert found == ["'=HYPERLINK(1)", "x;'=1+1"]


def test_a_file_beyond_the_limits_is_refused_with_the_limit(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(
        engine, write(tmp_path, "user_id,a\n1," + "x" * 3_000_000), "a line has more than 2,000,000"
    )
    wide = ",".join(f"a{place}" for place in range(1_000))
    refused(engine, write(tmp_path, f"user_id,{wide}\n"), "At most 1,000 are taken")
    packed = sheet(tmp_path, ["user_id", "a"], *([n, "x" * 1_000] for n in range(1, 3_000)))
    with zipfile.ZipFile(packed, "a") as parts:  # as Excel writes it, and openpyxl does not
        parts.writestr("xl/sharedStrings.xml", "<sst/>" + " " * 100)
    monkeypatch.setattr(formats, "MOST_SHARED", 100)
    refused(engine, packed, "unpacks to more than 0 MiB")
    monkeypatch.setattr(formats, "MOST_SHARED", 2**30)
    monkeypatch.setattr(formats, "MOST_UNPACKED", 2**20 // 8)
    refused(engine, packed, "unpacks to more than 0 MiB")
    monkeypatch.setattr(formats, "MOST_BYTES", 10)
    refused(engine, write(tmp_path, "user_id\n100000\n"), "larger than 0 GiB")


def test_a_file_that_unpacks_to_more_than_may_be_put_aside_is_refused(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = 20_000
    texts = pa.array([f"{place % 7}{'x' * 9_000}" for place in range(7)])
    packed = pa.DictionaryArray.from_arrays(pa.array([n % 7 for n in range(rows)]), texts)
    path = tmp_path / "p.parquet"
    pq.write_table(pa.table({"user_id": pa.array(range(1, rows + 1)), "a": packed}), path)
    assert path.stat().st_size < 2**20
    monkeypatch.setattr(formats, "MEMORY_LIMIT", "60MB")
    monkeypatch.setattr(formats, "MOST_ASIDE", "20MB")
    refused(engine, path, "more than the 20MB that may be put aside")


def test_changes_bear_the_time_at_which_they_are_written(engine: Engine, tmp_path: Path) -> None:
    load(engine, write(tmp_path, "user_id,stream\n1,4th\n2,4th\n"))
    writing: list[datetime] = []

    def note(_share: float, stage: str) -> None:
        if stage == "Writing" and not writing:
            writing.append(models.utc_now())

    path = write(tmp_path, "user_id,first_name,stream\n1,Anna,4th\n2,,5th\n3,Vera,4th\n")
    importer.import_file(engine, path, actor="anna", rejects_dir=tmp_path, progress=note)
    assert [person.updated_at >= writing[0] for person in people(engine).values()] == [True] * 3


def test_on_postgresql_the_time_is_the_databases(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no clock of its own")
    # This machine's clock is slow by a day.
    slow = models.utc_now() - timedelta(days=1)
    monkeypatch.setattr(upsert, "utc_now", lambda: slow, raising=False)
    monkeypatch.setattr(models, "utc_now", lambda: slow)
    load(engine, write(tmp_path, "user_id\n1\n"))
    assert people(engine)[1].updated_at - slow > timedelta(hours=23)


def test_attributes_that_the_index_leaves_out_are_named(engine: Engine, tmp_path: Path) -> None:
    first = ",".join(f"a{place:03}" for place in range(150))
    report = load(engine, write(tmp_path, f"user_id,{first}\n1{',x' * 150}\n"))
    assert report.unindexed == ()
    second = ",".join(f"b{place:03}" for place in range(52))
    report = load(engine, write(tmp_path, f"user_id,{second}\n2{',x' * 52}\n"))
    assert report.unindexed == ("b050", "b051")
    assert "at most 200 attributes" in report.warning
    assert "b050, b051" in report.warning


def test_a_large_file_with_lines_within_its_cells_comes_in_whole(
    engine: Engine, tmp_path: Path
) -> None:
    """So large that DuckDB would read it by several threads."""
    rows = "".join(
        f'{number},person_{number},"a note of\ntwo lines {"x" * 150}"\n'
        for number in range(1, 60_001)
    )
    path = write(tmp_path, f"user_id,username,note\n{rows}")
    assert path.stat().st_size > 10 * 2**20
    assert counts(load(engine, path)) == (60_000, 0, 0, 0)
