"""What an answer of the Bot API means: the one table of faults.

Sources: core.telegram.org/bots/api, tdlib/telegram-bot-api `Client.cpp`. The HTTP status alone does
not decide: the raw status, payload and description are read together.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What to do about an answer."""

    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    NOT_SENT = "not_sent"
    RATE_LIMITED = "rate_limited"
    MIGRATED = "migrated"
    MESSAGE_FAULT = "message_fault"
    BOT_FAULT = "bot_fault"
    PAID_REFUSED = "paid_refused"


@dataclass(frozen=True)
class Outcome:
    """What became of one request; `retry_after` is in seconds."""

    verdict: Verdict
    reason: str | None = None
    unreachable: bool = False
    error_code: int | None = None
    description: str | None = None
    telegram_message_id: int | None = None
    retry_after: float | None = None
    migrate_to: int | None = None

    @property
    def is_of_the_text(self) -> bool:
        """True for a fault of the text itself, which is one person's where the text is personal."""
        words = (self.description or "").lower()
        return any(fault in words for fault in _TEXT_FAULTS)


_UNREACHABLE = (
    ("bot was blocked", "blocked"),
    ("user is deactivated", "deactivated"),
    ("can't initiate conversation", "never_started"),
    ("can't send messages to bots", "is_bot"),
    ("bot was kicked", "kicked"),
    ("not a member", "kicked"),
    ("group chat was deleted", "not_found"),
    ("chat not found", "not_found"),
    ("user not found", "not_found"),
    ("peer_id_invalid", "not_found"),
    ("have no access", "not_found"),
)
UNREACHABLE_REASONS = frozenset(reason for _words, reason in _UNREACHABLE)
_NO_SUCH_MESSAGE = (
    "message to delete not found",
    "message can't be deleted",
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
)
_TEXT_FAULTS = (
    "can't parse entities",
    "message text is empty",
    "text must be non-empty",
    "message is too long",
    "caption is too long",
    "entities_too_long",
)
_MESSAGE_FAULTS = (
    *_TEXT_FAULTS,
    "button_url_invalid",
    "button_data_invalid",
    "button_type_invalid",
    "button_copy_text_invalid",
    "inline keyboard button",
    "reply markup is too long",
    "wrong file identifier",
    "wrong remote file",
    "file is too big",
    "type of file mismatch",
    "can't use file of type",
    "file_reference_",
)
_BOT_FAULTS = ("frozen_method_invalid", "account is restricted", "account restricted")
_PAID_FAULTS = ("not enough stars", "paid broadcast", "balance_too_low")
_BOT_STATUSES = frozenset({401, 404, 406, 421})


def classify(status: int, body: bytes, *, retry_after_header: str | None = None) -> Outcome:
    """The outcome of an answer with this HTTP `status` and raw `body`."""
    payload = _payload(body)
    if status == 200 and payload is not None and payload.get("ok") is True:
        return _accepted(payload)
    if status >= 500:
        return _unknown(status, _description(payload) or f"server error {status}")
    if payload is None or payload.get("ok") is not False:
        if status == 429:
            return _rate_limited({}, retry_after_header)
        if status in _BOT_STATUSES:
            return Outcome(Verdict.BOT_FAULT, "bot_fault", error_code=status)
        return _unknown(status, "the answer is not the Bot API's JSON")
    named = payload.get("error_code")
    code = named if isinstance(named, int) else status
    if code >= 500:
        return _unknown(code, _description(payload))
    return _refused(code, payload, retry_after_header)


def never_left(description: str) -> Outcome:
    """The request did not reach the server: nothing was delivered."""
    return Outcome(Verdict.NOT_SENT, "unreachable_server", description=description)


def lost(description: str) -> Outcome:
    """The request left and no answer came: it may have been delivered."""
    return Outcome(Verdict.UNCERTAIN, "no_answer", description=description)


def _accepted(payload: dict[str, Any]) -> Outcome:
    result = payload.get("result")
    message_id = result.get("message_id") if isinstance(result, dict) else None
    is_bot = isinstance(result, dict) and result.get("is_bot") is True  # getMe's answer
    if isinstance(result, dict) and not is_bot and not isinstance(message_id, int):
        return _unknown(200, "the answer holds no message_id")
    return Outcome(Verdict.SENT, telegram_message_id=message_id)


def _refused(code: int, payload: dict[str, Any], header: str | None) -> Outcome:
    description = _description(payload)
    words = description.lower()
    parameters = payload.get("parameters") or {}
    if code == 429:
        return _rate_limited(parameters, header, description)
    if any(fault in words for fault in _PAID_FAULTS):
        return Outcome(Verdict.PAID_REFUSED, error_code=code, description=description)
    if any(fault in words for fault in _BOT_FAULTS) or code in _BOT_STATUSES:
        return Outcome(Verdict.BOT_FAULT, "bot_fault", error_code=code, description=description)
    migrate_to = parameters.get("migrate_to_chat_id")
    if isinstance(migrate_to, int):
        return Outcome(
            Verdict.MIGRATED, error_code=code, description=description, migrate_to=migrate_to
        )
    for words_of_fault, reason in _UNREACHABLE:
        if words_of_fault in words:
            return Outcome(Verdict.FAILED, reason, True, code, description)
    if "message is not modified" in words:
        return Outcome(Verdict.SENT, error_code=code, description=description)
    if any(fault in words for fault in _NO_SUCH_MESSAGE):
        return Outcome(Verdict.FAILED, "no_such_message", False, code, description)
    if any(fault in words for fault in _MESSAGE_FAULTS):
        return Outcome(Verdict.MESSAGE_FAULT, "message_fault", False, code, description)
    return Outcome(Verdict.FAILED, "other", False, code, description)


def _rate_limited(
    parameters: dict[str, Any], header: str | None, description: str = "Too Many Requests"
) -> Outcome:
    asked = parameters.get("retry_after")
    if not isinstance(asked, int | float):
        asked = float(header) if header is not None and header.isdigit() else 1.0
    return Outcome(
        Verdict.RATE_LIMITED,
        error_code=429,
        description=description,
        retry_after=max(float(asked), 0.1),
    )


def _unknown(code: int, description: str) -> Outcome:
    return Outcome(Verdict.UNCERTAIN, "no_answer", error_code=code, description=description)


def _payload(body: bytes) -> dict[str, Any] | None:
    try:
        payload = json.loads(body)
    except ValueError:
        return None
    return payload if isinstance(payload, dict) else None


def _description(payload: dict[str, Any] | None) -> str:
    return str((payload or {}).get("description") or "")
