"""A message's story in plain words, with what the bot's trouble did to it."""

import re
import time
from collections.abc import Callable

from sqlalchemy import Engine, select, update

from hsl import audit, dispatch, models
from hsl.delivery import changes, pace, steering, timeline, trouble
from hsl.delivery.outcome import Outcome, Verdict
from hsl.message.content import Content
from tests.delivery.test_outbox import BLOCKED, SENT, depart, record, start

BOT = 1
REFUSED = Outcome(Verdict.BOT_FAULT, "bot_fault", False, 401, "Unauthorized")
WAIT = Outcome(Verdict.RATE_LIMITED, retry_after=35.0, error_code=429)


def told(engine: Engine, message_id: int) -> list[str]:
    """The story; how many seconds it took is the machine's affair."""
    words = [event.words for event in timeline.events(engine, message_id)]
    return [re.sub(r"^Finished after \d+ s$", "Finished after N s", told) for told in words]


def test_it_tells_a_message_from_its_making_to_its_end(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = create_message()
    start(engine)
    steering.pause(engine, message_id, actor="anna")
    changes.edit(engine, message_id, Content(text="Better"), actor="anna")
    steering.resume(engine, message_id, actor="boris")
    leaving = depart(engine)
    record(engine, leaving[:15], SENT)
    record(engine, leaving[15:], BLOCKED)
    assert told(engine, message_id) == [
        "Written, to go at once to 20 people",
        "Started, to 20 people",
        "Paused",
        "Text changed for those still to come: version 2",
        "Resumed",
        "Finished after N s",
    ]
    found = timeline.events(engine, message_id)
    assert [event.by for event in found] == ["anna", None, "anna", "anna", "boris", None]
    assert found[-1].sum == "20 chosen = 15 sent + 5 failed"
    run = changes.delete_sent(engine, message_id, actor="anna")
    assert told(engine, message_id)[-1] == f"Being deleted from 15 chats, by message {run}"
    start(engine)
    steering.cancel(engine, run, actor="boris")
    assert told(engine, run) == [
        f"Made to delete message {message_id} from 15 chats",
        "Began, in 15 chats",
        "Cancelled",
    ]
    ended = timeline.events(engine, run)[-1]
    assert (ended.by, ended.sum) == ("boris", "15 chats = 15 not tried yet")


def test_it_tells_what_was_decided_about_the_failed_and_the_uncertain(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = create_message()
    start(engine)
    leaving = depart(engine)
    record(engine, leaving[:1], Outcome(Verdict.UNCERTAIN, "no_answer"))
    record(engine, leaving[1:2], BLOCKED)
    record(engine, leaving[2:], SENT)
    dispatch.retry_failed(engine, message_id, actor="anna")
    steering.mark_delivered(engine, message_id, actor="boris")
    assert told(engine, message_id)[-3:] == [
        "Finished after N s",
        "Tries the failed again: 1 person",
        "Uncertain, taken for delivered: 1 person",
    ]


def test_it_tells_what_a_fault_of_the_bot_did_to_it(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    touched, late = create_message(), create_message()
    start(engine)
    with engine.begin() as connection:
        history = models.message_history
        connection.execute(update(history).where(history.c.id == late).values(late_limit=-1.0))
    other = create_message()
    with engine.begin() as connection:
        trouble.begin(connection, pace.lock(connection, BOT, pace.Rhythm(30)), REFUSED)
    with engine.begin() as connection:
        trouble.end(connection, BOT)
    paused = "Paused: Telegram refused the bot (Unauthorized)"
    assert told(engine, touched)[-2:] == [paused, "Went on: Telegram takes the bot again"]
    assert told(engine, late)[-2] == paused
    assert told(engine, late)[-1].endswith("it waits for a person")
    assert told(engine, other) == ["Written, to go at once to 20 people"]


def test_it_tells_when_telegram_asked_to_wait(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = create_message()
    start(engine)
    record(engine, depart(engine, most=1), WAIT)
    later = create_message()
    assert told(engine, message_id)[-1] == (
        "Telegram asked to wait 35 s (429), and nobody was sent to"
    )
    assert timeline.tried_again(engine, message_id) == 0
    record(engine, depart(engine, now=time.time() + 40), SENT)
    assert timeline.tried_again(engine, message_id) == 1
    assert told(engine, later) == ["Written, to go at once to 20 people"]


def test_no_word_of_the_program_is_left_in_it(engine: Engine) -> None:
    assert timeline.events(engine, 7) == []
    with engine.begin() as connection:
        audit.record(
            connection, actor="x", action="message_new_kind", object_type="message", object_id=7
        )
    with engine.begin() as connection:
        assert connection.execute(select(models.audit_log)).one().object_id == "7"
    assert timeline.events(engine, 7) == []  # there is no such message
