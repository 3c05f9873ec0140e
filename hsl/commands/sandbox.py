"""`python -m hsl sandbox`: the local Bot API server, with faults on request."""

import argparse
from pathlib import Path

from hsl.sandbox import server
from hsl.sandbox.options import SandboxOptions
from hsl.settings import Settings

WORDS = {
    "rate": "messages a second of one bot",
    "tolerance": "messages of one bot that may come early",
    "chat_rate": "messages a second to one chat",
    "latency": "seconds an answer takes",
    "blocked_share": "share of people who blocked the bot, 0 to 1",
    "deactivated_share": "share of people who are gone",
    "never_started_share": "share of people who never started the bot",
    "revoked": "refuse the token, as if it were revoked",
    "no_stars": "take no paid broadcast",
    "fail_next": "answer so many sends with 502",
    "drop_before_next": "hang up on so many sends before accepting them",
    "drop_after_next": "accept so many sends, then hang up",
    "garble_next": "accept so many sends, and answer with rubbish",
    "refuse_for": "ask the next send to wait so many seconds",
}


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    usual = SandboxOptions(latency=0.05)
    command.add_argument("--port", type=int, help="port (HSL_SANDBOX_PORT)")
    command.add_argument("--log", type=Path, help="also write what was accepted to this file")
    for name, words in WORDS.items():
        value = getattr(usual, name)
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            command.add_argument(flag, action="store_true", help=words)
        else:
            command.add_argument(
                flag, type=type(value), default=value, metavar="N", help=f"{words} ({value:g})"
            )
    command.set_defaults(run=_run)


def _run(parsed: argparse.Namespace, settings: Settings) -> None:
    options = SandboxOptions(**{name: getattr(parsed, name) for name in WORDS})
    server.run(options, port=parsed.port or settings.sandbox_port, log_file=parsed.log)
