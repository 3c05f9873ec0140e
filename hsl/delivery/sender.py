"""The sender: ticks against the database, requests against the Bot API, never one
without the other.

1. A tick records what came back and writes the intents of those who leave now, in one transaction.
2. Each of these leaves at its departure time, one after the other and spaced as they really
   leave, and its outcome waits for the next tick.
3. What could not be sent in time (the machine stalled) goes back untouched.
"""

import asyncio
import logging
import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from hsl import models
from hsl.delivery import outbox, pace, tick
from hsl.delivery.gateway import Gateway
from hsl.delivery.outcome import Outcome, Verdict, lost, never_left
from hsl.delivery.quiet import QuietHours
from hsl.models import Action

TICK = 0.06  # seconds
TOO_LATE = 8.0  # seconds after its departure time at which a request does not leave any more
MOST_IN_FLIGHT = 400  # requests without an answer
RETRY_DATABASE = 1.0  # seconds

logger = logging.getLogger(__name__)
# (message row, person) -> Bot API method, its arguments, and whether the text is personal
Compose = Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[str, dict[str, Any], bool]]


class Sender:
    """One process's sender for one bot. `run` until `stop` is set, then all answers are awaited."""

    def __init__(
        self,
        *,
        engine: Engine,
        gateway: Gateway,
        worker: str,
        bot_id: int,
        rhythm: pace.Rhythm,
        compose: Compose,
        batch_size: int,
        paid: bool = False,
        quiet: QuietHours | None = None,
    ) -> None:
        self._engine = engine
        self._gateway = gateway
        self._worker = worker
        self._bot_id = bot_id
        self._rhythm = rhythm
        self._compose = compose
        self._batch_size = batch_size
        self._paid = paid
        self._quiet = quiet
        self._results: list[tick.Result] = []
        self._leaving: asyncio.Queue[tick.Departure] = asyncio.Queue()
        self._spacing = pace.Spacing(rhythm.limit)
        self._in_flight: set[asyncio.Task[None]] = set()
        self._messages: dict[int, Mapping[str, Any]] = {}
        self._alike: dict[int, tuple[str, int]] = defaultdict(lambda: ("", 0))

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop`; then wait for what is in flight and record it."""
        door = asyncio.create_task(self._let_out())
        while not stop.is_set():
            began = time.monotonic()
            try:
                await self._tick()
            except SQLAlchemyError as fault:
                # Outcomes stay in `_results`, and nothing leaves without a committed intent.
                logger.error(
                    "The database does not answer (%s); sending waits", type(fault).__name__
                )
                await asyncio.sleep(RETRY_DATABASE)
            await asyncio.sleep(max(0.0, TICK - (time.monotonic() - began)))
        await self._finish()
        door.cancel()

    async def _let_out(self) -> None:
        """Let departures leave in their order, each at its time."""
        while True:
            departure = await self._leaving.get()
            await asyncio.sleep(max(0.0, departure.at - tick.steady_time()))
            while (early := self._spacing.wait(time.monotonic())) > 0:
                await asyncio.sleep(early)
            task = asyncio.create_task(self._send(departure))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
            self._leaving.task_done()

    async def _finish(self) -> None:
        await self._leaving.join()
        if self._in_flight:
            await asyncio.wait(self._in_flight)
        results, self._results = self._results, []
        await asyncio.to_thread(self._exchange, results, 0)

    async def _tick(self) -> None:
        results, self._results = self._results, []
        on_their_way = len(self._in_flight) + self._leaving.qsize()
        room = min(self._batch_size, MOST_IN_FLIGHT - on_their_way)
        try:
            departures = await asyncio.to_thread(self._exchange, results, room)
        except SQLAlchemyError:
            self._results = results + self._results
            raise
        for departure in departures:
            self._leaving.put_nowait(departure)

    def _exchange(self, results: list[tick.Result], room: int) -> list[tick.Departure]:
        with self._engine.begin() as connection:
            tick.record(
                connection,
                results,
                worker=self._worker,
                bot_id=self._bot_id,
                rhythm=self._rhythm,
            )
            departures = tick.depart(
                connection,
                worker=self._worker,
                bot_id=self._bot_id,
                rhythm=self._rhythm,
                horizon=TICK,
                most=room,
                quiet=self._quiet,
            )
            # Read at each departure, as a message's text may change while it is paused.
            ids = {departure.message_id for departure in departures}
            if ids:
                rows = connection.execute(
                    select(outbox.History).where(outbox.History.c.id.in_(ids))
                )
                self._messages = {row.id: dict(row._mapping) for row in rows}
        return departures

    async def _send(self, departure: tick.Departure) -> None:
        message = self._messages[departure.message_id]
        personal = False
        try:
            method, arguments, personal = self._compose(message, departure.person)
            arguments["chat_id"] = departure.user_id
            if message["action"] != Action.SEND:
                arguments["message_id"] = departure.telegram_message_id
            elif self._paid and departure.may_pay:
                arguments["allow_paid_broadcast"] = True
            found = await self._ask(departure, method, arguments)
        except Exception as fault:
            # Whatever went wrong on our side, this row must get an outcome.
            logger.exception(
                "Message %s, recipient %s", departure.message_id, departure.recipient_id
            )
            found = lost(f"the sender failed: {type(fault).__name__}")
        if self._breaks(departure.message_id, found, personal):
            found, personal = replace(found, verdict=Verdict.MESSAGE_FAULT), False
        self._results.append(tick.Result(departure, found, models.utc_now(), personal))

    async def _ask(
        self, departure: tick.Departure, method: str, arguments: dict[str, Any]
    ) -> Outcome:
        if tick.steady_time() - departure.at > TOO_LATE:
            return never_left("the machine stalled before the request left")
        found = await self._gateway.call(method, arguments)
        if found.verdict is Verdict.MIGRATED and found.migrate_to is not None:
            return await self._gateway.call(method, {**arguments, "chat_id": found.migrate_to})
        return found

    def _breaks(self, message_id: int, found: Outcome, personal: bool) -> bool:
        """The circuit breaker: refusals alike in a row are the message's fault, not the people's.

        Those are unknown ones, and those of a personal text, whose fault may be its file's.
        """
        if found.verdict is Verdict.SENT:
            self._alike.pop(message_id, None)
        unknown = found.verdict is Verdict.FAILED and found.reason == "other"
        if not unknown and not (personal and found.verdict is Verdict.MESSAGE_FAULT):
            return False
        # Where in the text a fault stands differs from person to person.
        words = re.sub(r"\d+", "", found.description or "")
        last, times = self._alike[message_id]
        times = times + 1 if words == last else 1
        self._alike[message_id] = (words, times)
        return times >= tick.ALIKE_IN_A_ROW
