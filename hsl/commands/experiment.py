"""`python -m hsl experiment`: an A/B split's arms side by side."""

import argparse

from hsl import comparing
from hsl.commands import an_id, open_database, say
from hsl.settings import Settings


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("id", type=an_id, nargs="?", metavar="ID")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_run)


def _run(parsed: argparse.Namespace, settings: Settings) -> None:
    engine = open_database(settings)
    if parsed.id is None:
        found = comparing.listing(engine)
        facts = [{"id": e.id, "name": e.name, "arms": [a.name for a in e.arms]} for e in found]
        lines = [f"{e.id:>6}  {e.name}: {', '.join(a.name for a in e.arms)}" for e in found]
        say(parsed, facts, "\n".join(lines) or "No experiments yet. Split a message in Compose.")
        return
    result = comparing.result(engine, parsed.id)
    say(parsed, result.as_json(), result.as_text())
