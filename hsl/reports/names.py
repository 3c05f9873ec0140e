"""What a report's file is called: by the clock with times, by hand with days alone."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

_SCHEDULED = re.compile(r"report-\d{4}-\d\d-\d\d-\d{4}-to-\d{4}-\d\d-\d\d-\d{4}\.html")
_UNSAFE = re.compile(r"[^\w.-]")
MOST_LETTERS = 40  # of the streams in a name


def scheduled(since: datetime, until: datetime, zone: ZoneInfo) -> str:
    """Of a period by the clock, such as report-2026-11-16-0800-to-2026-11-23-0800.html."""
    first, last = (f"{moment.astimezone(zone):%Y-%m-%d-%H%M}" for moment in (since, until))
    return f"report-{first}-to-{last}.html"


def is_scheduled(path: Path) -> bool:
    """Whether a file has the name of a report by the clock."""
    return _SCHEDULED.fullmatch(path.name) is not None


def of_period(since: datetime, until: datetime, zone: ZoneInfo, streams: Sequence[str]) -> str:
    """Of whole days by hand, such as report-2026-11-16-to-2026-11-23-4th_stream.html.

    It is never the name of one by the clock, and other streams have other names.
    """
    first, last = (moment.astimezone(zone).date() for moment in (since, until))
    of_streams = f"-{_short(streams)}" if streams else ""
    return f"report-{first}-to-{last}{of_streams}.html"


def _short(streams: Sequence[str]) -> str:
    plain = "-".join(sorted(streams))
    safe = _UNSAFE.sub("_", plain)[:MOST_LETTERS]
    if len(streams) == 1 and safe == plain:
        return safe
    # Of what was cut or joined, a few digits tell one from another.
    digest = hashlib.sha256("\0".join(sorted(streams)).encode()).hexdigest()
    return f"{safe}-{digest[:8]}"
