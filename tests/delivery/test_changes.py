"""Changes of what was written: for those still to come, and in the chats where it arrived."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update

from hsl import models
from hsl.delivery import changes, history, outbox, steering, texts
from hsl.message.content import Button, Content
from tests.delivery.test_outbox import SENT, actions, depart, record, sign_on, start, state
from tests.delivery.test_sender import Running, closing, ended, sandbox, work

__all__ = ["sandbox"]
BUTTONS = ((Button(text="Join", url="https://a.org"),),)


def versions_of(engine: Engine, message_id: int) -> Counter[int | None]:
    with engine.begin() as connection:
        rows = connection.execute(
            select(models.message_recipients.c.version).where(
                models.message_recipients.c.message_id == message_id
            )
        )
        return Counter(row.version for row in rows)


def test_a_paused_message_is_edited_for_the_rest(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = create_message(content=Content(text="First"))
    start(engine)
    sign_on(engine, "w")
    record(engine, depart(engine, most=8), SENT)
    steering.pause(engine, message_id, actor="anna")
    assert changes.edit(engine, message_id, Content(text="Second"), actor="anna") == 2
    steering.resume(engine, message_id, actor="anna")
    record(engine, depart(engine), SENT)
    assert versions_of(engine, message_id) == {1: 8, 2: 12}
    (before,) = changes.versions(engine, message_id)
    assert (before.number, before.content.text, before.replaced_by) == (1, "First", "anna")
    assert state(engine, message_id).message_text == "Second"
    assert "message_edited" in actions(engine)


def test_a_message_that_is_sending_is_not_edited(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = create_message(content=Content(text="First"))
    start(engine)
    with pytest.raises(outbox.OutboxError, match="sending"):
        changes.edit(engine, message_id, Content(text="Second"), actor="anna")
    with pytest.raises(outbox.OutboxError, match="sending"):
        changes.delete_sent(engine, message_id, actor="anna")
    assert state(engine, message_id).message_text == "First"
    assert changes.versions(engine, message_id) == []


def test_what_telegram_would_refuse_changes_nothing(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = create_message()
    steering.pause(engine, message_id, actor="anna")
    with pytest.raises(outbox.OutboxError, match="Nothing was changed"):
        changes.edit(engine, message_id, Content(text="<b>open"), actor="anna")
    assert state(engine, message_id).version == 1


def test_only_what_is_younger_than_two_days_is_deleted(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = create_message()
    start(engine)
    record(engine, depart(engine), SENT)
    with engine.begin() as connection:
        connection.execute(
            update(models.message_recipients)
            .where(models.message_recipients.c.user_id >= 105)
            .values(sent_at=models.utc_now() - timedelta(hours=48, minutes=1))
        )
    assert changes.deletable(engine, message_id) == 5
    run = changes.delete_sent(engine, message_id, actor="anna")
    assert state(engine, run).total_recipients == 5
    with pytest.raises(outbox.OutboxError, match=f"Message {run} changes message {message_id}"):
        changes.delete_sent(engine, message_id, actor="anna")
    with pytest.raises(outbox.OutboxError, match="itself changes another"):
        steering.cancel(engine, run, actor="anna")
        changes.delete_sent(engine, run, actor="anna")


def test_a_message_goes_from_the_chats_and_its_row_says_so(
    engine: Engine, create_message: Callable[..., int], sandbox: Running
) -> None:
    message_id = create_message()
    work(engine, sandbox, ended(engine, message_id))
    sandbox.state.accepted[3]["deleted"] = True  # by the person
    run = changes.delete_sent(engine, message_id, actor="anna")
    work(engine, sandbox, ended(engine, run))
    assert closing(engine, run).sentence() == "20 chosen = 19 sent + 1 not in the chat any more"
    assert closing(engine, message_id).sentence() == "20 chosen = 1 sent + 19 deleted"
    assert state(engine, message_id).deleted_deliveries == 19
    assert len(sandbox.state.accepted) == 20
    assert all(entry.get("deleted") for entry in sandbox.state.accepted)
    (found,) = history.runs(engine, message_id)
    assert (found.id, found.title) == (run, f"Deletes message {message_id} from its chats")


def test_a_sent_text_is_edited_in_its_chats(
    engine: Engine, create_message: Callable[..., int], sandbox: Running
) -> None:
    message_id = create_message(content=Content(text="Monday, {first_name}"))
    work(engine, sandbox, ended(engine, message_id))
    content = Content(text="Tuesday, {first_name}", buttons=BUTTONS)
    run = changes.edit_sent(engine, message_id, content, actor="anna")
    work(engine, sandbox, ended(engine, run))
    assert closing(engine, run).sentence() == "20 chosen = 20 sent"
    texts = {entry["chat_id"]: entry["text"] for entry in sandbox.state.accepted}
    assert texts == {i: f"Tuesday, P{i}" for i in range(100, 120)}
    assert all(entry["buttons"] for entry in sandbox.state.accepted)
    # The same words once more: Telegram says that nothing changed, and that is what was wanted.
    again = changes.edit_sent(engine, message_id, content, actor="anna")
    work(engine, sandbox, ended(engine, again))
    assert closing(engine, again).sentence() == "20 chosen = 20 sent"


def test_what_stands_in_the_chats_is_the_last_edit_that_reached_any(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    first, second, third = (Content(text=text) for text in ("First", "Second", "Third"))
    message_id = create_message(content=first)
    start(engine)
    record(engine, depart(engine), SENT)
    assert texts.standing(engine, message_id) == first
    assert texts.standing(engine, 999) is None
    assert (texts.edits(engine, message_id), changes.editable(engine, message_id)) == ([], 20)
    run = changes.edit_sent(engine, message_id, second, actor="boris")
    assert texts.standing(engine, message_id) == first
    start(engine)
    record(engine, depart(engine, now=time.time() + 2), SENT)  # a chat waits a second
    assert texts.standing(engine, message_id) == second
    (edit,) = texts.edits(engine, message_id)
    assert (edit.id, edit.author, edit.closing.sent, edit.closing.total) == (run, "boris", 20, 20)
    cancelled = changes.edit_sent(engine, message_id, third, actor="anna")
    steering.cancel(engine, cancelled, actor="anna")
    assert texts.standing(engine, message_id) == second
    assert [edit.content for edit in texts.edits(engine, message_id)] == [second]


def test_a_refused_change_says_what_cannot_be_done(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = create_message()
    with pytest.raises(outbox.OutboxError, match="cannot be edited in its chats"):
        changes.edit_sent(engine, message_id, Content(text="Second"), actor="anna")
    with pytest.raises(outbox.OutboxError, match="cannot be deleted from its chats"):
        changes.delete_sent(engine, message_id, actor="anna")
