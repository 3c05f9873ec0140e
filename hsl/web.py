"""The pages as one ASGI application: Streamlit with our headers, health check and bounds."""

import base64
import gc
import hashlib
import ipaddress
import logging
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
import uvicorn
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime.pages_manager import PagesManager

from hsl.api import application
from hsl.settings import ROOT, Settings

GRACE = 3  # seconds that open pages have to close at the end

_served = False


def mark_served() -> None:
    """Say that this process serves the pages through this module, with its middleware."""
    global _served
    _served = True


def is_served() -> bool:
    """False under `streamlit run`, which would leave out everything here."""
    return _served


def is_loopback(host: str) -> bool:
    """True for an address that only this machine reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def create_app() -> st.App:
    """The application; one a process, as Streamlit's runtime is."""
    mark_served()
    # A folder `pages/` makes Streamlit run a page without app.py when a page's address is the
    # very first that is asked for; st.navigation switches that off only once it was called.
    PagesManager.uses_pages_directory = False
    return st.App(
        str(ROOT / "app.py"),
        lifespan=_lifespan,
        routes=[
            Route("/healthz", _health),
            Route("/healthz/{rest:path}", _nothing_here),
            Mount(application.PREFIX, app=application.Mounted()),
            Route("/api", _nothing_here),
            Route("/api/{rest:path}", _nothing_here),
        ],
        middleware=[Middleware(SecurityHeaders, policy=content_security_policy())],
    )


def run(settings: Settings) -> None:
    """Serve the pages until SIGINT or SIGTERM. Raises OSError for an open address."""
    if not is_loopback(settings.host):
        raise OSError(
            f"HSL_HOST {settings.host} is open to others, and the pages have no sign-in. Leave it "
            "at 127.0.0.1 and reach it through SSH, or a proxy that asks who is there."
        )
    sys.path.insert(0, str(ROOT))
    uvicorn.run(
        create_app(),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
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
async def _lifespan(_app: st.App) -> AsyncIterator[dict[str, Any] | None]:
    # Streamlit collects garbage after every run; what lives as long as the process need not be
    # looked through each time, which halves the work of a rerun.
    gc.collect()
    gc.freeze()
    # Streamlit turns these on again while it starts.
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    yield None


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _nothing_here(_request: Request) -> Response:
    # Streamlit answers every unknown address with its page, so that a mistyped one looks healthy.
    return PlainTextResponse("There is nothing at this address.", 404)
