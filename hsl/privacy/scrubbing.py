"""A person's id and names taken out of what people saved: cohorts, segments, drafts, plans.

An id becomes a pseudonym, so that a list keeps its length and a cohort of one does not become one
of everybody. A name is taken out as a whole word.
"""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, select, update

from hsl import models

INSTEAD = "forgotten"
# Where cohorts stand, and the words of them; and where contents do.
SAVED: dict[Table, tuple[str, ...]] = {
    models.message_history: (
        "audience", "recipient_group", "written_as", "message_text", "translations", "buttons",
    ),
    models.message_versions: ("content",),
    models.recurring_messages: ("audience", "content"),
    models.segments: ("cohort", "name", "description"),
    models.selection_entries: ("cohort", "label"),
    models.drafts: ("audience", "plan", "content"),
    models.draft_versions: ("content",),
    models.message_templates: ("content", "name", "name_key"),
    models.experiments: ("audience", "name", "arms"),
    models.suppressions: ("reason",),
    models.source_runs: ("error",),
}  # fmt: skip


# What people wrote to people: a word there that is somebody's name is mostly just a word.
TEXTS = {"written_as", "message_text", "translations", "buttons", "content", "arms"}


def scrub(
    connection: Connection, user_id: int, full: Sequence[str], short: Sequence[str], pseudonym: int
) -> None:
    """Change every saved row that holds the id, one of the `full` names, or, but for TEXTS, of the
    `short` ones."""
    in_texts, elsewhere = _pattern(full), _pattern([*full, *short])
    for table, columns in SAVED.items():
        keys = list(table.primary_key.columns)
        wanted = [table.c[name] for name in columns]
        for row in connection.execute(select(*keys, *wanted)).all():
            kept = dict(zip(columns, row[len(keys) :], strict=True))
            changed = {}
            for name, value in kept.items():
                pattern = in_texts if name in TEXTS else elsewhere
                clean = _clean(value, user_id, pseudonym, pattern)
                if clean != value:
                    changed[name] = clean
            if changed:
                same = (key == value for key, value in zip(keys, row[: len(keys)], strict=True))
                connection.execute(update(table).where(*same).values(changed))


def _pattern(names: Sequence[str]) -> re.Pattern[str] | None:
    words = [re.escape(name) for name in sorted(names, key=len, reverse=True) if len(name) > 1]
    return re.compile(rf"(?<!\w)@?(?:{'|'.join(words)})(?!\w)", re.IGNORECASE) if words else None


def _clean(value: Any, user_id: int, pseudonym: int, pattern: re.Pattern[str] | None) -> Any:
    if isinstance(value, dict):
        return {name: _clean(one, user_id, pseudonym, pattern) for name, one in value.items()}
    if isinstance(value, list):
        return [_clean(one, user_id, pseudonym, pattern) for one in value]
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return pseudonym if value == user_id else value
    if isinstance(value, str):
        if value == str(user_id):
            return str(pseudonym)
        return pattern.sub(INSTEAD, value) if pattern else value
    return value
