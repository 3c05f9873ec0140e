"""The command line on messages that were sent: their state, the uncertain, and changes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from hsl import models
from hsl.delivery import pace, trouble
from hsl.delivery.outcome import Outcome, Verdict
from tests.test_cli import hsl, ten
from tests.typing_commands import Terminal

__all__ = ["hsl", "ten"]
Recipients = models.message_recipients


@pytest.fixture
def sent(hsl: Terminal, engine: Engine, ten: None) -> int:
    """A message to ten: 1 to 3 uncertain, 4 blocked the bot, 5 not found, the others got it."""
    hsl("send", "--all", "--text", "Monday <b>{first_name|friend}</b>", "--yes",
        "--button", "1:Join=https://example.org")  # fmt: skip
    now = models.utc_now()
    rows: dict[tuple[int, ...], dict[str, Any]] = {
        (1, 2, 3): {"delivery_status": "uncertain", "reason": "no_answer"},
        (4,): {"delivery_status": "failed", "reason": "blocked"},
        (5,): {"delivery_status": "failed", "reason": "not_found"},
        tuple(range(6, 11)): {
            "delivery_status": "sent",
            "telegram_message_id": 7,
            "sent_at": now,
            "version": 1,
        },
    }
    with engine.begin() as connection:
        for ids, values in rows.items():
            connection.execute(
                update(Recipients).where(Recipients.c.user_id.in_(ids)).values(values)
            )
        connection.execute(
            update(models.message_history).values(
                status="sent",
                started_at=now,
                finished_at=now,
                successful_deliveries=5,
                failed_deliveries=2,
                uncertain_deliveries=3,
            )
        )
    return 1


def by_status(engine: Engine, message_id: int = 1) -> dict[int, str]:
    with engine.begin() as connection:
        rows = connection.execute(select(Recipients).where(Recipients.c.message_id == message_id))
        return {row.user_id: row.delivery_status for row in rows}


def audited(engine: Engine) -> list[tuple[str, str]]:
    log = models.audit_log.c
    with engine.begin() as connection:
        rows = connection.execute(select(log.actor, log.action).order_by(log.id)).all()
    return [(row.actor, row.action) for row in rows]


@pytest.mark.usefixtures("sent")
def test_the_uncertain_are_listed(hsl: Terminal) -> None:
    said = hsl("uncertain", "1")
    assert said.stdout.startswith("3 recipients may or may not have got it")
    assert sorted(line.split()[0] for line in said.stdout.splitlines()[1:]) == ["1", "2", "3"]
    assert sorted(json.loads(hsl("uncertain", "1", "--json").stdout)) == [1, 2, 3]
    assert json.loads(hsl("uncertain", "1", "--user", "2", "--json").stdout) == [2]


def test_the_uncertain_of_no_message_are_refused_in_a_sentence(hsl: Terminal) -> None:
    for words in ([], ["--mark-delivered"], ["--send-again", "--yes"]):
        said = hsl("uncertain", "99", *words)
        assert (said.returncode, said.stdout) == (1, "")
        assert said.stderr == ("hsl: There is no message 99. `python -m hsl status` lists them.\n")


@pytest.mark.usefixtures("sent")
def test_the_uncertain_are_taken_for_delivered_one_by_one_or_all(
    hsl: Terminal, engine: Engine
) -> None:
    said = hsl("uncertain", "1", "--mark-delivered", "--user", "2")
    assert said.stdout == "Message 1: 1 uncertain recipients count as delivered now.\n"
    assert [by_status(engine)[i] for i in (1, 2, 3)] == ["uncertain", "sent", "uncertain"]
    assert json.loads(hsl("uncertain", "1", "--mark-delivered", "--json").stdout) == {"settled": 2}
    assert [by_status(engine)[i] for i in (1, 2, 3)] == ["sent"] * 3
    assert audited(engine)[-1] == ("operator", "uncertain_marked_delivered")
    again = hsl("uncertain", "1", "--mark-delivered")
    assert (again.returncode, "no such uncertain" in again.stderr) == (1, True)


@pytest.mark.usefixtures("sent")
def test_the_uncertain_are_sent_to_again_only_after_a_yes(hsl: Terminal, engine: Engine) -> None:
    before = audited(engine)
    unasked = hsl("uncertain", "1", "--send-again")
    assert (unasked.returncode, unasked.stdout) == (1, "")
    assert unasked.stderr == "Nothing was sent. Add --yes to send again.\n"
    assert by_status(engine)[1] == "uncertain"
    assert audited(engine) == before
    said = hsl("uncertain", "1", "--send-again", "--user", "1", "--user", "3", "--yes")
    assert said.stdout == "Message 1: 2 uncertain recipients are sent to once more.\n"
    assert [by_status(engine)[i] for i in (1, 2, 3)] == ["pending", "uncertain", "pending"]
    assert audited(engine)[-1] == ("operator", "uncertain_sent_again")


@pytest.mark.usefixtures("sent")
def test_nobody_is_sent_to_again_by_a_cancelled_message(hsl: Terminal, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(models.message_history).values(status="cancelled"))
    said = hsl("uncertain", "1", "--send-again", "--yes")
    assert (said.returncode, "is cancelled" in said.stderr) == (1, True)
    assert by_status(engine)[1] == "uncertain"
    assert hsl("uncertain", "1", "--mark-delivered").returncode == 0


@pytest.mark.usefixtures("sent")
def test_the_failed_are_tried_again_for_the_reasons_given(hsl: Terminal, engine: Engine) -> None:
    said = hsl("retry", "1", "--reason", "not_found")
    assert said.stdout == "Message 1: 1 failed recipients are tried again.\n"
    assert (by_status(engine)[4], by_status(engine)[5]) == ("failed", "pending")


@pytest.mark.usefixtures("sent")
def test_a_sent_message_is_edited_in_its_chats_by_a_run(hsl: Terminal, engine: Engine) -> None:
    said = hsl("edit", "1", "--sent", "--text", "Tuesday")
    assert said.stdout == "Message 2 edits message 1. See `python -m hsl status 2`.\n"
    assert set(by_status(engine, 2)) == set(range(6, 11))
    with engine.begin() as connection:
        run = connection.execute(
            select(models.message_history).where(models.message_history.c.id == 2)
        ).one()
    assert (run.action, run.message_text, run.target_message_id) == ("edit", "Tuesday", 1)
    assert run.buttons == [[{"text": "Join", "url": "https://example.org"}]]
    with engine.begin() as connection:
        connection.execute(
            update(models.message_history)
            .where(models.message_history.c.id == 2)
            .values(
                status="sent",
                successful_deliveries=5,
                buttons=[[{"text": "Come", "url": "https://a.org"}]],
            )
        )
    # The next edit starts from what stands in the chats, not from what was sent first.
    hsl("edit", "1", "--sent", "--text", "Wednesday")
    with engine.begin() as connection:
        second = connection.execute(
            select(models.message_history).where(models.message_history.c.id == 3)
        ).one()
    assert second.buttons == [[{"text": "Come", "url": "https://a.org"}]]
    listed = hsl("status").stdout.splitlines()
    assert "Edits message 1 in its chats" in listed[0]
    assert listed[0].endswith("5 chats = 5 not tried yet")


@pytest.mark.usefixtures("sent")
def test_a_sent_message_is_deleted_by_a_run_that_status_names(
    hsl: Terminal, engine: Engine
) -> None:
    said = hsl("delete", "1", "--yes")
    assert (said.returncode, said.stdout) == (
        0,
        "Message 2 deletes message 1. See `python -m hsl status 2`.\n",
    )
    with engine.begin() as connection:
        connection.execute(
            update(Recipients)
            .where(Recipients.c.message_id == 2, Recipients.c.user_id < 8)
            .values(delivery_status="sent")
        )
        connection.execute(
            update(models.message_history)
            .where(models.message_history.c.id == 2)
            .values(status="sending", successful_deliveries=2, started_at=models.utc_now())
        )
    assert hsl("status").stdout.splitlines()[0].split("  ")[-1] == (
        "5 chats = 2 deleted + 3 not tried yet"
    )
    told = hsl("status", "2").stdout
    assert "Deletes message 1 from its chats" in told
    assert "5 chats = 2 deleted + 3 not tried yet" in told
    state = json.loads(hsl("status", "2", "--json").stdout)
    assert (state["action"], state["changes_message"], state["sent"]) == ("delete", 1, 2)


@pytest.mark.usefixtures("ten")
def test_a_scheduled_message_tells_when_to_whom_and_to_how_many(hsl: Terminal) -> None:
    hsl("send", "--stream", "4th_stream", "--text", "First <b>line</b>\nsecond", "--yes",
        "--at", "2099-01-01T10:00+03:00")  # fmt: skip
    hsl("edit", "1", "--text", "Better <b>line</b>\nsecond")
    told = hsl("status", "1", HSL_TIME_ZONE="Europe/Moscow").stdout.splitlines()
    assert told == [
        "Message 1: scheduled",
        "Better line",
        "To people in 4th_stream, by operator, for 2099-01-01 10:00:00 MSK",
        "Its text is version 2: nobody got one",
        "5 chosen = 5 not tried yet",
    ]


@pytest.mark.usefixtures("ten")
def test_a_rules_message_tells_how_many_there_are_by_now(hsl: Terminal, engine: Engine) -> None:
    hsl("send", "--all", "--text", "Hi", "--yes", "--every", "mon 10:00 Europe/Moscow")
    with engine.begin() as connection:
        connection.execute(models.users.delete().where(models.users.c.user_id > 8))
    told = hsl("status", "1").stdout
    assert "To everybody, by operator" in told
    assert "By rule 1: every Monday at 10:00 (Europe/Moscow)" in told
    assert "8 people expected: they are chosen when it starts" in told
    assert "chosen =" not in told
    assert json.loads(hsl("status", "1", "--json").stdout)["expected_recipients"] == 8
    assert "10 people when it was made" in hsl("status").stdout


@pytest.mark.usefixtures("sent")
def test_a_message_of_several_versions_tells_how_many_got_which(
    hsl: Terminal, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(update(models.message_history).values(version=2))
        connection.execute(update(Recipients).where(Recipients.c.user_id == 10).values(version=2))
    assert "Its text is version 2: version 1 went to 4, version 2 went to 1" in (
        hsl("status", "1").stdout
    )
    assert json.loads(hsl("status", "1", "--json").stdout)["got_version"] == {"1": 4, "2": 1}


@pytest.mark.usefixtures("sent")
def test_a_reader_who_leaves_early_ends_it_quietly(hsl: Terminal) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "hsl", "status", "1"],
        env=hsl.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.usefixtures("ten")
def test_the_doctor_names_messages_of_another_bot_and_the_bots_trouble(
    hsl: Terminal, engine: Engine
) -> None:
    for _ in range(2):
        hsl("send", "--all", "--text", "Hi", "--yes", BOT_TOKEN="999:other")
    away = {"HSL_TELEGRAM_API_URL": "http://127.0.0.1:1", "BOT_TOKEN": "5:mine"}
    checks = {c["name"]: c for c in json.loads(hsl("doctor", "--json", **away).stdout)}
    assert not checks["messages"]["ok"]
    assert checks["messages"]["detail"].startswith("2 messages belong to bot 999")
    assert checks["messages"]["remedy"] == "Set that bot's BOT_TOKEN, or cancel them."
    refused = Outcome(Verdict.BOT_FAULT, "bot_fault", False, 401, "Unauthorized")
    with engine.begin() as connection:
        trouble.begin(connection, pace.lock(connection, 5, pace.Rhythm(30)), refused)
    hsl("cancel", "1")
    hsl("cancel", "2")
    checks = {c["name"]: c for c in json.loads(hsl("doctor", "--json", **away).stdout)}
    assert checks["messages"]["ok"]
    assert checks["sending"]["detail"] == "Telegram refused the bot: Unauthorized."
    assert "Telegram is asked again at 20" in checks["sending"]["remedy"]


HUGE = "99999999999999999999"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status", HUGE], f"{HUGE} is too large for an id"),
        (["person", "1e3"], "1e3 is no id, which is a number"),
        (["send", "--user", HUGE, "--text", "Hi", "--yes"], f"{HUGE} is too large for an id"),
        (["send", "--all", "--text-file", "{odd}", "--yes"], "is not in UTF-8. Save it as UTF-8."),
        (["send", "--all", "--text", "Hi", "--at", "0001-01-01T00:00+23:00"], "is no year in"),
        (["send", "--all", "--text", "Hi", "--until", "2020-01-01", "--yes"], "Add --every"),
        (["send", "--all", "--text", "Hi", "--caption", "x", "--yes"], "Write it into --text."),
        (["send", "--all", "--text", "Hi", "--late-limit", "nan", "--yes"], "no number of minutes"),
    ],
)
@pytest.mark.usefixtures("ten")
def test_words_that_cannot_be_meant_are_refused_in_a_line(
    hsl: Terminal, tmp_path: Path, words: list[str], said: str
) -> None:
    odd = tmp_path / "odd.html"
    odd.write_bytes("Привет".encode("cp1251"))
    answer = hsl(*[word.replace("{odd}", str(odd)) for word in words])
    assert answer.returncode == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_languages_are_sent_shown_and_kept_by_an_edit(
    hsl: Terminal, engine: Engine, ten: None, tmp_path: Path
) -> None:
    russian = tmp_path / "lesson.ru.html"
    russian.write_text("Урок", "utf-8")
    translated = ("--translation", f"ru={russian}", "--language", "en")
    look = hsl("send", "--all", "--text", "Lesson", *translated, "--dry-run", "--json")
    assert json.loads(look.stdout)["languages"] == {"en": 10, "ru": 0}
    assert "Nobody here reads it" in look.stderr
    hsl("send", "--all", "--text", "Lesson", *translated, "--yes", "--at", "2190-01-01T10:00+00:00")
    state = json.loads(hsl("status", "1", "--json").stdout)
    assert (state["languages"], state["is_test"]) == (["en", "ru"], False)
    assert "In 2 languages: en, ru" in hsl("status", "1").stdout
    hsl("edit", "1", "--text", "The lesson")
    with engine.begin() as connection:
        row = connection.execute(select(models.message_history)).one()
    assert row.message_text == "The lesson"
    assert row.translations["translations"]["ru"]["text"] == "Урок"


@pytest.mark.parametrize("words", ["ru", "r=x", "русский=x"])
def test_a_translation_names_its_language_and_file(hsl: Terminal, ten: None, words: str) -> None:
    said = hsl("send", "--all", "--text", "x", "--translation", words, "--yes")
    assert said.returncode == 2
    assert "is not LANG=FILE" in said.stderr
