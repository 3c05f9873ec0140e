"""The commands of the command line: one module each, loaded when its command is given.

`add` functions take a command's parser, add its options, and set what runs it: `run(parsed,
settings)`, which returns the exit status, or None for 0.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Engine

from hsl import database, models
from hsl.settings import Settings

ACTOR = "operator"


class UsageError(ValueError):
    """The command's words do not fit together; exit status 2."""


def fail(words: str) -> NoReturn:
    """Raise UsageError."""
    raise UsageError(words)


def an_id(words: str) -> int:
    """A type of argparse's: the number of a person or of something kept."""
    try:
        number = int(words)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{words} is no id, which is a number") from None
    if not -models.MAX_USER_ID <= number <= models.MAX_USER_ID:
        raise argparse.ArgumentTypeError(f"{words} is too large for an id")
    return number


def text_of(path: Path) -> str:
    """What a file says. Raises UsageError where it is not in UTF-8."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        fail(f"{path} is not in UTF-8. Save it as UTF-8.")


def open_database(settings: Settings) -> Engine:
    """The engine of these settings' database, brought to this program's version.

    A database with an older schema is backed up first.
    """
    from hsl.backups import upgrading  # backups load what most commands do without

    engine = database.engine_for(settings)
    upgrading.migrate(engine, settings)
    return engine


def confirmed(parsed: argparse.Namespace, question: str) -> bool:
    """Whether --yes was given, or somebody at the terminal answers so."""
    if parsed.yes:
        return True
    return sys.stdin.isatty() and input(question).strip().lower() in {"y", "yes"}


def say(parsed: argparse.Namespace, facts: Any, words: str) -> None:
    """Print the facts as JSON where --json was given, else the words."""
    print(json.dumps(facts, ensure_ascii=False) if parsed.json else words)
