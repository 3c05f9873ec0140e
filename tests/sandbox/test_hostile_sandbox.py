"""The hostile corpus at the sandbox: an answer of the Bot API's form, and never a fault of ours."""

import io
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from PIL import Image
from starlette.testclient import TestClient

from hsl.sandbox import app, server
from hsl.sandbox.options import SandboxOptions
from tests.hostile.corpus import CORPUS, Hostile

TOKEN = "1:sandbox"
MARKUP = {
    "inline_keyboard": [
        [
            {"text": "Site", "url": "https://example.org"},
            {"text": "Yes", "callback_data": "yes"},
            {"text": "Copy", "copy_text": {"text": "x"}},
        ]
    ]
}
SENT = {"chat_id": "5", "text": "Hi", "parse_mode": "HTML", "reply_markup": MARKUP}
FILE = {"chat_id": "5", "document": "BQACAg-x", "caption": "Hi", "parse_mode": "HTML"}
EDIT = {"chat_id": "5", "message_id": "1", "parse_mode": "HTML"}
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("sendMessage", SENT),
    ("sendDocument", FILE),
    ("sendVideo", {"chat_id": "@files", "video": "BAACAg-x", "caption": "Hi"}),
    ("sendPhoto", {"chat_id": "5", "photo": "AgACAg-x", "caption": "Hi"}),
    ("getFile", {"file_id": "x"}),
    ("getChat", {"chat_id": "5"}),
    ("editMessageText", {**EDIT, "text": "Ho", "reply_markup": MARKUP}),
    ("editMessageCaption", {**EDIT, "caption": "Ho"}),
    ("deleteMessage", {"chat_id": "5", "message_id": "77"}),
)
STRANGE = ("", "0", "-1", "9" * 5000, "²", "NaN", "1e999", "[]", "{}", "null", "\ud800", '"x"')
BODIES = (b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 100_000, b'{"text": {"a": [1]}}')


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    """A client of a sandbox that sets no pace."""
    options = SandboxOptions(
        rate=1e9, chat_rate=1e9, blocked_share=0, deactivated_share=0, never_started_share=0
    )
    running = server.server(options, port=0)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        thread.join(0.02)
    port = running.servers[0].sockets[0].getsockname()[1]
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        yield client
    running.should_exit = True
    thread.join(10)


def with_each_text(value: Any, words: str) -> Iterator[Any]:
    """The arguments with one text of them after the other put in for `words`."""
    if isinstance(value, str):
        yield words
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from ({**value, name: changed} for changed in with_each_text(inner, words))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            for changed in with_each_text(inner, words):
                yield [*value[:at], changed, *value[at + 1 :]]


def is_answer(answer: httpx2.Response) -> bool:
    """Whether it was taken; fails for what Telegram would not say either."""
    assert answer.status_code < 500, answer.text
    said = answer.json()
    assert said["ok"] is (answer.status_code == 200)
    assert said["ok"] or (said["error_code"], bool(said["description"])) == (
        answer.status_code,
        True,
    )
    return bool(said["ok"])


@pytest.mark.parametrize("hostile", CORPUS, ids=lambda hostile: hostile.name)
def test_in_every_argument_of_every_method(client: httpx2.Client, hostile: Hostile) -> None:
    call_each(client, hostile.payload)
    shown = client.get("/", params={"chat": "5"})
    assert shown.status_code == 200
    small = shown.text.lower()
    assert not any(bad in small for bad in ("<script", "<img src", "<svg", 'href="javascript'))


@pytest.mark.parametrize("words", STRANGE, ids=lambda words: ascii(words[:10]))
def test_a_strange_value_of_an_argument_is_refused_or_taken(
    client: httpx2.Client, words: str
) -> None:
    call_each(client, words)


def call_each(client: httpx2.Client, words: str) -> None:
    for method, right in CALLS:
        for arguments in with_each_text(right, words):
            body = json.dumps(arguments).encode()
            kind = {"Content-Type": "application/json"}
            is_answer(client.post(f"/bot{TOKEN}/{method}", content=body, headers=kind))


@pytest.mark.parametrize("markup", ["[]", "1", "null", '{"inline_keyboard": 1}', "[[1]]",
    '{"inline_keyboard": [1]}', '{"inline_keyboard": [[1]]}', '{"inline_keyboard": [["x"]]}',
    '{"inline_keyboard": [[{"text": 1, "url": "http://["}]]}', "[" * 100_000,
    '{"inline_keyboard": [[{"text": "x", "url": 5}]]}', '{"inline_keyboard": {"a": "b"}}',
    '{"inline_keyboard": [[{"text": "x", "copy_text": 5}]]}', '{"inline_keyboard": null}',
])  # fmt: skip
def test_a_keyboard_of_any_shape_is_answered(client: httpx2.Client, markup: str) -> None:
    is_answer(client.post(f"/bot{TOKEN}/sendMessage", data={**SENT, "reply_markup": markup}))
    assert client.get("/", params={"chat": "5"}).status_code == 200


@pytest.mark.parametrize("body", BODIES, ids=lambda body: ascii(body[:12]))
@pytest.mark.parametrize(
    "kind",
    ["application/json", "multipart/form-data", "multipart/form-data; boundary=x",
     "application/x-www-form-urlencoded", "", "\xe9"],
)  # fmt: skip
def test_a_body_of_any_kind_is_answered(client: httpx2.Client, body: bytes, kind: str) -> None:
    for method in ("sendMessage", "getMe", "editMessageText"):
        headers = {"Content-Type": kind.encode("latin-1")}
        is_answer(client.post(f"/bot{TOKEN}/{method}", content=body, headers=headers))


@pytest.mark.parametrize(
    "name",
    [one.payload for one in CORPUS if len(one.payload) < 9_000 and one.name != "half a character"],
)
def test_a_file_of_any_name_is_kept_and_had_again(client: httpx2.Client, name: str) -> None:
    files = {"document": (name, b"%PDF-1.4 content")}
    answer = client.post(f"/bot{TOKEN}/sendDocument", data={"chat_id": "5"}, files=files)
    if not is_answer(answer):
        return
    told = {"file_id": answer.json()["result"]["document"]["file_id"]}
    path = client.get(f"/bot{TOKEN}/getFile", params=told).json()["result"]["file_path"]
    request = client.build_request("GET", f"/file/bot{TOKEN}/x")
    request.url = request.url.copy_with(path=f"/file/bot{TOKEN}/{path}")
    assert client.send(request).content == b"%PDF-1.4 content"


def test_a_picture_that_unpacks_to_very_much_is_refused(client: httpx2.Client) -> None:
    packed = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(packed, "PNG")
    files = {"photo": ("bomb.png", packed.getvalue())}
    assert not is_answer(client.post(f"/bot{TOKEN}/sendPhoto", data={"chat_id": "5"}, files=files))


@pytest.mark.parametrize("body", [*BODIES, b'{"rate": "x"}', b'{"descriptions": {"x": "y"}}',
    b'{"descriptions": 1}', b'{"rate": -1}', b'{"rate": NaN}', b'{"fail_next": 1e999}',
    b'{"latency": 1e9}', b'{"revoked": "perhaps"}'])  # fmt: skip
def test_faults_of_any_shape_are_refused(client: httpx2.Client, body: bytes) -> None:
    answer = client.post("/sandbox/faults", content=body)
    assert answer.status_code == 400 and answer.json()["error"]
    assert is_answer(client.get(f"/bot{TOKEN}/getMe"))


@pytest.mark.parametrize(
    "words", ["", "0", "-1", "9" * 5000, "²", "٣", "x", "[]"], ids=lambda words: ascii(words[:10])
)
def test_strange_addresses_are_answered(client: httpx2.Client, words: str) -> None:
    assert client.get("/sandbox/log", params={"since": words}).status_code in {200, 400}
    assert client.get("/", params={"chat": words}).status_code == 200
    pressed = client.post("/sandbox/press", data={"chat": words, "data": words})
    assert pressed.status_code == 303


@pytest.mark.parametrize("path", ["/sandbox/faults", "/sandbox/press", f"/bot{TOKEN}/sendMessage"])
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_a_page_of_another_site_can_do_nothing(
    client: httpx2.Client, path: str, headers: dict[str, str]
) -> None:
    before = client.get("/sandbox/stats").json()
    answer = client.post(path, json={"chat_id": "5", "text": "Hi"}, headers=headers)
    assert answer.status_code == 403
    assert client.get("/sandbox/stats").json() == before


@pytest.mark.parametrize("path", ["/", "/sandbox/log", f"/bot{TOKEN}/getMe"])
@pytest.mark.parametrize("host", ["rebound.example", "rebound.example:8502", "localhost.example"])
def test_a_name_that_another_site_lets_point_here_is_refused(
    client: httpx2.Client, path: str, host: str
) -> None:
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code == 421
    told = answer.json()["description"]
    assert host in told
    assert told.endswith("Ask for 127.0.0.1 or localhost.")


@pytest.mark.parametrize("host", ["", "[", "[::1", "::1", "localhost@rebound.example"])
def test_a_host_that_is_no_name_is_refused(client: httpx2.Client, host: str) -> None:
    assert client.get("/sandbox/log", headers={"Host": host}).status_code in {400, 421}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8502", "127.0.0.1:1", "[::1]:8502"])
def test_a_name_of_this_machine_is_answered(client: httpx2.Client, host: str) -> None:
    assert client.get("/sandbox/log", headers={"Host": host}).status_code == 200


def test_where_it_is_served_to_others_any_name_may_be_its_own() -> None:
    with TestClient(app.build(SandboxOptions(), host="0.0.0.0")) as asked:
        assert asked.get("/sandbox/log", headers={"Host": "sandbox.example"}).status_code == 200
