"""The sandbox as an ASGI application: the Bot API as the bot library uses it, a log and a phone."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from hsl.addresses import is_loopback, is_own_origin, names_this_machine
from hsl.message import html
from hsl.sandbox import checks, phone, talk
from hsl.sandbox.files import Files, Kept, Uploaded
from hsl.sandbox.limits import Limiter
from hsl.sandbox.options import SandboxOptions, changed_options, fate


class HangUp(Response):
    """Closes the connection without an answer, as a broken network does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A promised length that is not kept makes the server close the connection half-way.
        headers = [(b"content-length", b"1000"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


class OwnPages:
    """Refuses what a page of another site asks by a browser of this machine, but for the phone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what no other site's page asked."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers({})
        origin = headers.get("origin")
        is_foreign = (
            headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}
            if origin is None
            else not is_own_origin(origin, headers.get("host", ""))
        )
        is_shown = scope.get("method") == "GET" and scope.get("path") == "/"
        if is_foreign and not is_shown:
            await talk.error(403, "Forbidden: asked by a page of another site")(
                scope, receive, send
            )
            return
        await self._app(scope, receive, send)


class OwnName:
    """Refuses what is asked by another name than this machine's own, whose site could read it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what was asked by a name of this machine."""
        host = Headers(scope=scope).get("host", "") if scope["type"] == "http" else "localhost"
        if not names_this_machine(host):
            refused = (
                f"Misdirected Request: this sandbox is for its own machine and has no name "
                f"“{host[:60]}”. Ask for 127.0.0.1 or localhost."
            )
            await talk.error(421, refused)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class Sandbox:
    """The state of one sandbox: what was accepted, refused, and pressed."""

    def __init__(self, options: SandboxOptions, log_file: Path | None = None) -> None:
        self.options = options
        self.limiter = Limiter(options)
        self.files = Files()
        self.accepted: list[dict[str, Any]] = []
        self.presses: list[dict[str, Any]] = []
        self.counters: Counter[str] = Counter()
        self._next_id: Counter[int] = Counter()
        self._file: TextIO | None = log_file.open("a", encoding="utf-8") if log_file else None

    async def bot_api(self, request: Request) -> Response:
        """One call `/bot<token>/<method>`."""
        options = self.options
        token, method = request.path_params["token"], request.path_params["method"].lower()
        try:
            arguments, uploads = await talk.arguments_of(request)
        except checks.RefusedError as refused:
            return talk.error(refused.code, refused.description)
        if options.latency:
            await asyncio.sleep(options.latency)
        bot_id = talk.number_of(token.partition(":")[0])
        if options.revoked or bot_id is None or bot_id < 0:
            return talk.error(401, "Unauthorized")
        if method in SENDING and self._take("fail_next"):
            return Response("<h1>502 Bad Gateway</h1>", 502, media_type="text/html")
        if method in SENDING and self._take("drop_before_next"):
            return HangUp()
        try:
            result = self._call(method, arguments, uploads, bot_id)
        except checks.RefusedError as refused:
            self.counters[f"refused_{refused.code}"] += 1
            return talk.error(refused.code, refused.description)
        except _TooManyError as refused:
            self.counters["refused_429"] += 1
            return talk.too_many(refused.seconds)
        if method in SENDING and self._take("drop_after_next"):
            return HangUp()
        if method in SENDING and self._take("garble_next"):
            return Response("ok")
        return JSONResponse({"ok": True, "result": result})

    def _take(self, fault: str) -> bool:
        left = getattr(self.options, fault)
        if left:
            setattr(self.options, fault, left - 1)
        return bool(left)

    def _call(
        self, method: str, arguments: dict[str, str], uploads: dict[str, Uploaded], bot_id: int
    ) -> Any:
        if method == "getme":
            return talk.bot(bot_id)
        if method in SENDING:
            return self._send(method, arguments, uploads, bot_id)
        if method == "getfile":
            return self.files.told(arguments.get("file_id", ""))
        if method == "getchat":
            return self._chat(talk.chat_id_of(arguments))
        if method == "deletemessage":
            self._find(arguments, "message to delete not found")["deleted"] = True
            return True
        if method in {"editmessagetext", "editmessagecaption"}:
            return self._edit(method, arguments, bot_id)
        raise checks.RefusedError(404, "Not Found: method not found")

    def _chat(self, chat_id: int) -> dict[str, Any]:
        if chat_id in self.options.descriptions:
            raise checks.RefusedError(400, self.options.descriptions[chat_id])
        if chat_id > 0:
            return {"id": chat_id, "type": "private", "first_name": str(chat_id)}
        return {"id": chat_id, "type": "channel", "title": "Files of the sandbox"}

    def _send(
        self, method: str, arguments: dict[str, str], uploads: dict[str, Uploaded], bot_id: int
    ) -> dict[str, Any]:
        options, chat_id = self.options, talk.chat_id_of(arguments)
        if options.refuse_for:
            seconds, options.refuse_for = options.refuse_for, 0.0
            raise _TooManyError(seconds)
        name, limit, media = SENDING[method]
        parsed = checks.text_of(arguments, name, limit)
        if media and not arguments.get(media) and media not in uploads:
            raise checks.RefusedError(400, f"Bad Request: there is no {media} in the request")
        if media and media not in uploads and not 3 <= len(arguments[media]) <= 2000:
            raise checks.RefusedError(400, "Bad Request: wrong file identifier/HTTP URL specified")
        buttons = checks.buttons_of(arguments)
        paid = arguments.get("allow_paid_broadcast") == "true"
        if paid and options.no_stars:
            raise checks.RefusedError(400, "Bad Request: not enough Stars to send the message")
        wait = self.limiter.wait(bot_id, chat_id, paid=paid, now=time.monotonic())
        if wait:
            raise _TooManyError(wait)
        if chat_id in options.descriptions:
            raise checks.RefusedError(400, options.descriptions[chat_id])
        unreachable = fate(chat_id, options) if chat_id > 0 else None
        if unreachable is not None:
            raise checks.RefusedError(403, unreachable)
        file: Kept | None = None
        if media and media in uploads:
            file = self.files.receive(media, uploads[media])
        elif media:
            file = self.files.named(media, arguments[media])
        file_id = arguments.get(media or "") if file is None else file.file_id
        entry = self._accept(method, chat_id, bot_id, parsed, file_id, buttons)
        if media and media in uploads:
            entry["uploaded"] = uploads[media].name
        self._write(entry)
        return talk.message(entry, file)

    def _accept(
        self,
        method: str,
        chat_id: int,
        bot_id: int,
        parsed: html.Parsed,
        file_id: str | None,
        buttons: list[list[dict[str, Any]]],
    ) -> dict[str, Any]:
        self._next_id[chat_id] += 1
        entry = {
            "bot": bot_id,
            "chat_id": chat_id,
            "message_id": self._next_id[chat_id],
            "method": method,
            "text": parsed.text,
            "entities": [asdict(entity) for entity in parsed.entities],
            "file_id": file_id,
            "buttons": buttons,
            "at": time.time(),
        }
        self.accepted.append(entry)
        self.counters["accepted"] += 1
        return entry

    def _write(self, entry: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            self._file.flush()

    def _edit(self, method: str, arguments: dict[str, str], bot_id: int) -> dict[str, Any]:
        entry = self._find(arguments, "message to edit not found")
        name, limit = ("text", 4096) if method == "editmessagetext" else ("caption", 1024)
        parsed, buttons = checks.text_of(arguments, name, limit), checks.buttons_of(arguments)
        if parsed.text == entry["text"] and buttons == entry["buttons"]:
            raise checks.RefusedError(400, "Bad Request: message is not modified")
        entry["text"], entry["buttons"] = parsed.text, buttons
        entry["entities"] = [asdict(entity) for entity in parsed.entities]
        return talk.message(entry)

    def _find(self, arguments: dict[str, str], description: str) -> dict[str, Any]:
        chat_id = talk.chat_id_of(arguments)
        message_id = talk.number_of(arguments.get("message_id", ""))
        for entry in reversed(self.accepted):
            if (entry["chat_id"], entry["message_id"]) == (chat_id, message_id):
                if not entry.get("deleted"):
                    return entry
                break
        raise checks.RefusedError(400, f"Bad Request: {description}")

    async def log(self, request: Request) -> Response:
        """What was accepted, oldest first; `since` skips so many entries."""
        since = talk.number_of(request.query_params.get("since", "0"))
        if since is None:
            return JSONResponse({"error": "since is how many entries to leave out"}, 400)
        return JSONResponse(self.accepted[since:])

    async def stats(self, _request: Request) -> Response:
        """Counters of what was accepted and refused."""
        return JSONResponse({"accepted": 0, "refused_429": 0, **self.counters})

    async def faults(self, request: Request) -> Response:
        """Change options at run time, from a JSON object of their names."""
        try:
            wanted = await request.json()
            changed = changed_options(self.options, wanted)
        except (ValueError, RecursionError) as refused:
            return JSONResponse({"error": str(refused)[:500]}, 400)
        for name in wanted:
            setattr(self.options, name, getattr(changed, name))
        return JSONResponse({"ok": True})

    async def show_phone(self, request: Request) -> Response:
        """The phone page: a person's chat as they would see it."""
        chat_id = talk.number_of(request.query_params.get("chat", ""))
        chats = list(dict.fromkeys(entry["chat_id"] for entry in reversed(self.accepted[-200:])))
        shown = [e for e in self.accepted if e["chat_id"] == chat_id and not e.get("deleted")]
        page = phone.page(chat_id, chats[:20], shown, self.presses[-1:], self.files.photo)
        return HTMLResponse(page)

    async def download(self, request: Request) -> Response:
        """A file by the path that getFile told."""
        content = self.files.content(request.path_params["path"])
        if content is None:
            return talk.error(404, "Not Found")
        return Response(content, media_type="application/octet-stream")

    async def press(self, request: Request) -> Response:
        """A pressed button: its callback_data is kept and shown."""
        form = await request.form()
        chat = str(form.get("chat", ""))
        self.presses.append({"chat_id": chat, "callback_data": str(form.get("data", ""))})
        where = "/" if talk.number_of(chat) is None else f"/?chat={chat}"
        return Response(status_code=303, headers={"Location": where})


# method → (name of its text, the text's limit in code points, name of its file)
SENDING: dict[str, tuple[str, int, str | None]] = {
    "sendmessage": ("text", 4096, None),
    "sendvideo": ("caption", 1024, "video"),
    "senddocument": ("caption", 1024, "document"),
    "sendphoto": ("caption", 1024, "photo"),
}


class _TooManyError(Exception):
    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def build(
    options: SandboxOptions, log_file: Path | None = None, *, host: str = "127.0.0.1"
) -> Starlette:
    """The application of a fresh sandbox; `app.state.sandbox` holds its state.

    `host` is where it is served: on loopback it is asked by this machine's own names alone.
    """
    sandbox = Sandbox(options, log_file)
    html.parse("")  # the parser's start must not make the first messages arrive in a heap
    routes: list[tuple[str, Callable[[Request], Awaitable[Response]], list[str]]] = [
        ("/bot{token}/{method}", sandbox.bot_api, ["GET", "POST"]),
        ("/file/bot{token}/{path:path}", sandbox.download, ["GET"]),
        ("/sandbox/log", sandbox.log, ["GET"]),
        ("/sandbox/stats", sandbox.stats, ["GET"]),
        ("/sandbox/faults", sandbox.faults, ["POST"]),
        ("/sandbox/press", sandbox.press, ["POST"]),
        ("/", sandbox.show_phone, ["GET"]),
    ]
    app = Starlette(
        routes=[Route(path, call, methods=methods) for path, call, methods in routes],
        middleware=[
            *([Middleware(OwnName)] if is_loopback(host) else []),
            Middleware(OwnPages),
        ],
    )
    app.state.sandbox = sandbox
    return app
