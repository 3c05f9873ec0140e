"""A sandbox that takes files, settings that lead to it, and pictures to send."""

import io
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from PIL import Image

from hsl.media import dropped
from hsl.models import MessageType
from hsl.sandbox import app as sandbox_app
from hsl.sandbox import server
from hsl.sandbox.options import SandboxOptions
from hsl.settings import Settings, load_settings

Draw = Callable[..., bytes]


@pytest.fixture
def options() -> SandboxOptions:
    return SandboxOptions(chat_rate=1000)


@pytest.fixture
def running(options: SandboxOptions) -> Iterator[tuple[str, sandbox_app.Sandbox]]:
    """A sandbox on a free port: its address and its state."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serving = server.server(options, port=port)
    thread = threading.Thread(target=serving.run, daemon=True)
    thread.start()
    while not serving.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}", serving.config.app.state.sandbox  # type: ignore[union-attr]
    serving.should_exit = True
    thread.join(10)


@pytest.fixture
def sandbox(running: tuple[str, sandbox_app.Sandbox]) -> sandbox_app.Sandbox:
    return running[1]


@pytest.fixture
def settings(running: tuple[str, sandbox_app.Sandbox], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a bot with a token of its own, whose files go to a channel."""
    for name in ("BOT_TOKEN", "HSL_MEDIA_CHAT"):
        monkeypatch.delenv(name, raising=False)
    return load_settings(
        BOT_TOKEN="1:secret-part", HSL_TELEGRAM_API_URL=running[0], HSL_MEDIA_CHAT="@school_files"
    )


def draw(width: int = 640, height: int = 360, form: str = "PNG", colour: str = "#2a6f97") -> bytes:
    """A picture of one colour."""
    written = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(written, form)
    return written.getvalue()


def film(
    width: int = 1920, height: int = 1080, seconds: int = 65, *, turned: bool = False
) -> bytes:
    """An MP4 with an index and no picture in it."""

    def box(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", len(body) + 8, name) + body

    matrix = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    if not turned:
        matrix = (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    head = bytes(40) + struct.pack(">9i", *matrix) + struct.pack(">II", width << 16, height << 16)
    index = box(b"mvhd", bytes(12) + struct.pack(">II", 1000, seconds * 1000) + bytes(80))
    tracks = box(b"trak", box(b"tkhd", head)) + box(b"trak", box(b"tkhd", bytes(84)))
    return box(b"ftyp", b"isom") + box(b"mdat", bytes(1000)) + box(b"moov", index + tracks)


def photo(name: str = "lesson.png", colour: str = "#2a6f97") -> dropped.Dropped:
    return dropped.examine(name, draw(colour=colour), MessageType.PHOTO)
