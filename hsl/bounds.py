"""What one client may take of the pages' server, so that others are served beside it."""

import asyncio
from collections import Counter
from typing import Any

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_WITHIN = 10.0  # seconds from a request's first byte, or a connection's begin, to its head
LONGEST_LINE = 8_000  # bytes of a line of a websocket's head; `websockets` reads 8192
MOST_LINES = 100  # of a websocket's head; `websockets` reads 128
MOST_SOCKETS = 100  # websockets at once from one address


class ImpatientProtocol(H11Protocol):
    """HTTP that hangs up on whoever does not get to the end of a request's head in time."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came; wait for the rest of a head that is not whole."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._wait_no_more()
        elif self._waiting is None:
            self._wait()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Begin a websocket, but for a head that `websockets` neither reads nor hangs up on."""
        lines = [len(event.target), *(len(name) + len(value) for name, value in event.headers)]
        if max(lines) > LONGEST_LINE or len(lines) > MOST_LINES:
            self.send_400_response("The head of this websocket's request is too large.")
            return
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEADERS_WITHIN, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class BoundedSockets:
    """Refuses a websocket to an address that holds `most` of them, so that others get one."""

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app = app
        self._most = most
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is no websocket, or one within the bound."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        address = str((scope.get("client") or ("",))[0])
        if self._open[address] >= self._most:
            await receive()  # the asking; closed before it is accepted, it is answered by 403
            await send({"type": "websocket.close", "code": 1008})
            return
        self._open[address] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]


# Arguments of uvicorn's.
LIMITS: dict[str, Any] = {
    "limit_concurrency": 500,  # connections and requests at once; beyond it: 503
    "timeout_keep_alive": 15,  # seconds that an idle connection stays open
    "h11_max_incomplete_event_size": 64 * 1024,  # bytes of a head; beyond it: 400
    "http": ImpatientProtocol,
    "ws_max_size": 8 * 1024 * 1024,  # bytes of one message; files come by their own address
}
