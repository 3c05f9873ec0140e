"""`python -m hsl report`, as an operator types it."""

import argparse
import sys
from datetime import date, datetime, time
from pathlib import Path

from hsl.commands import an_id, fail, open_database
from hsl.reports import writing
from hsl.settings import Settings


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("message", type=an_id, nargs="?", metavar="MESSAGE", help="of one message")
    command.add_argument(
        "--since", type=date.fromisoformat, metavar="DATE", help="or of the messages from that day"
    )
    command.add_argument(
        "--until", type=date.fromisoformat, metavar="DATE", help="to the day before that one"
    )
    command.add_argument(
        "--stream", action="append", default=[], metavar="S", help="only people in this stream"
    )
    command.add_argument(
        "--out", type=Path, required=True, metavar="FILE|FOLDER", help="a .html file, or a folder"
    )
    command.set_defaults(run=_run)


def _run(parsed: argparse.Namespace, settings: Settings) -> None:
    engine = open_database(settings)
    if parsed.message is not None:
        if parsed.since or parsed.until or parsed.stream:
            fail("report takes one message, or a period by --since and --until, not both.")
        path = writing.message(engine, parsed.message, settings.zone, parsed.out)
    else:
        if parsed.since is None or parsed.until is None:
            fail("report needs a message's number, or --since DATE --until DATE.")
        if parsed.since >= parsed.until:
            fail(f"--until {parsed.until} must be after --since {parsed.since}.")
        since, until = (
            datetime.combine(day, time(), settings.zone) for day in (parsed.since, parsed.until)
        )
        path = writing.period(engine, since, until, settings.zone, parsed.out, tuple(parsed.stream))
    sys.stdout.write(f"{path}\n")
