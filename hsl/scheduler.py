"""WHEN: the separate loop. Timed jobs by the package `schedule`, and the sender beside them.

A message that is due starts within half a second; everything else (heartbeat, recovery) has a job.
"""

import asyncio
import hashlib
import logging
import os
import signal
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import schedule
from sqlalchemy import Connection, Engine, Select, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from hsl import database, dispatch, models
from hsl.audience import resolve, values
from hsl.audience.cohort import Audience
from hsl.delivery import outbox, pace, preparing, recurring, sender, tick, trouble
from hsl.delivery.gateway import Gateway
from hsl.delivery.outcome import Verdict
from hsl.delivery.quiet import QuietHours
from hsl.message import payload, placeholders
from hsl.reports.schedule import Reports
from hsl.settings import Settings

BEAT = 3  # seconds
DUE = 0.5  # seconds
RECOVER = 5  # seconds
REPORTS = 60  # seconds between two looks whether one is due
FORGET_WORKERS = timedelta(hours=1)
EDITING = {
    "sendMessage": "editMessageText",
    "sendVideo": "editMessageCaption",
    "sendDocument": "editMessageCaption",
}

logger = logging.getLogger(__name__)


class Scheduler:
    """One scheduler process: due messages, heartbeat, recovery and the sender of one bot."""

    def __init__(self, settings: Settings, engine: Engine | None = None) -> None:
        self.settings = settings
        self.engine = engine or database.engine_for(settings)
        self.name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._started_at = models.utc_now()
        self._jobs = schedule.Scheduler()
        self._jobs.every(BEAT).seconds.do(self._guarded, self.beat)
        self._jobs.every(RECOVER).seconds.do(self._guarded, self.recover)
        self._reports = Reports(self.engine, settings)
        self._jobs.every(REPORTS).seconds.do(self._guarded, self.report)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then finish what is in flight and sign off."""
        await asyncio.to_thread(self.sign_on)
        async with Gateway(self.settings.token, self.settings.api_url) as gateway:
            worker = sender.Sender(
                engine=self.engine,
                gateway=gateway,
                worker=self.name,
                bot_id=self.settings.bot_id,
                rhythm=pace.Rhythm.of(self.settings),
                compose=compose,
                batch_size=self.settings.batch_size,
                paid=self.settings.paid_broadcast,
                quiet=QuietHours.of(self.settings),
            )
            sending = asyncio.create_task(worker.run(stop))
            while not stop.is_set():
                await asyncio.to_thread(self._jobs.run_pending)
                await asyncio.to_thread(self._guarded, self.start_due)
                with self._guarding("look_at_bot"):
                    await self.look_at_bot(gateway)
                if sending.done():
                    break
                await _wait(stop, DUE)
            await sending
        await asyncio.to_thread(self._guarded, self.sign_off)

    def sign_on(self) -> None:
        """Enter this process among the workers, and clear trouble that a new token has ended."""
        fingerprint = _fingerprint(self.settings.token)
        with self.engine.begin() as connection:
            self._enter(connection)
            bot = pace.lock(connection, self.settings.bot_id, pace.Rhythm.of(self.settings))
            if bot.token_fingerprint != fingerprint:
                trouble.end(connection, bot.bot_id)
            connection.execute(
                update(models.bot_pace)
                .where(models.bot_pace.c.bot_id == bot.bot_id)
                .values(token_fingerprint=fingerprint)
            )

    async def look_at_bot(self, gateway: Gateway) -> None:
        """While the bot is in trouble, ask for it now and then; when it answers, go on."""
        bot_id = self.settings.bot_id
        if not await asyncio.to_thread(trouble.look_due, self.engine, bot_id):
            return
        found = await gateway.call("getMe", {})
        if found.verdict is Verdict.SENT:
            await asyncio.to_thread(self.end_trouble)

    def end_trouble(self) -> None:
        """Go on with what the bot's trouble paused."""
        with self.engine.begin() as connection:
            trouble.end(connection, self.settings.bot_id)

    def beat(self) -> None:
        """Say that this process is alive; its rows on the way are its own as long as it does."""
        with self.engine.begin() as connection:
            known = connection.execute(
                update(models.workers)
                .where(models.workers.c.name == self.name)
                .values(beat_at=database.now(connection))
            )
            if known.rowcount == 0:  # it slept for so long that it was forgotten
                self._enter(connection)

    def _enter(self, connection: Connection) -> None:
        connection.execute(
            insert(models.workers).values(
                name=self.name,
                kind="scheduler",
                host=socket.gethostname(),
                pid=os.getpid(),
                started_at=self._started_at,
                beat_at=database.now(connection),
            )
        )

    def recover(self) -> None:
        """Name as uncertain what dead processes left on its way, and forget the long dead."""
        with self.engine.begin() as connection:
            now = database.now(connection)
            found = tick.recover(connection, now=now)
            connection.execute(
                delete(models.workers).where(models.workers.c.beat_at < now - FORGET_WORKERS)
            )
        preparing.clear_stale(self.engine, now=now)
        if found:
            logger.warning("%s recipients are uncertain: their sender stopped", found)

    def report(self) -> None:
        """Begin to write the report that is due, if there are to be any."""
        self._reports.look(models.utc_now())

    def start_due(self) -> None:
        """Start messages whose time has come, and let rules make their next ones."""
        history, rules = models.message_history.c, models.recurring_messages.c
        with database.read_only(self.engine).begin() as connection:
            now = database.now(connection)
            message = select(history.id).where(
                history.status == "scheduled", history.scheduled_at <= now
            )
            rule = select(rules.id).where(rules.stopped_at.is_(None), rules.next_at <= now)
            found = [connection.execute(due.limit(1)).first() for due in (message, rule)]
        if found[0] is not None:
            dispatch.hold_back_archived(self.engine, now)
            outbox.start_due(self.engine, now=now, resolve=self._people)
        if found[1] is not None:
            bot_id = self.settings.bot_id
            recurring.make_due(self.engine, now=now, bot_id=bot_id, resolve=self._people)

    def _people(self, chosen: Mapping[str, Any]) -> Select[Any]:
        return resolve.people(Audience.model_validate(chosen), self.engine.dialect.name)

    def sign_off(self) -> None:
        """Leave the list of workers."""
        with self.engine.begin() as connection:
            connection.execute(delete(models.workers).where(models.workers.c.name == self.name))

    def _guarded(self, job: Callable[[], None]) -> None:
        with self._guarding(job.__name__):
            job()

    @contextmanager
    def _guarding(self, name: str) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as fault:
            # The next turn of the loop tries again; the sender waits by itself.
            logger.error("%s: the database does not answer (%s)", name, type(fault).__name__)


def compose(
    message: Mapping[str, Any], person: Mapping[str, Any]
) -> tuple[str, dict[str, Any], bool]:
    """The Bot API call of a message for one person, and whether it is made for them alone."""
    if message["action"] == models.Action.DELETE:
        return "deleteMessage", {}, False
    method, arguments = payload.payload(
        models.MessageType(message["message_type"]),
        message["message_text"],
        message["file_id"],
        message["buttons"],
        values.known(dict(person)),
        message["options"],
    )
    if message["action"] == models.Action.EDIT:
        method = EDITING[method]
        for file in ("video", "document"):
            arguments.pop(file, None)
    return method, dict(arguments), placeholders.is_personal(message["message_text"])


def run(settings: Settings) -> None:
    """Run a scheduler in this process until SIGINT or SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await Scheduler(settings).run(stop)

    asyncio.run(main())


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:16]


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
