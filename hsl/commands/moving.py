"""`python -m hsl migrate-to`: from SQLite to PostgreSQL."""

import argparse
import json
from dataclasses import asdict

from tqdm import tqdm

from hsl import database, moving
from hsl.commands import fail
from hsl.settings import Settings


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("address", metavar="postgresql+psycopg://…")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_run)


def _run(parsed: argparse.Namespace, settings: Settings) -> None:
    if not parsed.address.startswith("postgresql"):
        fail("migrate-to needs an address such as postgresql+psycopg://user@host/name.")
    source = database.engine_for(settings)
    if source.dialect.name != "sqlite":
        fail("The database in use (DATABASE_URL) is PostgreSQL already.")
    with tqdm(unit=" rows", disable=None) as bar:

        def progress(table: str, rows: int) -> None:
            bar.set_description_str(table)
            bar.update(rows)

        moved = moving.move(
            source,
            database.open_engine(parsed.address, archive=settings.archive_dir),
            progress,
        )
    if parsed.json:
        print(json.dumps([asdict(table) for table in moved]))
        return
    for table in moved:
        print(f"{table.name:<20} {table.rows:>12,} rows, equal on both sides ({table.checksum})")
    if database.archive_of(source).exists():
        print(f"Archived rows stay in {database.archive_of(source)}: keep HSL_DATA_DIR as it is.")
    print("Now set DATABASE_URL to the new address, and start nothing on the old database again.")
