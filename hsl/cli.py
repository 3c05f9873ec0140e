"""The command line: `python -m hsl COMMAND`. Exit status 0, 1 (failed) or 2 (usage).

Only the given command's module is loaded, as all of them together take more than a second.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pkgutil import resolve_name

from hsl import __version__

LONGEST = 2_000  # characters of an error, which may repeat what was given

# By name: who adds its options, and what it does.
COMMANDS = {
    "up": (
        "hsl.commands.serving:add_up",
        "Migrate, then run the pages and the scheduler (and the sandbox without a token).",
    ),
    "web": ("hsl.commands.serving:add_web", "Run the pages alone."),
    "scheduler": (
        "hsl.commands.serving:add_scheduler",
        "Run a scheduler alone: it sends what is due.",
    ),
    "sandbox": ("hsl.commands.sandbox:add", "Run the local Bot API server alone."),
    "import": (
        "hsl.commands.importing:add",
        "Add or update people from CSV, Parquet, Excel or JSON lines.",
    ),
    "people": ("hsl.commands.people:add", "Count and list people, or those of an expression."),
    "source": (
        "hsl.commands.source:add",
        "People from where they are, again and again: a query or files.",
    ),
    "send": ("hsl.commands.send:add", "Send a message now, or schedule it."),
    "status": ("hsl.commands.status:add", "Show one message's state, or the last messages."),
    "pause": (
        "hsl.commands.steering:add_pause",
        "Pause a message; nobody is sent to until it is resumed.",
    ),
    "resume": ("hsl.commands.steering:add_resume", "Go on with a paused message."),
    "cancel": (
        "hsl.commands.steering:add_cancel",
        "Cancel a message for everybody who was not sent to yet.",
    ),
    "retry": (
        "hsl.commands.steering:add_retry",
        "Try a finished message's failed recipients again.",
    ),
    "approve": (
        "hsl.commands.approving:add_approve",
        "Approve a message that waits for a second person.",
    ),
    "reject": (
        "hsl.commands.approving:add_reject",
        "Give a message that waits for a second person back to its author.",
    ),
    "uncertain": (
        "hsl.commands.uncertain:add",
        "Those whose answer was lost: list or settle them.",
    ),
    "edit": (
        "hsl.commands.changing:add_edit",
        "Change a message for those still to come, or where it arrived.",
    ),
    "delete": (
        "hsl.commands.changing:add_delete",
        "Delete a message from the chats where it arrived (48 hours).",
    ),
    "rules": ("hsl.commands.rules:add_rules", "List the messages that go again and again."),
    "stop": (
        "hsl.commands.rules:add_stop",
        "Stop a rule, and cancel the message that it made ahead.",
    ),
    "segment": ("hsl.commands.segment:add", "Saved cohorts: add, list, show, freeze …"),
    "suppress": (
        "hsl.commands.suppressing:add_suppress",
        "Mark people as do-not-message, or list the marks.",
    ),
    "unsuppress": (
        "hsl.commands.suppressing:add_unsuppress",
        "Take do-not-message marks away.",
    ),
    "import-presses": (
        "hsl.commands.presses:add",
        "Presses of buttons, from CSV or JSON lines.",
    ),
    "experiment": ("hsl.commands.experiment:add", "An A/B experiment's arms side by side."),
    "migrate-to": (
        "hsl.commands.moving:add",
        "Copy everything from SQLite into an empty PostgreSQL database, and compare every row.",
    ),
    "archive": ("hsl.archive.command:add", "Move old recipients' rows into files, or back."),
    "report": (
        "hsl.reports.command:add",
        "Write what became of a message or a period as one HTML file.",
    ),
    "person": ("hsl.commands.person:add", "Show what one person got, archived messages too."),
    "user": (
        "hsl.commands.user:add",
        "Accounts: who may sign in to the pages, and in which role.",
    ),
    "audit": (
        "hsl.commands.auditing:add",
        "Verify the record of who did what, print its head, or export it.",
    ),
    "backup": (
        "hsl.backups.command:add_backup",
        "Back up the database and the archive, at any time, and prove it by restoring beside.",
    ),
    "restore": (
        "hsl.backups.command:add_restore",
        "Restore a backup; what was open in it waits, so that nobody gets anything twice.",
    ),
    "bot": ("hsl.commands.bot:add", "Several bots: add, list, use, rotate, remove."),
    "secret-key": (
        "hsl.commands.bot:add_secret_key",
        "Print a new key to seal the bots' tokens with.",
    ),
    "key": ("hsl.commands.key:add", "Keys of the API, for other programs: add, list, revoke."),
    "webhook": (
        "hsl.commands.webhook:add",
        "Tell other programs of events: add, list, test, remove.",
    ),
    "doctor": ("hsl.commands.doctor:add", "Check database, token, clock, scheduler and disk."),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    broken = next((word for word in words if not _is_text(word)), None)
    if broken is not None:
        print(f"hsl: {broken[:60]!a} is not UTF-8. Type it again.", file=sys.stderr)
        return 2
    try:
        return _run(_parser(words).parse_args(words))
    except BrokenPipeError:
        # Who reads has seen enough, as `head` does. Python flushes once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _is_text(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hsl", description="Write to the people of a course through a Telegram bot."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (options, about) in COMMANDS.items():
        command = commands.add_parser(name, help=about, description=about)
        if name in words[:1]:
            resolve_name(options)(command)
    return parser


def _run(parsed: argparse.Namespace) -> int:
    # A second's load, of which `--help` and a wrong word have no need.
    from sqlalchemy.exc import SQLAlchemyError

    from hsl.commands import UsageError
    from hsl.errors import PlainError
    from hsl.settings import SettingsError, get_settings

    try:
        ended = int(parsed.run(parsed, get_settings()) or 0)
        sys.stdout.flush()
        return ended
    except BrokenPipeError:
        raise
    except (SettingsError, UsageError) as error:
        print(f"hsl: {error}", file=sys.stderr)
        return 2
    except (PlainError, OSError) as error:
        print(f"hsl: {str(error)[:LONGEST]}", file=sys.stderr)
        return 1
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or type(error).__name__
        print(f"hsl: the database fails: {cause}. Try `python -m hsl doctor`.", file=sys.stderr)
        return 1
