"""`python -m hsl doctor`: is all well, and if not, what to do."""

import argparse
import json
from dataclasses import asdict

from hsl import doctor
from hsl.settings import Settings


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument(
        "--alive",
        action="store_true",
        help="only whether the database answers and a scheduler gives signs, for a health check",
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_run)


def _run(parsed: argparse.Namespace, settings: Settings) -> int:
    checks = doctor.alive(settings) if parsed.alive else doctor.examine(settings)
    if parsed.json:
        print(json.dumps([asdict(check) for check in checks]))
    else:
        for check in checks:
            words = check.detail if check.ok else f"{check.detail} {check.remedy}"
            print(f"{'ok ' if check.ok else 'NOT'}  {check.name}: {words}")
    return 0 if all(check.ok for check in checks) else 1
