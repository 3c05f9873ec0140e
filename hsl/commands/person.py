"""`python -m hsl person`: what one person got; all that is held about them; forgetting them."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import Engine

from hsl.commands import ACTOR, an_id, confirmed, fail, open_database, say
from hsl.delivery import person, sums
from hsl.settings import Settings

DEEDS = ("export", "forget")


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument(
        "words",
        nargs="+",
        metavar="[export|forget] ID",
        help="whose history; export: everything held about them; forget: for ever",
    )
    how = command.add_mutually_exclusive_group()
    how.add_argument(
        "--erase", action="store_true", help="forget: each message another id of nobody (default)"
    )
    how.add_argument(
        "--pseudonymise", action="store_true", help="forget: all messages one id of nobody"
    )
    command.add_argument("--yes", action="store_true", help="forget without asking")
    command.add_argument("--output", type=Path, metavar="FILE", help="export: into this file")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_run)


def _run(parsed: argparse.Namespace, settings: Settings) -> int:
    *deed, last = parsed.words
    if len(deed) > 1 or not set(deed) <= set(DEEDS):
        fail(f"person takes ID, export ID or forget ID, and not {' '.join(parsed.words)}.")
    try:
        user_id = an_id(last)
    except argparse.ArgumentTypeError as error:
        fail(f"{error}.")
    engine = open_database(settings)
    if deed == ["export"]:
        return _export(parsed, engine, user_id)
    if deed == ["forget"]:
        return _forget(parsed, engine, settings, user_id)
    _history(parsed, engine, settings, user_id)
    return 0


def _history(parsed: argparse.Namespace, engine: Engine, settings: Settings, user_id: int) -> None:
    found = person.of_person(engine, user_id)
    if parsed.json:
        print(json.dumps([{**asdict(one), "at": one.at.isoformat()} for one in found]))
        return
    for one in found:
        when = one.at.astimezone(settings.zone)
        outcome = sums.REASON_WORDS.get(one.reason or "", one.reason) or one.status
        print(f"{one.message_id:>6}  {when:%Y-%m-%d %H:%M %Z}  {outcome:<22}  {one.title}")
    if not found:
        print(f"No message was ever meant for {user_id}.")


def _export(parsed: argparse.Namespace, engine: Engine, user_id: int) -> int:
    from hsl.privacy import holding

    said = json.dumps(holding.held_about(engine, user_id), ensure_ascii=False, indent=2)
    if parsed.output is None:
        print(said)
        return 0
    parsed.output.touch(mode=0o600)
    parsed.output.write_text(f"{said}\n", "utf-8")
    return 0


def _forget(parsed: argparse.Namespace, engine: Engine, settings: Settings, user_id: int) -> int:
    from hsl.privacy import forgetting

    question = f"Forget person {user_id} for ever? This cannot be undone. [y/N] "
    if not confirmed(parsed, question):
        print(f"Nothing was changed. To forget {user_id} for ever, add --yes.")
        return 1
    how = forgetting.How.PSEUDONYMISE if parsed.pseudonymise else forgetting.How.ERASE
    done = forgetting.forget(engine, user_id, how=how, actor=ACTOR, data_dir=settings.data_dir)
    say(
        parsed,
        asdict(done),
        f"Forgotten for ever: {done.messages:,} messages keep an id of nobody, and {done.files:,} "
        f"files of the archive were written anew.{'' if done.clean else f' {forgetting.REMNANTS}'}",
    )
    return 0
