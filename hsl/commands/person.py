"""`python -m hsl person`: what one person got."""

import argparse
import json
from dataclasses import asdict

from hsl.commands import an_id, open_database
from hsl.delivery import person, sums
from hsl.settings import Settings


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("id", type=an_id, metavar="ID")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_run)


def _run(parsed: argparse.Namespace, settings: Settings) -> None:
    found = person.of_person(open_database(settings), parsed.id)
    if parsed.json:
        print(json.dumps([{**asdict(one), "at": one.at.isoformat()} for one in found]))
        return
    for one in found:
        when = one.at.astimezone(settings.zone)
        outcome = sums.REASON_WORDS.get(one.reason or "", one.reason) or one.status
        print(f"{one.message_id:>6}  {when:%Y-%m-%d %H:%M %Z}  {outcome:<22}  {one.title}")
    if not found:
        print(f"No message was ever meant for {parsed.id}.")
