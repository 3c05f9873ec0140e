"""`python -m hsl rules` and `stop`: messages that go again and again."""

import argparse
import json

from hsl.commands import ACTOR, an_id, open_database
from hsl.delivery import recurring
from hsl.settings import Settings


def add_rules(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_rules)


def add_stop(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("id", type=an_id, metavar="RULE")
    command.set_defaults(run=_stop)


def _rules(parsed: argparse.Namespace, settings: Settings) -> None:
    rules = recurring.at_work(open_database(settings))
    if parsed.json:
        found = [
            {
                "id": rule.id,
                "rule": rule.repeat.sentence(),
                "next_at": rule.next_at and rule.next_at.isoformat(),
                "next_message": rule.next_message_id,
            }
            for rule in rules
        ]
        print(json.dumps(found))
        return
    for rule in rules:
        first = (rule.text.splitlines() or [""])[0][:40]
        print(f"{rule.id:>6}  {first:<40}  {rule.repeat.sentence()}; next {rule.next_at}")
    if not rules:
        print('No rules. Try: python -m hsl send --all --text T --every "mon 10:00 Europe/Moscow"')


def _stop(parsed: argparse.Namespace, settings: Settings) -> None:
    cancelled = recurring.stop(open_database(settings), parsed.id, actor=ACTOR)
    print(f"Rule {parsed.id} is stopped; {cancelled} scheduled message(s) cancelled.")
