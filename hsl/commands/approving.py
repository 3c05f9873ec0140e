"""`python -m hsl approve` and `reject`: a message that waits for a second person."""

import argparse

from sqlalchemy import Engine

from hsl.commands import ACTOR, an_id, open_database
from hsl.delivery import deciding
from hsl.settings import Settings


def add_approve(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("id", type=an_id, metavar="ID")
    command.set_defaults(run=_approve)


def add_reject(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("id", type=an_id, metavar="ID")
    command.add_argument("--why", required=True, metavar="REASON", help="what is to be mended")
    command.set_defaults(run=_reject)


def wait_of(engine: Engine, message_id: int) -> str:
    """The sentence that says for whom a message waits, after a blank; empty where for nobody."""
    found = deciding.of_message(engine, message_id)
    if found is None:
        return ""
    return (
        f" It waits for a second person, as it would go to {found.people:,} people: nobody gets it "
        f"until another account than {found.asked_by} has approved it on its page."
    )


def _approve(parsed: argparse.Namespace, settings: Settings) -> None:
    deciding.approve(open_database(settings), parsed.id, actor=ACTOR)
    print(f"Message {parsed.id} is approved.")


def _reject(parsed: argparse.Namespace, settings: Settings) -> None:
    draft = deciding.reject(open_database(settings), parsed.id, actor=ACTOR, reason=parsed.why)
    print(
        f"Message {parsed.id} is rejected; nobody else gets it."
        if draft is None
        else f"Message {parsed.id} is rejected; it is draft {draft} again."
    )
