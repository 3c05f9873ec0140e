"""The Bot API's requests and answers, as the sandbox reads and writes them."""

import json
import re
import zlib
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hsl.sandbox import checks
from hsl.sandbox.files import Kept, Uploaded, in_message

BOT_NAME = "sandbox_bot"


async def arguments_of(request: Request) -> tuple[dict[str, str], dict[str, Uploaded]]:
    """A request's arguments, and the files that came with it. Raises RefusedError."""
    try:
        found, uploads = await _read(request)
    except (ValueError, RecursionError, HTTPException):
        raise checks.RefusedError(400, "Bad Request: can't parse the request's body") from None
    for words in (*found.values(), *(file.name for file in uploads.values())):
        try:
            words.encode()
        except UnicodeEncodeError:
            refused = "Bad Request: strings must be encoded in UTF-8"
            raise checks.RefusedError(400, refused) from None
    return found, uploads


async def _read(request: Request) -> tuple[dict[str, str], dict[str, Uploaded]]:
    found: dict[str, str] = dict(request.query_params)
    uploads: dict[str, Uploaded] = {}
    if request.headers.get("content-type", "").startswith("application/json"):
        body = await request.json()
        if not isinstance(body, dict):
            raise ValueError("no object")
        found |= {k: v if isinstance(v, str) else json.dumps(v) for k, v in body.items()}
    elif request.method == "POST":
        async with request.form() as form:
            for name, value in form.items():
                if isinstance(value, str):
                    found[name] = value
                else:
                    mime = value.content_type or ""
                    uploads[name] = Uploaded(value.filename or "", mime, await value.read())
    return found, uploads


def chat_id_of(arguments: dict[str, str]) -> int:
    """The chat that is meant. Raises RefusedError."""
    named = arguments.get("chat_id", "")
    if named.startswith("@"):
        return -1_000_000_000_000 - zlib.crc32(named.lower().encode())
    number = number_of(named)
    if number is None:
        raise checks.RefusedError(400, "Bad Request: chat_id is empty")
    return number


def number_of(words: str) -> int | None:
    """The number that is written there; None where there is none that Telegram could have."""
    found = int(words) if re.fullmatch(r"-?[0-9]{1,19}", words) else None
    return found if found is not None and abs(found) < 2**63 else None


def bot(bot_id: int) -> dict[str, Any]:
    """A bot as getMe tells of it."""
    return {"id": bot_id, "is_bot": True, "first_name": "Sandbox", "username": BOT_NAME}


def message(entry: dict[str, Any], file: Kept | None = None) -> dict[str, Any]:
    """A message as the answer to its sending tells of it."""
    text = "text" if entry["method"] == "sendmessage" else "caption"
    return {
        "message_id": entry["message_id"],
        "date": int(entry["at"]),
        "chat": {"id": entry["chat_id"], "type": "private"},
        "from": bot(entry["bot"]),
        text: entry["text"],
        **({} if file is None else in_message(file)),
    }


def error(code: int, description: str) -> Response:
    """A refusal in the Bot API's form."""
    return JSONResponse({"ok": False, "error_code": code, "description": description}, code)


def too_many(seconds: float) -> Response:
    """A refusal that asks to wait."""
    whole = max(1, round(seconds))
    return JSONResponse(
        {
            "ok": False,
            "error_code": 429,
            "description": f"Too Many Requests: retry after {whole}",
            "parameters": {"retry_after": whole},
        },
        429,
        headers={"Retry-After": str(whole)},
    )
