"""`python -m hsl backup` and `restore`."""

import argparse
from dataclasses import asdict
from pathlib import Path

from hsl import database
from hsl.backups import BackupError, keeping, making, manifest, restoring
from hsl.commands import say
from hsl.settings import Settings


def add_backup(command: argparse.ArgumentParser) -> None:
    """What `backup` takes."""
    command.add_argument(
        "--to", type=Path, metavar="FOLDER", help="another folder than HSL_BACKUP_FOLDER"
    )
    command.add_argument(
        "--check", type=Path, metavar="FILE", help="restore this backup beside, and compare"
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_backup)


def add_restore(command: argparse.ArgumentParser) -> None:
    """What `restore` takes."""
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument(
        "--replace", action="store_true", help="in the place of the database that is there"
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_restore)


def _backup(parsed: argparse.Namespace, settings: Settings) -> None:
    engine = database.engine_for(settings)
    if parsed.check is not None:
        note = making.verify(parsed.check, engine)
        found = manifest.read(parsed.check)
        if note:
            raise BackupError(f"{parsed.check} was not restored for a proof: {note}.")
        facts = {"path": str(parsed.check), "is_verified": True, **found.counts.tables}
        made_at = f"{found.made_at:%Y-%m-%d %H:%M} UTC"
        say(parsed, facts, f"{parsed.check} of {made_at} is whole: restored, all counts equal.")
        return
    made = making.make(engine, parsed.to or keeping.folder_of(settings))
    proof = f"not proven: {made.note}" if made.note else "restored beside, all counts equal"
    say(
        parsed,
        asdict(made),
        f"{made.path}: {made.people:,} people, {made.messages:,} messages ({proof}).",
    )


def _restore(parsed: argparse.Namespace, settings: Settings) -> None:
    done = restoring.restore(parsed.file, settings, replace=parsed.replace)
    lines = [f"Restored {done.people:,} people and {done.messages:,} messages of {done.made_at}."]
    if done.kept:
        lines.append(f"The old database is kept as {done.kept}.")
    if done.waiting:
        numbers = ", ".join(map(str, done.waiting))
        lines.append(f"These messages were open and wait for you to resume or cancel: {numbers}.")
    if done.uncertain:
        lines.append(f"{done.uncertain:,} people are uncertain; see `python -m hsl uncertain`.")
    say(parsed, asdict(done), "\n".join(lines))
