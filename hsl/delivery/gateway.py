"""The Bot API through python-telegram-bot, with a request class that tells what reached the server.

aiohttp separates the faults before a request left (`ClientConnectorError` and its kin) from those
after (`ServerDisconnectedError`, `ClientPayloadError`), which python-telegram-bot's own class and
other adapters do not; the difference decides between "try later" and "uncertain".
"""

import asyncio
import io
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp
from telegram import Bot, InlineKeyboardMarkup
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from hsl.delivery import outcome

READ_TIMEOUT = 45.0  # seconds; the server may hold a flood-waited request and still deliver it
CONNECT_TIMEOUT = 10.0  # seconds
UPLOAD_TIMEOUT = 900.0  # seconds for a file to leave and be answered
IDLE_CONNECTION = 3.0  # seconds; we close first, as a server's hang-up on a request is "uncertain"

Tell = Callable[[int], None]

_answer: ContextVar[list[outcome.Outcome]] = ContextVar("answer")

# HTTP clients log addresses, and the token is part of every address.
for _name in ("aiohttp", "httpx", "httpcore", "httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)
# The bot library writes a traceback for every answer that is not JSON. What an answer means is
# recorded at its recipient, and what somebody must know of it is said in one line by the sender.
logging.getLogger("telegram").setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True)
class Attached:
    """A file that goes with a call as its argument `field`; `tell` hears how many bytes left."""

    field: str
    name: str
    mime: str
    content: bytes
    tell: Tell


@dataclass(frozen=True)
class Answer:
    """What became of a call, and its result as the Bot API wrote it; None where there is none."""

    outcome: outcome.Outcome
    result: Any = None


class _Told(io.BytesIO):
    """Bytes that tell how far they have been read."""

    def __init__(self, content: bytes, tell: Tell) -> None:
        super().__init__(content)
        self._tell = tell

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self._tell(self.tell())
        return found


class AiohttpRequest(BaseRequest):
    """python-telegram-bot's transport on aiohttp; it notes the outcome of the raw answer."""

    def __init__(self, read_timeout: float = READ_TIMEOUT) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._read_timeout = read_timeout

    @property
    def read_timeout(self) -> float:
        """Seconds that an answer may take."""
        return self._read_timeout

    def patient(self) -> aiohttp.ClientTimeout:
        """The timeout of a call that takes a large file along."""
        return aiohttp.ClientTimeout(
            total=UPLOAD_TIMEOUT, sock_connect=CONNECT_TIMEOUT, sock_read=self._read_timeout
        )

    async def initialize(self) -> None:
        """Open the connection pool; without a limit, as the sender bounds what is in flight."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_CONNECTION),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=CONNECT_TIMEOUT, sock_read=self._read_timeout
                ),
            )

    async def shutdown(self) -> None:
        """Close the connection pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = None,
        write_timeout: Any = None,
        connect_timeout: Any = None,
        pool_timeout: Any = None,
    ) -> tuple[int, bytes]:
        """Send one request. Raises NetworkError or TimedOut, without the address in their text."""
        return await self.exchange(
            url, method, request_data.json_parameters if request_data else None
        )

    async def exchange(
        self, url: str, method: str, form: Any, *, timeout: aiohttp.ClientTimeout | None = None
    ) -> tuple[int, bytes]:
        """Send a form, and note what the answer means. Raises as `do_request`."""
        await self.initialize()
        if self._session is None:
            raise NetworkError("The connection pool is closed.")
        try:
            async with self._session.request(
                method, url, data=form, timeout=timeout or self._session.timeout
            ) as response:
                body = await response.read()
                header = response.headers.get("Retry-After")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as fault:
            _note(outcome.never_left(f"no connection: {type(fault).__name__}"))
            raise NetworkError(f"no connection: {type(fault).__name__}") from None
        except TimeoutError:
            _note(outcome.lost(f"no answer within {self._read_timeout:g} s"))
            raise TimedOut from None
        except (aiohttp.ClientError, OSError) as fault:
            _note(outcome.lost(f"the connection broke: {type(fault).__name__}"))
            raise NetworkError(f"the connection broke: {type(fault).__name__}") from None
        try:
            found = outcome.classify(response.status, body, retry_after_header=header)
        except Exception as fault:
            # It left, and whatever this answer is, it says nothing that we understand.
            found = outcome.lost(f"the answer cannot be read: {type(fault).__name__}")
        _note(found)
        return response.status, body


def _note(found: outcome.Outcome) -> None:
    holder = _answer.get(None)
    if holder is not None:
        holder.append(found)


def _result(body: bytes) -> Any:
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return answer.get("result") if isinstance(answer, dict) and answer.get("ok") is True else None


class Gateway:
    """One bot's way out. Use as `async with Gateway(token, api_url) as gateway`.

    `read_timeout` is how many seconds an answer may take until its request counts as lost.
    """

    def __init__(self, token: str, api_url: str, *, read_timeout: float = READ_TIMEOUT) -> None:
        self._request = AiohttpRequest(read_timeout)
        self._files = f"{api_url}/file/bot{token}"
        self._bot = Bot(
            token=token,
            base_url=f"{api_url}/bot",
            request=self._request,
            get_updates_request=self._request,
        )

    async def __aenter__(self) -> Self:
        await self._request.initialize()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._request.shutdown()

    async def call(self, method: str, arguments: Mapping[str, Any]) -> outcome.Outcome:
        """Send one Bot API call, such as `sendMessage`, and tell what became of it."""
        holder: list[outcome.Outcome] = []
        _answer.set(holder)
        try:
            await self._invoke(method, dict(arguments))
        except asyncio.CancelledError:
            raise
        except (TelegramError, KeyError, ValueError, TypeError) as fault:
            # The raw answer was noted before the library read it, and it alone decides.
            if not holder:
                return outcome.Outcome(
                    outcome.Verdict.MESSAGE_FAULT,
                    "message_fault",
                    description=f"the message cannot be put into a request: {type(fault).__name__}",
                )
        return holder[-1]

    async def ask(
        self, method: str, arguments: Mapping[str, str], attached: Attached | None = None
    ) -> Answer:
        """Send one call that is no message to a person, perhaps with a file; its whole answer.

        A file goes here alone: what a message names as its file never opens one on this machine.
        """
        form = aiohttp.FormData(quote_fields=False)  # Telegram reads a name as it is written
        for name, value in arguments.items():
            form.add_field(name, value)
        if attached is not None:
            form.add_field(
                attached.field,
                _Told(attached.content, attached.tell),
                filename=attached.name,
                content_type=attached.mime,
            )
        holder: list[outcome.Outcome] = []
        _answer.set(holder)
        try:
            _, body = await self._request.exchange(
                f"{self._bot.base_url}/{method}",
                "POST",
                form,
                timeout=None if attached is None else self._request.patient(),
            )
        except (NetworkError, TimedOut):
            return Answer(holder[-1])
        return Answer(holder[-1], _result(body))

    async def fetch(self, path: str) -> bytes | None:
        """A file by the `file_path` that getFile told; None where it cannot be had."""
        _answer.set([])
        try:
            status, body = await self._request.exchange(f"{self._files}/{quote(path)}", "GET", None)
        except (NetworkError, TimedOut):
            return None
        return body if status == 200 else None

    async def _invoke(self, method: str, arguments: dict[str, Any]) -> None:
        markup = arguments.pop("reply_markup", None)
        if markup is not None:
            arguments["reply_markup"] = InlineKeyboardMarkup.de_json(markup, self._bot)
        calls: dict[str, Callable[..., Awaitable[Any]]] = {
            "getMe": self._bot.get_me,
            "sendMessage": self._bot.send_message,
            "sendPhoto": self._bot.send_photo,
            "sendVideo": self._bot.send_video,
            "sendDocument": self._bot.send_document,
            "deleteMessage": self._bot.delete_message,
            "editMessageText": self._bot.edit_message_text,
            "editMessageCaption": self._bot.edit_message_caption,
        }
        await calls[method](**arguments)
