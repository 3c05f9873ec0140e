"""A request's body, read whole before anything is done: bounded in size and in time."""

import asyncio
import hashlib
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from starlette.types import Message, Receive, Scope

from hsl.api.problems import ProblemError
from hsl.media.dropped import MOST as MOST_MEDIA

MOST_JSON = 1_000_000  # bytes
MOST_FILE = 200_000_000  # bytes of a file of people
UPLOADS = {"/people/import": MOST_FILE, "/media": MOST_MEDIA}
PATIENCE = 60.0  # seconds for a body in JSON
PATIENCE_FILE = 600.0  # seconds for a file
# What JSON can say and a database cannot keep: a NUL, and half of a surrogate pair.
SUSPECT = re.compile(rb"\\u(0000|[dD][89a-fA-F])")
PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")


@dataclass
class Body:
    """A body as it came: in memory, or in a file whose folder is gone with the request."""

    sha256: str
    content: bytes
    path: Path | None

    def receive(self) -> Receive:
        """The body as an application receives it; a file's is empty there."""
        told = False

        async def receive() -> Message:
            nonlocal told
            if told:
                await asyncio.Event().wait()
            told = True
            return {"type": "http.request", "body": self.content, "more_body": False}

        return receive


@asynccontextmanager
async def read(scope: Scope, receive: Receive, path: str) -> AsyncIterator[Body]:
    """The whole body of a request to this path. Raises ProblemError where it is too much."""
    most = UPLOADS.get(path.rstrip("/")) if scope["method"] == "POST" else None
    _refuse_nul(scope)
    if most is None:
        yield await _in_memory(receive)
        return
    with tempfile.TemporaryDirectory(prefix="hsl-api-") as folder:
        digest, size, target = hashlib.sha256(), 0, Path(folder, "body")
        with target.open("wb") as file:
            async for block in _blocks(receive, PATIENCE_FILE):
                size += len(block)
                if size > most:
                    raise ProblemError(413, f"The file is over {most // 1_000_000} MB.")
                digest.update(block)
                file.write(block)
        yield Body(digest.hexdigest(), b"", target)


async def _in_memory(receive: Receive) -> Body:
    blocks, size = [], 0
    async for block in _blocks(receive, PATIENCE):
        size += len(block)
        if size > MOST_JSON:
            raise ProblemError(413, f"The body is over {MOST_JSON // 1000} kB.")
        blocks.append(block)
    content = b"".join(blocks)
    if SUSPECT.search(content) and SUSPECT.search(PAIR.sub(b"", content.replace(rb"\\", b""))):
        raise ProblemError(422, "A text has a character that cannot be kept (NUL, or half of one).")
    return Body(hashlib.sha256(content).hexdigest(), content, None)


async def _blocks(receive: Receive, patience: float) -> AsyncIterator[bytes]:
    deadline = asyncio.get_running_loop().time() + patience
    more = True
    while more:
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise ProblemError(408, "The body did not come in time.") from None
        if message["type"] == "http.disconnect":
            raise ProblemError(400, "The body broke off.")
        yield message.get("body", b"")
        more = message.get("more_body", False)


def _refuse_nul(scope: Scope) -> None:
    if b"\x00" in unquote_to_bytes(scope["query_string"]) or "\x00" in scope["path"]:
        raise ProblemError(422, "The address has a NUL in it.")
