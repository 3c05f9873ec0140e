"""Changing one place in a tree of conditions; a place is the path of child numbers to it."""

from typing import Literal

from hsl.audience import conditions as c

Path = tuple[int, ...]


def children(condition: c.Condition) -> tuple[c.Condition, ...]:
    """What a condition joins or turns round; none for one that stands by itself."""
    if isinstance(condition, c.All | c.AnyOf):
        return condition.of
    return (condition.of,) if isinstance(condition, c.Not) else ()


def at(condition: c.Condition, path: Path) -> c.Condition:
    """The condition at a place. Raises IndexError where there is none."""
    for place in path:
        condition = children(condition)[place]
    return condition


def replaced(condition: c.Condition, path: Path, new: c.Condition | None) -> c.Condition | None:
    """The tree with another condition at a place; None takes it away, and groups of one with it."""
    if not path:
        return new
    parts = list(children(condition))
    changed = replaced(parts[path[0]], path[1:], new)
    parts[path[0] : path[0] + 1] = [] if changed is None else [changed]
    if isinstance(condition, c.Not):
        return c.Not(of=parts[0]) if parts else None
    return c.all_of(*parts) if isinstance(condition, c.All) else c.any_of(*parts)


def joined(
    condition: c.Condition | None, path: Path, new: c.Condition, how: Literal["all", "any"]
) -> c.Condition | None:
    """The tree with a new condition beside the one at a place, joined by and or by or."""
    if condition is None:
        return new
    there = at(condition, path)
    pair = c.all_of(there, new) if how == "all" else c.any_of(there, new)
    return replaced(condition, path, pair)
