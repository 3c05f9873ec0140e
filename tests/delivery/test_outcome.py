"""The table of faults: each answer of the Bot API and what it means."""

import json

import pytest

from hsl.delivery.outcome import Verdict, classify


def answer(code: int, description: str, **parameters: int) -> bytes:
    payload: dict[str, object] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        payload["parameters"] = parameters
    return json.dumps(payload).encode()


@pytest.mark.parametrize(
    ("code", "description", "verdict", "reason"),
    [
        (403, "Forbidden: bot was blocked by the user", Verdict.FAILED, "blocked"),
        (403, "Forbidden: user is deactivated", Verdict.FAILED, "deactivated"),
        (
            403,
            "Forbidden: bot can't initiate conversation with a user",
            Verdict.FAILED,
            "never_started",
        ),
        (403, "Forbidden: bot can't send messages to bots", Verdict.FAILED, "is_bot"),
        (400, "Bad Request: chat not found", Verdict.FAILED, "not_found"),
        (400, "Bad Request: PEER_ID_INVALID", Verdict.FAILED, "not_found"),
        (400, "Bad Request: can't parse entities: …", Verdict.MESSAGE_FAULT, "message_fault"),
        (400, "Bad Request: message text is empty", Verdict.MESSAGE_FAULT, "message_fault"),
        (400, "Bad Request: BUTTON_DATA_INVALID", Verdict.MESSAGE_FAULT, "message_fault"),
        (400, "Bad Request: reply markup is too long", Verdict.MESSAGE_FAULT, "message_fault"),
        (
            400,
            "Bad Request: wrong file identifier/HTTP URL specified",
            Verdict.MESSAGE_FAULT,
            "message_fault",
        ),
        (400, "Bad Request: something new", Verdict.FAILED, "other"),
        (401, "Unauthorized", Verdict.BOT_FAULT, "bot_fault"),
        (404, "Not Found", Verdict.BOT_FAULT, "bot_fault"),
        (403, "Forbidden: FROZEN_METHOD_INVALID", Verdict.BOT_FAULT, "bot_fault"),
        (400, "Bad Request: not enough Stars", Verdict.PAID_REFUSED, None),
        (500, "Internal Server Error", Verdict.UNCERTAIN, "no_answer"),
        (502, "Bad Gateway", Verdict.UNCERTAIN, "no_answer"),
    ],
)
def test_a_refusal_is_told_by_its_words(
    code: int, description: str, verdict: Verdict, reason: str | None
) -> None:
    found = classify(code, answer(code, description))
    assert (found.verdict, found.reason) == (verdict, reason)


def test_an_accepted_message_keeps_its_id() -> None:
    found = classify(200, b'{"ok":true,"result":{"message_id":7}}')
    assert (found.verdict, found.telegram_message_id) == (Verdict.SENT, 7)


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"", b'{"ok":true,"result":{}}', b'{"result":1}']
)
def test_a_200_that_is_not_the_promised_json_is_uncertain(body: bytes) -> None:
    assert classify(200, body).verdict is Verdict.UNCERTAIN


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_without_json_is_uncertain(status: int) -> None:
    assert classify(status, b"<h1>Bad gateway</h1>").verdict is Verdict.UNCERTAIN


def test_a_429_says_how_long_to_wait() -> None:
    body = answer(429, "Too Many Requests: retry after 35", retry_after=35)
    assert classify(429, body).retry_after == 35


def test_a_429_without_parameters_reads_the_header() -> None:
    found = classify(429, b"slow down", retry_after_header="12")
    assert (found.verdict, found.retry_after) == (Verdict.RATE_LIMITED, 12)


def test_an_upgraded_group_tells_its_new_id() -> None:
    body = answer(
        400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1001
    )
    found = classify(400, body)
    assert (found.verdict, found.migrate_to) == (Verdict.MIGRATED, -1001)


def test_an_envelope_with_a_strange_code_goes_by_the_status() -> None:
    found = classify(403, b'{"ok": false, "error_code": "x", "description": "bot was blocked"}')
    assert (found.verdict, found.error_code) == (Verdict.FAILED, 403)
