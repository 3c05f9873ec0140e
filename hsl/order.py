"""The order in which names are listed: as people count, 4th before 10th."""

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"([0-9]+)")


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """By which a name is sorted: numbers in it by their value, letters without regard to case.

    The name itself comes last, so that no two different ones are equal, and before what goes on.
    """
    parts = _NUMBER.split(name.casefold())
    key = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]
    return (*key, (-1, 0, name))


def naturally(names: Iterable[str]) -> list[str]:
    """The names in their natural order."""
    return sorted(names, key=natural_key)
