"""The API over HTTP on 127.0.0.1, with a key that may do everything."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import uvicorn
from sqlalchemy import Engine, insert
from starlette.applications import Starlette
from starlette.routing import Mount

from hsl import keys, models
from hsl.acting import Permission
from hsl.api import application
from hsl.sandbox import app as sandbox
from hsl.sandbox.options import SandboxOptions
from hsl.settings import Settings, load_settings

PEOPLE = range(100, 130)


@dataclass
class Served:
    """The API as it is served, its database, and the secret of a key that may do everything."""

    engine: Engine
    settings: Settings
    address: str
    secret: str

    def client(self, secret: str | None = None) -> httpx2.Client:
        """A client with a key."""
        return httpx2.Client(
            base_url=f"{self.address}/api/v1",
            headers={"Authorization": f"Bearer {self.secret if secret is None else secret}"},
            timeout=60,
        )

    def key(self, *scopes: Permission) -> str:
        """The secret of a new key with these scopes."""
        name = "-".join(scopes) + f"-{models.utc_now().timestamp()}"
        return keys.add(self.engine, name, scopes, days=None, actor="test")[1]


@contextmanager
def serving(app: object) -> Iterator[str]:
    """Serve an application on a port of its own; its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off")  # type: ignore[arg-type]
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server stopped"
        thread.join(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def add_people(engine: Engine) -> None:
    """Thirty people, of whom the first ten are in 4th_stream."""
    now = models.utc_now()
    with engine.begin() as connection:
        connection.execute(
            insert(models.users),
            [
                {
                    "user_id": i,
                    "username": f"user{i}",
                    "first_name": f"P{i}",
                    "attributes": {"city": "Kazan"},
                    "updated_at": now,
                }
                for i in PEOPLE
            ],
        )
        connection.execute(
            insert(models.enrollments),
            [{"user_id": i, "course_stream": "4th_stream"} for i in PEOPLE[:10]],
        )


@contextmanager
def bot() -> Iterator[dict[str, str]]:
    """Settings of a bot whose Telegram is a sandbox, and whose files go to a channel there."""
    options = SandboxOptions(chat_rate=1000.0, rate=1000.0)
    with serving(sandbox.build(options)) as address:
        yield {
            "BOT_TOKEN": "1:secret-part",
            "HSL_TELEGRAM_API_URL": address,
            "HSL_MEDIA_CHAT": "@school_files",
        }


@contextmanager
def served_on(engine: Engine, folder: Path, **settings: object) -> Iterator[Served]:
    """The API of this database."""
    loaded = load_settings(
        HSL_DATA_DIR=folder, HSL_API_REQUESTS_PER_MINUTE=100_000, DATABASE_URL=None, **settings
    )
    _, secret = keys.add(engine, "everything", list(Permission), days=None, actor="test")
    app = Starlette(routes=[Mount(application.PREFIX, app=application.create(loaded, engine))])
    with serving(app) as address:
        yield Served(engine, loaded, address, secret)
