"""`python -m hsl import-presses`: presses of buttons, as the bot received them."""

import argparse
from pathlib import Path

from hsl.commands import ACTOR, open_database, say
from hsl.delivery import presses
from hsl.settings import Settings


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(run=_run)


def _run(parsed: argparse.Namespace, settings: Settings) -> None:
    report = presses.import_file(open_database(settings), parsed.file, actor=ACTOR)
    facts = {
        "added": report.added,
        "known": report.known,
        "rejected": sum(report.rejected.values()),
        "rejected_by_reason": report.rejected,
    }
    words = f"{report.added:,} added, {report.known:,} known before, {facts['rejected']:,} rejected"
    lines = [f"  {people:,}: {reason}" for reason, people in report.rejected.items()]
    say(parsed, facts, "\n".join([words, *lines]))
