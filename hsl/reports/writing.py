"""Reports into files: named, written beside and then put in place, so that nobody reads a half."""

import os
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from hsl.acting import Permission, needs
from hsl.reports import figures, names, page


@needs(Permission.LOOK)
def message(engine: Engine, message_id: int, zone: ZoneInfo, out: Path) -> Path:
    """Write one message's report to a file, or into a folder; where it is. Raises OSError."""
    found = figures.of_message(engine, message_id, zone)
    return _save(page.of_message(found, zone), out, f"message-{message_id}.html")


@needs(Permission.LOOK)
def period(
    engine: Engine,
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
    out: Path,
    streams: Sequence[str] = (),
) -> Path:
    """Write a period's report to a file, or into a folder; where it is. Raises OSError."""
    found = figures.of_period(engine, since, until, zone, streams)
    return _save(page.of_period(found, zone), out, names.of_period(since, until, zone, streams))


def scheduled(engine: Engine, since: datetime, until: datetime, zone: ZoneInfo, path: Path) -> Path:
    """Write a period's report that is written anew where some of it was not over.

    Raises as `figures.of_period`, and OSError.
    """
    found = figures.of_period(engine, since, until, zone)
    return _save(page.of_period(found, zone, by_clock=True), path, path.name)


def _save(content: str, out: Path, name: str) -> Path:
    is_folder = out.is_dir() or out.suffix.lower() not in {".html", ".htm"}
    path = out / name if is_folder else out
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path
