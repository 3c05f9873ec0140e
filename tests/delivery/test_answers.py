"""The whole table of answers, through real HTTP and the bot library."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from hsl.delivery.gateway import Gateway
from hsl.delivery.outcome import Outcome, Verdict


class Scripted(BaseHTTPRequestHandler):
    """Answers every request with the server's one answer; without one it hangs up.

    Before that it lets pass the server's `silence`, in seconds.
    """

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        time.sleep(getattr(self.server, "silence", 0.0))
        answer: tuple[int, bytes, dict[str, str]] | None = self.server.answer  # type: ignore[attr-defined]
        if answer is None:
            self.connection.close()
            self.close_connection = True
            return
        status, body, headers = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


CALLS: dict[str, dict[str, Any]] = {
    "sendMessage": {"chat_id": 7, "text": "Hi"},
    "editMessageText": {"chat_id": 7, "message_id": 5, "text": "Hi"},
    "editMessageCaption": {"chat_id": 7, "message_id": 5, "caption": "Hi"},
    "deleteMessage": {"chat_id": 7, "message_id": 5},
}


def ask(
    server: ThreadingHTTPServer | str, method: str = "sendMessage", **arguments: Any
) -> Outcome:
    """Call one method at a server, or at an address."""
    address = server if isinstance(server, str) else f"http://127.0.0.1:{server.server_address[1]}"

    async def main() -> Outcome:
        async with Gateway("1:secret-part", address, **arguments) as gateway:
            return await gateway.call(method, CALLS[method])

    return asyncio.run(main())


def refusal(code: int, words: str, **parameters: Any) -> bytes:
    found: dict[str, Any] = {"ok": False, "error_code": code, "description": words}
    return json.dumps({**found, "parameters": parameters} if parameters else found).encode()


MESSAGE = {"message_id": 5, "date": 1, "chat": {"id": 7, "type": "private"}, "text": "Hi"}
ACCEPTED = json.dumps({"ok": True, "result": MESSAGE}).encode()
R, M, B, U = Verdict.FAILED, Verdict.MESSAGE_FAULT, Verdict.BOT_FAULT, Verdict.UNCERTAIN


@pytest.mark.parametrize(
    ("status", "body", "verdict", "reason", "unreachable"),
    [
        (200, ACCEPTED, Verdict.SENT, None, False),
        (200, b"<html>fine</html>", U, "no_answer", False),
        (200, b'{"ok": true, "result": {"text": "no id"}}', U, "no_answer", False),
        (200, b"", U, "no_answer", False),
        (403, "Forbidden: bot was blocked by the user", R, "blocked", True),
        (403, "Forbidden: user is deactivated", R, "deactivated", True),
        (403, "Forbidden: bot can't initiate conversation with a user", R, "never_started", True),
        (403, "Forbidden: bot can't send messages to bots", R, "is_bot", True),
        (403, "Forbidden: bot was kicked from the group chat", R, "kicked", True),
        (403, "Forbidden: bot is not a member of the channel chat", R, "kicked", True),
        (403, "Forbidden: the group chat was deleted", R, "not_found", True),
        (400, "Bad Request: chat not found", R, "not_found", True),
        (400, "Bad Request: user not found", R, "not_found", True),
        (400, "Bad Request: PEER_ID_INVALID", R, "not_found", True),
        (400, "Bad Request: private chat not found", R, "not_found", True),
        (400, "Bad Request: have no access to the chat", R, "not_found", True),
        (400, "Bad Request: can't parse entities: bad tag", M, "message_fault", False),
        (400, "Bad Request: message text is empty", M, "message_fault", False),
        (400, "Bad Request: message is too long", M, "message_fault", False),
        (400, "Bad Request: message caption is too long", M, "message_fault", False),
        (400, "Bad Request: BUTTON_URL_INVALID", M, "message_fault", False),
        (400, "Bad Request: BUTTON_DATA_INVALID", M, "message_fault", False),
        (400, "Bad Request: BUTTON_TYPE_INVALID", M, "message_fault", False),
        (400, "Bad Request: reply markup is too long", M, "message_fault", False),
        (400, "Bad Request: wrong file identifier/HTTP URL specified", M, "message_fault", False),
        (400, "Bad Request: file is too big", M, "message_fault", False),
        (400, "Bad Request: something nobody has seen", R, "other", False),
        (401, "Unauthorized", B, "bot_fault", False),
        (404, "Not Found", B, "bot_fault", False),
        (421, "Misdirected Request", B, "bot_fault", False),
        (403, "Forbidden: FROZEN_METHOD_INVALID", B, "bot_fault", False),
        (406, "Not Acceptable: FROZEN_METHOD_INVALID", B, "bot_fault", False),
        (400, "Bad Request: not enough Stars", Verdict.PAID_REFUSED, None, False),
        (500, "Internal Server Error", U, "no_answer", False),
        (500, "Internal Server Error: Request aborted", U, "no_answer", False),
        (502, b"<h1>502 Bad Gateway</h1>", U, "no_answer", False),
        (503, b"", U, "no_answer", False),
        (504, b"gateway time-out", U, "no_answer", False),
    ],
)
def test_each_answer_means_one_thing(
    server: ThreadingHTTPServer,
    status: int,
    body: bytes | str,
    verdict: Verdict,
    reason: str | None,
    unreachable: bool,
) -> None:
    raw = refusal(status, body) if isinstance(body, str) else body
    server.answer = (status, raw, {})  # type: ignore[attr-defined]
    found = ask(server)
    assert (found.verdict, found.reason, found.unreachable) == (verdict, reason, unreachable)
    if isinstance(body, str):
        assert found.description == body


@pytest.mark.parametrize(
    ("body", "headers", "seconds"),
    [
        (refusal(429, "Too Many Requests: retry after 35", retry_after=35), {}, 35.0),
        (refusal(429, "Too Many Requests"), {"Retry-After": "12"}, 12.0),
        (b"slow down", {"Retry-After": "7"}, 7.0),
        (b"slow down", {}, 1.0),
    ],
)
def test_a_429_is_not_delivered_and_says_how_long(
    server: ThreadingHTTPServer, body: bytes, headers: dict[str, str], seconds: float
) -> None:
    server.answer = (429, body, headers)  # type: ignore[attr-defined]
    found = ask(server)
    assert (found.verdict, found.retry_after) == (Verdict.RATE_LIMITED, seconds)


def test_an_upgraded_group_names_its_new_id(server: ThreadingHTTPServer) -> None:
    words = "Bad Request: group chat was upgraded to a supergroup chat"
    server.answer = (400, refusal(400, words, migrate_to_chat_id=-100), {})  # type: ignore[attr-defined]
    found = ask(server)
    assert (found.verdict, found.migrate_to) == (Verdict.MIGRATED, -100)


@pytest.mark.parametrize(
    ("method", "words", "verdict", "reason"),
    [
        ("deleteMessage", "message can't be deleted", R, "no_such_message"),
        ("deleteMessage", "message can't be deleted for everyone", R, "no_such_message"),
        ("deleteMessage", "message to delete not found", R, "no_such_message"),
        ("editMessageText", "message to edit not found", R, "no_such_message"),
        ("editMessageCaption", "message to edit not found", R, "no_such_message"),
        ("editMessageText", "message can't be edited", R, "no_such_message"),
        ("editMessageText", "MESSAGE_ID_INVALID", R, "no_such_message"),
        (
            "editMessageText",
            "message is not modified: specified new message content and reply markup are exactly "
            "the same as a current content and reply markup of the message",
            Verdict.SENT,
            None,
        ),
        ("editMessageCaption", "message is not modified", Verdict.SENT, None),
    ],
)
def test_each_refusal_of_a_change_in_a_chat_means_one_thing(
    server: ThreadingHTTPServer, method: str, words: str, verdict: Verdict, reason: str | None
) -> None:
    server.answer = (400, refusal(400, f"Bad Request: {words}"), {})  # type: ignore[attr-defined]
    found = ask(server, method)
    assert (found.verdict, found.reason, found.unreachable) == (verdict, reason, False)


def test_an_accepted_deletion_has_no_message_in_its_answer(server: ThreadingHTTPServer) -> None:
    server.answer = (200, b'{"ok": true, "result": true}', {})  # type: ignore[attr-defined]
    assert ask(server, "deleteMessage").verdict is Verdict.SENT


def test_a_hang_up_after_the_request_is_uncertain(server: ThreadingHTTPServer) -> None:
    server.answer = None  # type: ignore[attr-defined]
    assert ask(server).verdict is U


def test_a_refused_connection_never_left(server: ThreadingHTTPServer) -> None:
    address = f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    assert ask(address).verdict is Verdict.NOT_SENT


def test_a_server_that_takes_the_request_and_says_nothing_is_uncertain(
    server: ThreadingHTTPServer,
) -> None:
    server.answer = (200, ACCEPTED, {})  # type: ignore[attr-defined]
    server.silence = 0.6  # type: ignore[attr-defined]
    found = ask(server, read_timeout=0.1)
    assert (found.verdict, found.description) == (U, "no answer within 0.1 s")
    assert ask(server, read_timeout=5.0).verdict is Verdict.SENT


def test_a_host_that_nobody_knows_never_got_it() -> None:
    # Names under .invalid never resolve (RFC 6761).
    assert ask("http://bot-api.invalid").verdict is Verdict.NOT_SENT


def test_a_connection_that_cannot_be_made_safe_never_carried_it(
    server: ThreadingHTTPServer,
) -> None:
    found = ask(f"https://127.0.0.1:{server.server_address[1]}")
    assert found.verdict is Verdict.NOT_SENT


def test_the_log_holds_no_traceback_of_the_library_and_still_our_own_lines(
    server: ThreadingHTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = (502, b"<h1>502 Bad Gateway</h1>", {})  # type: ignore[attr-defined]
    with caplog.at_level(logging.DEBUG):
        assert ask(server).verdict is U
        logging.getLogger("hsl.delivery.sender").warning("One line of ours")
    assert [r.getMessage() for r in caplog.records if r.name.startswith("telegram")] == []
    assert [r.getMessage() for r in caplog.records if r.name.startswith("hsl")] == [
        "One line of ours"
    ]


def test_no_answer_holds_the_token(server: ThreadingHTTPServer) -> None:
    for answer in ((401, refusal(401, "Unauthorized"), {}), (502, b"x", {}), None):
        server.answer = answer  # type: ignore[attr-defined]
        assert "secret-part" not in repr(ask(server))
