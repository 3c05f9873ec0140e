"""Telling the admins on Telegram: each alarm once, and once more when it is over.

The schedulers watch, and the pages' server too, as a scheduler that died cannot say so. Whoever
writes an alarm down first tells of it. What is told leaves with permits of the bot's one pace.
"""

import asyncio
import logging
from collections.abc import Sequence

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from hsl import database, models
from hsl.delivery import pace
from hsl.delivery.gateway import Gateway
from hsl.delivery.outcome import Verdict
from hsl.settings import Settings
from hsl.watch import alarms, vitals
from hsl.words import _

EVERY = 30.0  # seconds between two looks
PATIENCE = 60.0  # seconds in which a permit must come
HORIZON = 0.1  # seconds
TRIES = 3
Told = models.alarms_told
logger = logging.getLogger(__name__)


async def watch(engine: Engine, settings: Settings, stop: asyncio.Event) -> None:
    """Look and tell until `stop`; at once an end where no admin's chat is set."""
    if not settings.admin_chats:
        return
    async with Gateway(settings.token, settings.api_url) as gateway:
        while not stop.is_set():
            try:
                news = await asyncio.to_thread(changes, engine, settings)
                await tell(engine, settings, gateway, news)
            except SQLAlchemyError as fault:
                logger.error("The alarms are not known (%s)", type(fault).__name__)
            except Exception:
                logger.exception("The admins could not be told")
            try:
                async with asyncio.timeout(EVERY):
                    await stop.wait()
            except TimeoutError:
                continue


def changes(engine: Engine, settings: Settings) -> list[str]:
    """What is to be told now: sentences of alarms that began or are over, each to one caller."""
    found = vitals.read(engine, settings)
    holding = {alarm.name: alarm for alarm in alarms.standing(found)}
    with database.read_only(engine).begin() as connection:
        known: set[str] = set(connection.execute(select(Told.c.name)).scalars())
    if known == holding.keys():
        return []
    said = []
    insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    with engine.begin() as connection:
        for name, alarm in holding.items():
            new = insert(Told).values(name=name, since=database.now(connection))
            if connection.execute(new.on_conflict_do_nothing()).rowcount:
                said.append(alarm.sentence(found))
        for alarm in alarms.ALARMS:
            if alarm.name in known - holding.keys():
                gone = connection.execute(delete(Told).where(Told.c.name == alarm.name))
                said += [_(alarm.over)] if gone.rowcount else []
    return said


async def tell(
    engine: Engine, settings: Settings, gateway: Gateway, sentences: Sequence[str]
) -> None:
    """Send these sentences to every admin's chat as one message; what fails is logged."""
    if not sentences:
        return
    text = "\n".join(sentences)
    for chat in settings.admin_ids:
        for _try in range(TRIES):
            if not await _permitted(engine, settings):
                logger.error("No permit came to tell chat %s", chat)
                break
            found = await gateway.call("sendMessage", {"chat_id": chat, "text": text})
            if found.verdict is not Verdict.RATE_LIMITED:
                if found.verdict is not Verdict.SENT:
                    logger.error("Chat %s was not told: %s", chat, found.description)
                break
            await asyncio.sleep(found.retry_after or 1.0)


async def _permitted(engine: Engine, settings: Settings) -> bool:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    while loop.time() < deadline:
        wait = await asyncio.to_thread(_take, engine, settings)
        if wait is not None:
            await asyncio.sleep(wait)
            return True
        await asyncio.sleep(HORIZON)
    return False


def _take(engine: Engine, settings: Settings) -> float | None:
    """Use one permit; the seconds until it counts, or None where there is none now."""
    rhythm = pace.Rhythm.of(settings)
    with engine.begin() as connection:
        bot = pace.lock(connection, settings.bot_id, rhythm)
        now = database.now(connection).timestamp()
        permits = pace.permits(connection, bot, rhythm, now=now, horizon=HORIZON, most=1)
        pace.use(connection, bot, rhythm, permits, now=now)
    return max(0.0, permits[0].at - now) if permits else None
