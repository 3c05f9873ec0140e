"""What was before and after, as an entry of the audit keeps it.

Only what differs is kept. A long text is cut to where it begins to differ, as an entry is never
changed again and ought to hold no more of what people wrote than tells what was done.
"""

from collections.abc import Mapping
from typing import Any

LONGEST = 200  # characters of a text
LEAD = 40  # of them, before the first that differs
MOST = 50  # values of a list
WHOLE = {"cohort"}  # is read back for its sentence, and has no long texts
CUT = "…"
NOTHING: tuple[Any, ...] = (None, "", [], {})


def between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """`{"before": …, "after": …}` of the fields that differ; a field that is not there is None.

    What was made has nothing `before`, what was removed nothing `after`.
    """
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    pairs = {name: _cut(name, before.get(name), after.get(name)) for name in sorted(names)}
    return {
        "before": {name: old for name, (old, _new) in pairs.items() if old not in NOTHING},
        "after": {name: new for name, (_old, new) in pairs.items() if new not in NOTHING},
    }


def _cut(name: str, before: Any, after: Any) -> tuple[Any, Any]:
    if name in WHOLE:
        return before, after
    if isinstance(before, str) and isinstance(after, str):
        return _around(before, after)
    if isinstance(before, dict) and isinstance(after, dict):
        inner = between(before, after)
        return inner["before"], inner["after"]
    return _short(before), _short(after)


def _around(before: str, after: str) -> tuple[str, str]:
    if max(len(before), len(after)) <= LONGEST:
        return before, after
    pairs = enumerate(zip(before, after, strict=False))
    same = next((place for place, (old, new) in pairs if old != new), min(len(before), len(after)))
    begins = max(0, same - LEAD)
    return _piece(before, begins), _piece(after, begins)


def _piece(text: str, begins: int) -> str:
    ends = begins + LONGEST
    return f"{CUT if begins else ''}{text[begins:ends]}{CUT if len(text) > ends else ''}"


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return _piece(value, 0)
    if isinstance(value, dict):
        return {name: one if name in WHOLE else _short(one) for name, one in value.items()}
    if isinstance(value, list):
        shown = [_short(one) for one in value[:MOST]]
        return shown if len(value) <= MOST else [*shown, f"{CUT} {len(value) - MOST}"]
    return value
