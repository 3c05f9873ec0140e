"""The schedulers of all bots of a house in one process: one each, as many as there are bots.

Schedulers share a database without knowing of each other, so that several bots need no more than
one scheduler for each: every bot has its own pace, trouble and sender, and none waits for another.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hsl import bots, database
from hsl.scheduler import Scheduler
from hsl.settings import Settings

LOOK = 3.0  # seconds between two looks at which bots there are

logger = logging.getLogger(__name__)


@dataclass
class _Running:
    token: str
    stop: asyncio.Event
    task: "asyncio.Task[None]"


class Fleet:
    """Runs a scheduler for every bot that is to be served, and follows what changes."""

    def __init__(self, settings: Settings, engine: Engine | None = None) -> None:
        self._settings = settings
        self._engine = engine or database.engine_for(settings)
        self._running: dict[int, _Running] = {}
        self._faults: dict[str, str] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then end all schedulers, each as it ends alone."""
        try:
            while not stop.is_set():
                await self._follow()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await stop.wait()
        finally:
            await self._end(list(self._running))

    async def _follow(self) -> None:
        try:
            found = await asyncio.to_thread(bots.served, self._engine, self._settings)
        except SQLAlchemyError as fault:
            logger.error("bots: the database does not answer (%s)", type(fault).__name__)
            return
        for name, why in found.faults.items():
            if self._faults.get(name) != why:
                logger.error("Nothing is sent for the bot %s. %s", name, why)
        self._faults = found.faults
        await self._end(
            [
                bot
                for bot, running in self._running.items()
                if bot not in found.settings or found.settings[bot].token != running.token
            ]
        )
        for bot, running in list(self._running.items()):
            if running.task.done():
                del self._running[bot]
                running.task.result()  # what ended a scheduler ends the process, and is seen
        for bot, settings in found.settings.items():
            if bot not in self._running:
                self._start(bot, settings)

    def _start(self, bot: int, settings: Settings) -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(Scheduler(settings, self._engine).run(stop))
        self._running[bot] = _Running(settings.token, stop, task)

    async def _end(self, which: list[int]) -> None:
        ending = [self._running.pop(bot) for bot in which]
        for running in ending:
            running.stop.set()
        for ended in await asyncio.gather(
            *(running.task for running in ending), return_exceptions=True
        ):
            if isinstance(ended, BaseException):
                logger.error("A scheduler ended badly", exc_info=ended)
