"""`python -m hsl up`, `web` and `scheduler`: what runs until it is ended."""

import argparse

from hsl import bots
from hsl.commands import open_database
from hsl.settings import Settings


def add_up(command: argparse.ArgumentParser) -> None:
    """It takes no options."""
    command.set_defaults(run=_up)


def add_web(command: argparse.ArgumentParser) -> None:
    """It takes no options."""
    command.set_defaults(run=_web)


def add_scheduler(command: argparse.ArgumentParser) -> None:
    """It takes no options."""
    command.set_defaults(run=_scheduler)


def _up(_parsed: argparse.Namespace, settings: Settings) -> int:
    from hsl import up

    return up.run(settings)


def _web(_parsed: argparse.Namespace, settings: Settings) -> None:
    from hsl import web

    engine = open_database(settings)
    bots.speaking(engine, settings)  # a token that does not open stops the start, and not a page
    engine.dispose()
    web.run(settings)


def _scheduler(_parsed: argparse.Namespace, settings: Settings) -> None:
    from hsl import scheduler

    open_database(settings).dispose()
    scheduler.run(settings)
