"""The mark in a report's file that some of its messages were going on when it was made.

It stands in the file itself, so that any scheduler finds it there, also after a restart.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from html import escape, unescape
from pathlib import Path

HEAD = 64 * 1024  # bytes at a file's beginning, among which the mark is
_TAG = re.compile(r'<meta name="hsl-unfinished" content="([^"]*)">')


@dataclass(frozen=True)
class Unfinished:
    """A report of [since, until) whose messages of these ids were not over."""

    since: datetime
    until: datetime
    messages: tuple[int, ...]

    def tag(self) -> str:
        """The mark, for a page's head."""
        said = {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "messages": self.messages,
        }
        return f'<meta name="hsl-unfinished" content="{escape(json.dumps(said))}">'


def of_file(path: Path) -> Unfinished | None:
    """The mark in a file; None where there is none. Raises OSError, and ValueError for rubbish."""
    with path.open("rb") as file:
        found = _TAG.search(file.read(HEAD).decode("utf-8", "replace"))
    if found is None:
        return None
    try:
        said = json.loads(unescape(found[1]))
        since, until = (datetime.fromisoformat(said[name]) for name in ("since", "until"))
        return Unfinished(since, until, tuple(said["messages"]))
    except (ValueError, KeyError, TypeError) as fault:
        raise ValueError(
            f"the mark in {path.name} cannot be read ({type(fault).__name__}); delete that file"
        ) from fault
