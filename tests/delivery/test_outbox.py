"""Messages, their states, and the transactions that a sender's tick is made of."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select, update

from hsl import dispatch, models
from hsl.delivery import history, outbox, pace, starting, steering, sums, tick
from hsl.delivery.outcome import Outcome, Verdict
from hsl.message.content import Content
from hsl.models import AudienceMode, MessageType

BOT = 1
FAST = pace.Rhythm(rate=10_000)
SENT = Outcome(Verdict.SENT, telegram_message_id=5)
BLOCKED = Outcome(Verdict.FAILED, "blocked", True, 403, "bot was blocked by the user")


def nobody(_cohort: Any) -> Any:
    raise AssertionError("this message is not live")


def start(engine: Engine) -> None:
    starting.start_due(engine, now=models.utc_now(), resolve=nobody)


def sign_on(engine: Engine, *names: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(models.workers),
            [
                {
                    "name": name,
                    "kind": "scheduler",
                    "host": "here",
                    "pid": 1,
                    "started_at": models.utc_now(),
                    "beat_at": models.utc_now(),
                }
                for name in names
            ],
        )


def depart(engine: Engine, *, worker: str = "w", most: int = 100, now: float | None = None) -> Any:
    with engine.begin() as connection:
        return tick.depart(
            connection,
            worker=worker,
            bot_id=BOT,
            rhythm=FAST,
            clock=lambda: now or time.time(),
            horizon=0.1,
            most=most,
        )


def record(
    engine: Engine, departures: Any, outcome: Outcome, *, worker: str = "w", personal: bool = False
) -> None:
    results = [tick.Result(d, outcome, models.utc_now(), personal) for d in departures]
    with engine.begin() as connection:
        tick.record(connection, results, worker=worker, bot_id=BOT, rhythm=FAST)


def state(engine: Engine, message_id: int) -> Any:
    with engine.begin() as connection:
        row = connection.execute(
            select(models.message_history).where(models.message_history.c.id == message_id)
        ).one()
        closing = sums.closing_sum(connection, message_id)
    assert closing.total == row.total_recipients
    assert (closing.sent, closing.failed, closing.uncertain, closing.cancelled) == (
        row.successful_deliveries,
        row.failed_deliveries,
        row.uncertain_deliveries,
        row.cancelled_deliveries,
    )
    return row


def actions(engine: Engine) -> list[str]:
    with engine.begin() as connection:
        rows = connection.execute(select(models.audit_log.c.action).order_by(models.audit_log.c.id))
        return [row.action for row in rows]


def test_a_message_goes_its_whole_way(engine: Engine, create_message: Callable[..., int]) -> None:
    message_id = create_message()
    start(engine)
    leaving = depart(engine)
    record(engine, leaving[:15], SENT)
    record(engine, leaving[15:], BLOCKED)
    row = state(engine, message_id)
    assert (row.status, row.successful_deliveries, row.failed_deliveries) == ("sent", 15, 5)
    assert actions(engine) == ["message_created", "message_send_production"]
    with engine.begin() as connection:
        sentence = sums.closing_sum(connection, message_id).sentence()
        lost = connection.execute(
            select(func.count()).where(models.users.c.unreachable_reason == "blocked")
        ).scalar_one()
    assert sentence == "20 chosen = 15 sent + 5 blocked the bot"
    assert lost == 5


def test_nobody_leaves_twice(engine: Engine, create_message: Callable[..., int]) -> None:
    create_message()
    start(engine)
    first, second = depart(engine, worker="a", most=12), depart(engine, worker="b")
    ids = [d.user_id for d in [*first, *second]]
    assert len(ids) == len(set(ids)) == 20
    assert depart(engine, worker="c") == []


def test_a_finished_message_is_never_picked_up_again(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = create_message()
    start(engine)
    record(engine, depart(engine), BLOCKED)
    assert state(engine, message_id).status == "sent"
    start(engine)
    assert depart(engine) == []


def test_a_refused_rate_sends_nobody_before_its_time(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = create_message()
    start(engine)
    record(
        engine,
        depart(engine, most=1),
        Outcome(Verdict.RATE_LIMITED, retry_after=30, error_code=429),
    )
    assert state(engine, message_id).successful_deliveries == 0
    assert depart(engine) == []
    assert len(depart(engine, now=time.time() + 31)) > 0


def test_what_never_left_is_tried_later(engine: Engine, create_message: Callable[..., int]) -> None:
    create_message()
    start(engine)
    left = depart(engine, most=1)
    record(engine, left, Outcome(Verdict.NOT_SENT))
    again = depart(engine, now=time.time() + 10)
    assert left[0].user_id in [d.user_id for d in again]


def test_a_dead_workers_rows_become_uncertain_and_are_not_sent_again(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = create_message()
    sign_on(engine, "alive")
    start(engine)
    kept, left = depart(engine, worker="alive", most=4), depart(engine, worker="dead", most=6)
    with engine.begin() as connection:
        assert tick.recover(connection, now=models.utc_now()) == 6
    assert state(engine, message_id).uncertain_deliveries == 6
    rest = depart(engine, worker="alive")
    assert not {d.user_id for d in left} & {d.user_id for d in rest}
    record(engine, [*kept, *rest], SENT, worker="alive")
    assert state(engine, message_id).status == "sent"


def test_a_late_answer_tells_what_became_of_the_uncertain(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = create_message()
    start(engine)
    left = depart(engine, worker="slow")
    with engine.begin() as connection:
        tick.recover(connection, now=models.utc_now())
    record(engine, left, SENT, worker="slow")
    row = state(engine, message_id)
    assert (row.uncertain_deliveries, row.successful_deliveries) == (0, 20)


def test_a_pause_holds_and_a_cancel_ends(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = create_message()
    start(engine)
    left = depart(engine, most=3)
    steering.pause(engine, message_id, actor="anna")
    assert depart(engine) == []
    steering.resume(engine, message_id, actor="anna")
    assert steering.cancel(engine, message_id, actor="anna") == 17
    record(engine, left[:2], SENT)
    record(engine, left[2:], Outcome(Verdict.NOT_SENT))
    row = state(engine, message_id)
    assert (row.status, row.successful_deliveries, row.cancelled_deliveries) == ("cancelled", 2, 18)
    assert actions(engine) == [
        "message_created",
        "message_paused",
        "message_resumed",
        "message_cancelled",
    ]


def test_a_fault_of_the_message_stops_it_unless_the_text_is_personal(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    bad = Outcome(Verdict.MESSAGE_FAULT, "message_fault", False, 400, "can't parse entities")
    message_id = create_message()
    start(engine)
    record(engine, depart(engine, most=1), bad, personal=True)
    assert state(engine, message_id).status == "sending"
    record(engine, depart(engine, most=1), bad)
    row = state(engine, message_id)
    assert row.status == "failed"
    assert "can't parse entities" in row.status_reason
    assert depart(engine) == []


def test_a_fault_of_the_bot_pauses_all_of_its_messages(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    one, two = create_message(), create_message()
    start(engine)
    record(
        engine, depart(engine, most=1), Outcome(Verdict.BOT_FAULT, "bot_fault", False, 401, "No")
    )
    assert {state(engine, m).status for m in (one, two)} == {"paused"}
    steering.resume(engine, one, actor="anna")
    assert len(depart(engine, most=5)) == 5


def test_the_failed_are_tried_again_but_not_the_uncertain(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = create_message()
    start(engine)
    left = depart(engine)
    record(engine, left[:4], BLOCKED)
    record(engine, left[4:6], Outcome(Verdict.UNCERTAIN, "no_answer"))
    record(engine, left[6:], SENT)
    assert dispatch.retry_failed(engine, message_id, actor="anna") == 4
    again = depart(engine, now=time.time() + 2)
    assert {d.user_id for d in again} == {d.user_id for d in left[:4]}


def test_a_live_audience_is_resolved_when_the_message_starts(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = create_message(
        scheduled_at=models.utc_now() + timedelta(hours=1),
        audience_mode=AudienceMode.LIVE,
        cohort={"everyone": True},
    )
    with engine.begin() as connection:
        connection.execute(models.users.delete().where(models.users.c.user_id > 104))
        connection.execute(update(models.message_history).values(scheduled_at=models.utc_now()))
    starting.start_due(
        engine,
        now=models.utc_now(),
        resolve=lambda _: select(models.users.c.user_id, models.users.c.username),
    )
    row = state(engine, message_id)
    assert (row.audience_at_creation, row.total_recipients) == (20, 5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"content": Content(text="")}, "Nothing was sent"),
        ({"content": Content(text="<b>x")}, "Nothing was sent"),
        ({"scheduled_at": models.utc_now() - timedelta(minutes=1)}, "in the past"),
        (
            {
                "content": Content(message_type=MessageType.VIDEO, file_id="abc"),
                "scheduled_at": models.utc_now() + timedelta(hours=1),
            },
            "may lapse before a later time",
        ),
        (
            {"people": select(models.users.c.user_id, models.users.c.username).where(False)},
            "Nobody is chosen",
        ),
        ({"draft_id": 77}, "sent or discarded before"),
    ],
)
def test_a_message_that_cannot_be_sent_is_refused_whole(
    engine: Engine, create_message: Callable[..., int], arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(outbox.OutboxError, match=words):
        create_message(**arguments)
    with engine.begin() as connection:
        assert connection.execute(select(models.message_history.c.id)).all() == []
        assert connection.execute(select(models.audit_log.c.id)).all() == []


def test_one_person_gets_no_two_messages_within_a_second(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    create_message()
    create_message()
    start(engine)
    now = time.time()
    first = depart(engine, now=now)
    assert len({d.user_id for d in first}) == len(first)
    assert depart(engine, now=now + 0.5) == []
    assert len(depart(engine, now=now + 1.2)) == 20


def uncertain_message(engine: Engine, create: Callable[..., int]) -> int:
    """A finished message of whose twenty recipients three are uncertain."""
    message_id = create()
    sign_on(engine, "w")
    start(engine)
    departures = depart(engine)
    record(engine, departures[:3], Outcome(Verdict.UNCERTAIN, "no_answer"))
    record(engine, departures[3:], SENT)
    return message_id


def test_the_uncertain_are_marked_as_delivered_when_a_person_says_so(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = uncertain_message(engine, create_message)
    one = lost(engine, message_id)[0]
    assert steering.mark_delivered(engine, message_id, actor="anna", user_ids=(one,)) == 1
    assert state(engine, message_id).uncertain_deliveries == 2
    assert steering.mark_delivered(engine, message_id, actor="anna") == 2
    assert state(engine, message_id).successful_deliveries == 20
    with pytest.raises(outbox.OutboxError, match="no such uncertain"):
        steering.mark_delivered(engine, message_id, actor="anna")
    assert actions(engine).count("uncertain_marked_delivered") == 2


def test_the_uncertain_are_sent_to_again_only_when_a_person_says_so(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    message_id = uncertain_message(engine, create_message)
    later = time.time() + 5
    assert depart(engine, now=later) == []
    assert dispatch.send_again(engine, message_id, actor="anna") == 3
    assert state(engine, message_id).status == "sending"
    again = depart(engine, now=later)
    assert [departure.attempts for departure in again] == [2, 2, 2]
    # The answer to the first request, come late at last, settles nothing of the second.
    record(engine, [replace(departure, attempts=1) for departure in again], BLOCKED)
    assert state(engine, message_id).failed_deliveries == 0
    record(engine, again, SENT)
    row = state(engine, message_id)
    assert (row.status, row.successful_deliveries) == ("sent", 20)
    assert actions(engine).count("uncertain_sent_again") == 1


def lost(engine: Engine, message_id: int) -> list[int]:
    table, _ = history.recipients(engine, message_id, status="uncertain")
    return [int(number) for number in table["user_id"]]


def test_a_message_that_is_too_late_waits_and_asks(
    engine: Engine, create_message: Callable[..., int]
) -> None:
    in_time, late = create_message(), create_message()
    now = models.utc_now()
    with engine.begin() as connection:
        for number, minutes in ((in_time, 59), (late, 61)):
            connection.execute(
                update(models.message_history)
                .where(models.message_history.c.id == number)
                .values(scheduled_at=now - timedelta(minutes=minutes))
            )
    assert starting.start_due(engine, now=now, resolve=nobody) == [in_time]
    row = state(engine, late)
    assert row.status == "paused"
    assert "1 h late" in row.status_reason
    steering.resume(engine, late, actor="anna")
    assert starting.start_due(engine, now=now, resolve=nobody) == [late]


def test_a_clock_set_back_holds_nobody(engine: Engine, create_message: Callable[..., int]) -> None:
    create_message()
    sign_on(engine, "w")
    start(engine)
    first = depart(engine, most=5)
    record(engine, first, Outcome(Verdict.NOT_SENT, "unreachable_server"))
    with engine.begin() as connection:
        connection.execute(update(models.bot_pace).values(not_before=None))
    an_hour_ago = time.time() - 3600
    depart(engine, now=an_hour_ago)
    back = depart(engine, now=an_hour_ago + 1.2)
    assert {departure.user_id for departure in first} <= {d.user_id for d in back}
