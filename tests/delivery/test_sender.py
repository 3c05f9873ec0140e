"""The sender against the sandbox over real HTTP."""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from hsl import models, scheduler
from hsl.delivery import pace, steering, sums, tick, trouble
from hsl.message.content import Button, Content
from hsl.sandbox import server
from hsl.sandbox.app import Sandbox
from hsl.sandbox.options import SandboxOptions, fate
from hsl.settings import load_settings

PATIENCE = 90.0  # seconds


class Running:
    """A sandbox on a free port, in a thread of this process."""

    def __init__(self, options: SandboxOptions) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._server = server.server(options, port=self.port)
        self.state: Sandbox = self._server.config.app.state.sandbox
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture
def sandbox() -> Iterator[Running]:
    running = Running(SandboxOptions(blocked_share=0, deactivated_share=0, never_started_share=0))
    yield running
    running.stop()


def work(engine: Engine, sandbox: Running, until: Callable[[], bool], **settings: object) -> None:
    """Run a scheduler until `until` holds."""
    loaded = load_settings(
        HSL_TELEGRAM_API_URL=f"http://127.0.0.1:{sandbox.port}", HSL_TIME_ZONE="UTC", **settings
    )

    async def main() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(scheduler.Scheduler(loaded, engine).run(stop))
        deadline = time.monotonic() + PATIENCE
        while not running.done() and not await asyncio.to_thread(until):
            assert time.monotonic() < deadline, "it did not come to an end"
            await asyncio.sleep(0.05)
        stop.set()
        await running

    asyncio.run(main())


def status(engine: Engine, message_id: int) -> Any:
    with engine.begin() as connection:
        return connection.execute(
            select(models.message_history).where(models.message_history.c.id == message_id)
        ).one()


def ended(engine: Engine, message_id: int) -> Callable[[], bool]:
    return lambda: status(engine, message_id).status not in {"scheduled", "sending"}


def closing(engine: Engine, message_id: int) -> sums.ClosingSum:
    with engine.begin() as connection:
        return sums.closing_sum(connection, message_id)


@pytest.mark.parametrize("bad", ["0000-12-31 21:00:00.000000", "10000-01-01 11:59:59.000000"])
def test_a_date_that_is_none_does_not_stop_it(
    engine: Engine, create_message: Callable[..., int], sandbox: Running, bad: str
) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("SQLite alone takes any text for a time")
    message_id = create_message(content=Content(text="Hello, {first_name}"))
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE users SET registered_at = :bad WHERE user_id = 105"), {"bad": bad}
        )
    work(engine, sandbox, ended(engine, message_id))
    assert closing(engine, message_id).sent == 20


def test_everybody_gets_it_once_with_its_buttons(
    engine: Engine, create_message: Callable[..., int], sandbox: Running
) -> None:
    join, later = Button(text="Join", url="https://a.org"), Button(text="B", callback_data="b")
    buttons = ((join,), (later,))
    message_id = create_message(content=Content(text="Hi {first_name|you}", buttons=buttons))
    work(engine, sandbox, ended(engine, message_id))
    assert closing(engine, message_id).sentence() == "20 chosen = 20 sent"
    counted = Counter(entry["chat_id"] for entry in sandbox.state.accepted)
    assert counted == Counter(range(100, 120))
    first = sandbox.state.accepted[0]
    assert first["text"] == f"Hi P{first['chat_id']}"
    assert [button["text"] for row in first["buttons"] for button in row] == ["Join", "B"]
    assert sandbox.state.counters["refused_429"] == 0


def test_who_cannot_be_reached_stops_nobody_else(
    engine: Engine, create_message: Callable[..., int], sandbox: Running
) -> None:
    sandbox.state.options.blocked_share = 0.5
    blocked = sum(fate(i, sandbox.state.options) is not None for i in range(100, 120))
    message_id = create_message()
    work(engine, sandbox, ended(engine, message_id))
    found = closing(engine, message_id)
    assert 0 < blocked < 20
    assert (found.failed_by_reason, found.sent) == ({"blocked": blocked}, 20 - blocked)


def test_no_answer_is_uncertain_and_never_sent_again(
    engine: Engine, create_message: Callable[..., int], sandbox: Running
) -> None:
    sandbox.state.options.drop_after_next = 2
    sandbox.state.options.garble_next = 1
    sandbox.state.options.fail_next = 1
    message_id = create_message()
    work(engine, sandbox, ended(engine, message_id))
    found = closing(engine, message_id)
    assert (found.uncertain, found.sent) == (4, 16)
    counted = Counter(entry["chat_id"] for entry in sandbox.state.accepted)
    assert max(counted.values()) == 1
    assert len(counted) == 19


def test_a_429_delays_and_loses_nobody(
    engine: Engine, create_message: Callable[..., int], sandbox: Running
) -> None:
    sandbox.state.options.refuse_for = 2.0
    message_id = create_message()
    work(engine, sandbox, ended(engine, message_id))
    assert closing(engine, message_id).sent == 20
    assert sandbox.state.counters["refused_429"] == 1
    row = status(engine, message_id)
    assert (row.finished_at - row.started_at).total_seconds() > 2


def test_a_revoked_token_pauses_and_a_resume_goes_on(
    engine: Engine, create_message: Callable[..., int], sandbox: Running
) -> None:
    sandbox.state.options.revoked = True
    message_id = create_message()
    work(engine, sandbox, ended(engine, message_id))
    row = status(engine, message_id)
    assert (row.status, row.status_reason) == ("paused", "Telegram refused the bot: Unauthorized")
    sandbox.state.options.revoked = False
    steering.resume(engine, message_id, actor="anna")
    work(engine, sandbox, ended(engine, message_id))
    assert closing(engine, message_id).sent == 20


def test_a_bot_in_trouble_goes_on_by_itself_when_telegram_takes_it_again(
    engine: Engine,
    create_message: Callable[..., int],
    sandbox: Running,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trouble, "FIRST_LOOK", 0.3)
    sandbox.state.options.revoked = True
    message_id = create_message()

    def mended() -> bool:
        found = status(engine, message_id).status
        if found == "paused":
            sandbox.state.options.revoked = False
        return bool(found == "sent")

    work(engine, sandbox, mended)
    assert closing(engine, message_id).sentence() == "20 chosen = 20 sent"


def test_a_file_that_nobody_can_get_stops_a_personal_message_too(
    engine: Engine, create_message: Callable[..., int], sandbox: Running
) -> None:
    words = {i: f"Bad Request: can't parse entities at byte offset {i}" for i in range(100, 120)}
    sandbox.state.options.descriptions.update(words)
    message_id = create_message(content=Content(text="Hi {first_name|you}"))
    work(engine, sandbox, ended(engine, message_id))
    assert status(engine, message_id).status == "failed"
    assert tick.ALIKE_IN_A_ROW <= closing(engine, message_id).failed < 20


def test_a_server_that_is_not_there_loses_nobody(
    engine: Engine, create_message: Callable[..., int], sandbox: Running
) -> None:
    message_id = create_message()
    sandbox.stop()
    tried = lambda: closing(engine, message_id).pending == 20 and _attempts(engine) > 0  # noqa: E731
    work(engine, sandbox, tried)
    found = closing(engine, message_id)
    assert (found.pending, found.uncertain) == (20, 0)


def _attempts(engine: Engine) -> int:
    with engine.begin() as connection:
        rows = connection.execute(select(models.message_recipients.c.attempts))
        return sum(row.attempts for row in rows)


def test_ten_unknown_refusals_alike_stop_the_message(
    engine: Engine, create_message: Callable[..., int], sandbox: Running
) -> None:
    words = "Bad Request: a fault of the message that nobody has seen before"
    sandbox.state.options.descriptions.update(dict.fromkeys(range(100, 120), words))
    message_id = create_message()
    work(engine, sandbox, ended(engine, message_id))
    found = status(engine, message_id)
    assert found.status == "failed"
    assert words in found.status_reason
    assert tick.ALIKE_IN_A_ROW <= closing(engine, message_id).failed < 20


def test_unknown_refusals_with_a_success_between_stop_nothing(
    engine: Engine, create_message: Callable[..., int], sandbox: Running
) -> None:
    odd = dict.fromkeys(range(100, 120, 2), "Bad Request: something odd")
    sandbox.state.options.descriptions.update(odd)
    message_id = create_message()
    work(engine, sandbox, ended(engine, message_id))
    assert status(engine, message_id).status == "sent"
    assert closing(engine, message_id).sent == 10


def test_without_stars_it_goes_on_at_the_free_rate(
    engine: Engine, create_message: Callable[..., int], sandbox: Running
) -> None:
    sandbox.state.options.no_stars = True
    message_id = create_message()
    work(
        engine,
        sandbox,
        ended(engine, message_id),
        HSL_PAID_BROADCAST=True,
        HSL_MESSAGES_PER_SECOND=500.0,
    )
    assert closing(engine, message_id).sentence() == "20 chosen = 20 sent"
    bot = pace.state(engine, 1)
    assert bot is not None
    assert "not enough Stars" in (bot.paid_refusal or "")
    assert not bot.may_pay(time.time())
    assert bot.may_pay(time.time() + pace.PAID_AGAIN + 1)
    with engine.begin() as connection:
        rate = pace.permits(
            connection, bot, pace.Rhythm(500), now=time.time() + 5, horizon=1.0, most=500
        )
    assert len(rate) <= pace.FREE_RATE + 2
