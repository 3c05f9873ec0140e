"""What Telegram would refuse, in Telegram's own words."""

import json
from typing import Any
from urllib.parse import urlsplit

from hsl.message import html


class RefusedError(Exception):
    """A request that is answered by an error."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


def text_of(arguments: dict[str, str], name: str, limit: int) -> html.Parsed:
    """The parsed text; `limit` is in code points after parsing. Raises RefusedError."""
    raw = arguments.get(name, "")
    if arguments.get("parse_mode", "").upper() == "HTML":
        try:
            parsed = html.parse(raw)
        except html.HtmlError as error:
            raise RefusedError(400, f"Bad Request: can't parse entities: {error.message}") from None
    else:
        parsed = html.Parsed(raw, (), len(raw.strip()))
    if name == "text" and parsed.length == 0:
        raise RefusedError(400, "Bad Request: message text is empty")
    if parsed.length > limit:
        subject = "message" if name == "text" else "message caption"
        raise RefusedError(400, f"Bad Request: {subject} is too long")
    return parsed.trimmed()


def buttons_of(arguments: dict[str, str]) -> list[list[dict[str, Any]]]:
    """The inline keyboard's rows. Raises RefusedError."""
    raw = arguments.get("reply_markup")
    if not raw:
        return []
    rows = _rows_of(raw)
    buttons = [button for row in rows for button in row]
    if len(buttons) > 100 or len(raw.encode()) > 10_240:
        raise RefusedError(400, "Bad Request: reply markup is too long")
    for button in buttons:
        _check_button(button)
    return rows


def _rows_of(raw: str) -> list[list[dict[str, Any]]]:
    try:
        markup = json.loads(raw)
        json.dumps(markup, ensure_ascii=False).encode()  # half of a surrogate pair is refused
    except (ValueError, RecursionError):
        markup = None
    rows: Any = markup.get("inline_keyboard", []) if isinstance(markup, dict) else None
    if (
        not isinstance(rows, list)
        or not all(isinstance(row, list) for row in rows)
        or not all(isinstance(button, dict) for row in rows for button in row)
    ):
        raise RefusedError(400, "Bad Request: can't parse reply keyboard markup JSON object")
    return rows


def _check_button(button: dict[str, Any]) -> None:
    if not str(button.get("text", "")).strip():
        raise RefusedError(400, "Bad Request: inline keyboard button text is empty")
    if "url" in button:
        try:
            parts = urlsplit(str(button["url"]))
            host = parts.hostname or ""
        except ValueError:
            raise RefusedError(400, "Bad Request: BUTTON_URL_INVALID") from None
        web = parts.scheme in {"http", "https"}
        if parts.scheme not in {"http", "https", "tg", "ton", "tonsite"} or (
            web and "." not in host
        ):
            raise RefusedError(400, "Bad Request: BUTTON_URL_INVALID")
    elif "callback_data" in button:
        if not 1 <= len(str(button["callback_data"]).encode()) <= 64:
            raise RefusedError(400, "Bad Request: BUTTON_DATA_INVALID")
    elif "copy_text" not in button:
        raise RefusedError(400, "Bad Request: BUTTON_TYPE_INVALID")
