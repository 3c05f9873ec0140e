"""`python -m hsl up`, `web` and `scheduler`: what runs until it is ended."""

import argparse

from hsl import bots, configured
from hsl.commands import open_database
from hsl.settings import Settings


def add_up(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    _add_link(command)
    command.set_defaults(run=_up)


def add_web(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    _add_link(command)
    command.set_defaults(run=_web)


def add_scheduler(command: argparse.ArgumentParser) -> None:
    """It takes no options."""
    command.set_defaults(run=_scheduler)


def _add_link(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--setup-link", action="store_true", help="print a link that makes the first account, once"
    )


def _up(parsed: argparse.Namespace, settings: Settings) -> int:
    from hsl import up

    return up.run(settings, setup_link=parsed.setup_link)


def _web(parsed: argparse.Namespace, settings: Settings) -> None:
    from hsl import web
    from hsl.accounts import opening

    engine = open_database(settings)
    if parsed.setup_link:
        link = opening.first_link(engine, settings)
        print(f"Set up the first admin, once, within a day: {link}", flush=True)
    bots.speaking(engine, settings)  # a token that does not open stops the start, and not a page
    configured.note(engine, settings, process=configured.PAGES)
    engine.dispose()
    web.run(settings)


def _scheduler(_parsed: argparse.Namespace, settings: Settings) -> None:
    from hsl import scheduler

    engine = open_database(settings)
    configured.note(engine, settings, process=configured.SCHEDULER)
    engine.dispose()
    scheduler.run(settings)
