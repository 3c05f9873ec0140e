"""Messages and recipients as pages and exports read them."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, update

from hsl import models
from hsl.delivery import changes, export, history, pace, steering, texts, trouble
from hsl.delivery.outcome import Outcome, Verdict
from hsl.models import RecipientOrder

CreateMessage = Callable[..., int]


@pytest.fixture
def message_id(engine: Engine, create_message: CreateMessage) -> int:
    number = create_message(recipient_group="in 4th_stream")
    with engine.begin() as connection:
        connection.execute(
            update(models.message_recipients)
            .where(models.message_recipients.c.user_id == 100)
            .values(delivery_status="failed", reason="blocked", username="=cmd()")
        )
        connection.execute(update(models.message_history).values(failed_deliveries=1))
    return number


def test_the_list_and_the_page_give_one_sum(engine: Engine, message_id: int) -> None:
    listed, total = history.listing(engine)
    alone = history.one(engine, message_id)
    assert alone is not None
    assert total == 1
    words = "20 chosen = 1 blocked the bot + 19 not tried yet"
    assert listed[0].closing.sentence() == alone.closing.sentence() == words
    assert (alone.missed, alone.got, alone.title, alone.to) == (
        20,
        0,
        "Hello",
        "people in 4th_stream",
    )
    assert history.one(engine, 999) is None
    assert history.one(engine, 10**30) is None


def test_the_list_is_filtered(engine: Engine, message_id: int) -> None:
    steering.cancel(engine, message_id, actor="anna")
    assert history.listing(engine, statuses=("scheduled",))[1] == 0
    assert history.listing(engine, statuses=("cancelled",))[1] == 1
    assert history.listing(engine, words="hell")[1] == 1
    assert history.listing(engine, words="4TH_")[1] == 1
    assert history.listing(engine, words=str(message_id))[1] == 1
    for nothing in ("%", "²", "9" * 19, "9" * 30):
        assert history.listing(engine, words=nothing)[1] == 0


def test_recipients_are_listed_by_when_each_was_sent_to(engine: Engine, message_id: int) -> None:
    rows = models.message_recipients
    with engine.begin() as connection:
        for user_id, hour in ((105, 3), (107, 1), (106, 2)):
            at = datetime(2026, 11, 20, hour, tzinfo=UTC)
            connection.execute(
                update(rows)
                .where(rows.c.message_id == message_id, rows.c.user_id == user_id)
                .values(delivery_status="sent", sent_at=at)
            )

    def first_three(order: RecipientOrder) -> list[int]:
        table, total = history.recipients(engine, message_id, order=order, limit=3)
        assert total == 20
        return [int(number) for number in table["user_id"]]

    assert first_three(RecipientOrder.FIRST) == [107, 106, 105]
    assert first_three(RecipientOrder.LAST) == [105, 106, 107]
    assert first_three(RecipientOrder.CHOSEN)[0] not in {105, 106, 107}


def test_recipients_are_found_by_name_id_status_and_reason(engine: Engine, message_id: int) -> None:
    table, total = history.recipients(engine, message_id, words="P11", limit=5)
    assert (total, len(table)) == (10, 5)
    assert history.recipients(engine, message_id, words="105")[1] == 1
    assert history.recipients(engine, message_id, status="failed")[1] == 1
    assert history.recipients(engine, message_id, reason="blocked")[1] == 1
    assert history.reasons(engine, message_id) == ["blocked"]


def test_the_export_has_everybody_and_the_sum_and_no_formula(
    engine: Engine, message_id: int
) -> None:
    lines = export.recipients(engine, message_id).read().decode("utf-8-sig").splitlines()
    assert len(lines) == 22
    assert lines[1].startswith("100,'=cmd(),P100,failed,blocked")
    assert lines[-1].startswith('closing sum,"20 chosen = ') or lines[-1].startswith(
        "closing sum,20"
    )


def test_what_needs_a_person_is_found(engine: Engine, message_id: int) -> None:
    assert history.needs_a_person(engine) == ([], 0)
    steering.pause(engine, message_id, actor="anna")
    waiting, uncertain = history.needs_a_person(engine)
    assert ([message.id for message in waiting], uncertain) == ([message_id], 0)


def test_what_a_fault_of_the_bot_paused_needs_no_person(engine: Engine, message_id: int) -> None:
    with engine.begin() as connection:
        connection.execute(update(models.message_history).values(status="sending"))
    refused = Outcome(Verdict.BOT_FAULT, "bot_fault", False, 401, "Unauthorized")
    with engine.begin() as connection:
        trouble.begin(connection, pace.lock(connection, 1, pace.Rhythm(30)), refused)
    found = history.one(engine, message_id)
    assert found is not None
    assert found.status == "paused"
    assert history.needs_a_person(engine) == ([], 0)


@pytest.mark.parametrize(
    ("group", "to"),
    [
        ("in 4th_stream", "people in 4th_stream"),
        ("everybody", "everybody"),
        ("everybody; without in 4th_stream", "everybody; without in 4th_stream"),
        ("2 chosen by name; and in 4th_stream", "2 chosen by name; and in 4th_stream"),
        (None, "20 chosen by name"),
    ],
)
def test_to_whom_it_goes_reads_as_words(
    engine: Engine, create_message: CreateMessage, group: str | None, to: str
) -> None:
    found = history.one(engine, create_message(recipient_group=group))
    assert found is not None
    assert found.to == to


def test_a_runs_sum_tells_of_chats(engine: Engine, message_id: int) -> None:
    rows = models.message_recipients
    with engine.begin() as connection:
        connection.execute(
            update(rows).values(
                delivery_status="sent",
                telegram_message_id=7,
                sent_at=models.utc_now(),
                version=1,
            )
        )
        connection.execute(update(rows).where(rows.c.user_id > 115).values(version=2))
        connection.execute(
            update(models.message_history).values(
                status="sent", failed_deliveries=0, successful_deliveries=20, version=2
            )
        )
    assert texts.got_by_version(engine, message_id) == {1: 16, 2: 4}
    run = changes.delete_sent(engine, message_id, actor="anna")
    with engine.begin() as connection:
        connection.execute(
            update(models.message_history)
            .where(models.message_history.c.id == run)
            .values(successful_deliveries=2)
        )
    found = history.one(engine, run)
    assert found is not None
    assert found.closing.sentence() == "20 chats = 2 deleted + 18 not tried yet"
