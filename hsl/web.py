"""The pages as one ASGI application: Streamlit with our headers, health check and bounds."""

import asyncio
import base64
import hashlib
import importlib
import logging
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
import uvicorn
from google.protobuf.message import DecodeError
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config, runtime
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import ScriptRunner, get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests

from hsl import bounds, collecting, database, logs
from hsl.accounts import opening
from hsl.accounts.keeper import Keeper
from hsl.addresses import is_loopback
from hsl.api import application
from hsl.door import routes
from hsl.door.routes import Door
from hsl.health import Health
from hsl.settings import ROOT, Settings
from hsl.watch import telling
from hsl.web_files import Given
from hsl.web_guard import SESSION_HEADER, Gate, Guard
from hsl.web_runs import lose_nothing

TURN = 0.0005  # seconds that a thread computes while another waits for its turn
GRACE = 3  # seconds that open pages have to close at the end

_served = False
_keeper: Keeper | None = None
_given: Given | None = None


def mark_served() -> None:
    """Say that this process serves the pages through this module, with its middleware."""
    global _served
    _served = True


def is_served() -> bool:
    """False under `streamlit run`, which would leave out everything here."""
    return _served


def keeper() -> Keeper | None:
    """Who knows who is signed in, in a process that serves the pages; else None."""
    return _keeper


def asking() -> str | None:
    """The hash of the session that this run of a page is for.

    None where the pages run open, and in a thread that runs no page.
    """
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    found = st.context.headers.get(SESSION_HEADER)
    return found if isinstance(found, str) else None


def give_file(address: str, token_hash: str | None) -> None:
    """Let this session have the file at an address of this process's pages, and no other one."""
    if _given is not None and token_hash is not None:
        _given.note(address, token_hash)


def create_app(settings: Settings) -> st.App:
    """The application; one a process, as Streamlit's runtime is."""
    global _keeper, _given
    mark_served()
    engine = database.engine_for(settings)
    _keeper = Keeper(engine, settings, always_asks=not is_loopback(settings.host))
    gate = Gate(_keeper)
    _given = Given(lambda file: runtime.get_instance().media_file_mgr.read_file(file) is not None)
    # A folder `pages/` makes Streamlit run a page without app.py when a page's address is the
    # very first that is asked for; st.navigation switches that off only once it was called.
    PagesManager.uses_pages_directory = False
    lose_nothing(AppSession, ScriptRunner, ScriptRequests)
    app = st.App(
        str(ROOT / "app.py"),
        lifespan=partial(_lifespan, gate=gate, settings=settings),
        routes=[
            *Health(settings).routes(),
            Route("/healthz/{rest:path}", _nothing_here),
            *(
                Mount(f"{base}{application.PREFIX}", app=application.Mounted())
                for base in dict.fromkeys(("", settings.base_path))
            ),
            Route("/api", _nothing_here),
            Route("/api/{rest:path}", _nothing_here),
        ],
        middleware=[
            Middleware(bounds.BoundedSockets, most=bounds.MOST_SOCKETS),
            Middleware(SecurityHeaders, policy=content_security_policy()),
            Middleware(
                Guard,
                gate=gate,
                given=_given,
                door=Door(_keeper).application(),
                is_door=routes.is_door,
                is_deed=_is_deed,
                base=settings.base_path,
            ),
        ],
    )
    if settings.base_path:
        # Options are read at the first touch, and from our file only once there is an App.
        config.set_option("server.baseUrlPath", settings.base_path)
    return app


def run(settings: Settings) -> None:
    """Serve the pages until SIGINT or SIGTERM.

    Raises AccountError where others reach the address and nobody could sign in.
    """
    engine = database.engine_for(settings)
    opening.require_somebody(engine, settings)
    engine.dispose()
    logs.configure(settings)
    sys.path.insert(0, str(ROOT))
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        root_path="" if settings.base_path else urlsplit(settings.public_url).path.rstrip("/"),
        forwarded_allow_ips=[
            proxy.strip() for proxy in settings.trusted_proxies.split(",") if proxy.strip()
        ],
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        **bounds.LIMITS,
    )


def content_security_policy() -> str:
    """The tightest policy under which Streamlit's pages work without one violation."""
    index = (Path(st.__file__).parent / "static" / "index.html").read_text("utf-8")
    scripts = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", index, re.DOTALL)
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' blob: {hashes}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "font-src 'self' data:",
            "img-src 'self' data: blob:",
            "connect-src 'self'",
            "frame-ancestors 'none'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        )
    )


class SecurityHeaders:
    """Adds the security headers to every answer."""

    def __init__(self, app: ASGIApp, *, policy: str) -> None:
        self._app = app
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"x-frame-options", b"DENY"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and add to the headers of HTTP answers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def add_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        await self._app(scope, receive, add_headers)


@asynccontextmanager
async def _lifespan(
    _app: st.App, *, gate: Gate, settings: Settings
) -> AsyncIterator[dict[str, Any] | None]:
    collecting.keep_short()
    importlib.import_module("pages.parts.warm").up()
    _note_files(runtime.get_instance().media_file_mgr)
    # A page's thread that comes back from the database waits so long for one that computes, and it
    # does so a hundred times in a run: Python's 5 ms add up to half a second among colleagues.
    sys.setswitchinterval(TURN)
    # Streamlit turns these on again while it starts.
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    stop = asyncio.Event()
    engine = database.engine_for(settings)
    # A scheduler that died cannot say so itself.
    telling_of_it = asyncio.create_task(telling.watch(engine, settings, stop))
    watch = asyncio.create_task(gate.watch())
    try:
        yield None
    finally:
        watch.cancel()
        stop.set()
        await telling_of_it
        engine.dispose()


def _note_files(files: MediaFileManager) -> None:
    """Have every file that a page gives noted, with the session that it is given to."""
    add = files.add

    def add_and_note(*args: Any, **kwargs: Any) -> str:
        address = add(*args, **kwargs)
        give_file(address, asking())
        return address

    setattr(files, "add", add_and_note)  # noqa: B010 - mypy refuses to assign to a method


def _is_deed(sent: bytes) -> bool:
    """Whether what a page sent was done by a person, and not by a part that draws itself anew.

    Raises ValueError for what is no message of a page's.
    """
    try:
        message = BackMsg.FromString(sent)
    except DecodeError as fault:
        raise ValueError("these bytes are no message") from fault
    kind = message.WhichOneof("type")
    if kind is None:
        raise ValueError("this message says nothing")
    is_run = kind == "rerun_script"
    return is_run and not message.rerun_script.is_auto_rerun


async def _nothing_here(_request: Request) -> Response:
    # Streamlit answers every unknown address with its page, so that a mistyped one looks healthy.
    return PlainTextResponse("There is nothing at this address.", 404)
