"""A file that is named by its file_id: Telegram is asked what it is."""

import asyncio
import re
from dataclasses import dataclass

from sqlalchemy import Engine

from hsl.acting import Permission, needs
from hsl.delivery.gateway import Answer, Gateway
from hsl.delivery.outcome import Verdict
from hsl.media import answers, library, pictures
from hsl.media.dropped import MOST_PHOTO
from hsl.media.errors import MediaError
from hsl.models import MessageType
from hsl.settings import Settings
from hsl.words import N_

PATIENCE = 10.0  # seconds
FILE_ID = re.compile(r"[A-Za-z0-9_-]{3,300}")
UNCHECKED = N_("Telegram could not be asked about it now, so its kind is as you chose it.")
LARGE = N_("Telegram tells nothing of files over 20 MB, so its kind is as you chose it.")


@dataclass(frozen=True)
class Named:
    """What a file_id names, as far as is known; `note` says what is not. `file`: in the library."""

    kind: MessageType
    file_id: str
    file: library.File | None = None
    note: str | None = None


@needs(Permission.WRITE)
def look_up(
    engine: Engine, settings: Settings, file_id: str, wanted: MessageType, *, actor: str
) -> Named:
    """Ask Telegram for a file, and keep it in the library where it is known. Raises MediaError."""
    file_id = file_id.strip()
    if not FILE_ID.fullmatch(file_id):
        raise MediaError(
            N_("{file_id} is not a file_id: those have letters, digits, - and _ alone."),
            file_id=file_id[:60],
        )
    known = library.find(engine, settings.bot_id, file_id)
    if known is not None and not known.is_removed:
        return Named(known.kind, file_id, known)
    return asyncio.run(_look_up(engine, settings, file_id, wanted, actor))


async def _look_up(
    engine: Engine, settings: Settings, file_id: str, wanted: MessageType, actor: str
) -> Named:
    async with Gateway(settings.token, settings.api_url, read_timeout=PATIENCE) as gateway:
        answer = await gateway.ask("getFile", {"file_id": file_id})
        if not isinstance(answer.result, dict):
            return Named(wanted, file_id, note=_note(answer))
        path = str(answer.result.get("file_path") or "")
        size = answer.result.get("file_size")
        kind = answers.kind_of_path(path) or wanted
        picture = None
        if kind is MessageType.PHOTO and (size or 0) <= MOST_PHOTO:
            picture = pictures.look(await gateway.fetch(path) or b"")
    values = {
        "kind": kind,
        "file_id": file_id,
        "name": path.rpartition("/")[2] or file_id[:20],
        "size": size,
        "width": picture.width if picture else None,
        "height": picture.height if picture else None,
        "thumbnail": picture.thumbnail if picture else None,
    }
    file = library.add(engine, settings.bot_id, values, actor=actor, action="media_added")
    return Named(kind, file_id, file)


def _note(answer: Answer) -> str:
    outcome = answer.outcome
    words = (outcome.description or "").lower()
    if "too big" in words:
        return LARGE
    if outcome.verdict in {Verdict.FAILED, Verdict.MESSAGE_FAULT}:
        raise MediaError(
            N_("This bot knows no file of this file_id ({words}). It belongs to one bot alone."),
            words=outcome.description or "",
        )
    return UNCHECKED
