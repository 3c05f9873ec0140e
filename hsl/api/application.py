"""The API as one application: its addresses behind the guard, and their description."""

from functools import cached_property
from typing import Any

from fastapi import Depends, FastAPI, Security
from fastapi.security import HTTPBearer
from sqlalchemy import Engine
from starlette.types import Receive, Scope, Send

from hsl import __version__, database
from hsl.api import (
    auditing,
    cohorts,
    media,
    messages,
    people,
    problems,
    reports,
    segments,
    steering,
)
from hsl.api.guard import Guard
from hsl.api.here import House, refuse_unknown
from hsl.settings import Settings, get_settings

PREFIX = "/api/v1"
ABOUT = """People, cohorts, segments, messages, media, reports and the audit of an HSL Dashboard.

Send a key as `Authorization: Bearer hsl_…`. A POST that has an `Idempotency-Key` is done once,
however often it is sent. Errors are `application/problem+json`. Times have a zone."""
REPEATABLE = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text of your own; the same request with it is done once within 24 hours",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def create(settings: Settings, engine: Engine) -> Guard:
    """The application on this database, as it is mounted at PREFIX."""
    app = _application()
    app.state.house = House(engine, settings)
    return Guard(app, engine, a_minute=settings.api_requests_per_minute, bot_id=settings.bot_id)


def description() -> dict[str, Any]:
    """The OpenAPI description of all addresses, as /openapi.json has it but for `servers`."""
    return _application().openapi()


def _application() -> FastAPI:
    app = FastAPI(
        title="HSL Dashboard",
        version=__version__,
        description=ABOUT,
        docs_url=None,  # its pages bring scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        dependencies=[
            Security(HTTPBearer(auto_error=False, description="A key: hsl_…")),
            Depends(refuse_unknown),
        ],
        generate_unique_id_function=lambda route: route.name,
    )
    problems.install(app)
    rooms = (people, cohorts, segments, messages, steering, media, reports, auditing)
    for room in rooms:
        app.include_router(room.router)
    app.state.routes = [route for room in rooms for route in room.router.routes]
    _describe(app)
    return app


def _describe(app: FastAPI) -> None:
    """Add to the description what FastAPI does not know of: problems, and Idempotency-Key."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        schema = described()
        parts = schema["components"]["schemas"]
        problem = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        parts |= {**problem.pop("$defs"), "Problem": problem}
        for unused in ("HTTPValidationError", "ValidationError"):
            parts.pop(unused, None)
        for path in schema["paths"].values():
            if "post" in path:
                path["post"].setdefault("parameters", []).append(REPEATABLE)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


class Mounted:
    """The application of this process's settings, made when the first request comes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._app(scope, receive, send)

    @cached_property
    def _app(self) -> Guard:
        settings = get_settings()
        return create(settings, database.engine_for(settings))
