"""`python -m hsl suppress` and `unsuppress`: people who get no message at all."""

import argparse
from pathlib import Path

from hsl import dispatch
from hsl.audience import suppression
from hsl.commands import ACTOR, an_id, fail, open_database, say
from hsl.settings import Settings


def add_suppress(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("user", type=an_id, nargs="*", metavar="ID")
    command.add_argument("--reason", metavar="R", help="why; needed")
    command.add_argument(
        "--file", type=Path, metavar="CSV", help="ids from a file's column user_id"
    )
    command.add_argument("--list", action="store_true", help="print the marks")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_suppress)


def add_unsuppress(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("user", type=an_id, nargs="+", metavar="ID")
    command.set_defaults(run=_unsuppress)


def _suppress(parsed: argparse.Namespace, settings: Settings) -> None:
    engine = open_database(settings)
    if parsed.list:
        marks, total = suppression.listing(engine, limit=10_000)
        facts = [
            {
                "user_id": m.user_id,
                "reason": m.reason,
                "marked_by": m.marked_by,
                "marked_at": m.marked_at.isoformat(),
            }
            for m in marks
        ]
        lines = [
            f"{m.user_id:>14}  {m.marked_at:%Y-%m-%d}  {m.marked_by}: {m.reason}" for m in marks
        ]
        say(parsed, facts, "\n".join([*lines, f"{total:,} people are not to be written to."]))
        return
    ids = [*parsed.user, *(suppression.read_ids(parsed.file) if parsed.file else [])]
    if not ids or not parsed.reason:
        fail("Name whom and why: suppress ID --reason R, or --file IDS.csv --reason R.")
    done = dispatch.suppress(engine, ids, reason=parsed.reason, actor=ACTOR)
    words = f"{done.marked:,} people are marked; {len(set(ids)) - done.marked:,} were before."
    words += f" {done.withdrawn:,} waiting messages to them are withdrawn." * bool(done.withdrawn)
    say(parsed, {"marked": done.marked, "withdrawn": done.withdrawn}, words)


def _unsuppress(parsed: argparse.Namespace, settings: Settings) -> None:
    gone = suppression.remove(open_database(settings), parsed.user, actor=ACTOR)
    print(f"{gone:,} people may be written to again.")
