"""WHEN: the separate loop. Timed jobs by the package `schedule`, and the sender beside them.

A message that is due starts within half a second; everything else (heartbeat, recovery) has a job.
"""

import asyncio
import hashlib
import logging
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import schedule
from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from hsl import choice, database, logs, models, traces
from hsl.acting import SCHEDULER, acting_as
from hsl.api import once
from hsl.audience import segments, values
from hsl.audience.cohort import Audience
from hsl.audience.sources import kept
from hsl.backups.keeping import Backups
from hsl.delivery import (
    approving,
    pace,
    preparing,
    recurring,
    restored,
    sender,
    starting,
    steering,
    tick,
    trouble,
)
from hsl.delivery.gateway import Gateway
from hsl.delivery.outcome import Verdict
from hsl.delivery.quiet import QuietHours
from hsl.message import payload, placeholders
from hsl.message.content import Content
from hsl.privacy.nightly import Nights
from hsl.reports.schedule import Reports
from hsl.settings import Settings
from hsl.watch import telling
from hsl.webhooks import sending

BEAT = 3  # seconds
DUE = 0.5  # seconds
RECOVER = 5  # seconds
MEASURE = 10  # minutes; each segment is counted once a day
PATIENCE = 10.0  # seconds until a database connection that does not answer is given up
SOURCES = 5  # seconds
NIGHTS = 10  # minutes between two looks whether old rows are to be let go of
WEBHOOKS = 1  # seconds
REPORTS = 60  # seconds between two looks whether one is due
BACKUPS = 60  # seconds between two looks whether one is due
FORGET_WORKERS = timedelta(hours=1)
CLOCK_JUMP = 60.0  # seconds by which the wall clock was set, from which timed jobs are timed anew
EDITING = {
    "sendMessage": "editMessageText",
    **dict.fromkeys(payload.METHODS.values(), "editMessageCaption"),
}

logger = logging.getLogger(__name__)


class Scheduler:
    """One scheduler process: due messages, heartbeat, recovery and the sender of one bot.

    What delivery leans on goes by a clock that nobody sets; the package `schedule`, which goes by
    the wall clock, times the jobs of the day.
    """

    def __init__(self, settings: Settings, engine: Engine | None = None) -> None:
        self.settings = settings
        self.engine = engine or database.engine_for(settings)
        self.name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._started_at = models.utc_now()
        self._mark = restored.Mark(
            settings.data_dir,
            settings.bot_id,
            self.engine.url.render_as_string(hide_password=True),
        )
        self._departures = 0
        self._halt = threading.Event()
        self._jobs = schedule.Scheduler()
        self._reports = Reports(self.engine, settings)
        self._nights = Nights(self.engine, settings)
        self._backups = Backups(self.engine, settings)
        self._time_jobs()

    def _time_jobs(self) -> None:
        """The jobs of the day, timed from now on."""
        self._jobs.clear()
        self._jobs.every(1).hours.do(self._guarded, self.forget_workers)
        self._jobs.every(1).hours.do(self._guarded, self.forget_answers)
        self._jobs.every(MEASURE).minutes.do(self._guarded, self.measure_segments)
        self._jobs.every(REPORTS).seconds.do(self._guarded, self.report)
        self._jobs.every(NIGHTS).minutes.do(self._guarded, self._nights.look)
        self._jobs.every(BACKUPS).seconds.do(self._guarded, self.back_up)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then finish what is in flight and sign off."""
        with acting_as(SCHEDULER):
            await self._work(stop)

    async def _work(self, stop: asyncio.Event) -> None:
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
            finished = asyncio.Event()
            # A sign of life until the last answer is recorded: who is silent counts as dead.
            alive = asyncio.create_task(self._every(BEAT, finished, self.beat))
            others = [
                asyncio.create_task(self._every(DUE, stop, self.start_due)),
                asyncio.create_task(self._every(RECOVER, stop, self.recover)),
                asyncio.create_task(self._every(SOURCES, stop, self.run_sources)),
                asyncio.create_task(self._every(WEBHOOKS, stop, self.send_webhooks)),
                asyncio.create_task(self._run_jobs(stop)),
                asyncio.create_task(self._look_at_bot(gateway, stop)),
                asyncio.create_task(telling.watch(self.engine, self.settings, stop)),
            ]
            try:
                await worker.run(stop)
            finally:
                stop.set()
                self._halt.set()  # a source that is being read gives up
                await asyncio.gather(*others)
                finished.set()
                await alive
        await asyncio.to_thread(self._guarded, self.sign_off)

    def run_sources(self) -> None:
        """Run the sources whose time has come, beside everything else."""
        if not kept.any_kept(self.engine):
            return
        from hsl.audience.sources import runs

        runs.run_due(self.engine, self.settings, self._halt)

    def send_webhooks(self) -> None:
        """Tell other programs of what happened, and try again where they were not told."""
        if sending.any_due(self.engine):
            sending.send_due(self.engine, self.settings, self._halt.is_set)

    async def _every(self, seconds: float, stop: asyncio.Event, job: Callable[[], None]) -> None:
        while not stop.is_set():
            await asyncio.to_thread(self._guarded, job)
            await _wait(stop, seconds)

    async def _run_jobs(self, stop: asyncio.Event) -> None:
        apart = time.time() - tick.steady_time()
        while not stop.is_set():
            now_apart = time.time() - tick.steady_time()
            if abs(now_apart - apart) > CLOCK_JUMP:
                self._time_jobs()
                apart = now_apart
            await asyncio.to_thread(self._jobs.run_pending)
            await _wait(stop, DUE)

    async def _look_at_bot(self, gateway: Gateway, stop: asyncio.Event) -> None:
        """While the bot is in trouble, ask for it now and then; when it answers, go on."""
        while not stop.is_set():
            with self._guarding("look_at_bot"):
                if await asyncio.to_thread(trouble.look_due, self.engine, self.settings.bot_id):
                    found = await gateway.call("getMe", {})
                    if found.verdict is Verdict.SENT:
                        await asyncio.to_thread(self.end_trouble)
            await _wait(stop, DUE)

    def sign_on(self) -> None:
        """Enter this process among the workers, before anything is sent.

        Ends trouble that a new token has ended, and holds back what may not simply go on.
        """
        fingerprint = _fingerprint(self.settings.token)
        with self.engine.begin() as connection:
            self._enter(connection)
            bot = pace.lock(connection, self.settings.bot_id, pace.Rhythm.of(self.settings))
            held = restored.hold_back(connection, bot.bot_id, seen=self._mark.read())
            if bot.token_fingerprint != fingerprint:
                trouble.end(connection, bot.bot_id)
            connection.execute(
                update(models.bot_pace)
                .where(models.bot_pace.c.bot_id == bot.bot_id)
                .values(token_fingerprint=fingerprint, served_at=database.now(connection))
            )
        self._departures = bot.departures
        self._mark.write(bot.departures)
        if held:
            logger.warning("Messages %s wait for a person; their pages say why", held)

    def end_trouble(self) -> None:
        """Go on with what the bot's trouble paused."""
        with self.engine.begin() as connection:
            trouble.end(connection, self.settings.bot_id)

    def beat(self) -> None:
        """Say that this process is alive; its rows on the way are its own as long as it does."""
        bot_id = self.settings.bot_id
        with database.impatient(self.engine, PATIENCE) as connection:
            now = database.now(connection)
            known = connection.execute(
                update(models.workers).where(models.workers.c.name == self.name).values(beat_at=now)
            )
            if known.rowcount == 0:  # it slept for so long that it was forgotten
                self._enter(connection)
            counted = restored.departures(connection, bot_id)
            if counted < self._departures:
                held = restored.hold_back(connection, bot_id, seen=self._departures)
                logger.warning("The database was restored: messages %s wait", held)
            restored.serve(connection, bot_id, now)
        if counted != self._departures:
            self._mark.write(counted)
        self._departures = counted

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
        """Name as uncertain what dead processes left on its way; finish their half-done work."""
        with database.impatient(self.engine, PATIENCE) as connection:
            now = database.now(connection)
            found = tick.recover(connection, now=now, worker=self.name)
        if found:
            logger.warning("%s recipients are uncertain: their sender stopped", found)
        preparing.clear_stale(self.engine, now=now)
        steering.settle_cancelled(self.engine)

    def forget_answers(self) -> None:
        """Forget what the API answered a day ago, and events that were told long ago."""
        once.forget(self.engine)
        sending.forget(self.engine)

    def forget_workers(self) -> None:
        """Take the long dead off the list of workers."""
        with self.engine.begin() as connection:
            silent_since = database.now(connection) - FORGET_WORKERS
            connection.execute(
                delete(models.workers).where(models.workers.c.beat_at < silent_since)
            )

    def measure_segments(self) -> None:
        """Write down the size of each segment that was not counted today."""
        segments.measure(self.engine)

    def report(self) -> None:
        """Begin to write the report that is due, if there are to be any."""
        self._reports.look(models.utc_now())

    def back_up(self) -> None:
        """Begin to make the backup that is due, if there are to be any."""
        self._backups.look(models.utc_now())

    def start_due(self) -> None:
        """Start messages whose time has come, and let rules make their next ones."""
        history, rules = models.message_history.c, models.recurring_messages.c
        bot_id = self.settings.bot_id
        with database.impatient(database.read_only(self.engine), PATIENCE) as connection:
            now = database.now(connection)
            message = select(history.id).where(
                history.status == "scheduled",
                history.scheduled_at <= now,
                history.bot_id == bot_id,
                ~approving.is_open(),
            )
            rule = select(rules.id).where(rules.stopped_at.is_(None), rules.next_at <= now)
            found = [connection.execute(due.limit(1)).first() for due in (message, rule)]
        if found[0] is not None:
            starting.start_due(self.engine, now=now, resolve=self._people, bot_id=bot_id)
        if found[1] is not None:
            recurring.make_due(self.engine, now=now, bot_id=bot_id, resolve=self._people)

    def _people(self, chosen: Mapping[str, Any]) -> choice.Choice:
        return choice.Choice(self.settings, Audience.model_validate(chosen))

    def sign_off(self) -> None:
        """Leave the list of workers."""
        with self.engine.begin() as connection:
            connection.execute(delete(models.workers).where(models.workers.c.name == self.name))

    def _guarded(self, job: Callable[[], None]) -> None:
        with self._guarding(job.__name__):
            job()

    @contextmanager
    def _guarding(self, name: str) -> Iterator[None]:
        """Whatever goes wrong in one turn of a job, the next turn tries again."""
        try:
            yield
        except SQLAlchemyError as fault:
            logger.error("%s: the database does not answer (%s)", name, type(fault).__name__)
        except OSError as fault:
            where = f" ({fault.filename})" if fault.filename else ""
            logger.error("%s: %s%s", name, fault.strerror or fault, where)
        except Exception:
            logger.exception("%s failed", name)


def compose(
    message: Mapping[str, Any], person: Mapping[str, Any]
) -> tuple[str, dict[str, Any], bool]:
    """The Bot API call of a message for one person, and whether it is made for them alone."""
    if message["action"] == models.Action.DELETE:
        return "deleteMessage", {}, False
    whole = Content.from_row(message)
    content = whole.for_language(person.get("language_code"))
    method, arguments = payload.payload(
        content.message_type,
        content.text,
        content.file_id,
        content.buttons_json(),
        values.known(dict(person)),
        message["options"],
    )
    if message["action"] == models.Action.EDIT:
        method = EDITING[method]
        for kind in payload.METHODS:
            arguments.pop(kind.value, None)
    # A fault in one language is not everybody's, so that it must come several times in a row.
    personal = bool(whole.translations) or placeholders.is_personal(content.text)
    return method, dict(arguments), personal


def run(settings: Settings) -> None:
    """Run a scheduler for each bot in this process until SIGINT or SIGTERM."""
    logs.configure(settings)
    traces.configure("hsl-scheduler")

    from hsl.fleet import Fleet  # which runs what stands here

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await Fleet(settings).run(stop)

    asyncio.run(main())
    traces.flush()


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:16]


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
