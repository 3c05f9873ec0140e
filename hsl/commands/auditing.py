"""`python -m hsl audit`: whether the record of who did what is whole, its head, and a copy."""

import argparse
import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from hsl import audit, audit_chain
from hsl.commands import open_database, say
from hsl.settings import Settings
from hsl.table import Format

LINES = "jsonl"


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    deeds = command.add_subparsers(required=True, metavar="DEED")
    verify = deeds.add_parser("verify", help="look for any change, removal or insertion")
    verify.add_argument("--anchor", metavar="HASH", help="a head that `audit anchor` printed once")
    verify.add_argument("--json", action="store_true", help="print JSON")
    verify.set_defaults(run=_verify)
    anchor = deeds.add_parser("anchor", help="print the head of the chain, to be kept elsewhere")
    anchor.add_argument("--json", action="store_true", help="print JSON")
    anchor.set_defaults(run=_anchor)
    export = deeds.add_parser("export", help="write all entries, the first first")
    export.add_argument("--format", choices=[*Format, LINES], default=LINES, help="default: jsonl")
    export.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
    export.set_defaults(run=_export)


def _verify(parsed: argparse.Namespace, settings: Settings) -> int:
    found = audit_chain.verify(open_database(settings), anchor=parsed.anchor)
    facts = {
        "whole": found.is_whole,
        "entries": found.looked,
        "head": found.head,
        "faults": [asdict(fault) for fault in found.faults],
        "more_faults": found.more,
    }
    if found.is_whole:
        said = f"The chain is whole: {found.looked:,} entries, the last one {found.head or 'none'}."
    else:
        told = [fault.what for fault in found.faults[: audit_chain.MOST]]
        more = len(found.faults) - len(told) + found.more
        said = "\n".join([*told, *([f"… and {more:,} more"] if more else [])])
    say(parsed, facts, said)
    return 0 if found.is_whole else 1


def _anchor(parsed: argparse.Namespace, settings: Settings) -> None:
    head = audit_chain.head(open_database(settings))
    say(parsed, asdict(head), head.hash)


def _export(parsed: argparse.Namespace, settings: Settings) -> None:
    engine = open_database(settings)
    target = parsed.output.open("wb") if parsed.output else sys.stdout.buffer
    try:
        if parsed.format == LINES:
            for row in audit.rows(engine):
                target.write(json.dumps(row, ensure_ascii=False, default=str).encode() + b"\n")
        else:
            with audit.export(engine, Format(parsed.format)) as file:
                shutil.copyfileobj(file, target)
        target.flush()
    finally:
        if parsed.output:
            target.close()
