"""Presses of archived messages are matched with the archive's recipients, as others are."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hsl import audit, models
from hsl.archive import ArchiveError, catalogue, reading, restoring, storing
from hsl.delivery import presses
from hsl.models import utc_now
from tests.archive.past import APRIL, Past, add_message

AT = "2026-11-24T10:00:00+00:00"


def write(tmp_path: Path, *rows: dict[str, Any]) -> Path:
    file = tmp_path / "presses.jsonl"
    words = [json.dumps({"data": "join", "pressed_at": AT, **row}) for row in rows]
    file.write_text("\n".join(words) + "\n")
    return file


def pressed(past: Past) -> set[tuple[int, int]]:
    with past.engine.begin() as connection:
        rows = connection.execute(select(models.button_presses)).all()
    return {(row.message_id, row.user_id) for row in rows}


@pytest.mark.parametrize("is_archived", [False, True])
def test_the_same_are_matched_and_the_same_rejected(
    past: Past, is_archived: bool, tmp_path: Path
) -> None:
    april = past.ids["april"]
    edit = add_message(past.engine, started_at=past.message("april").started_at, action="edit")
    recipients = models.message_recipients
    with past.engine.begin() as connection:
        for number, offset in ((april, 0), (edit, 50_000)):
            connection.execute(
                recipients.update()
                .where(recipients.c.message_id == number)
                .values(telegram_message_id=9_000 + offset + recipients.c.user_id)
            )
    add_message(past.engine, started_at=utc_now())
    if is_archived:
        storing.archive(past.engine, utc_now(), actor="anna")
        assert past.message("april").archived_at is not None
    file = write(
        tmp_path,
        {"message_id": april, "user_id": 100},
        {"message_id": april, "user_id": 139},  # of whom the message has no row
        {"telegram_message_id": 9_101, "user_id": 101},
        {"telegram_message_id": 9_101, "user_id": 102},
        {"telegram_message_id": 59_101, "user_id": 101},  # the edit of it
    )
    report = presses.import_file(past.engine, file, actor="anna")
    assert pressed(past) == {(april, 100), (april, 101)}
    assert report == presses.PressReport(
        added=2,
        known=0,
        rejected={"not a recipient of the message": 1, "no such message in that chat": 2},
    )
    assert presses.import_file(past.engine, file, actor="anna").known == 2


def test_a_file_that_is_not_there_refuses_rather_than_rejects(past: Past, tmp_path: Path) -> None:
    storing.archive(past.engine, utc_now(), actor="anna")
    with past.engine.begin() as connection:
        for file in catalogue.listed(connection):
            file.path.unlink()
    asked = write(tmp_path, {"message_id": past.ids["april"], "user_id": 100})
    with pytest.raises(ArchiveError, match="is not there"):
        presses.import_file(past.engine, asked, actor="anna")
    assert pressed(past) == set()


def test_named_messages_ask_their_own_file_alone(past: Past, tmp_path: Path) -> None:
    storing.archive(past.engine, utc_now(), actor="anna")
    april = past.ids["april"]
    with past.engine.begin() as connection:
        for file in catalogue.listed(connection):
            if file.month != "2025-04":
                file.path.unlink()
    asked = write(tmp_path, {"message_id": april, "user_id": 100})
    presses.import_file(past.engine, asked, actor="anna")
    assert pressed(past) == {(april, 100)}


def test_an_archived_message_is_found_though_an_edit_of_it_is_not_archived(
    past: Past, tmp_path: Path
) -> None:
    april = past.ids["april"]
    edit = add_message(past.engine, started_at=utc_now(), action="edit", target_message_id=april)
    in_chats(past, {april: 9_000, edit: 9_000})
    storing.archive(past.engine, utc_now(), actor="anna")
    assert past.rows(april) == []
    asked = write(tmp_path, {"telegram_message_id": 9_101, "user_id": 101})
    report = presses.import_file(past.engine, asked, actor="anna")
    assert (pressed(past), report.rejected) == ({(april, 101)}, {})


def in_chats(past: Past, numbers: dict[int, int]) -> None:
    """Give messages Telegram's numbers in the chats: so many plus the person's id."""
    recipients = models.message_recipients
    with past.engine.begin() as connection:
        for message_id, offset in numbers.items():
            connection.execute(
                recipients.update()
                .where(recipients.c.message_id == message_id)
                .values(telegram_message_id=offset + recipients.c.user_id)
            )


def while_a_file_is_read(monkeypatch: pytest.MonkeyPatch, what: Callable[[], object]) -> None:
    """Do it once, just before the first file of the archive is read."""
    read, left = reading.pressed, [what]

    def late(*asked: Any) -> list[tuple[int, int]]:
        if left:
            left.pop()()
        return read(*asked)

    monkeypatch.setattr(reading, "pressed", late)


@pytest.fixture
def march_is_archived(past: Past) -> None:
    """March is, April is not; each has numbers of its own in the chats."""
    in_chats(past, {past.ids["march"]: 3_000, past.ids["april"]: 4_000})
    storing.archive(past.engine, APRIL, actor="anna")
    assert past.rows(past.ids["march"]) == []
    assert past.rows(past.ids["april"]) != []


@pytest.mark.usefixtures("march_is_archived")
def test_others_write_while_the_archive_is_asked(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def somebody_writes() -> None:
        with past.engine.begin() as connection:
            audit.record(
                connection, actor="boris", action="x", object_type="x", object_id="1", details={}
            )

    while_a_file_is_read(monkeypatch, somebody_writes)
    asked = write(tmp_path, {"telegram_message_id": 3_100, "user_id": 100})
    presses.import_file(past.engine, asked, actor="anna")
    assert pressed(past) == {(past.ids["march"], 100)}
    assert audit.entries(past.engine, action="x")[1] == 1


@pytest.mark.usefixtures("march_is_archived")
def test_what_is_archived_meanwhile_is_found(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    march, april = past.ids["march"], past.ids["april"]
    while_a_file_is_read(
        monkeypatch, lambda: storing.archive(past.engine, utc_now(), actor="boris")
    )
    asked = write(
        tmp_path,
        {"message_id": march, "user_id": 100},
        {"message_id": april, "user_id": 101},
        {"telegram_message_id": 4_102, "user_id": 102},
        {"telegram_message_id": 5_102, "user_id": 102},
    )
    report = presses.import_file(past.engine, asked, actor="anna")
    assert past.rows(april) == []
    assert pressed(past) == {(march, 100), (april, 101), (april, 102)}
    assert report == presses.PressReport(3, 0, {"no such message in that chat": 1})


@pytest.mark.usefixtures("march_is_archived")
def test_what_is_restored_meanwhile_is_found(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_a_file_is_read(
        monkeypatch, lambda: restoring.restore(past.engine, "2025-03", actor="boris")
    )
    asked = write(tmp_path, {"message_id": past.ids["march"], "user_id": 100})
    presses.import_file(past.engine, asked, actor="anna")
    assert pressed(past) == {(past.ids["march"], 100)}


def test_nothing_of_a_refused_file_stays_for_the_next(past: Past, tmp_path: Path) -> None:
    refused = tmp_path / "refused.jsonl"
    refused.write_text("no JSON\n")
    with pytest.raises(presses.PressesRefused):
        presses.import_file(past.engine, refused, actor="anna")
    good = write(tmp_path, {"message_id": past.ids["april"], "user_id": 100})
    assert presses.import_file(past.engine, good, actor="anna").added == 1
