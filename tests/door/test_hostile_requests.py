"""Requests that mean harm, to the real pages: from strangers, and from who is signed in."""

import contextlib
import os
import socket
import time
from urllib.parse import urlsplit

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.door.conftest import Served, ask
from tests.door.lines import stream
from tests.hostile.corpus import CORPUS

EVIL = "https://evil.example"
QUICK = 5.0  # seconds in which any of these is over, on a busy machine too
COOKIES = {
    "backslashes": 'x="' + "\\" * 50_000 + '"',
    "octal": 'x="' + "\\101" * 12_000 + '"',
    "many": "; ".join(f"a{number}=b" for number in range(6_000)),
    "many of ours": "; ".join("hsl_session=x" for _ in range(3_000)),
    "one": "hsl_session=" + "x" * 60_000,
    "no sign": "x" * 60_000,
    "quotes": 'hsl_session="' * 4_000,
}
TRAVERSALS = (
    "/static/../../../../etc/passwd", "/static/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/app/static/../../.env", "/app/static/%2e%2e/%2e%2e/app.py", "/app/static/..%5c..%5capp.py",
    "/app/static/inter/../../../app.py", "/app/static//etc/passwd", "/app/static/%00",
    "/component/../../etc/passwd", "/component/x/../../../../etc/passwd", "/media/../app.py",
    "/media/..%2f..%2fapp.py", "/_stcore/bidi-components/..%2f..%2f..%2fapp.py", "/%2e%2e/app.py",
    "//etc/passwd", "/app.py", "/.env", "/hsl.db", "/data/hsl.db", "/.streamlit/secrets.toml",
)  # fmt: skip


def raw(served: Served, request: bytes) -> bytes:
    """What the server says to these bytes until it hangs up, or has said all."""
    place = urlsplit(served.address)
    with socket.create_connection((place.hostname, place.port), 10) as client:  # type: ignore[arg-type]
        client.settimeout(10)
        said = b""
        try:
            client.sendall(request)
            while some := client.recv(65536):
                said += some
        except (ConnectionResetError, BrokenPipeError):
            pass
        return said


def is_well(served: Served) -> None:
    """The pages still answer everybody, at once."""
    began = time.monotonic()
    assert httpx2.get(f"{served.address}/healthz", timeout=QUICK).status_code == 200
    assert time.monotonic() - began < QUICK


@pytest.mark.parametrize("name", COOKIES)
@pytest.mark.parametrize("path", ["/", "/sign-in", "/api/v1/people", "/healthz"])
def test_no_cookie_keeps_the_pages_busy(served: Served, name: str, path: str) -> None:
    began = time.monotonic()
    httpx2.get(f"{served.address}{path}", headers={"Cookie": COOKIES[name]}, timeout=60)
    assert time.monotonic() - began < QUICK
    is_well(served)


def test_a_signed_in_session_survives_odd_cookies_beside_it(served: Served) -> None:
    with served.signed_in() as client:
        kept = client.cookies["hsl_session"]
        odd = f'a="b\\"; x=\\; hsl_session={kept}; b="\\\\c"'
        assert ask(f"{served.address}/signed-in", headers={"Cookie": odd}).status_code == 204


@pytest.mark.parametrize("hostile", CORPUS, ids=lambda hostile: hostile.name)
def test_the_corpus_in_headers(served: Served, hostile: object) -> None:
    payload = hostile.payload.encode("utf-8", "surrogateescape")[:60_000]  # type: ignore[attr-defined]
    for name in (b"Cookie", b"Origin", b"Authorization", b"User-Agent", b"Accept-Language",
                 b"X-Forwarded-For", b"X-Forwarded-Proto", b"Content-Type"):  # fmt: skip
        for path in (b"/sign-in", b"/api/v1/people", b"/"):
            said = raw(
                served,
                b"POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n"
                b"%s: %s\r\n\r\n" % (path, name, payload),
            )
            assert said == b"" or said.startswith(b"HTTP/1.1 4"), said[:300]
            assert b"\r\nset-cookie:" not in said.lower()
    is_well(served)


@pytest.mark.parametrize(
    "host", ["[", "[::1", "x:y", "evil.example", "a@b", "localhost:1@evil", ""]
)
def test_any_host_is_answered(served: Served, host: str) -> None:
    for path in ("/", "/sign-in", "/api/v1/people", "/single-sign-on"):
        said = raw(
            served, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        )
        assert not said.startswith(b"HTTP/1.1 5"), said[:300]
        assert b"location: http" not in said.lower()


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "", "http://[", "https://evil.example:80", "file://", "*", "x" * 4_000]
)
def test_what_another_site_asks_with_our_cookie_is_refused(served: Served, origin: str) -> None:
    with served.signed_in() as client:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            for path in ("/sign-out", "/_stcore/upload_file/a/b", "/api/v1/messages", "/"):
                answer = client.request(method, path, headers={"Origin": origin})
                assert answer.status_code == 403, (method, path)
                # A Referer of ours is no Origin.
                also = {"Origin": origin, "Referer": f"{served.address}/sign-out"}
                assert client.request(method, path, headers=also).status_code == 403
        with pytest.raises(InvalidStatus, match="403"):
            stream(served.address, client, origin)
        assert client.get("/signed-in").status_code == 204


def test_a_referer_alone_is_no_origin(served: Served) -> None:
    with served.signed_in() as client:
        for referer in (EVIL, served.address):
            answer = client.post("/sign-out", headers={"Referer": referer})
            assert answer.status_code == 403
        assert client.get("/signed-in").status_code == 204


@pytest.mark.parametrize("wanted", [one.payload for one in CORPUS if len(one.payload) < 6_000])
def test_the_way_back_splits_no_header(served: Served, wanted: str) -> None:
    given = wanted.encode("utf-8", "surrogateescape")
    with served.browser() as client:
        asked = {"name": "anna", "password": "correct horse battery", "next": given}
        answer = client.post("/sign-in", data=asked, headers=served.origin)
        assert answer.status_code in {303, 400}
        assert answer.headers.get("location", "/").startswith("/")
        assert "a=b" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_out_of_the_pages_own_files(served: Served, path: str) -> None:
    with served.signed_in() as client:
        request = client.build_request("GET", "/")
        request.url = request.url.copy_with(raw_path=path.encode())
        answer = client.send(request)
    assert answer.status_code < 500
    for secret in (b"root:", b"import streamlit", b"SQLite format", b"BOT_TOKEN"):
        assert secret not in answer.content


def test_a_file_goes_into_no_session_but_an_open_one(served: Served) -> None:
    with served.signed_in("boris") as client:
        for session in ("", "x", "../../x", "0" * 36):
            address = f"/_stcore/upload_file/{session}/{'1' * 36}"
            answer = client.put(address, files={"file": b"x"}, headers=served.origin)
            assert 400 <= answer.status_code < 500
            assert client.delete(address, headers=served.origin).status_code < 500
        for path in ("/media/" + "0" * 56 + ".png", "/media/x?title=../../x", "/media/"):
            assert b"PNG" not in client.get(path).content


@pytest.mark.parametrize(
    "more",
    [
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"X: a\r\n b\r\n\r\n",
        b"X : a\r\n\r\n",
        b"\x00: a\r\n\r\n",
        b"X: a\rb\r\n\r\n",
    ],
    ids=lambda more: ascii(more[:40]),
)  # fmt: skip
def test_two_requests_in_one_are_none(served: Served, more: bytes) -> None:
    said = raw(served, b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + more)
    assert said.count(b"HTTP/1.1 ") <= 1
    assert b"HTTP/1.1 2" not in said and b"HTTP/1.1 5" not in said
    is_well(served)


@pytest.mark.parametrize(
    "sent",
    [b"", b"\xff" * 100, b"\x08" * 10_000, os.urandom(4_000), b"x" * 9_000_000, "text", "\x00"],
    ids=["empty", "ones", "eights", "random", "huge", "text", "nul"],
)
def test_rubbish_on_a_websocket_harms_nobody_else(served: Served, sent: bytes | str) -> None:
    with served.signed_in() as client, stream(served.address, client) as other:
        with stream(served.address, client) as socket:
            try:
                for _ in range(20):
                    socket.send(sent)
            except ConnectionClosed:
                pass
        other.send(b"")
        is_well(served)


@pytest.mark.parametrize("sent", [b"", b"\xff" * 100, b"\x08" * 10_000, b"a" * 4_000])
def test_bytes_that_no_page_sends_close_the_websocket_and_are_one_line_of_the_log(
    served: Served, sent: bytes
) -> None:
    before = served.log.stat().st_size
    with served.signed_in() as client, stream(served.address, client) as socket:
        for _ in range(20):
            with contextlib.suppress(ConnectionClosed):
                socket.send(sent)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(timeout=10)
    assert closed.value.rcvd and closed.value.rcvd.code == 1002
    lines = served.log.read_text()[before:].splitlines()
    assert len(lines) == 1
    told = f"A websocket from 127.0.0.1 sent {len(sent)} bytes that no page sends; it was closed"
    assert lines[0].endswith(told)


def test_a_flood_of_messages_keeps_nobody_out(served: Served) -> None:
    from streamlit.proto.BackMsg_pb2 import BackMsg

    beat = BackMsg()
    beat.app_heartbeat = True
    with served.signed_in() as client, stream(served.address, client) as socket:
        for _ in range(1_000):
            socket.send(beat.SerializeToString())
        is_well(served)


def test_a_text_on_a_websocket_closes_it(served: Served) -> None:
    with served.signed_in() as client, stream(served.address, client) as socket:
        socket.send("text")
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(timeout=10)
        assert closed.value.rcvd and closed.value.rcvd.code == 1003
