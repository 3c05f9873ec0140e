"""Before anything of the API is done: whose key it is, how often it asks, and what it sends.

A request acts as its key (`hsl.acting`), from the address that it comes from.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hsl import audit, keys
from hsl.acting import Actor, Way, acting_as
from hsl.api import bodies, once, problems
from hsl.api.buckets import Buckets, Taken
from hsl.api.problems import ProblemError
from hsl.api.recovering import recovered

OPEN = "/openapi.json"  # it tells nothing of anybody, and who makes a client of it has no key yet
MOST_STRANGERS = 30  # requests a minute from an address without a key that opens anything
LONGEST_KEY = 255  # characters of an Idempotency-Key
PATIENCE = 20.0  # seconds that the second of two equal requests waits for the first
LOOK = 0.1  # seconds between two looks


class Guard:
    """Stands before the application, and answers in its place where a request may not pass."""

    def __init__(self, app: ASGIApp, engine: Engine, *, a_minute: int, bot_id: int) -> None:
        self._app, self._engine, self._bot_id = app, engine, bot_id
        self._of_keys = Buckets(a_minute, 60.0)
        self._of_strangers = Buckets(MOST_STRANGERS, 60.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path == OPEN:
            await self._app(scope, receive, send)
            return
        headers = _Headers(send)
        try:
            key = await self._key_of(scope)
            self._count(key, headers)
            async with bodies.read(scope, receive, path) as body:
                scope.setdefault("state", {})["file"] = body.path
                await self._pass(scope, path, body, key, headers.send)
        except ProblemError as problem:
            answer = problems.answer(problem.status, problem.detail, headers=problem.headers)
            await answer(scope, receive, headers.send)
        except Exception as fault:
            if headers.is_begun:
                return  # the application's own handler answered and told the log
            answer = problems.of_unforeseen(fault, scope["method"], path)
            await answer(scope, receive, headers.send)

    async def _key_of(self, scope: Scope) -> keys.Key:
        """The key of a request. Raises ProblemError where it has none that opens anything."""
        scheme, _, secret = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            found = await run_in_threadpool(keys.of_secret, self._engine, secret.strip())
            if found is not None:
                return found
        taken = self._of_strangers.take(_address(scope))
        if not taken.is_allowed:
            raise _too_often(taken)
        raise ProblemError(
            401,
            "Send a valid key: Authorization: Bearer hsl_… An admin makes one on Settings, or with "
            "`python -m hsl key add`.",
            {"WWW-Authenticate": 'Bearer realm="hsl"'},
        )

    def _count(self, key: keys.Key, headers: "_Headers") -> None:
        taken, most = self._of_keys.take(key.id), self._of_keys.capacity
        headers.more["RateLimit-Policy"] = f'"key";q={most};w=60'
        headers.more["RateLimit"] = f'"key";r={taken.left};t={_whole(taken.wait)}'
        if not taken.is_allowed:
            raise _too_often(taken)

    async def _pass(
        self, scope: Scope, path: str, body: bodies.Body, key: keys.Key, send: Send
    ) -> None:
        actor = Actor(key.name, key.scopes, Way.API, _address(scope))
        given = Headers(scope=scope).getlist("idempotency-key")
        with acting_as(actor):
            if scope["method"] != "POST" or not given:
                await self._app(scope, body.receive(), send)
                return
            words = given[0].strip().strip('"')
            if len(given) > 1 or not 0 < len(words) <= LONGEST_KEY or not words.isascii():
                raise ProblemError(
                    422, f"Idempotency-Key is one text of 1 to {LONGEST_KEY} ASCII characters."
                )
            wanted = once.hash_of(scope["method"], path, scope["query_string"], body.sha256)
            await self._do_once(scope, body, key.id, words, wanted, send)

    async def _do_once(
        self, scope: Scope, body: bodies.Body, key_id: int, words: str, wanted: str, send: Send
    ) -> None:
        found = await self._claimed(key_id, words, wanted)
        if isinstance(found, once.Kept):
            headers = {"Idempotency-Replayed": "true"}
            kept = Response(found.body, found.status, headers, found.content_type)
            await kept(scope, body.receive(), send)
            return
        if isinstance(found, once.Undone):
            again = await run_in_threadpool(recovered, self._engine, self._bot_id, found.done)
            if again is None:
                raise ProblemError(
                    409, "It was done before, and its answer was lost. The audit says what it did."
                )
            await run_in_threadpool(once.keep, self._engine, found.claim, again)
            answer = Response(again.body, again.status, media_type=again.content_type)
            await answer(scope, body.receive(), send)
            return
        captured = _Captured()
        renewing = asyncio.create_task(self._renew(found))
        try:
            with _witnessed(found):
                await self._app(scope, body.receive(), captured.send)
        except once.LostClaimError:
            raise ProblemError(409, "Another request with this Idempotency-Key does it.") from None
        except Exception:
            if not captured.messages:
                raise
        finally:
            renewing.cancel()
            await self._settle(found, captured.kept)
        for message in captured.messages:
            await send(message)

    async def _settle(self, mine: once.Claim, answer: once.Kept | None) -> None:
        """Keep an answer that says that it was done; else leave the key free."""
        with suppress(SQLAlchemyError):  # a claim is free by itself after a while
            if answer is not None and 200 <= answer.status < 300:
                await run_in_threadpool(once.keep, self._engine, mine, answer)
            else:
                await run_in_threadpool(once.release, self._engine, mine)

    async def _claimed(
        self, key_id: int, words: str, wanted: str
    ) -> once.Claim | once.Kept | once.Undone:
        deadline = time.monotonic() + PATIENCE
        while True:
            found = await run_in_threadpool(once.claim, self._engine, key_id, words, wanted)
            if isinstance(found, once.Differs):
                raise ProblemError(
                    422, "This Idempotency-Key was used for another request. Use a new one."
                )
            if not isinstance(found, once.Busy):
                return found
            if time.monotonic() > deadline:
                raise ProblemError(
                    409, "The first request with this key still works.", {"Retry-After": "5"}
                )
            await asyncio.sleep(LOOK)

    async def _renew(self, mine: once.Claim) -> None:
        while True:
            await asyncio.sleep(once.RENEWED_EVERY)
            with suppress(SQLAlchemyError):
                await run_in_threadpool(once.renew, self._engine, mine)


@contextmanager
def _witnessed(mine: once.Claim) -> Iterator[None]:
    def stamp(connection: Connection, entry: dict[str, Any]) -> None:
        once.stamp(connection, mine, entry)

    with audit.witnessed(stamp):
        yield


class _Headers:
    """Adds `more` headers to the answer, and knows whether it has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.more: dict[str, str] = {}
        self.is_begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_begun = True
            headers = MutableHeaders(scope=message)
            headers["Cache-Control"] = "no-store"
            for name, value in self.more.items():
                headers[name] = value
        await self._send(message)


class _Captured:
    """An answer that is held back until it is kept."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def kept(self) -> once.Kept | None:
        """The answer as it is kept; None where there is no whole one."""
        if not self.messages or self.messages[-1].get("more_body", False):
            return None
        body = b"".join(message.get("body", b"") for message in self.messages)
        content_type = Headers(raw=self.messages[0]["headers"]).get("content-type", "")
        return once.Kept(self.messages[0]["status"], content_type, body)


def _address(scope: Scope) -> str | None:
    client = scope.get("client")
    return None if client is None else str(client[0])


def _too_often(taken: Taken) -> ProblemError:
    seconds = _whole(taken.wait)
    return ProblemError(
        429, f"Too many requests. Try again in {seconds} s.", {"Retry-After": str(seconds)}
    )


def _whole(seconds: float) -> int:
    return max(1, int(seconds) + (seconds % 1 > 0))
