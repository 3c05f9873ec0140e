"""A file that is named by its file_id: Telegram tells what it is, as far as it does."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hsl.delivery.gateway import Gateway
from hsl.media import naming
from hsl.media.errors import MediaError
from hsl.message import payload
from hsl.message.content import Content
from hsl.models import MessageType
from hsl.sandbox.app import Sandbox
from hsl.sandbox.files import Uploaded
from hsl.settings import Settings
from tests.media.conftest import draw, film


def look_up(engine: Engine, settings: Settings, file_id: str, wanted: MessageType) -> naming.Named:
    return naming.look_up(engine, settings, file_id, wanted, actor="anna")


def test_its_kind_is_told_by_telegram(engine: Engine, settings: Settings, sandbox: Sandbox) -> None:
    kept = sandbox.files.receive("photo", Uploaded("a.png", "image/png", draw()))
    named = look_up(engine, settings, f" {kept.file_id} ", MessageType.VIDEO)
    assert named.file is not None
    assert (named.kind, named.file.is_lasting) == (MessageType.PHOTO, False)
    assert (named.file.width, named.file.height) == (640, 360)
    assert named.file.thumbnail
    again = look_up(engine, settings, kept.file_id, MessageType.DOCUMENT)
    assert again.file is not None
    assert again.file.id == named.file.id


def test_a_large_one_is_kept_as_it_was_chosen(
    engine: Engine, settings: Settings, sandbox: Sandbox
) -> None:
    large = Uploaded("a.mp4", "video/mp4", film() + bytes(21_000_000))
    kept = sandbox.files.receive("video", large)
    named = look_up(engine, settings, kept.file_id, MessageType.VIDEO)
    assert (named.kind, named.file, named.note) == (MessageType.VIDEO, None, naming.LARGE)


def test_one_that_this_bot_does_not_know_is_refused(engine: Engine, settings: Settings) -> None:
    with pytest.raises(MediaError, match="belongs to one bot alone"):
        look_up(engine, settings, "AgACAgof-another-bot", MessageType.PHOTO)
    with pytest.raises(MediaError, match="is not a file_id"):
        look_up(engine, settings, "/etc/passwd", MessageType.PHOTO)


def test_without_an_answer_it_is_kept_as_it_was_typed(engine: Engine, settings: Settings) -> None:
    nowhere = settings.model_copy(update={"telegram_api_url": "http://127.0.0.1:9"})
    named = look_up(engine, nowhere, "AgACAgabc", MessageType.PHOTO)
    assert (named.kind, named.note) == (MessageType.PHOTO, naming.UNCHECKED)


@pytest.mark.parametrize("kind", list(payload.METHODS))
def test_a_file_of_this_machine_is_never_sent(
    settings: Settings, sandbox: Sandbox, kind: MessageType, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not for people", "utf-8")
    method, arguments = payload.payload(kind, "See", str(secret), [], {})

    async def send() -> None:
        async with Gateway(settings.token, settings.api_url) as gateway:
            await gateway.call(method, {"chat_id": 5, **arguments})

    asyncio.run(send())
    assert sandbox.accepted == []
    assert Content(message_type=kind, file_id=str(secret)).check()[0].field == "file_id"
