"""What one client may take of the pages' server: real connections to a real server."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from hsl import bounds


async def _hello(_request: Any) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(str(len(text)))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server with the pages' bounds, but for shorter waits and fewer sockets."""
    patience, bounds.HEADERS_WITHIN = bounds.HEADERS_WITHIN, 0.5
    app = Starlette(
        routes=[Route("/", _hello), WebSocketRoute("/ws", _echo)],
        middleware=[Middleware(bounds.BoundedSockets, most=2)],
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", **bounds.LIMITS))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield port
    server.should_exit = True
    thread.join(10)
    bounds.HEADERS_WITHIN = patience


def _answer(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """What the server says, until it hangs up, to parts of a request sent one by one."""
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        said = b""
        client.settimeout(5)
        try:
            for part in parts:
                client.sendall(part)
                time.sleep(pause)
                if b"".join(parts[:1]).startswith(WHOLE) and not said:
                    said += client.recv(65536)
            while some := client.recv(65536):
                said += some
        except (BrokenPipeError, ConnectionResetError):
            pass
        return said


WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def test_a_whole_request_is_answered_and_the_connection_stays_open(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        for _ in range(2):
            client.sendall(WHOLE)
            said = b""
            while not said.endswith(b"hello"):
                some = client.recv(65536)
                assert some, "the server hung up"
                said += some
            time.sleep(0.7)  # longer than a head may take


@pytest.mark.parametrize("before", [b"", WHOLE])
def test_who_drips_a_head_is_hung_up_on(port: int, before: bytes) -> None:
    began = time.monotonic()
    said = _answer(port, before + b"GET / HTTP/1.1\r\n", *[b"X-A: b\r\n"] * 20, pause=0.1)
    assert time.monotonic() - began < 5
    assert said.count(b"HTTP/1.1 200") == (1 if before else 0)


def test_who_says_nothing_is_hung_up_on(port: int) -> None:
    assert _answer(port) == b""


def test_a_huge_head_is_refused(port: int) -> None:
    said = _answer(port, b"GET / HTTP/1.1\r\nHost: x\r\nX-Big: " + b"a" * 300_000 + b"\r\n\r\n")
    assert b" 200 " not in said


def test_sockets_of_one_address_are_bounded_and_one_that_closes_makes_room(port: int) -> None:
    address = f"ws://127.0.0.1:{port}/ws"
    with connect(address) as first, connect(address):
        with pytest.raises(InvalidStatus, match="403"):
            connect(address)
        first.close()
        deadline = time.monotonic() + 10
        while True:
            try:
                with connect(address) as third:
                    third.send("abc")
                    assert third.recv() == "3"
                    return
            except InvalidStatus:
                assert time.monotonic() < deadline
                time.sleep(0.05)


@pytest.mark.parametrize(
    "more", [b"Origin: " + b"x" * 9_000 + b"\r\n", b"X: y\r\n" * 200], ids=["long", "many"]
)
def test_a_websocket_with_a_huge_head_is_refused_at_once(port: int, more: bytes) -> None:
    began = time.monotonic()
    said = _answer(
        port,
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        + more + b"\r\n",
    )  # fmt: skip
    assert said.startswith(b"HTTP/1.1 400 ")
    assert time.monotonic() - began < 4


def test_a_huge_message_closes_its_socket_alone(port: int) -> None:
    address = f"ws://127.0.0.1:{port}/ws"
    with connect(address) as client:
        client.send("a" * (9 * 2**20))
        with pytest.raises(ConnectionClosed):
            client.recv()
    assert _answer(port, WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
