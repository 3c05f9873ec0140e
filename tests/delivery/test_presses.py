"""Presses of buttons come as a file, are matched to our messages, and are counted once."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from hsl import audit, models
from hsl.delivery import presses
from hsl.delivery.presses import PressesRefused
from tests.delivery.conftest import CreateMessage

AT = "2026-11-24T10:00:00+00:00"


@pytest.fixture
def message(engine: Engine, create_message: CreateMessage) -> int:
    """A message to people 100 to 119, in whose chats it has the number 7000 plus their place."""
    number = create_message()
    row = models.message_recipients
    with engine.begin() as connection:
        connection.execute(
            update(row).values(delivery_status="sent", telegram_message_id=row.c.user_id + 6900)
        )
    return number


def pressed(engine: Engine) -> dict[tuple[int, int, str], datetime]:
    with engine.begin() as connection:
        rows = connection.execute(select(models.button_presses)).all()
    return {(r.message_id, r.user_id, r.button): r.pressed_at for r in rows}


def write(tmp_path: Path, *rows: dict[str, object]) -> Path:
    file = tmp_path / "presses.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return file


def test_they_are_matched_by_our_number_or_by_telegrams(
    engine: Engine, message: int, tmp_path: Path
) -> None:
    file = tmp_path / "presses.csv"
    file.write_text(
        "message_id,telegram_message_id,user_id,data,pressed_at\n"
        f"{message},,100,join,{AT}\n"
        f",7001,101,join,{AT}\n"
        f",7001,101,no,2026-11-24T13:00:00+03:00\n",
        encoding="utf-8-sig",
    )
    report = presses.import_file(engine, file, actor="anna")
    assert report == presses.PressReport(added=3, known=0, rejected={})
    ten = datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert pressed(engine) == {
        (message, 100, "join"): ten,
        (message, 101, "join"): ten,
        (message, 101, "no"): ten,
    }
    again = presses.import_file(engine, file, actor="anna")
    assert (again.added, again.known) == (0, 3)
    entries, total = audit.entries(engine, action="presses_imported")
    assert (total, entries[1].details["added"]) == (2, 3)


def test_the_first_press_counts(engine: Engine, message: int, tmp_path: Path) -> None:
    row = {"message_id": message, "user_id": 100, "data": "join"}
    later = write(tmp_path, {**row, "pressed_at": "2026-11-24T12:00:00+00:00"})
    presses.import_file(engine, later, actor="anna")
    both = write(
        tmp_path,
        {**row, "pressed_at": "2026-11-24T13:00:00+00:00"},
        {**row, "pressed_at": AT},
    )
    report = presses.import_file(engine, both, actor="anna")
    assert (report.added, report.known) == (0, 1)
    assert list(pressed(engine).values()) == [datetime(2026, 11, 24, 10, tzinfo=UTC)]


def test_what_cannot_be_matched_is_rejected_with_its_reason(
    engine: Engine, message: int, tmp_path: Path
) -> None:
    good = {"message_id": message, "user_id": 100, "data": "join", "pressed_at": AT}
    file = write(
        tmp_path,
        good,
        {**good, "user_id": "x"},
        {**good, "user_id": None},
        {**good, "data": "x" * 65},
        {**good, "data": ""},
        {**good, "pressed_at": "2026-11-24T10:00:00"},
        {**good, "pressed_at": "soon"},
        {**good, "message_id": None},
        {**good, "message_id": 99},
        {**good, "user_id": 7},
        {**good, "message_id": None, "telegram_message_id": 1},
    )
    report = presses.import_file(engine, file, actor="anna")
    assert report.added == 1
    assert report.rejected == {
        "user_id is not a whole number": 1,
        "no user_id": 1,
        "data is no button's: it has 1 to 64 bytes": 2,
        "pressed_at is not a time with its zone": 2,
        "neither message_id nor telegram_message_id": 1,
        "not a recipient of the message": 2,
        "no such message in that chat": 1,
    }


@pytest.mark.parametrize(
    ("name", "words", "complaint"),
    [
        ("x.csv", b"user_id,data\n1,a\n", "no column pressed_at"),
        ("x.jsonl", b"{", "cannot be read"),
        ("x.csv", b"user_id,data,pressed_at\n\xff\xfe,a,b\n", "cannot be read"),
    ],
)
def test_a_file_that_is_no_such_table_changes_nothing(
    engine: Engine, tmp_path: Path, name: str, words: bytes, complaint: str
) -> None:
    file = tmp_path / name
    file.write_bytes(words)
    with pytest.raises(PressesRefused, match=complaint):
        presses.import_file(engine, file, actor="anna")
    with pytest.raises(PressesRefused, match="not a file"):
        presses.import_file(engine, tmp_path / "none.csv", actor="anna")
    assert pressed(engine) == {}
    assert audit.entries(engine, action="presses_imported")[1] == 0


def test_many_are_taken_in_steps(
    engine: Engine, message: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presses, "AT_ONCE", 3)
    rows = [
        {"message_id": message, "user_id": 100 + i, "data": "join", "pressed_at": AT}
        for i in range(10)
    ]
    assert presses.import_file(engine, write(tmp_path, *rows), actor="anna").added == 10
