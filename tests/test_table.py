"""Tables as files: every value arrives, no text is a formula, and a million rows stream."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from hsl import table
from hsl.table import Column, Format, Kind, Table

COLUMNS = (
    Column("user_id", Kind.INTEGER),
    Column("=name"),
    Column("at", Kind.TIME),
    Column("details", Kind.JSON),
)
WHEN = datetime(2026, 11, 24, 9, 0, 0, 7, tzinfo=UTC)
EVIL = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1"]
ROWS: list[tuple[Any, ...]] = [
    (2**52 - 1, 'Ёж, «"», 👋🏽', WHEN, {"a": [1, "я"]}),
    (-5, None, None, None),
    *((place, words, WHEN, {}) for place, words in enumerate(EVIL)),
]


def made(form: Format, ending: tuple[str, ...] = ()) -> io.BytesIO:
    with table.as_file(Table(COLUMNS, iter(ROWS), ending), form) as file:
        return io.BytesIO(file.read())


def test_csv_opens_in_a_spreadsheet_and_runs_nothing() -> None:
    content = made(Format.CSV, ("closing sum", "=1")).getvalue()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows[0] == ["user_id", "'=name", "at", "details"]
    assert rows[1] == [str(2**52 - 1), ROWS[0][1], WHEN.isoformat(), '{"a": [1, "я"]}']
    assert rows[2] == ["-5", "", "", ""]  # a number is no formula
    assert [row[1] for row in rows[3:9]] == [
        *(f"'{words}" for words in EVIL[:4]), "'\t'=1", "'\r'=1",
    ]  # fmt: skip
    assert rows[9] == ["closing sum", "'=1"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_runs_nothing_with_any_list_separator(separator: str) -> None:
    evil = [f"Anna{gap}{words}" for gap in (";", "\t", "\n", "\r\n") for words in EVIL[:4]]
    rows = [(1, words) for words in evil]
    columns = (Column("user_id", Kind.INTEGER), Column("name"))
    with table.as_file(Table(columns, rows), Format.CSV) as file:
        text = file.read().decode("utf-8-sig")
    # As Excel reads it where quotes do not begin a cell of its own.
    cells = [cell for line in text.splitlines() for cell in line.split(separator)]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []


def test_excel_has_dates_whole_ids_and_no_formula() -> None:
    sheet = openpyxl.load_workbook(made(Format.EXCEL, ("closing sum", "5 chosen"))).active
    rows = list(sheet.iter_rows())
    assert [cell.value for cell in rows[0]] == ["user_id", "'=name", "at (UTC)", "details"]
    assert rows[1][0].value == str(2**52 - 1)  # a number of 16 digits would be rounded
    assert rows[2][0].value == -5
    assert abs(rows[1][2].value - WHEN.replace(tzinfo=None)) < timedelta(milliseconds=1)
    assert [row[1].value.startswith("'") for row in rows[3:9]] == [True] * len(EVIL)
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n", "d"}
    assert [cell.value for cell in rows[9]][:2] == ["closing sum", "5 chosen"]


def test_excel_takes_any_text_and_any_zone() -> None:
    rows = [("\x00\x0b" + "я" * 40_000, WHEN.astimezone(timezone(timedelta(hours=3))))]
    columns = (Column("text"), Column("at", Kind.TIME))
    with table.as_file(Table(columns, rows), Format.EXCEL) as file:
        sheet = openpyxl.load_workbook(io.BytesIO(file.read())).active
    text, when = next(sheet.iter_rows(min_row=2, values_only=True))
    assert text.startswith("\ufffd\ufffdя")
    assert len(text) == table.CELL_LENGTH
    assert when.hour == WHEN.hour


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "SHEET_ROWS", 4)
    for count, sheets in ((0, [1]), (3, [4]), (4, [4, 2]), (7, [4, 4, 2])):
        rows = [(number,) for number in range(count)]
        with table.as_file(Table((Column("n", Kind.INTEGER),), rows), Format.EXCEL) as file:
            book = openpyxl.load_workbook(io.BytesIO(file.read()))
        assert [sheet.max_row for sheet in book] == sheets
        found = [row[0] for sheet in book for row in sheet.iter_rows(min_row=2, values_only=True)]
        assert found == list(range(count))


def test_parquet_keeps_every_value_as_it_is() -> None:
    found = pq.read_table(made(Format.PARQUET, ("closing sum",)))
    assert found.num_rows == len(ROWS)
    assert found["=name"].to_pylist() == [row[1] for row in ROWS]
    assert found["user_id"].to_pylist() == [row[0] for row in ROWS]
    assert found["at"].to_pylist() == [row[2] for row in ROWS]
    assert found["details"].to_pylist()[:2] == ['{"a": [1, "я"]}', None]


@pytest.mark.parametrize("form", [Format.CSV, Format.PARQUET])
def test_rows_are_not_gathered(form: Format) -> None:
    def rows() -> Iterator[tuple[int, str]]:
        for number in range(200_000):
            yield number, f"{number:0100}"

    tracemalloc.start()
    columns = (Column("n", Kind.INTEGER), Column("text"))
    with table.as_file(Table(columns, rows()), form) as file:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert file.read(1)
    assert most < 8 * 2**20  # bytes, of rows that hold 30 MiB
