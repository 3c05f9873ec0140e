"""Nothing is answered to who is not signed in: the ASGI layer before pages, files and websockets.

With an account, or at an address that others reach, every request needs a session, but those of
the sign-in pages and health checks. Without both the pages run open, to this machine alone. What
comes from another site is refused, whoever sends it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hsl import addresses
from hsl.accounts import tokens
from hsl.accounts.keeper import Keeper
from hsl.web_files import Given

log = logging.getLogger("hsl.web")

COOKIE = "hsl_session"
SECURE_COOKIE = f"__Host-{COOKIE}"  # which browsers take by TLS alone, and for no other host
SESSION_HEADER = "hsl-session"  # what the guard tells those behind it: the session's hash …
ADDRESS_HEADER = "hsl-address"  # … and from where it is asked
HEALTH = frozenset({"/healthz", "/readyz", "/metrics"})  # which ask for themselves
WITH_KEYS = "/api/"  # what is asked there with a key is the API's to refuse
PUBLIC_FILES = ("/static/", "/app/static/")  # the program's own, which hold nothing of anybody's
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOOKED_EVERY = 2.0  # seconds between two looks whether open websockets may stay open
SIGNED_OUT = 4401  # a websocket's closing code, after HTTP's 401
NO_MESSAGE = 1002  # RFC 6455: against the protocol
NO_BYTES = 1003  # RFC 6455: of a kind that is not taken; pages send no texts
SIGN_IN = "/sign-in"


@dataclass(eq=False)
class _Socket:
    """An open websocket: of a session, or of nobody while the pages run open."""

    token_hash: str | None
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Gate:
    """What the guard knows and what it let in; one a process."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self._sockets: set[_Socket] = set()

    @contextlib.contextmanager
    def opened(self, socket: _Socket) -> Iterator[None]:
        """Watch a websocket while it is open."""
        self._sockets.add(socket)
        try:
            yield
        finally:
            self._sockets.discard(socket)

    async def watch(self) -> None:
        """Close, for ever and again, the websockets whose session ended."""
        while True:
            await asyncio.sleep(LOOKED_EVERY)
            try:
                await self.close_ended()
            except SQLAlchemyError as fault:
                log.warning("The database does not answer (%s)", type(fault).__name__)

    async def close_ended(self) -> None:
        """Close the websockets whose session ended, and nobody's once the pages ask."""
        # One that opens while the database is asked is not among those that were asked for.
        looked_at = list(self._sockets)
        hashes = {one.token_hash for one in looked_at if one.token_hash is not None}
        held = await run_in_threadpool(self.keeper.among, hashes) if hashes else {}
        asks = await run_in_threadpool(self.keeper.asks)
        for one in looked_at:
            if asks if one.token_hash is None else one.token_hash not in held:
                one.ended.set()


def base_of(scope: Scope) -> str:
    """The path under which a proxy shows the pages, without a slash at its end."""
    return str(scope.get("root_path", "")).rstrip("/")


def path_of(scope: Scope) -> str:
    """The path within the pages."""
    path, base = str(scope["path"]), base_of(scope)
    return path[len(base) :] or "/" if base and f"{path}/".startswith(f"{base}/") else path


def is_secure(scope: Scope) -> bool:
    """Whether it is asked by TLS, as a trusted proxy says."""
    return scope["scheme"] in {"https", "wss"}


def token_in(scope: Scope) -> str | None:
    """The session's token in the cookies; by TLS only the one that no other host can set."""
    cookies: SimpleCookie = SimpleCookie()
    for header in Headers(scope=scope).getlist("cookie"):
        with contextlib.suppress(CookieError):
            cookies.load(header)
    found = cookies.get(SECURE_COOKIE if is_secure(scope) else COOKIE)
    return found.value if found is not None and found.value else None


def is_own_origin(scope: Scope) -> bool:
    """Whether the page that asks is one of ours; False where the browser does not say."""
    headers = Headers(scope=scope)
    return addresses.is_own_origin(headers.get("origin", ""), headers.get("host", ""))


class Guard:
    """Lets those in who are signed in, and everybody to the door.

    `door` answers the paths that `is_door` knows; `is_deed` tells whether what came by a websocket
    was done by a person, and not by a page that draws itself anew; it raises ValueError for what no
    page sends. `given` knows which files a session was given. `base` is the path that a proxy
    passes on with the rest, which those behind the guard know by themselves.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        gate: Gate,
        given: Given,
        door: ASGIApp,
        is_door: Callable[[str], bool],
        is_deed: Callable[[bytes], bool],
        base: str = "",
    ) -> None:
        self._behind, self._gate, self._keeper, self._base = app, gate, gate.keeper, base
        self._given = given
        self._door, self._is_door, self._is_deed = door, is_door, is_deed
        self._noting: set[asyncio.Task[None]] = set()
        self._one_notes = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if self._base and f"{scope.get('path', '')}/".startswith(f"{self._base}/"):
            scope = {**scope, "root_path": self._base}
        if "headers" in scope:
            scope = {**scope, "headers": _without_odd_cookies(scope["headers"])}
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, headers = path_of(scope), Headers(scope=scope)
        if path in HEALTH:
            await self._app(scope, receive, send)
            return
        by_key = path.startswith(WITH_KEYS) and "authorization" in headers
        if by_key and token_in(scope) is None:
            await self._app(_told(scope, None), receive, send)
            return
        if scope["method"] not in SAFE and not is_own_origin(scope):
            refused = "This was asked by another site, or the proxy does not pass the Host on."
            await _problem(403, refused)(scope, receive, send)
            return
        if self._is_door(path):
            await self._door(scope, receive, send)
            return
        try:
            may, token_hash = await self._visitor(scope)
        except SQLAlchemyError as fault:
            log.error("The database does not answer (%s)", type(fault).__name__)
            await _problem(503, "The database does not answer.")(scope, receive, send)
            return
        if not may:
            await self._refusal(scope, path, headers)(scope, receive, send)
            return
        if token_hash is not None and not self._given.may_have(path, token_hash):
            gone = "No page gave you this file, or it is gone. Open the page that has it anew."
            await _problem(404, gone)(scope, receive, send)
            return
        is_visit = scope["method"] not in SAFE or "text/html" in headers.get("accept", "")
        if token_hash is not None and is_visit:
            self._note_use(token_hash)
        kept = send if path.startswith(PUBLIC_FILES) else _not_kept(send)
        await self._app(_told(scope, token_hash), receive, kept if token_hash else send)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._base and "root_path" in scope:
            scope = {**scope, "root_path": ""}
        await self._behind(scope, receive, send)

    async def _visitor(self, scope: Scope) -> tuple[bool, str | None]:
        """Whether they may come in, and the hash of their session."""
        if not await run_in_threadpool(self._keeper.asks):
            return _is_this_machine(scope), None
        token = token_in(scope)
        if token is None:
            return False, None
        token_hash = tokens.hashed(token)
        found = await run_in_threadpool(self._keeper.session, token_hash)
        return found is not None, token_hash

    def _refusal(self, scope: Scope, path: str, headers: Headers) -> Response:
        if not self._keeper.asks():
            return PlainTextResponse(
                "Without an account these pages are for this machine alone. Add one: "
                "python -m hsl user add NAME --role admin",
                403,
            )
        if scope["method"] in {"GET", "HEAD"} and "text/html" in headers.get("accept", ""):
            query = scope["query_string"].decode("latin-1")
            wanted = quote(path + (f"?{query}" if query else ""), safe="")
            back = "" if wanted == "%2F" else f"?next={wanted}"
            return RedirectResponse(
                f"{base_of(scope)}{SIGN_IN}{back}", 303, {"cache-control": "no-store"}
            )
        return _problem(401, "Sign in first.")

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            may, token_hash = await self._visitor(scope)
        except SQLAlchemyError:
            may, token_hash = False, None
        if not may or not is_own_origin(scope):
            # Before it is accepted, this is an answer 403.
            await receive()
            await send({"type": "websocket.close", "code": SIGNED_OUT})
            return
        socket = _Socket(token_hash)
        ends = asyncio.ensure_future(socket.ended.wait())

        async def receive_until_ended() -> Message:
            code = SIGNED_OUT
            comes = asyncio.ensure_future(receive())
            try:
                await asyncio.wait({comes, ends}, return_when=asyncio.FIRST_COMPLETED)
                if not ends.done():
                    message = comes.result()
                    if message["type"] != "websocket.receive":
                        return message
                    sent = message.get("bytes")
                    if sent is not None and self._takes(scope, token_hash, sent):
                        return message
                    code = NO_BYTES if sent is None else NO_MESSAGE
            finally:
                comes.cancel()
            with contextlib.suppress(RuntimeError):
                await send({"type": "websocket.close", "code": code})
            return {"type": "websocket.disconnect", "code": code}

        async def send_until_ended(message: Message) -> None:
            if not ends.done():
                await send(message)

        try:
            with self._gate.opened(socket):
                await self._app(_told(scope, token_hash), receive_until_ended, send_until_ended)
        finally:
            ends.cancel()

    def _takes(self, scope: Scope, token_hash: str | None, sent: bytes) -> bool:
        """Whether a page may have sent this by its websocket; where a person did, it is noted."""
        try:
            is_deed = self._is_deed(sent)
        except ValueError:
            sender = scope["client"][0] if scope.get("client") else "an unknown address"
            log.warning(
                "A websocket from %s sent %d bytes that no page sends; it was closed",
                sender,
                len(sent),
            )
            return False
        if is_deed and token_hash is not None:
            self._note_use(token_hash)
        return True

    def _note_use(self, token_hash: str) -> None:
        """Note that a session is in use, beside what is asked: no page waits for who writes."""
        if self._keeper.is_use_due(token_hash):
            noting = asyncio.create_task(self._note(token_hash))
            self._noting.add(noting)
            noting.add_done_callback(self._noting.discard)

    async def _note(self, token_hash: str) -> None:
        # One at a time: a database that is locked would take all threads, and no page would come.
        async with self._one_notes:
            try:
                await run_in_threadpool(self._keeper.note, token_hash)
            except SQLAlchemyError as fault:
                log.warning("The database does not answer (%s)", type(fault).__name__)


def _without_odd_cookies(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers without cookies that hold a backslash: no browser sets one (RFC 6265).

    To read one that is full of them takes Python minutes (CVE-2024-7592), in the one thread that
    answers everybody, and anybody could send it.
    """
    return [
        (name, b";".join(one for one in value.split(b";") if b"\\" not in one))
        if name == b"cookie"
        else (name, value)
        for name, value in headers
    ]


def _is_this_machine(scope: Scope) -> bool:
    """Whether somebody at this machine asks for it by its own name.

    Another machine's request may come through a proxy here.
    """
    client = scope.get("client")
    return (
        client is not None
        and addresses.is_loopback(str(client[0]))
        and addresses.names_this_machine(Headers(scope=scope).get("host", ""))
    )


def _told(scope: Scope, token_hash: str | None) -> Scope:
    """The request with what the guard found, and without what a browser says in its place."""
    ours = {SESSION_HEADER.encode(), ADDRESS_HEADER.encode()}
    headers = [pair for pair in scope["headers"] if pair[0].lower() not in ours]
    if token_hash is not None:
        headers.append((SESSION_HEADER.encode(), token_hash.encode()))
    if scope.get("client"):
        headers.append((ADDRESS_HEADER.encode(), str(scope["client"][0]).encode()))
    return {**scope, "headers": headers}


def _not_kept(send: Send) -> Send:
    """Answers that no browser keeps: whoever goes back after signing out sees nothing."""

    async def send_to_forget(message: Message) -> None:
        if message["type"] == "http.response.start":
            others = [pair for pair in message["headers"] if pair[0].lower() != b"cache-control"]
            message["headers"] = [*others, (b"cache-control", b"no-store")]
        await send(message)

    return send_to_forget


def _problem(status: int, detail: str) -> JSONResponse:
    titles = {401: "Not signed in", 403: "Refused", 404: "Not found", 503: "Not available"}
    return JSONResponse(
        {"type": "about:blank", "title": titles[status], "status": status, "detail": detail},
        status,
        {"cache-control": "no-store"},
        media_type="application/problem+json",
    )
