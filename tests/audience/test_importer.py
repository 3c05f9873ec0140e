"""Files of people come in, set-wise, and rubbish stays out."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from sqlalchemy import Engine, select, update

from hsl import models
from hsl.audience import importer
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
