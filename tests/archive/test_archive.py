"""Old recipients' rows move into files and back, and are never in two places or none."""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from hsl import database, dispatch, models
from hsl.archive import ArchiveError, catalogue, files, restoring, storing, unlisted
from hsl.delivery import changes, export, history, outbox, steering, sums
from hsl.message.content import Content
from hsl.models import RecipientOrder, utc_now
from tests.archive.past import APRIL, Past, add_message


def archive(past: Past, before: Any = None) -> list[storing.Archived]:
    return storing.archive(past.engine, before or utc_now(), actor="anna")


def test_what_is_finished_and_old_moves_by_month(past: Past) -> None:
    made = archive(past)
    assert [(one.month, one.messages, one.rows) for one in made] == [
        ("2025-03", 2, 60),
        ("2025-04", 1, 24),
    ]
    left = {row[1] for row in past.rows()}
    assert left == {past.ids["paused"], past.ids["yesterday"]}
    assert past.message("march").archived_at is not None
    assert past.message("paused").archived_at is None
    with past.engine.begin() as connection:
        listed = catalogue.listed(connection)
        entries = connection.execute(
            select(models.audit_log.c.details).where(models.audit_log.c.action == "archived")
        ).all()
    assert [file.rows for file in listed] == [60, 24]
    assert all(file.path.is_file() for file in listed)
    assert entries[0].details["sha256"] == listed[0].sha256
    assert archive(past) == []


def test_only_what_started_before_the_date_moves(past: Past) -> None:
    made = archive(past, APRIL)
    assert [one.month for one in made] == ["2025-03"]


def test_a_message_with_an_open_run_or_rows_on_their_way_stays(past: Past) -> None:
    add_message(
        past.engine,
        started_at=utc_now(),
        status="paused",
        action="edit",
        target_message_id=past.ids["march"],
    )
    recipients = models.message_recipients
    with past.engine.begin() as connection:
        connection.execute(
            update(recipients)
            .where(recipients.c.message_id == past.ids["april"], recipients.c.user_id == 104)
            .values(delivery_status="sending")
        )
    made = archive(past)
    assert [(one.month, one.messages) for one in made] == [("2025-03", 1)]


def test_a_month_comes_back_exactly(past: Past) -> None:
    before = past.rows()
    messages = [past.message(name)[:-1] for name in past.ids]
    archive(past)
    assert restoring.restore(past.engine, "2025-03", actor="anna") == 60
    assert restoring.restore(past.engine, "2025-04", actor="anna") == 24
    assert past.rows() == before
    assert [past.message(name)[:-1] for name in past.ids] == messages
    assert past.message("march").archived_at is None
    folder = database.archive_of(past.engine)
    assert list(folder.glob("*/*")) == []
    with pytest.raises(ArchiveError, match="Nothing of 2025-03 is archived"):
        restoring.restore(past.engine, "2025-03", actor="anna")


def test_the_file_has_every_column_and_value(past: Past) -> None:
    before = past.rows(past.ids["march"])
    archive(past)
    with past.engine.begin() as connection:
        file = catalogue.files_of(connection, [past.ids["march"]])[past.ids["march"]]
    rows = (
        files.connect()
        .execute(
            "SELECT * FROM read_parquet($1) WHERE message_id = $2 ORDER BY id",
            [str(file.path), past.ids["march"]],
        )
        .to_arrow_table()
        .to_pylist()
    )
    assert [tuple(row.values()) for row in rows] == before
    assert list(rows[0]) == [column.name for column in models.message_recipients.columns]


def test_sums_and_recipients_read_the_same_as_before(past: Past) -> None:
    number = past.ids["march"]

    def read() -> Any:
        with database.read_only(past.engine).begin() as connection:
            counted = sums.closing_sum(connection, number)
        one = history.one(past.engine, number)
        assert one is not None
        assert one.closing == counted
        pages = [
            history.recipients(past.engine, number, offset=10, limit=7),
            history.recipients(past.engine, number, status="failed"),
            history.recipients(past.engine, number, reason="blocked", limit=3),
            history.recipients(past.engine, number, words="p11"),
            history.recipients(past.engine, number, words="@name1"),
            history.recipients(past.engine, number, words="@NAME2"),
            history.recipients(past.engine, number, words="105"),
            *(history.recipients(past.engine, number, order=order) for order in RecipientOrder),
        ]
        tables = [(page.astype(object).where(page.notna(), None).to_dict("records"), n)
                  for page, n in pages]  # fmt: skip
        text = export.recipients(past.engine, number).read()
        return counted, tables, history.reasons(past.engine, number), text

    before = read()
    assert before[0].failed_by_reason == {"blocked": 5, "other": 5}
    assert [total for _, total in before[1]] == [30, 10, 5, 10, *[n for _, n in before[1][4:]]]
    archive(past)
    assert past.rows(number) == []
    assert read() == before


def test_an_archived_message_is_not_changed(past: Past) -> None:
    archive(past)
    number, engine = past.ids["march"], past.engine
    for change in (
        lambda: dispatch.retry_failed(engine, number, actor="anna"),
        lambda: steering.mark_delivered(engine, number, actor="anna"),
        lambda: dispatch.send_again(engine, number, actor="anna"),
        lambda: changes.edit_sent(engine, number, Content(text="New"), actor="anna"),
        lambda: changes.delete_sent(engine, number, actor="anna"),
    ):
        with pytest.raises(outbox.OutboxError, match="archive --restore 2025-03"):
            change()
    restoring.restore(engine, "2025-03", actor="anna")
    assert dispatch.retry_failed(engine, number, actor="anna") == 10


def test_what_a_person_got_is_found_in_both_places(past: Past) -> None:
    before = history.of_person(past.engine, 102)
    assert len(before) == 5
    assert {(one.status, one.reason) for one in before} == {("failed", "blocked")}
    archive(past)
    after = history.of_person(past.engine, 102)
    assert [one.message_id for one in after] == [one.message_id for one in before]
    assert [one.at for one in after] == [one.at for one in before]
    assert [one.archived for one in after] == [False, True, False, True, True]
    assert after[0].title == "Hello all"
    assert history.of_person(past.engine, 999) == []


def test_the_overview_asks_nothing_about_archived_uncertain_ones(past: Past) -> None:
    _, before = history.needs_a_person(past.engine)
    archive(past)
    _, after = history.needs_a_person(past.engine)
    assert before - after == 5 + 5 + 4


def test_a_message_that_changed_while_it_was_read_stays(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = past.rows()
    write = files.write

    def and_somebody_retries(*arguments: Any, **named: Any) -> files.Written:
        written = write(*arguments, **named)
        if "2025-03" in str(arguments[0]):
            dispatch.retry_failed(past.engine, past.ids["march"], actor="boris")
        return written

    monkeypatch.setattr(files, "write", and_somebody_retries)
    with pytest.raises(ArchiveError, match="was changed while it was read"):
        archive(past)
    assert len(past.rows()) == len(before)
    assert list(database.archive_of(past.engine).glob("*/*")) == []


def test_counters_that_lie_stop_it(past: Past) -> None:
    with past.engine.begin() as connection:
        connection.execute(
            update(models.message_history)
            .where(models.message_history.c.id == past.ids["march"])
            .values(failed_deliveries=9, uncertain_deliveries=6)
        )
    before = past.rows()
    with pytest.raises(ArchiveError, match="other recipients than its counters say"):
        archive(past)
    assert past.rows() == before


def test_a_disk_that_lies_is_found_before_anything_is_deleted(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = past.rows()
    tallies = files.tallies_in

    def one_less(path: Path) -> files.Tallies:
        found = tallies(path)
        found.popitem()
        return found

    monkeypatch.setattr(files, "tallies_in", one_less)
    with pytest.raises(ArchiveError, match="does not read back"):
        archive(past)
    assert past.rows() == before
    assert list(database.archive_of(past.engine).glob("*/*")) == []


def test_verify_finds_a_spoilt_and_a_missing_file(past: Past) -> None:
    archive(past)
    assert [one.problem for one in restoring.verify(past.engine)] == [None, None]
    with past.engine.begin() as connection:
        march, april = catalogue.listed(connection)
    content = bytearray(march.path.read_bytes())
    content[len(content) // 3] ^= 1
    march.path.write_bytes(content)
    april.path.unlink()
    problems = [one.problem or "" for one in restoring.verify(past.engine)]
    assert "SHA-256 differs" in problems[0]
    assert "is not there" in problems[1]
    with pytest.raises(ArchiveError, match="SHA-256"):
        restoring.restore(past.engine, "2025-03", actor="anna")
    with pytest.raises(ArchiveError, match="HSL_DATA_DIR"):
        history.recipients(past.engine, past.ids["april"])
    one = history.one(past.engine, past.ids["april"])
    assert one is not None
    assert one.closing.failed == 8  # a list of messages does not fail for it


def test_the_newest_id_is_never_given_twice(past: Past) -> None:
    history_rows = models.message_history
    with past.engine.begin() as connection:
        connection.execute(
            update(history_rows)
            .where(history_rows.c.id == past.ids["yesterday"])
            .values(started_at=APRIL + timedelta(days=1), finished_at=APRIL + timedelta(days=2))
        )
    highest = past.rows()[-1][0]
    archive(past)
    new = add_message(past.engine, started_at=utc_now())
    assert past.rows(new)[0][0] == highest + 1


def test_rows_whose_ids_were_given_away_come_back_with_others(past: Past) -> None:
    with past.engine.begin() as connection:
        highest = connection.execute(
            insert(models.message_recipients).returning(models.message_recipients.c.id),
            {"message_id": 999, "user_id": 1, "delivery_status": "pending", "attempts": 0},
        ).scalar_one()  # as a message that is only half prepared has them
    last = past.rows(past.ids["yesterday"])
    with past.engine.begin() as connection:
        connection.execute(
            update(models.message_history)
            .where(models.message_history.c.id == past.ids["yesterday"])
            .values(started_at=APRIL + timedelta(days=1), finished_at=APRIL + timedelta(days=2))
        )
    archive(past)
    recipients = models.message_recipients
    with past.engine.begin() as connection:
        connection.execute(recipients.delete().where(recipients.c.id == highest))
        # SQLite gives the ids on its own; so that PostgreSQL has them twice too:
        connection.execute(
            insert(recipients),
            [
                {"id": row[0], "message_id": past.ids["paused"], "user_id": 1_000 + place,
                 "delivery_status": "pending", "attempts": 0}
                for place, row in enumerate(last[:5])
            ],
        )  # fmt: skip
    assert restoring.restore(past.engine, "2025-04", actor="anna") == 54
    back = past.rows(past.ids["yesterday"])
    assert sorted(row[1:] for row in back) == sorted(row[1:] for row in last)
    assert {row[0] for row in back} >= {row[0] for row in last[5:]}
    assert len({row[0] for row in past.rows()}) == len(past.rows())
    assert past.message("yesterday").archived_at is None


def test_two_do_not_archive_at_once(past: Past) -> None:
    with (
        catalogue.alone(past.engine),
        pytest.raises(ArchiveError, match="Another `hsl archive` is at work"),
    ):
        archive(past)


def aged(path: Path, seconds: float = 90_000) -> None:
    moment = utc_now().timestamp() - seconds
    os.utime(path, (moment, moment))


def test_what_was_half_written_goes_after_a_day(past: Past) -> None:
    folder = database.archive_of(past.engine) / "2025-03"
    folder.mkdir(parents=True)
    for name, age in (("old.part", 90_000), ("new.part", 60), ("old.parquet", 90_000)):
        (folder / name).write_bytes(b"PAR1")
        aged(folder / name, age)
    archive(past)
    assert not (folder / "old.part").exists()
    assert (folder / "new.part").exists()
    assert (folder / "old.parquet").exists()  # of which nobody can tell what it holds


class EndedError(Exception):
    """The run ends here."""


def end_before_the_hand_over(past: Past, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that such a run leaves, as it is a day later."""

    def end(*_: Any) -> None:
        raise EndedError

    with monkeypatch.context() as ended, pytest.raises(EndedError):
        ended.setattr(storing, "_hand_over", end)
        archive(past, APRIL)
    (left,) = unlisted.whole(past.engine)
    aged(left)
    return left


def test_a_file_of_an_ended_run_goes_once_its_rows_are_elsewhere(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_before_the_hand_over(past, monkeypatch)
    archive(past)
    assert unlisted.whole(past.engine) == []


def test_a_file_whose_rows_stand_nowhere_else_stays(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = end_before_the_hand_over(past, monkeypatch)
    dispatch.retry_failed(past.engine, past.ids["march"], actor="anna")
    archive(past)
    assert unlisted.whole(past.engine) == [left]


def test_the_only_copy_of_another_database_is_left_alone(past: Past, tmp_path: Path) -> None:
    rows = past.rows()
    archive(past)
    folder = database.archive_of(past.engine)
    theirs = sorted(folder.glob("*/*.parquet"))
    for path in theirs:
        aged(path)
    other = database.open_engine(f"sqlite:///{tmp_path / 'other.db'}", archive=folder)
    database.migrate(other)
    add_message(other, started_at=APRIL)
    add_message(other, started_at=utc_now())
    assert [one.rows for one in storing.archive(other, utc_now(), actor="boris")] == [30]
    assert unlisted.whole(other) == theirs
    other.dispose()
    assert all(path.exists() for path in theirs)
    for month in ("2025-03", "2025-04"):
        restoring.restore(past.engine, month, actor="anna")
    assert past.rows() == rows


def test_a_json_footer_tells_the_people(past: Past) -> None:
    archive(past)
    with past.engine.begin() as connection:
        path = catalogue.listed(connection)[1].path
    assert files.people_in(path)[past.ids["april"]] == {
        ("deleted", None): 4,
        ("failed", "blocked"): 4,
        ("failed", None): 4,
        ("sent", None): 8,
        ("uncertain", "no_answer"): 4,
    }
    assert json.dumps(sorted(files.people_in(path)))
    with past.engine.begin() as connection:
        connection.execute(
            insert(models.archived_months).values(
                month="2025-04", file="other.parquet", rows=1, sha256="0", archived_at=utc_now()
            )
        )
    with pytest.raises(ArchiveError, match=r"other.parquet is not there"):
        history.reasons(past.engine, past.ids["april"])
