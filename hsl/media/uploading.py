"""Uploading: once through the bot into the team's own chat, at the pace that all sending shares.

1. A file that stands there already, by its content, is not uploaded again.
2. The upload takes its permit from the bot's pace, as every message does, and waits its turn.
3. Only what Telegram has taken is kept; whatever fails before leaves nothing here.
"""

import asyncio
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from hsl import database
from hsl.acting import Permission, acting_as, current, needs
from hsl.delivery import pace
from hsl.delivery.gateway import Answer, Attached, Gateway
from hsl.delivery.outcome import Verdict
from hsl.errors import PlainError
from hsl.media import answers, library, pictures, place
from hsl.media.dropped import Dropped
from hsl.media.errors import MediaError
from hsl.message.payload import METHODS
from hsl.models import MessageType
from hsl.settings import Settings
from hsl.words import N_

PATIENCE = 20.0  # seconds that an upload waits for its turn
CHAT_INTERVAL = 3.0  # seconds between two uploads: a group takes twenty messages a minute

_turn = threading.Lock()  # one upload at a time, so that one file dropped twice goes once
_last_upload = 0.0  # by the steady clock


@dataclass
class Progress:
    """How far an upload is; written by its thread, read by whoever shows it."""

    total: int  # bytes
    sent: int = 0  # bytes
    waits: bool = False  # for its turn, or as Telegram asked
    was_there: bool = False  # the same content was uploaded before


@dataclass
class Upload:
    """An upload at work in a thread of its own, which goes on when nobody looks."""

    dropped: Dropped
    progress: Progress
    file: library.File | None = None
    fault: PlainError | None = None
    _done: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        """True once there is a `file` or a `fault`."""
        return self._done.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until it is over, for so many seconds at most."""
        return self._done.wait(seconds)


@needs(Permission.WRITE)
def start(engine: Engine, settings: Settings, dropped: Dropped, *, actor: str) -> Upload:
    """Begin an upload in the background."""
    running, actor_now = Upload(dropped, Progress(dropped.size)), current()

    def work() -> None:
        try:
            with acting_as(actor_now):  # a thread knows nobody by itself
                running.file = upload(engine, settings, dropped, running.progress, actor=actor)
        except PlainError as fault:
            running.fault = fault
        except Exception as fault:
            # Its text may hold an address, and with it the token.
            running.fault = MediaError(
                N_("{name} was not uploaded: {fault}. Try again."),
                name=dropped.name,
                fault=type(fault).__name__,
            )
        finally:
            running._done.set()

    threading.Thread(target=work, name="upload", daemon=True).start()
    return running


@needs(Permission.WRITE)
def upload(
    engine: Engine, settings: Settings, dropped: Dropped, progress: Progress, *, actor: str
) -> library.File:
    """Upload a file, or find it uploaded already. Raises MediaError, and then nothing is kept."""
    chat = place.required(settings)
    progress.waits = True
    with _turn:
        known = library.uploaded(engine, settings.bot_id, dropped.sha256, dropped.kind, actor=actor)
        if known is not None:
            progress.was_there = True
            return known
        return asyncio.run(_upload(engine, settings, dropped, progress, chat, actor))


async def _upload(
    engine: Engine,
    settings: Settings,
    dropped: Dropped,
    progress: Progress,
    chat: str,
    actor: str,
) -> library.File:
    async with Gateway(settings.token, settings.api_url) as gateway:
        message = await _send(gateway, engine, settings, dropped, progress, chat)
        told = answers.of_message(message)
        if told is None:
            raise MediaError(
                N_("Telegram keeps {name} as something that cannot be sent on. Pack it as a ZIP."),
                name=dropped.name,
            )
        thumbnail = dropped.thumbnail
        if thumbnail is None and told.thumbnail is not None:
            thumbnail = await small_picture(gateway, told.thumbnail)
    values = {
        "kind": told.kind,
        "file_id": told.file_id,
        "name": dropped.name,
        "size": dropped.size,
        "mime": told.mime or dropped.mime,
        "width": dropped.width or told.width,
        "height": dropped.height or told.height,
        "duration": dropped.duration or told.duration,
        "thumbnail": thumbnail,
        "sha256": dropped.sha256,
        "chat_id": message.get("chat", {}).get("id"),
        "message_id": message["message_id"],
    }
    return library.add(engine, settings.bot_id, values, actor=actor, action="media_uploaded")


async def small_picture(gateway: Gateway, file_id: str) -> str | None:
    """A small JPEG in base64 of a picture at Telegram; None where it cannot be had."""
    answer = await gateway.ask("getFile", {"file_id": file_id})
    path = answer.result.get("file_path") if isinstance(answer.result, dict) else None
    content = await gateway.fetch(str(path)) if path else None
    picture = pictures.look(content) if content else None
    return None if picture is None else picture.thumbnail


async def _send(
    gateway: Gateway,
    engine: Engine,
    settings: Settings,
    dropped: Dropped,
    progress: Progress,
    chat: str,
) -> Mapping[str, Any]:
    """Send the file into the chat when its turn comes; the message that holds it."""
    global _last_upload
    patient_until = time.monotonic() + PATIENCE
    while True:
        progress.waits, progress.sent = True, 0
        await asyncio.sleep(max(0.0, _last_upload + CHAT_INTERVAL - time.monotonic()))
        await _take_turn(engine, settings, patient_until)
        progress.waits = False
        answer = await gateway.ask(
            METHODS[dropped.kind], _arguments(dropped, chat), _attached(dropped, progress)
        )
        _last_upload = time.monotonic()
        if isinstance(answer.result, dict):
            return answer.result
        if answer.outcome.verdict is not Verdict.RATE_LIMITED:
            raise _fault(answer, dropped, chat)
        with engine.begin() as connection:
            pace.refused(
                connection,
                pace.lock(connection, settings.bot_id, pace.Rhythm.of(settings)),
                retry_after=answer.outcome.retry_after or 1.0,
                now=database.now(connection).timestamp(),
            )


async def _take_turn(engine: Engine, settings: Settings, patient_until: float) -> None:
    """Take one permit of the bot's pace and wait for it. Raises MediaError where it is far off."""
    rhythm = pace.Rhythm.of(settings)
    while True:
        left = patient_until - time.monotonic()
        with engine.begin() as connection:
            bot = pace.lock(connection, settings.bot_id, rhythm)
            now = database.now(connection).timestamp()
            if bot.trouble:
                raise MediaError(
                    N_("Telegram refuses the bot: {words}. Nothing was uploaded."),
                    words=bot.trouble,
                )
            permits = pace.permits(connection, bot, rhythm, now=now, horizon=max(left, 0), most=1)
            if permits:
                pace.use(connection, bot, rhythm, permits, now=now)
        if permits:
            await asyncio.sleep(max(0.0, permits[0].at - now))
            return
        held = bot.not_before.timestamp() - now if bot.not_before is not None else 0.0
        if held > left or left <= 0:
            raise MediaError(
                N_("Telegram asks to wait {seconds} s. Nothing was uploaded; try again then."),
                seconds=max(1, round(held)),
            )
        await asyncio.sleep(max(held, 0.1))


def _arguments(dropped: Dropped, chat: str) -> dict[str, str]:
    arguments = {"chat_id": chat, "disable_notification": "true"}
    if dropped.kind is MessageType.DOCUMENT:
        # Otherwise a picture or a film that was meant as a document comes back as something else.
        arguments["disable_content_type_detection"] = "true"
    if dropped.kind is MessageType.VIDEO:
        arguments["supports_streaming"] = "true"
        measures = {
            "width": dropped.width,
            "height": dropped.height,
            "duration": dropped.duration,
        }
        arguments |= {name: str(value) for name, value in measures.items() if value}
    return arguments


def _attached(dropped: Dropped, progress: Progress) -> Attached:
    def tell(sent: int) -> None:
        progress.sent = sent

    return Attached(dropped.kind.value, dropped.name, dropped.mime, dropped.content, tell)


def _fault(answer: Answer, dropped: Dropped, chat: str) -> MediaError:
    outcome = answer.outcome
    if (of_place := place.fault_of(outcome, chat)) is not None:
        return of_place
    if outcome.verdict is Verdict.UNCERTAIN:
        return MediaError(
            N_(
                "No answer came for {name}, and nothing is kept here. Drop it again; at worst it "
                "stands twice in the chat of files."
            ),
            name=dropped.name,
        )
    if outcome.error_code == 413:
        return MediaError(
            N_("Telegram takes no file as large as {name}. Make it smaller."), name=dropped.name
        )
    if dropped.kind is MessageType.PHOTO:
        return MediaError(
            N_(
                "Telegram does not take {name} as a photo: {words}. Choose Document, and drop it "
                "again."
            ),
            name=dropped.name,
            words=place.said(outcome),
        )
    return MediaError(
        N_("Telegram does not take {name}: {words}."),
        name=dropped.name,
        words=place.said(outcome),
    )
