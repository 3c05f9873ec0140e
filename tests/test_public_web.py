"""No address of a source or a webhook, however it is written, leads to this machine or its network.

A real server listens on this machine; nobody may get as far as a connection to it.
"""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import URLError

import pytest
from sqlalchemy import Engine

from hsl import database, public_web, sealing
from hsl.audience.sources import addresses, files
from hsl.audience.sources.errors import SourceError
from hsl.settings import load_settings
from hsl.webhooks import kept, sending
from tests.conftest import migrated_copy

HOSTS = (
    "127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.1", "127.0.1", "0", "0.0.0.0",
    "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "0177.0.0.1", "017700000001", "127.0.0.1.",
    "127.127.127.127", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]",
    "[::]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[fe80::1%25lo]", "１２７.0.0.1",
    "127。0。0。1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "127.0.0.1%00.example.org", "127.0.0.1\t", "\t127.0.0.1",
)  # fmt: skip
SCHEMES = (
    "file:///etc/passwd", "ftp://127.0.0.1/people.csv", "gopher://127.0.0.1/x", "data:text/csv,a",
    "jar:http://x.example!/people.csv", "dict://127.0.0.1/", "unix:///run/x.sock", "//127.0.0.1/x",
)  # fmt: skip
WITH_PASSWORD = ("https://anna:secret@school.example/people.csv", "https://:s@school.example/x.csv")


class Ear:
    """A server on this machine that tells how many came, and sends everybody on to `to`."""

    def __init__(self) -> None:
        self.came = 0
        self.to = ""
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(302 if ear.to else 200)
                if ear.to:
                    self.send_header("Location", ear.to)
                self.send_header("Content-Type", "text/csv")
                self.end_headers()
                self.wfile.write(b"user_id\n1\n")

            do_POST = do_GET  # noqa: N815 - the name that http.server asks for

            def log_message(self, *_given: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def verify_request(self, _request: object, _client: object) -> bool:
                ear.came += 1  # also of whom would say hello in TLS
                return True

        self.server = Server(("0.0.0.0", 0), Handler)
        self.port = self.server.server_port


@pytest.fixture(scope="module")
def ear() -> Iterator[Ear]:
    found = Ear()
    thread = threading.Thread(target=found.server.serve_forever, daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


@pytest.fixture(autouse=True)
def heard(ear: Ear) -> None:
    ear.came, ear.to = 0, ""


@pytest.fixture(scope="module")
def hooks(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], str]]:
    """Tell a webhook of this address something; why it was not told."""
    folder = tmp_path_factory.mktemp("hooks")
    settings = load_settings(
        HSL_DATA_DIR=folder, DATABASE_URL=None, HSL_SECRET_KEY=sealing.new_key()
    )
    with migrated_copy(request, "sqlite", folder) as address:
        engine: Engine = database.open_engine(address)

        def tell(address: str) -> str:
            try:
                hook, _secret = kept.add(engine, settings, address, actor="anna")
            except kept.WebhookError as refused:
                return str(refused)
            return str(sending.send_one(engine, settings, kept.put_test(engine, hook.id)))

        yield tell
        engine.dispose()


def read(address: str, folder: Path) -> str:
    """Read a source of this address; why it was not read."""
    with pytest.raises(SourceError) as refused:
        files.download(addresses.resolve(address), folder, allow_private=False)
    return str(refused.value)


@pytest.mark.parametrize("host", HOSTS, ids=ascii)
def test_a_source_does_not_read_this_machine(ear: Ear, tmp_path: Path, host: str) -> None:
    assert len(read(f"http://{host}:{ear.port}/people.csv", tmp_path)) < 500
    assert ear.came == 0


@pytest.mark.parametrize("host", HOSTS, ids=ascii)
def test_a_webhook_does_not_tell_this_machine(
    ear: Ear, hooks: Callable[[str], str], host: str
) -> None:
    assert hooks(f"https://{host}:{ear.port}/events") != "None"
    assert hooks(f"http://{host}:{ear.port}/events").startswith("A webhook's address")
    assert ear.came == 0


@pytest.mark.parametrize("address", SCHEMES)
def test_other_schemes_are_refused(hooks: Callable[[str], str], address: str) -> None:
    assert hooks(address).startswith("A webhook's address is like https://")
    with pytest.raises((URLError, ValueError), match="unknown url type"):
        public_web.opener(None, lambda _socket: None).open(address)


@pytest.mark.parametrize("address", WITH_PASSWORD)
def test_a_password_in_an_address_is_refused_and_not_repeated(
    tmp_path: Path, hooks: Callable[[str], str], address: str
) -> None:
    for said in (hooks(address), read(address, tmp_path)):
        assert "password" in said
        assert "secret" not in said


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x/", "//["])
def test_it_is_not_sent_on_to_another_scheme(ear: Ear, tmp_path: Path, to: str) -> None:
    ear.to = to
    address = addresses.resolve(f"http://127.0.0.1:{ear.port}/people.csv")
    with pytest.raises(SourceError) as refused:
        files.download(address, tmp_path, allow_private=True)
    assert "root:" not in str(refused.value)
    assert ear.came == 1


def test_a_circle_is_left(ear: Ear, tmp_path: Path) -> None:
    ear.to = f"http://127.0.0.1:{ear.port}/people.csv"
    with pytest.raises(SourceError):
        files.download(addresses.resolve(ear.to), tmp_path, allow_private=True)
    assert ear.came < 20
