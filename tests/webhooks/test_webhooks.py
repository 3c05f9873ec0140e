"""Webhooks: told of what happened, signed, until they take it; and never into a private network."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from receiver import Receiver, receiving
from sqlalchemy import Engine, insert, select, update
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from hsl import audit, cli, database, dispatch, models, outward, sealing
from hsl import settings as hsl_settings
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import outbox, pace, steering, tick, trouble
from hsl.delivery.outcome import Outcome, Verdict
from hsl.message.content import Content
from hsl.scheduler import Scheduler
from hsl.settings import Settings, load_settings
from hsl.webhooks import kept, sending
from hsl.webhooks.events import Event

KEY = sealing.new_key()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        HSL_DATA_DIR=tmp_path, HSL_WEBHOOKS_PRIVATE=True, DATABASE_URL=None, HSL_SECRET_KEY=KEY
    )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def make_message(engine: Engine, settings: Settings) -> int:
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [{"user_id": i, "attributes": {}, "updated_at": models.utc_now()} for i in (1, 2)],
        )
    return dispatch.send(
        engine,
        settings,
        content=Content(text="Hello"),
        audience=Audience(include=(Cohort(everyone=True),)),
        author="anna",
    )


def deliveries(engine: Engine) -> list[outward.WebhookDelivery]:
    table = outward.webhook_deliveries
    with database.read_only(engine).begin() as connection:
        rows = connection.execute(select(table).order_by(table.c.id)).all()
    return [outward.WebhookDelivery(**row._mapping) for row in rows]


def let_it_be_time(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            update(outward.webhook_deliveries).values(next_attempt_at=models.utc_now())
        )


def test_it_is_told_again_until_it_takes_it(
    engine: Engine, settings: Settings, receiver: Receiver
) -> None:
    receiver.answers = [500, 302]
    hook, secret = kept.add(engine, settings, f"{receiver.address}/in?token=t", actor="anna")
    message_id = make_message(engine, settings)
    steering.cancel(engine, message_id, actor="anna")
    scheduler = Scheduler(settings, engine)
    for number in (1, 2):
        scheduler.send_webhooks()
        assert len(receiver.got) == number
        scheduler.send_webhooks()  # it is not due yet
        assert len(receiver.got) == number
        assert "answers with status" in str(kept.listing(engine)[0].trouble)
        let_it_be_time(engine)
    scheduler.send_webhooks()
    let_it_be_time(engine)
    scheduler.send_webhooks()
    assert len(receiver.got) == 3  # a redirect is not followed, and what arrived is not told again
    headers, body = receiver.got[-1]
    told = Verifier(secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(body + b" ", headers)
    assert {one[0]["webhook-id"] for one in receiver.got} == {headers["webhook-id"]}
    assert told["type"] == "message.finished"
    assert told["data"]["message_id"] == message_id
    assert (told["data"]["status"], told["data"]["total_recipients"]) == ("cancelled", 2)
    assert kept.listing(engine)[0].trouble is None
    assert hook.shown == f"{receiver.address}/…"


def test_what_did_not_happen_is_not_told(
    engine: Engine, settings: Settings, receiver: Receiver
) -> None:
    kept.add(engine, settings, receiver.address, actor="anna")
    message_id = make_message(engine, settings)
    with pytest.raises(RuntimeError), engine.begin() as connection:
        steering.cancel_within(connection, message_id, actor="anna")
        raise RuntimeError
    assert deliveries(engine) == []


def test_each_is_told_of_what_it_asked_for(engine: Engine, settings: Settings) -> None:
    kept.add(engine, settings, "http://127.0.0.1:9/a", [Event.BOT_STOPPED], actor="anna")
    kept.add(engine, settings, "http://127.0.0.1:9/b", [Event.MESSAGE_FINISHED], actor="anna")
    message_id = make_message(engine, settings)
    with engine.begin() as connection:
        bot = pace.lock(connection, settings.bot_id, pace.Rhythm.of(settings))
        trouble.begin(connection, bot, Outcome(Verdict.BOT_FAULT, 401, "Unauthorized"))
        trouble.end(connection, settings.bot_id)
        connection.execute(
            update(models.message_history).values(status="sending", total_recipients=0)
        )
        outbox.finish_complete(connection, [message_id], now=models.utc_now())
    assert [(one.webhook_id, one.event) for one in deliveries(engine)] == [
        (1, "bot.stopped"),
        (2, "message.finished"),
    ]
    with engine.begin() as connection:
        connection.execute(update(models.message_history).values(status="sending"))
        tick.stop_message(connection, message_id, "can't parse entities")
    body = json.loads(deliveries(engine)[-1].body)
    assert body["data"]["status"] == "failed"
    assert "can't parse" in body["data"]["status_reason"]


def test_it_is_given_up_after_a_day_and_said(engine: Engine, settings: Settings) -> None:
    kept.add(engine, settings, "http://127.0.0.1:9/closed", actor="anna")
    steering.cancel(engine, make_message(engine, settings), actor="anna")
    assert sending.send_due(engine, settings) == 1
    assert deliveries(engine)[0].finished_at is None
    with engine.begin() as connection:
        long_ago = models.utc_now() - timedelta(hours=25)
        connection.execute(update(outward.webhook_deliveries).values(created_at=long_ago))
    let_it_be_time(engine)
    sending.send_due(engine, settings)
    assert deliveries(engine)[0].delivered_at is None
    assert deliveries(engine)[0].finished_at is not None
    entry = audit.entries(engine, action="webhook_given_up")[0][0]
    assert (entry.details["attempts"], entry.details["address"]) == (2, "http://127.0.0.1:9/…")
    assert sending.forget(engine) == 0


def test_who_says_that_it_is_gone_is_told_nothing_more(
    engine: Engine, settings: Settings, receiver: Receiver
) -> None:
    receiver.answers = [410]
    kept.add(engine, settings, receiver.address, actor="anna")
    message_id = make_message(engine, settings)
    steering.cancel(engine, message_id, actor="anna")
    sending.send_due(engine, settings)
    assert not kept.listing(engine)[0].active
    assert audit.entries(engine, action="webhook_gone")[1] == 1


def test_two_schedulers_send_it_once(
    engine: Engine, settings: Settings, receiver: Receiver
) -> None:
    kept.add(engine, settings, receiver.address, actor="anna")
    for _ in range(4):
        kept.put_test(engine, 1)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: sending.send_due(engine, settings), range(4)))
    assert len(receiver.got) == 4
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 4


def test_it_goes_into_no_private_network(
    engine: Engine, settings: Settings, receiver: Receiver, tmp_path: Path
) -> None:
    public = load_settings(HSL_DATA_DIR=tmp_path, DATABASE_URL=None, HSL_SECRET_KEY=KEY)
    with pytest.raises(kept.WebhookError, match="begins with https"):
        kept.add(engine, public, receiver.address, actor="anna")
    kept.add(engine, public, receiver.address.replace("http", "https"), actor="anna")
    fault = sending.send_one(engine, public, kept.put_test(engine, 1))
    assert "private network (127.0.0.1)" in str(fault)
    kept.add(engine, settings, receiver.address, actor="anna")  # and the setting was taken back
    assert "begins with https" in str(sending.send_one(engine, public, kept.put_test(engine, 2)))
    assert receiver.got == []


@pytest.mark.parametrize(
    "address",
    ["", "ftp://x.org", "https://", "https://u:p@x.org/", "https://x.org:0/", "https://[::1/",
     "file:///etc/passwd", "https://x.org/\r\nHost: y", "https://x .org", "x" * 3000],
)  # fmt: skip
def test_what_is_no_address_is_refused(engine: Engine, settings: Settings, address: str) -> None:
    with pytest.raises(kept.WebhookError):
        kept.add(engine, settings, address, actor="anna")
    assert kept.listing(engine) == []


def test_its_secret_is_kept_sealed(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    without = load_settings(HSL_DATA_DIR=tmp_path, HSL_WEBHOOKS_PRIVATE=True, DATABASE_URL=None)
    with pytest.raises(sealing.SealError, match="secret-key"):
        kept.add(engine, without, "http://127.0.0.1:9/", actor="anna")
    _, secret = kept.add(engine, settings, "http://127.0.0.1:9/", actor="anna")
    with database.read_only(engine).begin() as connection:
        stored = repr(connection.execute(select(outward.webhooks)).all())
    assert secret not in stored
    assert "No key is set" in str(sending.send_one(engine, without, kept.put_test(engine, 1)))


def test_it_waits_longer_each_time() -> None:
    waits = [sending.wait_after(attempts) for attempts in range(1, 12)]
    assert 4 <= waits[0] <= 6
    assert all(later > earlier for earlier, later in pairwise(waits[:7]))
    assert max(waits) <= 1.2 * sending.LONGEST_WAIT


def test_the_terminal_adds_tests_lists_and_removes(
    database_address: str,
    engine: Engine,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_address)
    monkeypatch.setenv("HSL_WEBHOOKS_PRIVATE", "1")
    monkeypatch.setenv("HSL_SECRET_KEY", KEY)
    hsl_settings.get_settings.cache_clear()
    try:
        receiver.answers = [500]
        assert cli.main(["webhook", "add", f"{receiver.address}/hidden", "--json"]) == 0
        made = json.loads(capsys.readouterr().out)
        assert cli.main(["webhook", "test", "1"]) == 1
        assert cli.main(["webhook", "test", "1"]) == 0
        Verifier(made["secret"]).verify(receiver.got[-1][1], receiver.got[-1][0])
        assert cli.main(["webhook", "list"]) == 0
        said = capsys.readouterr().out
        assert "1 waiting" in said
        assert "hidden" not in said + repr(audit.entries(engine))
        assert made["secret"] not in said + repr(audit.entries(engine))
        assert cli.main(["webhook", "remove", "1"]) == 0
        assert deliveries(engine) == []
        assert cli.main(["webhook", "test", "1"]) == 1
    finally:
        hsl_settings.get_settings.cache_clear()
