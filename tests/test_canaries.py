"""Secrets that sing: real processes are driven through faults, and nothing they say holds one."""

import contextlib
import socket
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, create_engine, select, text, update
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from hsl import acting, database, keys, models, outward
from hsl.accounts import registry, second_factor
from hsl.acting import ROLES, Actor, Permission, Role
from hsl.settings import load_settings
from hsl.webhooks import kept as webhooks
from tests.typing_commands import Terminal

KEY = Fernet.generate_key().decode()
OTHER_KEY = Fernet.generate_key().decode()
CANARIES = {
    "BOT_TOKEN": "tokencanaryAAA",
    "a kept token": "tokencanaryBBB",
    "a new token": "tokencanaryCCC",
    "the database's password": "passwordcanary",
    "a wrong key": "keycanary",
    "HSL_SECRET_KEY": KEY[4:20],
    "another key": OTHER_KEY[4:20],
    "HSL_METRICS_TOKEN": "metricscanary",
    "HSL_OIDC_CLIENT_SECRET": "oidccanary",
    "a webhook's address": "hookcanary",
    "a wrong key of the API": "apicanary",
    "a password": "horsecanary",
    "a wrong password": "wrongcanary",
    "a password typed as a name": "namecanary",
    "a wrong code": "codecanary",
}
TOKEN, KEPT, NEW = "303:tokencanaryAAA", "404:tokencanaryBBB", "404:tokencanaryCCC"
PASSWORD = "correct horsecanary battery"
NOWHERE = "http://127.0.0.1:9"
# Where a secret is by design: a webhook's address is read from there, and what somebody typed for
# a name is given back to them alone.
KEPT_IN = {
    ("a webhook's address", "rows of webhooks"),
    ("a password typed as a name", "POST /sign-in"),
}
PATIENCE = 120.0  # seconds
LOOKED_EVERY = 0.1  # seconds between two looks at the list of processes


class House:
    """Processes of one house, and all that they said."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.canaries = dict(CANARIES)
        self.said: list[tuple[str, str]] = []  # where, and what
        self.port, self.api_port = _free_port(), _free_port()
        self.pages = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=PATIENCE)
        self._children: list[subprocess.Popen[bytes]] = []
        self._terminal = Terminal(address, folder)
        self._terminal.environment |= {
            "BOT_TOKEN": TOKEN,
            "HSL_SECRET_KEY": f"{KEY},{OTHER_KEY}",
            "HSL_PORT": str(self.port),
            "HSL_TELEGRAM_API_URL": f"http://127.0.0.1:{self.api_port}",
            "HSL_TAKE_BACK_SECONDS": "0",
            "HSL_METRICS_TOKEN": "metricscanary",
            "HSL_OIDC_ISSUER": NOWHERE,
            "HSL_OIDC_CLIENT_ID": "hsl",
            "HSL_OIDC_CLIENT_SECRET": "oidccanary",
            "HSL_WEBHOOKS_PRIVATE": "1",
        }
        self.gone = f"{address.rpartition('?')[0]}?host=/nonexistent"
        self.engine: Engine = database.open_engine(address)
        self._over = threading.Event()
        self._processes: set[str] = set()
        self._watcher = threading.Thread(target=self._watch_processes, daemon=True)
        self._watcher.start()

    def hsl(self, *words: str, stdin: str = "", **more: str) -> int:
        """Type one command, and hear what it says."""
        done = self._terminal(*words, stdin=stdin, **more)
        self.hear(" ".join(words), done.stdout + done.stderr)
        return done.returncode

    def start(self, *words: str, **more: str) -> "subprocess.Popen[bytes]":
        """Start a command as a process of its own name; what it says goes into a file."""
        with (self.folder / f"{words[0]}-{len(self._children)}.log").open("wb") as said:
            child = subprocess.Popen(
                [sys.executable, "-m", "hsl", *words],
                env={**self._terminal.environment, **more},
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
            )
        self._children.append(child)
        return child

    def hear(self, place: str, words: str) -> None:
        """Remember what was said where."""
        self.said.append((place, words))

    def ask(self, path: str, method: str = "GET", **given: object) -> httpx2.Response:
        """What the pages' server answers, with its headers but the cookies that it gives."""
        answer = self.pages.request(method, path, **given)  # type: ignore[arg-type]
        headers = [line for line in answer.headers.items() if line[0] != "set-cookie"]
        self.hear(f"{method} {path}", f"{answer.status_code} {headers} {answer.text}")
        return answer

    def page(self, name: str) -> str:
        """Every frame of a page's websocket until its script is over."""
        address = f"ws://127.0.0.1:{self.port}/_stcore/stream"
        asked = BackMsg()
        asked.rerun_script.page_name = name
        frames = []
        with connect(
            address,
            subprotocols=["streamlit"],  # type: ignore[list-item]
            origin=f"http://127.0.0.1:{self.port}",  # type: ignore[arg-type]
            max_size=None,
        ) as client:
            client.send(asked.SerializeToString())
            while True:
                frame = client.recv(timeout=PATIENCE)
                assert isinstance(frame, bytes)
                frames.append(frame)
                if ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished":
                    words = b"".join(frames).decode(errors="replace")
                    self.hear(f"page {name}", words)
                    return words

    def pretend(self, **faults: object) -> None:
        """Let the Bot API pretend a fault."""
        httpx2.post(f"http://127.0.0.1:{self.api_port}/sandbox/faults", json=faults, timeout=60)

    def _watch_processes(self) -> None:
        """Collect the words of every process of this machine that can be read."""
        while not self._over.wait(LOOKED_EVERY):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    self._processes.add(file.read_bytes().decode(errors="replace"))

    def end(self) -> None:
        """End all that was started, and hear what is left to be heard."""
        for child in self._children:
            child.terminate()
        for child in self._children:
            child.wait(PATIENCE)
        self._over.set()
        self._watcher.join()
        self.hear("the list of processes", "\n".join(self._processes))
        self.pages.close()
        self.engine.dispose()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(until: Callable[[], object], words: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < deadline, words
        time.sleep(0.1)


@pytest.fixture
def house(postgres_address: str, migrated_template: str, tmp_path: Path) -> Iterator[House]:
    """A house on PostgreSQL, whose address has a password in it."""
    name = f"canary{uuid.uuid4().hex}"
    admin = create_engine(postgres_address, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {migrated_template}"))
    address = postgres_address.replace("/postgres?", f"/{name}?")
    address = address.replace("postgres:@", "postgres:passwordcanary@")
    assert "passwordcanary" in address
    house = House(tmp_path, address)
    yield house
    house.end()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def _open(house: House) -> "subprocess.Popen[bytes]":
    """Start what runs, also schedulers that find no database and no API; the one that works."""
    house.start("sandbox", "--port", str(house.api_port))
    scheduler, _web = house.start("scheduler"), house.start("web")
    house.start("scheduler", DATABASE_URL=house.gone)
    house.start("scheduler", HSL_TELEGRAM_API_URL=NOWHERE)
    # A token comes by standard input, and a command's words are everybody's to read.
    typed = house.start("bot", "add", "bad")
    assert typed.stdin is not None
    typed.stdin.write(b"tokencanaryAAA\n")
    typed.stdin.close()

    def answers() -> bool:
        with contextlib.suppress(httpx2.TransportError):
            return house.pages.get("/healthz").is_success
        return False

    _wait(answers, "the pages answer")
    assert typed.wait(PATIENCE) == 1
    return scheduler


def _commands(house: House) -> None:
    """Commands that go well, and that find a broken file, setting, key, database or API."""
    people = house.folder / "people.csv"
    people.write_text("user_id,first_name\n7,Anna\n8,Boris\n", "utf-8")
    broken = house.folder / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 no book")
    assert house.hsl("import", str(people)) == 0
    assert house.hsl("import", str(broken)) == 1
    assert house.hsl("bot", "add", "club", stdin=f"{KEPT}\n") == 0
    assert house.hsl("bot", "rotate", "club", stdin=f"{NEW}\n") == 0
    assert house.hsl("bot", "list") == 0
    assert house.hsl("bot", "list", BOT_TOKEN="tokencanaryAAA") == 2
    assert house.hsl("bot", "list", DATABASE_URL="nonsense:passwordcanary") == 2
    assert house.hsl("bot", "list", DATABASE_URL=house.gone) == 1
    assert house.hsl("bot", "rotate", "--key") == 0
    assert house.hsl("bot", "rotate", "--key", HSL_SECRET_KEY="keycanary") == 1
    assert house.hsl("bot", "use", "club") == 0
    assert house.hsl("send", "--all", "--text", "Hi", "--yes", HSL_SECRET_KEY="keycanary") == 1
    assert house.hsl("bot", "use", "club", HSL_SECRET_KEY=Fernet.generate_key().decode()) == 0
    assert house.hsl("send", "--all", "--text", "Hi", "--yes", "--bot", "club") == 0
    house.hsl("doctor")
    house.hsl("doctor", HSL_TELEGRAM_API_URL=NOWHERE, HSL_SECRET_KEY="keycanary")
    _wait(lambda: _status(house, 1) == "sent", "the message is over")


def _status(house: House, number: int) -> object:
    history = models.message_history.c
    with house.engine.begin() as connection:
        found = select(history.status).where(history.id == number)
        return connection.execute(found).scalar_one_or_none()


def _webhooks(house: House) -> None:
    """Webhooks whose address refuses, or is not there."""
    given = load_settings(HSL_SECRET_KEY=KEY, HSL_WEBHOOKS_PRIVATE=True)
    refuses = f"http://127.0.0.1:{house.api_port}/hookcanary"
    for address in (refuses, f"{NOWHERE}/hooks?token=hookcanary"):
        made, secret = webhooks.add(house.engine, given, address, actor="anna")
        house.canaries[f"the secret of webhook {made.id}"] = secret.removeprefix("whsec_")[:20]
        assert house.hsl("webhook", "test", str(made.id)) == 1
    assert house.hsl("webhook", "test", "1", HSL_SECRET_KEY="keycanary") == 1
    assert house.hsl("webhook", "add", "http://user:hookcanary@127.0.0.1/") == 1
    assert house.hsl("webhook", "list") == 0


def _refused_token(house: House) -> None:
    """Telegram refuses the token while it is sent with; webhooks are told, and do not take it."""
    hooks, pace = outward.webhooks.c, models.bot_pace.c
    house.pretend(revoked=True)
    assert house.hsl("send", "--all", "--text", "Again", "--yes", "--bot", "club") == 0

    def is_refused() -> bool:
        with house.engine.begin() as connection:
            refused = connection.execute(select(pace.trouble).where(pace.bot_id == 404)).scalar()
            told = connection.execute(
                select(outward.webhook_deliveries.c.last_error).where(
                    outward.webhook_deliveries.c.event != "test",
                    outward.webhook_deliveries.c.last_error.is_not(None),
                )
            ).first()
            return bool(refused) and told is not None

    _wait(is_refused, "the bot is in trouble, and webhooks do not take it")
    assert house.hsl("doctor") == 1
    assert house.hsl("bot", "rotate", "club", stdin=f"{NEW}\n") == 1
    for page in ("", "messages"):
        house.page(page)
    with house.engine.begin() as connection:
        assert all(connection.execute(select(hooks.trouble)).scalars())
    house.pretend(revoked=False)


def _api(house: House) -> None:
    """The API's answers to who has no key, a wrong one, one that may not, and asks wrongly."""
    made, secret = keys.add(house.engine, "shop", [Permission.LOOK], days=1, actor="anna")
    house.canaries["a key of the API"] = secret.removeprefix(made.prefix)[:20]
    own = {"Authorization": f"Bearer {secret}"}
    wrong = {"Authorization": f"Bearer hsl_{'apicanary'.ljust(43, 'x')}"}
    asked: list[tuple[str, str, dict[str, str], int]] = [
        ("GET", "/api/v1/messages", {}, 401),
        ("GET", "/api/v1/messages", wrong, 401),
        ("GET", "/api/v1/messages", {"Authorization": "apicanary"}, 401),
        ("GET", "/api/v1/messages", own, 200),
        ("GET", "/api/v1/messages/999", own, 404),
        ("GET", "/api/v1/people", own, 403),
        ("GET", "/api/v1/messages?limit=many", own, 422),
        ("GET", "/api/v1/nothing", own, 404),
    ]
    for method, path, headers, status in asked:
        assert house.ask(path, method, headers=headers).status_code == status, path
    assert house.ask("/metrics", headers={"Authorization": "Bearer metricscanary"}).is_success
    _broken(house, lambda: house.ask("/api/v1/messages", headers=own))


def _broken(house: House, deed: Callable[[], object]) -> None:
    """Do it while a table that it needs is gone."""
    for name in ("message_history RENAME TO gone", "gone RENAME TO message_history"):
        with house.engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE {name}"))
        if name.endswith("gone"):
            deed()


def _pages(house: House) -> None:
    """Pages that are drawn, that end in the middle by an exception, and that are none."""
    frames = [house.page(page) for page in ("settings", "delivery", "audit")]
    assert "HSL_SECRET_KEY" in frames[0], "the Settings page was drawn"

    def without_table() -> None:
        house.page("")
        assert "The database does not answer" in house.page("messages")

    _broken(house, without_table)
    history = models.message_history
    with house.engine.begin() as connection:
        connection.execute(update(history).where(history.c.id == 1).values(status="unheard of"))
    assert "This page failed" in house.page("messages")
    with house.engine.begin() as connection:
        connection.execute(update(history).where(history.c.id == 1).values(status="sent"))
    for path in ("/", "/%00", "/api", "/_stcore/health", "/media/none.png"):
        house.ask(path)


def _operation(house: House) -> None:
    """Reports and backups, whose manifest is read, and those that fail."""
    folder = str(house.folder)
    assert house.hsl("report", "1", "--out", folder) == 0
    assert house.hsl("report", "999", "--out", folder) == 1
    assert house.start("backup", "--to", folder).wait(PATIENCE) == 0
    assert house.hsl("backup", "--to", folder, DATABASE_URL=house.gone) == 1
    (backup,) = (path for path in house.folder.iterdir() if zipfile.is_zipfile(path))
    with zipfile.ZipFile(backup) as file:
        for name in file.namelist():
            house.hear(f"{name} of the backup", file.read(name).decode(errors="replace"))
    assert "manifest.json of the backup" in dict(house.said)
    assert house.hsl("audit", "export", "--output", str(house.folder / "audit.jsonl")) == 0


def _door(house: House) -> None:
    """Signing in: by what is wrong, by single sign-on without a provider, and rightly."""
    given = load_settings(HSL_SECRET_KEY=KEY)
    anna = registry.add(house.engine, "anna", Role.ADMIN, password=PASSWORD)
    origin = {"Origin": str(house.pages.base_url).rstrip("/")}

    def sign_in(name: str, password: str) -> httpx2.Response:
        asked = {"name": name, "password": password}
        return house.ask("/sign-in", "POST", data=asked, headers=origin)

    _wait(lambda: house.pages.get("/signed-in").status_code == 401, "the pages ask who is there")
    assert sign_in("anna", "wrongcanary battery").status_code == 403
    assert sign_in("namecanary", "wrongcanary").status_code == 403
    assert house.ask("/single-sign-on").status_code == 403
    assert house.ask("/single-sign-on/back?state=wrongcanary1&code=codecanary").status_code == 403
    assert sign_in("anna", PASSWORD).status_code == 303
    with acting.acting_as(Actor("anna", ROLES[Role.ADMIN], account_id=anna)):
        link = second_factor.start(house.engine, given, anna)
    house.canaries["what the codes are made from"] = link.partition("secret=")[2].partition("&")[0]
    for name, token in house.pages.cookies.items():
        house.canaries[f"the cookie {name}"] = token
    assert "the cookie hsl_session" in house.canaries
    house.ask("/")
    house.ask("/signed-in")
    house.ask("/set-up/codecanary")


def _rows(house: House) -> None:
    """Whatever stands in the database."""
    with house.engine.begin() as connection:
        for table in models.SQLModel.metadata.sorted_tables:
            rows = connection.execute(select(table)).all()
            house.hear(f"rows of {table.name}", "\n".join(map(str, rows)))


def _leaks(house: House) -> list[str]:
    """Where which secret was said or written."""
    files = [path for path in house.folder.rglob("*") if path.is_file()]
    assert len(files) > 8, "logs, a report and a backup were written"
    said = [(str(path), path.read_bytes().decode(errors="replace")) for path in files]
    return [
        f"{secret} in {place}"
        for secret, canary in house.canaries.items()
        for place, words in [*said, *house.said]
        if canary in words and (secret, place) not in KEPT_IN
    ]


def test_no_secret_is_said_anywhere(house: House) -> None:
    scheduler = _open(house)
    for step in (_commands, _webhooks, _refused_token, _api, _pages, _operation, _door, _rows):
        step(house)
    assert scheduler.poll() is None, "it went through all of it"
    house.end()
    assert _leaks(house) == []


def test_a_leak_would_be_found(house: House) -> None:
    """What is looked through holds what was said: a secret that is put there is found."""
    (house.folder / "some.log").write_text("x tokencanaryAAA y", "utf-8")
    for number in range(9):
        (house.folder / f"{number}.log").write_text("nothing", "utf-8")
    house.hear("a page", "… horsecanary …")
    house.hear("rows of webhooks", "hookcanary")
    assert _leaks(house) == [
        f"BOT_TOKEN in {house.folder / 'some.log'}",
        "a password in a page",
    ]
