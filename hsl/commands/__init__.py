"""The commands of the command line: one module each, loaded when its command is given.

`add` functions take a command's parser, add its options, and set what runs it: `run(parsed,
settings)`, which returns the exit status, or None for 0.
"""

import argparse
import json
import sys
from typing import Any, NoReturn

from sqlalchemy import Engine

from hsl import database
from hsl.settings import Settings

ACTOR = "operator"


class UsageError(ValueError):
    """The command's words do not fit together; exit status 2."""


def fail(words: str) -> NoReturn:
    """Raise UsageError."""
    raise UsageError(words)


def open_database(settings: Settings) -> Engine:
    """The engine of these settings' database, brought to this program's version."""
    engine = database.engine_for(settings)
    database.migrate(engine)
    return engine


def confirmed(parsed: argparse.Namespace, question: str) -> bool:
    """Whether --yes was given, or somebody at the terminal answers so."""
    if parsed.yes:
        return True
    return sys.stdin.isatty() and input(question).strip().lower() in {"y", "yes"}


def say(parsed: argparse.Namespace, facts: Any, words: str) -> None:
    """Print the facts as JSON where --json was given, else the words."""
    print(json.dumps(facts, ensure_ascii=False) if parsed.json else words)
