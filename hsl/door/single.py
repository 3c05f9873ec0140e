"""The door's way through single sign-on: to the provider, and back with its word."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hsl.accounts import single_sign_on
from hsl.accounts.single_sign_on import Begun
from hsl.settings import Settings
from hsl.web_guard import base_of, is_secure

BACK = "/single-sign-on/back"
COOKIE = "hsl_single"  # what must come back, while somebody is at the provider's
LASTS = 600  # seconds

Run = Callable[[Callable[[], Any]], Awaitable[Any]]


def redirect_uri(request: Request, settings: Settings) -> str:
    """Where the provider sends people back to; it must be registered there."""
    own = f"{request.url.scheme}://{request.headers.get('host', '')}{base_of(request.scope)}"
    return f"{settings.public_url.rstrip('/') or own}{BACK}"


async def leave(request: Request, settings: Settings, wanted: str, run: Run) -> Response:
    """Send a browser to the provider. Raises AccountError where that does not answer."""
    begun: Begun = await run(
        lambda: single_sign_on.begin(settings, redirect_uri(request, settings))
    )
    answer = RedirectResponse(begun.address, 303, {"cache-control": "no-store"})
    kept = json.dumps([begun.state, begun.nonce, begun.verifier, wanted])
    secure = is_secure(request.scope)
    answer.set_cookie(
        _cookie(secure),
        kept.encode().hex(),
        max_age=LASTS,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",  # it comes back from the provider's page
    )
    return answer


def kept_by(request: Request) -> tuple[Begun, str]:
    """What the browser kept, which nothing fits where it kept none; and where it wanted to go."""
    kept = request.cookies.get(_cookie(is_secure(request.scope)), "")
    try:
        state, nonce, verifier, wanted = (str(one) for one in json.loads(bytes.fromhex(kept)))
    except ValueError:
        return Begun("", "", "", ""), "/"
    return Begun("", state, nonce, verifier), wanted


def forget(request: Request, answer: Response) -> None:
    """Take away what was kept: it is good for one way back."""
    answer.delete_cookie(_cookie(is_secure(request.scope)), path="/")


def _cookie(secure: bool) -> str:
    return f"__Host-{COOKIE}" if secure else COOKIE
