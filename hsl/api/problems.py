"""Every error as application/problem+json (RFC 9457): one sentence, no trace and no secret."""

import logging
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DataError, OperationalError, StatementError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from hsl.acting import NotAllowedError
from hsl.audience.where import WhereError
from hsl.errors import PlainError

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
SHOWN_FAULTS = 10  # of a body
LONGEST_PLACE = 100  # characters of a field's name, which may be the sender's own
LONGEST_DETAIL = 500  # characters of a sentence, which may quote what was sent


class Fault(BaseModel):
    """What is wrong at one place of a request."""

    place: str
    detail: str


class Problem(BaseModel):
    """RFC 9457: what went wrong, and what to do about it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[Fault] | None = None


class ProblemError(Exception):
    """A request cannot be answered; becomes a problem with this status and sentence."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})


def answer(
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: list[Fault] | None = None,
) -> JSONResponse:
    """The answer that says a problem."""
    said = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=_shortened(detail), errors=errors
    )
    return JSONResponse(
        said.model_dump(mode="json", exclude_none=True),
        status,
        headers=dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def _shortened(detail: str) -> str:
    return detail if len(detail) <= LONGEST_DETAIL else f"{detail[: LONGEST_DETAIL - 1]}…"


def _kind_of(fault: OperationalError) -> str:
    """What the database calls it, such as SQLITE_BUSY or 57014; its words may name a host."""
    names = (getattr(fault.orig, name, None) for name in ("sqlite_errorname", "sqlstate"))
    return next((str(name) for name in names if name), type(fault.orig).__name__)


def of_unforeseen(fault: Exception, method: str, path: str) -> JSONResponse:
    """The answer to a fault that nobody foresaw; the log says where it is, and no values."""
    is_too_large = isinstance(fault, StatementError) and isinstance(fault.orig, OverflowError)
    if isinstance(fault, DataError) or is_too_large or isinstance(fault, OverflowError):
        return answer(422, "A value is too large, or of a kind that cannot be kept.")
    if isinstance(fault, OperationalError):
        logger.error("%s %s: the database does not answer (%s)", method, path, _kind_of(fault))
        return answer(503, "The database does not answer. Try again.", headers={"Retry-After": "5"})
    frames = traceback.extract_tb(fault.__traceback__)[-3:]
    places = " < ".join(f"{f.filename}:{f.lineno} {f.name}" for f in reversed(frames))
    logger.error("%s %s failed: %s at %s", method, path, type(fault).__name__, places)
    return answer(500, "Something went wrong here. The log of the pages says where.")


def install(app: FastAPI) -> None:
    """Let the application answer with problems."""
    app.add_exception_handler(ProblemError, _of_problem)
    app.add_exception_handler(NotAllowedError, _of_refusal)
    app.add_exception_handler(PlainError, _of_plain)
    app.add_exception_handler(WhereError, _of_plain)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_any)


def _of_problem(_request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, ProblemError)
    return answer(fault.status, fault.detail, headers=fault.headers)


def _of_refusal(_request: Request, fault: Exception) -> JSONResponse:
    return answer(403, str(fault))


def _of_plain(request: Request, fault: Exception) -> JSONResponse:
    # Of a thing that is there and in another state than the deed needs; else the wish is at fault.
    is_conflict = bool(request.path_params) and request.method != "GET"
    return answer(409 if is_conflict else 422, str(fault))


def _of_validation(_request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, RequestValidationError)
    faults = [
        Fault(
            place=".".join(str(part) for part in one["loc"])[:LONGEST_PLACE],
            detail=_shortened(str(one["msg"]).removeprefix("Value error, ")),
        )
        for one in fault.errors()[:SHOWN_FAULTS]
    ]
    first = faults[0] if faults else Fault(place="body", detail="It cannot be read.")
    return answer(422, f"{first.place}: {first.detail}", errors=faults)


def _of_http(request: Request, fault: Exception) -> JSONResponse:
    assert isinstance(fault, HTTPException)
    words = {
        400: "The body cannot be read as JSON.",
        404: "There is nothing at this address.",
        405: "This address does not take that method.",
    }
    headers = {"Allow": _methods(request)} if fault.status_code == 405 else fault.headers
    return answer(
        fault.status_code, words.get(fault.status_code, str(fault.detail)), headers=headers
    )


def _methods(request: Request) -> str:
    """What this address takes, by all that answer there: the router knows the first one's alone."""
    found: set[str] = set()
    for route in request.app.state.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods
    return ", ".join(sorted(found))


def _of_any(request: Request, fault: Exception) -> JSONResponse:
    return of_unforeseen(fault, request.method, request.url.path)


def documented(*more: int) -> dict[int | str, dict[str, Any]]:
    """The problems that an address may answer with, as OpenAPI has them."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in sorted({400, 401, 403, 404, 408, 413, 422, 429, 500, 503, *more})
    }
