"""`python -m hsl pause`, `resume`, `cancel` and `retry`: a message on its way."""

import argparse
from collections.abc import Callable

from hsl import dispatch
from hsl.commands import ACTOR, an_id, approving, open_database
from hsl.delivery import steering
from hsl.settings import Settings


def add_pause(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    _add(command, _pause)


def add_resume(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    _add(command, _resume)


def add_cancel(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    _add(command, _cancel)


def add_retry(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    _add(command, _retry)
    command.add_argument("--reason", action="append", default=[], help="only these reasons")


def _add(
    command: argparse.ArgumentParser, run: Callable[[argparse.Namespace, Settings], None]
) -> None:
    command.add_argument("id", type=an_id, metavar="ID")
    command.set_defaults(run=run)


def _pause(parsed: argparse.Namespace, settings: Settings) -> None:
    steering.pause(open_database(settings), parsed.id, actor=ACTOR)
    print(f"Message {parsed.id} is paused.")


def _resume(parsed: argparse.Namespace, settings: Settings) -> None:
    engine = open_database(settings)
    steering.resume(engine, parsed.id, actor=ACTOR)
    waits = approving.wait_of(engine, parsed.id)
    print(
        f"Message {parsed.id} is paused no more.{waits}"
        if waits
        else f"Message {parsed.id} goes on."
    )


def _cancel(parsed: argparse.Namespace, settings: Settings) -> None:
    stopped = steering.cancel(open_database(settings), parsed.id, actor=ACTOR)
    print(f"Message {parsed.id} is cancelled; {stopped:,} people will not get it.")


def _retry(parsed: argparse.Namespace, settings: Settings) -> None:
    engine = open_database(settings)
    back = dispatch.retry_failed(engine, parsed.id, actor=ACTOR, reasons=tuple(parsed.reason))
    print(
        f"Message {parsed.id}: {back:,} failed recipients are tried again."
        f"{approving.wait_of(engine, parsed.id)}"
    )
