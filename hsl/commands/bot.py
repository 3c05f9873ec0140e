"""`python -m hsl bot` and `secret-key`: several bots, their tokens sealed.

A token comes by a question or standard input, never among the words of the command, which every
user of the machine can read.
"""

import argparse
import getpass
import sys

from hsl import bots, resealing, sealing
from hsl.commands import ACTOR, confirmed, fail, open_database, say
from hsl.settings import Settings

ABOUT_TOKEN = "The token is asked for, or read from standard input."


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    inner = command.add_subparsers(required=True, metavar="DEED")
    one = inner.add_parser("add", help="keep a bot under a name", description=ABOUT_TOKEN)
    one.add_argument("name", metavar="NAME")
    one.set_defaults(run=_add)
    one = inner.add_parser("list", help="the kept bots")
    one.add_argument("--json", action="store_true", help="print JSON")
    one.set_defaults(run=_list)
    one = inner.add_parser("use", help="the bot that speaks where none is named")
    one.add_argument("name", metavar="NAME")
    one.set_defaults(run=_use)
    one = inner.add_parser(
        "rotate", help="a bot's new token, or all tokens under a new key", description=ABOUT_TOKEN
    )
    one.add_argument("name", nargs="?", metavar="NAME")
    one.add_argument(
        "--key", action="store_true", help="seal all that is kept sealed with the first key"
    )
    one.set_defaults(run=_rotate)
    one = inner.add_parser("remove", help="forget a bot's token")
    one.add_argument("name", metavar="NAME")
    one.add_argument("--yes", action="store_true", help="even while messages of it wait")
    one.set_defaults(run=_remove)


def add_secret_key(command: argparse.ArgumentParser) -> None:
    """It takes no options."""
    command.set_defaults(run=_secret_key)


def _secret_key(_parsed: argparse.Namespace, _settings: Settings) -> None:
    print(sealing.new_key())


def _add(parsed: argparse.Namespace, settings: Settings) -> None:
    username = bots.add(open_database(settings), settings, parsed.name, _token(), actor=ACTOR)
    print(f"@{username} is kept as {parsed.name}. A running scheduler sends for it in seconds.")


def _list(parsed: argparse.Namespace, settings: Settings) -> None:
    found = bots.listing(open_database(settings), settings)
    facts = [
        {
            "bot_id": bot.bot_id,
            "name": bot.name,
            "username": bot.username,
            "in_use": bot.in_use,
            "waiting": bot.waiting,
        }
        for bot in found
    ]
    lines = [
        f"{'*' if bot.in_use else ' '} {bot.name}  @{bot.username}  {bot.bot_id}  "
        f"{bot.waiting} messages not over"
        for bot in found
    ]
    if not settings.is_sandbox and settings.bot_id not in {bot.bot_id for bot in found}:
        in_use = not any(bot.in_use for bot in found)
        lines.append(f"{'*' if in_use else ' '} (BOT_TOKEN)  {settings.bot_id}")
    say(parsed, facts, "\n".join(lines) or "No bot is kept. See `python -m hsl bot add --help`.")


def _use(parsed: argparse.Namespace, settings: Settings) -> None:
    bots.use(open_database(settings), parsed.name, actor=ACTOR)
    print(f"{parsed.name} speaks where no bot is named.")


def _rotate(parsed: argparse.Namespace, settings: Settings) -> None:
    if (parsed.name is None) != parsed.key:
        fail("Name the bot that has a new token, or give --key to seal all with the first key.")
    if parsed.key:
        sealed = resealing.seal_all(open_database(settings), settings, actor=ACTOR)
        print(
            f"{sealed.bots} tokens, {sealed.webhooks} webhooks' secrets and "
            f"{sealed.second_factors} second factors are sealed with the first key; the other "
            "keys can go."
        )
        return
    bots.rotate(open_database(settings), settings, parsed.name, _token(), actor=ACTOR)
    print(f"{parsed.name} has its new token.")


def _remove(parsed: argparse.Namespace, settings: Settings) -> int:
    if not confirmed(parsed, f"Forget the token of {parsed.name}? [y/N] "):
        print("Nothing was removed. Add --yes where nobody can be asked.")
        return 1
    bots.remove(open_database(settings), parsed.name, actor=ACTOR, with_waiting=parsed.yes)
    print(f"The token of {parsed.name} is forgotten. Revoke it at @BotFather.")
    return 0


def _token() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("The bot's token, from @BotFather: ").strip()
    return sys.stdin.readline(4096).strip()
