"""Other senders as they ship, told to send to so many people at 30 a second.

Run by `benchmarks.sending` with the interpreter of the peers' own virtual environment:
    python benchmarks/peers.py NAME SERVER PEOPLE
"""

import asyncio
import contextlib
import sys
import tempfile
import time
from pathlib import Path

NAME, SERVER, PEOPLE = sys.argv[1], sys.argv[2], int(sys.argv[3])
TOKEN = "77:peer"
IDS = range(5_000_000, 5_000_000 + PEOPLE)
TEXT = "Hello"


async def ten_then_pause() -> None:
    """The replaced panel's way: ten at once, then a second's pause."""
    from telegram import Bot
    from telegram.error import TelegramError
    from telegram.request import HTTPXRequest

    async with Bot(TOKEN, base_url=f"{SERVER}/bot", request=HTTPXRequest(16)) as bot:

        async def send(chat_id: int) -> None:
            with contextlib.suppress(TelegramError):
                await bot.send_message(chat_id, TEXT)

        for start in range(0, PEOPLE, 10):
            for chat_id in IDS[start : start + 10]:
                await send(chat_id)
            await asyncio.sleep(1)


async def rate_limiter() -> None:
    """python-telegram-bot's AIORateLimiter, with all messages handed to it at once."""
    from telegram.error import TelegramError
    from telegram.ext import AIORateLimiter, ExtBot
    from telegram.request import HTTPXRequest

    limiter = AIORateLimiter(overall_max_rate=30, overall_time_period=1, max_retries=3)
    bot = ExtBot(
        TOKEN,
        base_url=f"{SERVER}/bot",
        request=HTTPXRequest(64, pool_timeout=600),
        rate_limiter=limiter,
    )
    async with bot:

        async def send(chat_id: int) -> None:
            with contextlib.suppress(TelegramError):
                await bot.send_message(chat_id, TEXT)

        await asyncio.gather(*(send(chat_id) for chat_id in IDS))


async def aiogram_broadcaster() -> None:
    """aiogram-broadcaster's mailer, without an interval, as its README starts it."""
    from aiogram import Bot
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram_broadcaster import Broadcaster
    from aiogram_broadcaster.contents import TextContent

    session = AiohttpSession(api=TelegramAPIServer.from_base(SERVER))
    async with Bot(TOKEN, session=session) as bot:
        mailer = await Broadcaster(bot).create_mailer(chats=IDS, content=TextContent(text=TEXT))
        await mailer.start()


def tgcast() -> None:
    """tgcast, told 30 a second; the rest as it ships."""
    from tgcast import Task, Telecast

    with tempfile.TemporaryDirectory() as folder:
        cast = Telecast(
            TOKEN,
            store_dsn=str(Path(folder) / "tgcast.db"),
            telegram_base_url=SERVER,
            global_rps=30,
        )
        for chat_id in IDS:
            cast.enqueue(Task(chat_id=chat_id, text=TEXT))
        with cast:
            time.sleep(600)


if NAME == "tgcast":
    tgcast()
else:
    asyncio.run(globals()[NAME]())
