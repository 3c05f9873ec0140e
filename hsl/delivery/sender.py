"""The sender: ticks against the database, requests against the Bot API, never one
without the other.

1. A tick records what came back and writes the intents of those who leave now, in one transaction.
2. Each of these leaves at its departure time, one after the other and spaced as they really
   leave, and its outcome waits for the next tick.
3. What could not be sent in time (the machine stalled) goes back untouched.
4. When a tick's commit was not answered, nobody knows whether its intents are written: the next one
   gives back what stands as ours and is not on its way.
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

from hsl import database, models
from hsl.delivery import outbox, pace, tick
from hsl.delivery.gateway import Gateway
from hsl.delivery.outcome import Outcome, Verdict, never_left
from hsl.delivery.quiet import QuietHours
from hsl.models import SENDS

TICK = 0.06  # seconds
TOO_LATE = 8.0  # seconds after its departure time at which a request does not leave any more
MOST_IN_FLIGHT = 400  # requests without an answer
RETRY_DATABASE = 1.0  # seconds
LAST_ANSWERS = 5.0  # seconds that answers may take once it is to stop
LAST_WORDS = 3.0  # seconds in which a stopping sender tries to record its last outcomes
EXCHANGE_PATIENCE = 10.0  # seconds until a connection that does not answer is given up

logger = logging.getLogger(__name__)
Message = Mapping[str, Any]  # a row of message_history
# (message, person) -> Bot API method, its arguments, and whether the text is personal
Compose = Callable[[Message, Mapping[str, Any]], tuple[str, dict[str, Any], bool]]
# A departure with its message as it was when the intent was written.
Leaving = tuple[tick.Departure, Message]


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
        self._leaving: asyncio.Queue[Leaving] = asyncio.Queue()
        self._on_their_way: set[int] = set()  # recipients between their intent and their result
        self._in_doubt = False
        self._spacing = pace.Spacing(rhythm.limit)
        self._in_flight: set[asyncio.Task[None]] = set()
        self._alike: dict[int, tuple[str, int]] = defaultdict(lambda: ("", 0))

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop`; then wait for what is in flight and record it."""
        door = asyncio.create_task(self._let_out())
        while not stop.is_set():
            began = time.monotonic()
            await self._tick_or_wait()
            await asyncio.sleep(max(0.0, TICK - (time.monotonic() - began)))
        await self._finish()
        door.cancel()

    async def _tick_or_wait(self) -> None:
        try:
            await self._tick()
        except SQLAlchemyError as fault:
            # Outcomes stay in `_results`, and nothing leaves without a committed intent.
            logger.error("The database does not answer (%s); sending waits", type(fault).__name__)
            await asyncio.sleep(RETRY_DATABASE)
        except Exception:
            logger.exception("A tick failed; sending waits")
            await asyncio.sleep(RETRY_DATABASE)

    async def _let_out(self) -> None:
        """Let departures leave in their order, each at its time."""
        while True:
            departure, message = await self._leaving.get()
            await asyncio.sleep(max(0.0, departure.at - tick.steady_time()))
            while (early := self._spacing.wait(time.monotonic())) > 0:
                await asyncio.sleep(early)
            task = asyncio.create_task(self._send(departure, message))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
            self._leaving.task_done()

    async def _finish(self) -> None:
        await self._leaving.join()
        if self._in_flight:
            # Whoever is not answered by then is uncertain, as whoever was on the way at a kill.
            _done, unanswered = await asyncio.wait(self._in_flight, timeout=LAST_ANSWERS)
            for task in unanswered:
                task.cancel()
            if unanswered:
                logger.warning("%s requests were not answered in time", len(unanswered))
        deadline = time.monotonic() + LAST_WORDS
        while self._results and time.monotonic() < deadline:
            await self._tick_or_wait_to_record()

    async def _tick_or_wait_to_record(self) -> None:
        try:
            await self._tick(most=0)
        except SQLAlchemyError as fault:
            logger.error("The last outcomes are not recorded yet (%s)", type(fault).__name__)
            await asyncio.sleep(RETRY_DATABASE)

    async def _tick(self, *, most: int | None = None) -> None:
        results, self._results = self._results, []
        room = MOST_IN_FLIGHT - len(self._on_their_way) + len(results)
        most = min(self._batch_size, room) if most is None else most
        try:
            departures = await asyncio.to_thread(
                self._exchange, results, most, set(self._on_their_way)
            )
        except Exception:
            self._results = results + self._results
            self._in_doubt = True
            raise
        self._in_doubt = False
        self._on_their_way -= {result.departure.recipient_id for result in results}
        for departure, message in departures:
            self._on_their_way.add(departure.recipient_id)
            self._leaving.put_nowait((departure, message))

    def _exchange(
        self, results: list[tick.Result], most: int, on_their_way: set[int]
    ) -> list[Leaving]:
        with database.impatient(self._engine, EXCHANGE_PATIENCE) as connection:
            if self._in_doubt:
                tick.give_back(
                    connection, worker=self._worker, bot_id=self._bot_id,
                    rhythm=self._rhythm, on_their_way=on_their_way,
                )  # fmt: skip
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
                most=most,
                quiet=self._quiet,
            )
            ids = {departure.message_id for departure in departures}
            if not ids:
                return []
            # Read at each departure, as a message's text may change while it is paused.
            rows = connection.execute(select(outbox.History).where(outbox.History.c.id.in_(ids)))
            messages = {row.id: dict(row._mapping) for row in rows}
        return [(departure, messages[departure.message_id]) for departure in departures]

    async def _send(self, departure: tick.Departure, message: Message) -> None:
        personal = False
        try:
            method, arguments, personal = self._compose(message, departure.person)
            arguments["chat_id"] = departure.user_id
            if message["action"] not in SENDS:
                arguments["message_id"] = departure.telegram_message_id
            elif self._paid and departure.may_pay:
                arguments["allow_paid_broadcast"] = True
        except Exception as fault:
            # Whatever is wrong on our side, nothing left and this row must get an outcome.
            logger.exception(
                "Message %s, recipient %s", departure.message_id, departure.recipient_id
            )
            found = Outcome(
                Verdict.FAILED,
                "other",
                description=f"The message could not be made for them: {type(fault).__name__}",
            )
        else:
            found = await self._ask(departure, method, arguments)
        if found.verdict is not Verdict.SENT:
            logger.info(
                "Not sent: %s",
                found.reason or found.verdict,
                extra={
                    "message_id": departure.message_id,
                    "recipient_id": departure.recipient_id,
                    "user_id": departure.user_id,
                },
            )
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
            new = found.migrate_to
            found = await self._gateway.call(method, {**arguments, "chat_id": new})
            words = f"The group is now chat {new}. {found.description or ''}".strip()
            found = replace(found, description=words)
        if found.verdict is Verdict.MIGRATED:
            return replace(found, verdict=Verdict.FAILED, reason="not_found")
        if found.verdict is Verdict.PAID_REFUSED and "allow_paid_broadcast" not in arguments:
            return replace(found, verdict=Verdict.FAILED, reason="other")
        return found

    def _breaks(self, message_id: int, found: Outcome, personal: bool) -> bool:
        """The circuit breaker: refusals alike in a row are the message's fault, not the people's.

        Those are unknown ones, and those of a personal text, which may be every person's.
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
        if times < tick.ALIKE_IN_A_ROW:
            return False
        self._alike.pop(message_id)
        return True
