"""The sandbox speaks to python-telegram-bot as Telegram does."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from telegram import Bot, CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter

from hsl.sandbox import server
from hsl.sandbox.options import SandboxOptions, fate

Talk = Callable[[Callable[[Bot], Awaitable[Any]]], Any]


@pytest.fixture
def options() -> SandboxOptions:
    return SandboxOptions(blocked_share=0, deactivated_share=0, never_started_share=0)


@pytest.fixture
def address(options: SandboxOptions) -> Iterator[str]:
    """A sandbox on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = server.server(options, port=port)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(10)


@pytest.fixture
def talk(address: str) -> Talk:
    """Run a conversation of the library's own Bot, as it is installed, with the sandbox."""

    def run(conversation: Callable[[Bot], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            async with Bot("1:sandbox", base_url=f"{address}/bot") as bot:
                return await conversation(bot)

        return asyncio.run(main())

    return run


def log(address: str) -> list[dict[str, Any]]:
    with urlopen(f"{address}/sandbox/log", timeout=5) as answer:
        return list(json.load(answer))


def test_a_text_with_buttons_arrives(talk: Talk, address: str) -> None:
    keyboard = InlineKeyboardMarkup(
        [
            [InlineKeyboardButton("Join", url="https://example.org")],
            [
                InlineKeyboardButton("Later", callback_data="later"),
                InlineKeyboardButton("Code", copy_text=CopyTextButton("1234")),
            ],
        ]
    )
    sent = talk(
        lambda bot: bot.send_message(7, " <b>Hi</b> you ", parse_mode="HTML", reply_markup=keyboard)
    )
    assert (sent.message_id, sent.text, sent.chat.id) == (1, "Hi you", 7)
    entry = log(address)[0]
    assert entry["entities"][0]["offset"] == 0
    assert entry["entities"][0]["length"] == 2
    assert [[b["text"] for b in row] for row in entry["buttons"]] == [["Join"], ["Later", "Code"]]


def test_files_are_sent_by_their_id(talk: Talk, address: str) -> None:
    talk(lambda bot: bot.send_video(7, "file-1", caption="<i>see</i>", parse_mode="HTML"))
    talk(lambda bot: bot.send_document(8, "file-2"))
    assert [(e["method"], e["file_id"]) for e in log(address)] == [
        ("sendvideo", "file-1"),
        ("senddocument", "file-2"),
    ]


def test_a_message_is_edited_and_deleted(talk: Talk, address: str) -> None:
    async def conversation(bot: Bot) -> None:
        sent = await bot.send_message(7, "one")
        await bot.edit_message_text("two", 7, sent.message_id)
        with pytest.raises(BadRequest, match="not modified"):
            await bot.edit_message_text("two", 7, sent.message_id)
        await bot.delete_message(7, sent.message_id)
        with pytest.raises(BadRequest, match="to delete not found"):
            await bot.delete_message(7, sent.message_id)

    talk(conversation)
    assert log(address)[0]["text"] == "two"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<b>open", "can't find end tag"),
        ("   ", "message text is empty"),
        ("x" * 4097, "message is too long"),
    ],
)
def test_it_refuses_in_telegrams_words(talk: Talk, text: str, words: str) -> None:
    with pytest.raises(BadRequest) as refused:
        talk(lambda bot: bot.send_message(7, text, parse_mode="HTML"))
    assert words in str(refused.value).lower()


def test_the_same_people_are_always_out_of_reach(talk: Talk, options: SandboxOptions) -> None:
    options.blocked_share, options.chat_rate = 0.5, 1000.0
    first = {person for person in range(1, 9) if fate(person, options)}
    assert 0 < len(first) < 8
    person = min(first)
    for _ in range(2):
        with pytest.raises(Forbidden, match="blocked"):
            talk(lambda bot: bot.send_message(person, "Hi"))


def test_a_second_message_to_one_chat_has_to_wait(talk: Talk) -> None:
    async def conversation(bot: Bot) -> None:
        await bot.send_message(7, "one")
        with pytest.raises(RetryAfter) as refused:
            await bot.send_message(7, "two")
        seconds = refused.value._retry_after.total_seconds()
        assert seconds >= 1
        await asyncio.sleep(1.05)
        await bot.send_message(7, "two")

    talk(conversation)


def test_a_bot_may_come_a_little_early_and_no_more(talk: Talk, options: SandboxOptions) -> None:
    options.rate = 1.0

    async def conversation(bot: Bot) -> int:
        for person in range(1, 9):
            try:
                await bot.send_message(person, "Hi")
            except RetryAfter:
                return person - 1
        return 8

    assert talk(conversation) in {4, 5}


def test_faults_can_be_asked_for(talk: Talk, address: str) -> None:
    def ask(**faults: object) -> None:
        body = json.dumps(faults).encode()
        request = Request(f"{address}/sandbox/faults", body, {"content-type": "application/json"})
        urlopen(request, timeout=5).close()

    ask(fail_next=1)
    with pytest.raises(NetworkError):
        talk(lambda bot: bot.send_message(1, "Hi"))
    ask(drop_before_next=1)
    with pytest.raises(NetworkError):
        talk(lambda bot: bot.send_message(2, "Hi"))
    assert log(address) == []
    ask(drop_after_next=1)
    with pytest.raises(NetworkError):
        talk(lambda bot: bot.send_message(3, "Hi"))
    assert [entry["chat_id"] for entry in log(address)] == [3]
    ask(revoked=True)
    with pytest.raises(InvalidToken):
        talk(lambda bot: bot.send_message(4, "Hi"))


def test_the_phone_shows_the_chat_and_a_press(talk: Talk, address: str) -> None:
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Go", callback_data="<go>")]])
    text = "<b>Hi</b> &lt;script&gt;alert(1)&lt;/script&gt;"
    talk(lambda bot: bot.send_message(7, text, parse_mode="HTML", reply_markup=keyboard))
    with urlopen(f"{address}/?chat=7", timeout=5) as answer:
        page = answer.read().decode()
    assert "<b>Hi</b>" in page
    assert "<script" not in page
    pressed = urlencode({"chat": "7", "data": "<go>"}).encode()
    with urlopen(f"{address}/sandbox/press", pressed, timeout=5) as answer:
        assert "Pressed: <code>&lt;go&gt;</code>" in answer.read().decode()
