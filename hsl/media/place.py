"""The team's own chat that keeps uploaded files: whether it is set, and whether the bot sees it."""

import asyncio

from hsl.delivery.gateway import Gateway
from hsl.delivery.outcome import Outcome, Verdict
from hsl.media.errors import MediaError
from hsl.settings import Settings
from hsl.words import N_

PATIENCE = 5.0  # seconds
NO_PLACE = N_(
    "No chat is set that keeps uploaded files. Make a private channel of your team's, add the bot "
    "to it as an administrator who may post, and set HSL_MEDIA_CHAT to its id or @name."
)
_NO_RIGHTS = ("rights", "not enough", "chat_write_forbidden", "chat_admin_required")


def required(settings: Settings) -> str:
    """The chat that keeps uploaded files. Raises MediaError where none is set."""
    if settings.media_place is None:
        raise MediaError(NO_PLACE)
    return settings.media_place


def check(settings: Settings) -> str:
    """Ask for the chat, and return its name. Raises MediaError that says what to do."""
    chat = required(settings)

    async def ask() -> str:
        async with Gateway(settings.token, settings.api_url) as gateway:
            async with asyncio.timeout(PATIENCE):
                answer = await gateway.ask("getChat", {"chat_id": chat})
        if isinstance(answer.result, dict):
            found = answer.result
            return str(found.get("title") or found.get("username") or found.get("first_name"))
        raise fault_of(answer.outcome, chat) or MediaError(
            N_("Telegram says of the chat {chat}: {words}. Check HSL_MEDIA_CHAT."),
            chat=chat,
            words=said(answer.outcome),
        )

    try:
        return asyncio.run(ask())
    except TimeoutError:
        raise MediaError(
            N_("Telegram does not answer, so the chat of files is not checked.")
        ) from None


def said(outcome: Outcome) -> str:
    """What Telegram said, without its own name for the fault and the point at its end."""
    words = outcome.description or f"status {outcome.error_code}"
    return words.removeprefix("Bad Request: ").removeprefix("Forbidden: ").rstrip(".")


def fault_of(outcome: Outcome, chat: str) -> MediaError | None:
    """What this answer says about the bot, the chat or the way to Telegram; None of a file."""
    words = said(outcome)
    if outcome.verdict is Verdict.BOT_FAULT:
        return MediaError(
            N_("Telegram refuses the bot: {words}. Set BOT_TOKEN as @BotFather shows it."),
            words=words,
        )
    if outcome.verdict is Verdict.NOT_SENT:
        return MediaError(
            N_("Telegram cannot be reached, and nothing was uploaded. Try again in a moment.")
        )
    if outcome.verdict is Verdict.MIGRATED:
        return MediaError(
            N_("The chat {chat} has become {new}. Set HSL_MEDIA_CHAT to {new}."),
            chat=chat,
            new=str(outcome.migrate_to),
        )
    if outcome.unreachable or any(part in words.lower() for part in _NO_RIGHTS):
        return MediaError(
            N_(
                "The bot may not post in the chat {chat} that keeps files: {words}. Add it there "
                "as an administrator who may post, or set HSL_MEDIA_CHAT to another chat."
            ),
            chat=chat,
            words=words,
        )
    return None
