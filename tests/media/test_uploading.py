"""Uploads over real HTTP to the sandbox: once, at the bot's pace, whole or not at all."""

import time
from typing import Any

import pytest
from sqlalchemy import Engine

from hsl.delivery import pace
from hsl.media import dropped, library, place, uploading
from hsl.media.errors import MediaError
from hsl.models import MessageType
from hsl.sandbox.app import Sandbox
from hsl.sandbox.options import SandboxOptions
from hsl.sandbox.talk import chat_id_of
from hsl.settings import SANDBOX_MEDIA_CHAT, Settings, load_settings
from tests.media.conftest import film, photo

CHAT = chat_id_of({"chat_id": "@school_files"})


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group's twenty a minute would make a test wait."""
    monkeypatch.setattr(uploading, "CHAT_INTERVAL", 0.0)


def upload(engine: Engine, settings: Settings, file: dropped.Dropped) -> library.File:
    return uploading.upload(engine, settings, file, uploading.Progress(file.size), actor="anna")


def refusal(engine: Engine, settings: Settings, file: dropped.Dropped | None = None) -> str:
    """What is said of an upload that fails; then nothing is kept, and no secret is said."""
    with pytest.raises(MediaError) as refused:
        upload(engine, settings, file or photo())
    assert library.listing(engine, settings.bot_id) == ([], 0)
    assert "secret" not in str(refused.value)
    assert "http" not in str(refused.value)
    return str(refused.value)


def test_a_photo_is_uploaded_into_the_teams_chat(
    engine: Engine, settings: Settings, sandbox: Sandbox
) -> None:
    file = upload(engine, settings, photo())
    (entry,) = sandbox.accepted
    assert (entry["chat_id"], entry["method"], entry["uploaded"]) == (
        CHAT, "sendphoto", "lesson.png",
    )  # fmt: skip
    assert (file.file_id, file.kind, file.is_lasting) == (
        entry["file_id"], MessageType.PHOTO, True,
    )  # fmt: skip
    assert (file.width, file.height, file.uploaded_by) == (640, 360, "anna")
    assert sandbox.files.photo(file.file_id) == photo().content
    assert file.thumbnail == photo().thumbnail


def test_it_takes_a_permit_of_the_bots_pace(engine: Engine, settings: Settings) -> None:
    upload(engine, settings, photo())
    bot = pace.state(engine, settings.bot_id)
    assert bot is not None
    assert bot.departures == 1
    assert bot.next_departure > time.time() - 5


def test_the_same_file_dropped_twice_is_uploaded_once(
    engine: Engine, settings: Settings, sandbox: Sandbox
) -> None:
    at_work = [uploading.start(engine, settings, photo(), actor="anna") for _ in range(4)]
    assert all(one.wait(30) for one in at_work)
    assert len(sandbox.accepted) == 1
    assert len({one.file.file_id for one in at_work if one.file}) == 1
    assert sum(one.progress.was_there for one in at_work) == 3
    upload(engine, settings, photo("other.png", "#ffffff"))
    assert len(sandbox.accepted) == 2


def test_a_picture_as_a_photo_and_as_a_document_are_two(
    engine: Engine, settings: Settings, sandbox: Sandbox
) -> None:
    first = upload(engine, settings, photo())
    whole = dropped.examine("lesson.png", photo().content, MessageType.DOCUMENT)
    second = upload(engine, settings, whole)
    assert [entry["method"] for entry in sandbox.accepted] == ["sendphoto", "senddocument"]
    assert (first.kind, second.kind) == (MessageType.PHOTO, MessageType.DOCUMENT)


def test_a_video_keeps_its_measures_and_telegrams_picture_of_it(
    engine: Engine, settings: Settings, sandbox: Sandbox
) -> None:
    file = upload(engine, settings, dropped.examine("Начало.mp4", film(), MessageType.VIDEO))
    assert (file.width, file.height, file.duration) == (1920, 1080, 65)
    assert file.thumbnail
    assert sandbox.accepted[0]["uploaded"] == "Начало.mp4"


def test_progress_goes_up_to_the_whole(engine: Engine, settings: Settings) -> None:
    seen: list[int] = []

    class Watched(uploading.Progress):
        def __setattr__(self, name: str, value: Any) -> None:
            if name == "sent":
                seen.append(value)
            super().__setattr__(name, value)

    file = dropped.examine("a.bin", bytes(3_000_000), MessageType.DOCUMENT)
    uploading.upload(engine, settings, file, Watched(file.size), actor="anna")
    assert seen == sorted(seen)
    assert len(set(seen)) > 10
    assert seen[-1] == 3_000_000


def test_without_a_chat_it_says_what_to_do(engine: Engine, settings: Settings) -> None:
    nowhere = settings.model_copy(update={"media_chat": ""})
    assert "set HSL_MEDIA_CHAT" in refusal(engine, nowhere)
    assert load_settings(HSL_SANDBOX_PORT=1).media_place == SANDBOX_MEDIA_CHAT


@pytest.mark.parametrize(
    "words",
    [
        "Bad Request: chat not found",
        "Forbidden: bot is not a member of the channel chat",
        "Forbidden: bot was kicked from the channel chat",
        "Bad Request: need administrator rights in the channel chat",
    ],
)
def test_a_chat_that_it_may_not_post_in_is_named(
    engine: Engine, settings: Settings, options: SandboxOptions, words: str
) -> None:
    options.descriptions = {CHAT: words}
    said = refusal(engine, settings)
    assert said.startswith("The bot may not post in the chat @school_files")
    assert "as an administrator" in said
    with pytest.raises(MediaError, match="may not post in the chat @school_files"):
        place.check(settings)


def test_a_good_chat_is_known_by_its_name(settings: Settings) -> None:
    assert place.check(settings) == "Files of the sandbox"


def test_a_refusal_for_pace_is_obeyed_and_told_to_everybody(
    engine: Engine, settings: Settings, options: SandboxOptions, sandbox: Sandbox
) -> None:
    options.refuse_for = 2.0
    began = time.monotonic()
    upload(engine, settings, photo())
    assert time.monotonic() - began >= 2.0
    bot = pace.state(engine, settings.bot_id)
    assert bot is not None
    assert (bot.refusals, len(sandbox.accepted)) == (1, 1)
    assert bot.rate < pace.Rhythm.of(settings).rate


def test_a_long_wait_is_said_at_once(
    engine: Engine, settings: Settings, options: SandboxOptions, sandbox: Sandbox
) -> None:
    options.refuse_for = 300.0
    began = time.monotonic()
    assert "asks to wait 300 s" in refusal(engine, settings)
    assert "asks to wait" in refusal(engine, settings)
    assert time.monotonic() - began < uploading.PATIENCE
    assert sandbox.accepted == []


def test_a_lost_answer_leaves_nothing(
    engine: Engine, settings: Settings, options: SandboxOptions
) -> None:
    options.drop_after_next = 1
    assert refusal(engine, settings).startswith("No answer came for lesson.png")


def test_a_server_that_is_not_there(engine: Engine, settings: Settings) -> None:
    nowhere = settings.model_copy(update={"telegram_api_url": "http://127.0.0.1:9"})
    assert "cannot be reached, and nothing was uploaded" in refusal(engine, nowhere)


def test_a_revoked_token(engine: Engine, settings: Settings, options: SandboxOptions) -> None:
    options.revoked = True
    assert refusal(engine, settings).startswith("Telegram refuses the bot: Unauthorized")


def test_a_photo_that_telegram_will_not_have(engine: Engine, settings: Settings) -> None:
    cut = photo()
    broken = dropped.Dropped(cut.name, cut.content[:300], cut.kind, cut.mime, cut.sha256)
    said = refusal(engine, settings, broken)
    assert said.startswith("Telegram does not take lesson.png as a photo: IMAGE_PROCESS_FAILED")
