"""`python -m hsl import`: people from a file."""

import argparse
import json
from pathlib import Path

from tqdm import tqdm

from hsl.audience import importer
from hsl.commands import ACTOR, open_database
from hsl.settings import Settings


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(run=_run)


def _run(parsed: argparse.Namespace, settings: Settings) -> None:
    with tqdm(total=100, unit="%", disable=None, bar_format="{desc} {bar} {n:.0f} %") as bar:

        def progress(share: float, stage: str) -> None:
            bar.set_description_str(stage)
            bar.update(100 * share - bar.n)

        report = importer.import_file(
            open_database(settings),
            parsed.file,
            actor=ACTOR,
            rejects_dir=settings.data_dir,
            progress=progress,
        )
    counted = {
        name: getattr(report, name) for name in ("added", "updated", "unchanged", "rejected")
    }
    if report.forgotten:
        counted["forgotten"] = report.forgotten
    if parsed.json:
        where = None if report.rejects_file is None else str(report.rejects_file)
        left_out = list(report.unindexed)
        print(json.dumps({**counted, "rejects_file": where, "unindexed": left_out}))
        return
    print(", ".join(f"{people:,} {word}" for word, people in counted.items()))
    if report.rejects_file is not None:
        print(f"The rejected rows and why: {report.rejects_file}")
    if report.warning:
        print(report.warning)
