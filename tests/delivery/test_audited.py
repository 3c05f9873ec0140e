"""Every state change that a person causes has its audit entry in the same transaction."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, update

from hsl import dispatch, models
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import changes, outbox, recurring, starting, steering
from hsl.message.content import Content
from tests.delivery.conftest import BOT, CreateMessage

EVERYBODY = select(models.users.c.user_id, models.users.c.username)
TABLES = (
    models.message_history,
    models.message_recipients,
    models.message_versions,
    models.recurring_messages,
    models.message_preparations,
    models.audit_log,
)
NEW = Content(text="Another text")
Change = Callable[[Engine, int], object]


def make_rule(engine: Engine) -> int:
    return recurring.create(
        engine,
        repeat=recurring.Repeat.parse("daily 10:00 UTC"),
        content=NEW,
        people=EVERYBODY,
        audience=Audience(include=(Cohort(everyone=True),)).model_dump(mode="json"),
        group="everybody",
        author="anna",
        bot_id=BOT,
    )


# What a person does: the message's state before, the change, and the action in the audit log.
CHANGES: dict[str, tuple[str, Change, str]] = {
    "create": ("none", lambda e, m: create_again(e), "message_created"),
    "pause": ("sending", lambda e, m: steering.pause(e, m, actor="anna"), "message_paused"),
    "resume": ("paused", lambda e, m: steering.resume(e, m, actor="anna"), "message_resumed"),
    "cancel": ("sending", lambda e, m: steering.cancel(e, m, actor="anna"), "message_cancelled"),
    "cancel scheduled": (
        "scheduled",
        lambda e, m: steering.cancel(e, m, actor="anna"),
        "message_cancelled",
    ),
    "retry": ("sent", lambda e, m: dispatch.retry_failed(e, m, actor="anna"), "message_retried"),
    "mark": (
        "sent",
        lambda e, m: steering.mark_delivered(e, m, actor="anna"),
        "uncertain_marked_delivered",
    ),
    "send again": (
        "sent",
        lambda e, m: dispatch.send_again(e, m, actor="anna"),
        "uncertain_sent_again",
    ),
    "edit": ("scheduled", lambda e, m: changes.edit(e, m, NEW, actor="anna"), "message_edited"),
    "edit in chats": (
        "sent",
        lambda e, m: changes.edit_sent(e, m, NEW, actor="anna"),
        "message_edit_in_chats",
    ),
    "delete in chats": (
        "sent",
        lambda e, m: changes.delete_sent(e, m, actor="anna"),
        "message_delete_in_chats",
    ),
    "rule": ("none", lambda e, m: make_rule(e), "rule_created"),
    "stop rule": ("rule", lambda e, m: recurring.stop(e, 1, actor="anna"), "rule_stopped"),
}


def create_again(engine: Engine) -> int:
    return outbox.create(
        engine,
        outbox.NewMessage(
            content=NEW,
            people=EVERYBODY,
            author="anna",
            bot_id=BOT,
            recipient_type=models.RecipientType.GROUP,
        ),
    )


def prepare(engine: Engine, create: CreateMessage, state: str) -> int:
    if state == "rule":
        return make_rule(engine)
    at = models.utc_now() + timedelta(days=1) if state == "scheduled" else None
    message = create(scheduled_at=at)
    starting.start_due(engine, now=models.utc_now(), resolve=lambda _: EVERYBODY)
    rows, history = models.message_recipients, models.message_history
    with engine.begin() as connection:
        if state == "sent":
            for status, last in (("sent", 0), ("failed", 1), ("uncertain", 2)):
                connection.execute(
                    update(rows)
                    .where(rows.c.id % 3 == last)
                    .values(delivery_status=status, telegram_message_id=5, sent_at=models.utc_now())
                )
            connection.execute(
                update(history).values(
                    status="sent",
                    successful_deliveries=6,
                    failed_deliveries=7,
                    uncertain_deliveries=7,
                )
            )
        elif state == "paused":
            connection.execute(update(history).values(status="paused"))
    return message


def everything(engine: Engine) -> list[Any]:
    with engine.begin() as connection:
        return [sorted(map(repr, connection.execute(select(table)).all())) for table in TABLES]


class DiskError(Exception):
    """The audit entry cannot be written."""


@pytest.mark.parametrize("name", CHANGES)
def test_it_has_its_entry_or_did_not_happen(
    engine: Engine, create_message: CreateMessage, name: str
) -> None:
    state, change, action = CHANGES[name]
    message = prepare(engine, create_message, state)
    before = everything(engine)

    def refuse(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "INSERT INTO audit_log" in statement:
            raise DiskError

    event.listen(engine, "before_cursor_execute", refuse)
    try:
        with pytest.raises(DiskError):
            change(engine, message)
    finally:
        event.remove(engine, "before_cursor_execute", refuse)
    assert everything(engine) == before

    change(engine, message)
    with engine.begin() as connection:
        last = connection.execute(select(models.audit_log).order_by(models.audit_log.c.id)).all()
    found = [entry for entry in last if entry.action == action]
    assert found[-1].actor == "anna"
