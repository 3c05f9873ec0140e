"""Presses of archived messages are matched with the archive's recipients, as others are."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hsl import models
from hsl.archive import ArchiveError, catalogue, storing
from hsl.delivery import presses
from hsl.models import utc_now
from tests.archive.past import Past, add_message

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
