"""What the door's pages do. Every POST was found to come from our own pages by the guard."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote

from anyio import CapacityLimiter, to_thread
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from hsl import words
from hsl.accounts import AccountError, links, sessions, signing_in, single_sign_on, tokens
from hsl.accounts.keeper import Keeper
from hsl.accounts.signing_in import Browser, SignedIn
from hsl.accounts.single_sign_on import Begun
from hsl.accounts.tables import accounts
from hsl.door import single
from hsl.door.page import Field, Page, html
from hsl.web_guard import COOKIE, SECURE_COOKIE, base_of, is_secure, token_in
from hsl.words import _

LONGEST = 16_384  # bytes of a form
PATIENCE = 10.0  # seconds for a form to arrive
AT_ONCE = 2  # passwords that are looked at, as each takes a core and 64 MB
NO_STORE = {"cache-control": "no-store"}
PATHS = re.compile(
    r"/(sign-in|second-factor|sign-out|signed-in|set-up/[\w-]{1,100}|single-sign-on(/back)?)"
)

Handler = Callable[[Request, dict[str, str]], Awaitable[Response]]


def is_door(path: str) -> bool:
    """Whether a path is one of the door's."""
    return PATHS.fullmatch(path) is not None


def own_path(wanted: str) -> str:
    """Where somebody wanted to go, where that is within the pages; else their beginning."""
    is_own = re.fullmatch(r"/(?![/\\])[^\\\x00-\x20\x7f]*", wanted) and not is_door(wanted)
    return wanted if is_own and len(wanted) < 2000 else "/"


class Door:
    """The door's pages for one process."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._engine, self._settings = keeper.engine, keeper.settings
        self._limit = CapacityLimiter(AT_ONCE)

    def application(self) -> Starlette:
        """The pages as an application of their own."""
        both = ["GET", "POST"]
        return Starlette(
            routes=[
                Route("/sign-in", self._answering(self._sign_in), methods=both),
                Route("/second-factor", self._answering(self._second_factor), methods=both),
                Route("/set-up/{token}", self._answering(self._set_up), methods=both),
                Route("/sign-out", self._answering(self._sign_out), methods=both),
                Route("/single-sign-on", self._answering(self._single), methods=["GET"]),
                Route(single.BACK, self._answering(self._single_back), methods=["GET"]),
                Route("/signed-in", self._signed_in, methods=["GET"]),
            ]
        )

    def _answering(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A handler that speaks the reader's language and gets the form's fields."""

        async def answer(request: Request) -> Response:
            with words.spoken_as(_locale(request)):
                try:
                    fields = await _fields(request) if request.method == "POST" else {}
                except (ValueError, TimeoutError):
                    return _shown(Page(_("That was no form"), _("Go back and try again.")), 400)
                return await handler(request, fields)

        return answer

    async def _run(self, deed: Callable[[], Any]) -> Any:
        return await to_thread.run_sync(deed, limiter=self._limit)

    async def _sign_in(self, request: Request, fields: dict[str, str]) -> Response:
        wanted = own_path(fields.get("next") or request.query_params.get("next", "/"))
        base = base_of(request.scope)
        if request.method == "GET":
            if await self._run(lambda: self._session(request)) is not None:
                return _to(request, wanted)
            return _shown(await self._run(lambda: self._sign_in_page(base, wanted)))
        name, password = fields.get("name", ""), fields.get("password", "")
        try:
            entered: SignedIn = await self._run(
                lambda: signing_in.with_password(
                    self._engine, self._settings, name, password, _browser(request)
                )
            )
        except AccountError as refused:
            fault = str(refused)
            page = await self._run(lambda: self._sign_in_page(base, wanted, name, fault))
            return _shown(page, 403)
        return self._entered(request, entered, wanted)

    def _sign_in_page(self, base: str, wanted: str, name: str = "", fault: str = "") -> Page:
        says = ""
        if links.waits_for_first(self._engine):
            says = _("There is no account yet. Open the link that was printed at the start.")
        provider = None
        if single_sign_on.is_set_up(self._settings):
            address = f"{base}/single-sign-on?next={quote(wanted, safe='')}"
            provider = (address, _("Sign in with single sign-on"))
        return Page(
            _("Sign in"),
            says,
            fault,
            (
                Field("name", _("Name"), autocomplete="username", value=name),
                Field("password", _("Password"), "password", "current-password"),
            ),
            (("sign-in", _("Sign in")),),
            (("next", wanted),),
            provider,
        )

    async def _single(self, request: Request, _fields: dict[str, str]) -> Response:
        wanted = own_path(request.query_params.get("next", "/"))
        if not single_sign_on.is_set_up(self._settings):
            return _to(request, "/sign-in")
        try:
            return await single.leave(request, self._settings, wanted, self._run)
        except AccountError as refused:
            return await self._not_in(request, wanted, str(refused))

    async def _single_back(self, request: Request, _fields: dict[str, str]) -> Response:
        begun, wanted = single.kept_by(request)
        if not single_sign_on.is_set_up(self._settings):
            return _to(request, "/sign-in")
        try:
            entered = await self._run(lambda: self._named_by_provider(request, begun))
            answer = self._entered(request, entered, own_path(wanted))
        except AccountError as refused:
            answer = await self._not_in(request, own_path(wanted), str(refused))
        single.forget(request, answer)
        return answer

    def _named_by_provider(self, request: Request, begun: Begun) -> SignedIn:
        place = single.redirect_uri(request, self._settings)
        return single_sign_on.come_back(
            self._engine, self._settings, place, begun, request.query_params, _browser(request)
        )

    async def _not_in(self, request: Request, wanted: str, fault: str) -> Response:
        base = base_of(request.scope)
        page = await self._run(lambda: self._sign_in_page(base, wanted, fault=fault))
        return _shown(page, 403)

    async def _second_factor(self, request: Request, fields: dict[str, str]) -> Response:
        wanted = own_path(fields.get("next") or request.query_params.get("next", "/"))
        fault, token = "", token_in(request.scope)
        if token is None:
            return _to(request, "/sign-in")
        if request.method == "POST":
            try:
                entered: SignedIn = await self._run(
                    lambda: signing_in.with_code(
                        self._engine,
                        self._settings,
                        tokens.hashed(token),
                        fields.get("code", ""),
                        _browser(request),
                    )
                )
                return self._entered(request, entered, wanted)
            except AccountError as refused:
                fault = str(refused)
        page = Page(
            _("Second factor"),
            _("Type the code that your phone shows, or one of your recovery codes."),
            fault,
            (Field("code", _("Code"), autocomplete="one-time-code"),),
            (("code", _("Sign in")),),
            (("next", wanted),),
            (f"{base_of(request.scope)}/sign-in", _("Sign in as somebody else")),
        )
        return _shown(page, 403 if fault else 200)

    async def _set_up(self, request: Request, fields: dict[str, str]) -> Response:
        token = str(request.path_params["token"])
        link = await self._run(lambda: links.look(self._engine, token))
        if link is None:
            said = _("This link was used or is too old. Ask an admin for a new one.")
            return _shown(Page(_("Set your password"), said), 404)
        fault, name = "", fields.get("name", "")
        if request.method == "POST":
            try:
                if fields.get("password") != fields.get("again"):
                    raise AccountError(_("The two were not the same. Type the password twice."))
                entered = await self._run(
                    lambda: self._set_password(
                        token, fields.get("password", ""), name, _browser(request)
                    )
                )
                return self._entered(request, entered, "/")
            except AccountError as refused:
                fault = str(refused)
        named = Field("name", _("Name"), autocomplete="username", value=name)
        page = Page(
            _("Set your password") if link.name else _("Set up the first admin"),
            _("You sign in as {name}.", name=link.name) if link.name else "",
            fault,
            (
                *(() if link.name else (named,)),
                Field("password", _("Password"), "password", "new-password"),
                Field("again", _("Password again"), "password", "new-password"),
            ),
            (("set", _("Set the password and sign in")),),
        )
        return _shown(page, 403 if fault else 200)

    def _set_password(self, token: str, password: str, name: str, browser: Browser) -> SignedIn:
        account_id = links.use(self._engine, token, password, name=name)
        with self._engine.begin() as connection:
            account = connection.execute(select(accounts).where(accounts.c.id == account_id)).one()
            return signing_in.enter(connection, self._settings, account, browser)

    async def _sign_out(self, request: Request, fields: dict[str, str]) -> Response:
        if request.method == "GET":
            here, everywhere = _("Sign out"), _("Sign out everywhere")
            page = Page(
                _("Sign out"), buttons=(("here", here), ("everywhere", everywhere)),
                link=(f"{base_of(request.scope)}/", _("Stay signed in")),
            )  # fmt: skip
            return _shown(page)
        everywhere_too = fields.get("deed") == "everywhere"
        await self._run(lambda: self._end(request, everywhere=everywhere_too))
        answer = _to(request, "/sign-in")
        _set_cookie(request, answer, "", 0)
        # Nothing of what was looked at stays behind in this browser.
        answer.headers["clear-site-data"] = '"cache"'
        return answer

    def _end(self, request: Request, *, everywhere: bool) -> None:
        found = self._session(request)
        if found is None:
            return
        sessions.sign_out(self._engine, found.token_hash, everywhere=everywhere)
        self._keeper.forget()

    async def _signed_in(self, request: Request) -> Response:
        """Whether the page that asks may stay: it goes to the sign-in page by itself else."""
        may = not await self._run(self._keeper.asks) or await self._run(
            lambda: self._session(request)
        )
        return Response(status_code=204 if may else 401, headers=NO_STORE)

    def _session(self, request: Request) -> sessions.Session | None:
        token = token_in(request.scope)
        return None if token is None else self._keeper.session(tokens.hashed(token))

    def _entered(self, request: Request, entered: SignedIn, wanted: str) -> Response:
        """Go on with the new session's cookie; the one before it, if any, is another's."""
        self._keeper.forget()
        if entered.waits_for_code:
            answer = _to(request, f"/second-factor?next={quote(wanted, safe='')}")
        else:
            answer = _to(request, wanted)
        _set_cookie(request, answer, entered.token, int(self._settings.session_longest))
        return answer


def _to(request: Request, path: str) -> Response:
    return RedirectResponse(f"{base_of(request.scope)}{path}", 303, NO_STORE)


def _shown(page: Page, status: int = 200) -> Response:
    return HTMLResponse(html(page), status, NO_STORE)


def _set_cookie(request: Request, answer: Response, token: str, lasts: int) -> None:
    secure = is_secure(request.scope)
    answer.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        token,
        max_age=lasts,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def _browser(request: Request) -> Browser:
    address = request.client.host if request.client else None
    return Browser(address, request.headers.get("user-agent"))


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form. Raises ValueError for anything else, TimeoutError for a slow one."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise ValueError("no form")
    body = b""
    async with asyncio.timeout(PATIENCE):
        async for part in request.stream():
            body += part
            if len(body) > LONGEST:
                raise ValueError("too long")
    read = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=10)
    return {name: values[0] for name, values in read.items()}


def _locale(request: Request) -> str:
    """The language that was chosen on the pages, else the first of the browser's that we write."""
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(request.headers.get("cookie", ""))
    except CookieError:
        cookies = SimpleCookie()
    chosen = cookies.get("hsl_locale")
    if chosen is not None and chosen.value in words.LANGUAGES:
        return chosen.value
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.partition(";")[0].strip()
        if tag.partition("-")[0].lower() in words.LANGUAGES:
            return tag
    return words.DEFAULT
