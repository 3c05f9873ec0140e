"""The routes for those who watch: /healthz, /readyz and /metrics."""

import ipaddress
import secrets
from collections.abc import Sequence

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from hsl import database
from hsl.settings import Settings
from hsl.watch import metrics
from hsl.watch.vitals import Reading

# What a proxy adds: through it anybody may come from 127.0.0.1.
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
LOCAL = {"localhost", "127.0.0.1", "::1"}


class Health:
    """Answers whether the process lives, whether it can work, and how it does."""

    def __init__(self, settings: Settings, engine: Engine | None = None) -> None:
        self._settings = settings
        self._engine = engine or database.engine_for(settings)
        self._reading = Reading(self._engine, settings)

    def routes(self) -> Sequence[Route]:
        """The three routes; none of them has a person's name in its answer."""
        base = self._settings.base_path
        return [
            Route(f"{at}/{name}", answer)
            for at in dict.fromkeys(("", base))
            for name, answer in (
                ("healthz", self._live),
                ("readyz", self._ready),
                ("metrics", self._metrics),
            )
        ]

    async def _live(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _ready(self, _request: Request) -> Response:
        try:
            current = await run_in_threadpool(database.is_current, self._engine)
        except SQLAlchemyError:
            return JSONResponse({"status": "the database does not answer"}, 503)
        if not current:
            return JSONResponse({"status": "the schema is of another version"}, 503)
        return JSONResponse({"status": "ready"})

    async def _metrics(self, request: Request) -> Response:
        if not self._may_see(request):
            return PlainTextResponse(
                "Set HSL_METRICS_TOKEN, and send it as Authorization: Bearer.",
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        try:
            found = await run_in_threadpool(self._reading.now)
        except SQLAlchemyError:
            found = None
        return Response(metrics.render(found), media_type=metrics.CONTENT_TYPE)

    def _may_see(self, request: Request) -> bool:
        token = self._settings.metrics_token
        if token is not None:
            given = request.headers.get("authorization", "")
            expected = f"Bearer {token.get_secret_value()}"
            return secrets.compare_digest(given.encode(), expected.encode())
        if any(name in request.headers for name in FORWARDED):
            return False
        host = request.client.host if request.client else ""
        return _is_loopback(host) and (request.url.hostname or "") in LOCAL


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
