"""`python -m hsl archive`, as an operator types it."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, time, timedelta

from sqlalchemy import Engine
from tqdm import tqdm

from hsl import database
from hsl.archive import catalogue, files, restoring, storing, unlisted
from hsl.audience import policy
from hsl.commands import ACTOR, open_database
from hsl.settings import Settings


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--before",
        type=date.fromisoformat,
        metavar="DATE",
        help="move the recipients of finished messages that started before that day",
    )
    what.add_argument("--list", action="store_true", help="show what is archived")
    what.add_argument("--restore", metavar="MONTH", help="bring a month such as 2025-03 back")
    what.add_argument("--verify", action="store_true", help="read every file whole and compare")
    command.add_argument("--dry-run", action="store_true", help="show what would move, and stop")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_run)


def _run(parsed: argparse.Namespace, settings: Settings) -> int:
    engine = open_database(settings)
    if parsed.list:
        return _list(parsed, engine)
    if parsed.verify:
        return _verify(parsed, engine)
    if parsed.restore:
        with _bar() as bar:
            rows = restoring.restore(
                engine, parsed.restore, actor=ACTOR, progress=lambda _stage, n: bar.update(n)
            )
        _say(parsed, {"month": parsed.restore, "rows": rows}, [
            f"{parsed.restore}: {rows:,} rows are in the database again."
        ])  # fmt: skip
        return 0
    before = datetime.combine(parsed.before, time(), settings.zone)
    cap = policy.Cap.parse(settings.frequency_cap)
    counted_for = timedelta(days=cap.days) if cap else storing.AT_REST
    stay = [
        f"{month}: {messages:,} messages stay, as the frequency cap still counts who got them "
        f"(HSL_FREQUENCY_CAP, {settings.frequency_cap})."
        for month, messages in storing.counted(engine, before, counted_for=counted_for).items()
    ]
    if parsed.dry_run:
        return _dry_run(parsed, engine, before, counted_for, stay)
    with _bar() as bar:

        def progress(stage: str, rows: int) -> None:
            bar.set_description_str(stage)
            bar.update(rows)

        made = storing.archive(
            engine, before, actor=ACTOR, counted_for=counted_for, progress=progress
        )
    lines = [
        f"{one.month}: {one.rows:,} rows of {one.messages:,} messages in {one.file} "
        f"({one.size / 2**20:,.1f} MiB), read back and equal"
        for one in made
    ]
    stay += [unlisted.what_to_do(path) for path in unlisted.whole(engine)]
    _say(
        parsed,
        [asdict(one) for one in made],
        lines or ["Nothing to archive before that day."],
        stay,
    )
    return 0


def _dry_run(
    parsed: argparse.Namespace,
    engine: Engine,
    before: datetime,
    counted_for: timedelta,
    stay: list[str],
) -> int:
    batches = storing.plan(engine, before, counted_for=counted_for)
    found = [
        {"month": one.month, "messages": len(one.messages), "rows": one.rows} for one in batches
    ]
    lines = [
        f"{one.month}: {one.rows:,} rows of {len(one.messages):,} messages would move"
        for one in batches
    ]
    left = storing.leftovers(engine)
    if left:
        lines.append(f"Rows of {len(left):,} archived messages, left by an ended run, would go.")
    _say(parsed, found, lines or ["Nothing to archive before that day."], stay)
    return 0


def _list(parsed: argparse.Namespace, engine: Engine) -> int:
    with database.read_only(engine).begin() as connection:
        listed = catalogue.listed(connection)
    found = [
        {
            "month": file.month,
            "file": str(file.path),
            "messages": len(files.people_in(file.path)) if file.path.exists() else None,
            "rows": file.rows,
            "bytes": file.path.stat().st_size if file.path.exists() else None,
            "archived_at": file.archived_at.isoformat(),
        }
        for file in listed
    ]
    lines = [
        f"{one['month']}  {one['rows']:>12,} rows  "
        + ("MISSING" if one["bytes"] is None else f"{one['messages']:,} messages")
        + f"  {one['file']}"
        for one in found
    ]
    _say(parsed, found, lines or ["Nothing is archived."])
    return 0


def _verify(parsed: argparse.Namespace, engine: Engine) -> int:
    checked = restoring.verify(engine)
    lines = [
        f"{'NOT' if one.problem else 'ok '}  {one.month}/{one.file}: "
        f"{one.problem or f'{one.rows:,} rows, as they were written'}"
        for one in checked
    ]
    lines += [f"     {unlisted.what_to_do(path)}" for path in unlisted.whole(engine)]
    _say(parsed, [asdict(one) for one in checked], lines or ["Nothing is archived."])
    return 1 if any(one.problem for one in checked) else 0


def _say(
    parsed: argparse.Namespace, found: object, lines: list[str], notes: Sequence[str] = ()
) -> None:
    if parsed.json:
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stderr.write("".join(f"{note}\n" for note in notes))
        return
    sys.stdout.write("\n".join([*lines, *notes]) + "\n")


def _bar() -> "tqdm[None]":
    return tqdm(unit=" rows", disable=None)
