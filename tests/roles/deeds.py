"""What the code of hsl/ itself tells of its deeds: which functions are marked, and which write."""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import hsl
from hsl.acting import ROLES, Actor, Permission, Role

ROOT = Path(hsl.__file__).parent
LEFT_OUT = ("hsl.commands", "hsl.migrations", "hsl.locale", "hsl.sandbox")  # no rooms with deeds


@dataclass
class Function:
    """A function at the top of a module, and what it leans on."""

    name: str  # such as "hsl.delivery.steering.pause"
    first: str  # its first argument
    mark: str | None
    writes: bool
    calls: set[str] = field(default_factory=set)


@cache
def functions() -> dict[str, Function]:
    """Every function at the top of a module of hsl/, by name."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if not module.startswith(LEFT_OUT):
            for one in _of_module(module, ast.parse(path.read_text("utf-8"))):
                found[one.name] = one
    return found


def marks() -> dict[str, Permission]:
    """What every marked deed needs, as it runs, by name."""
    return {
        name: deed(name).__permission__ for name, one in functions().items() if one.mark is not None
    }


def deed(name: str) -> Any:
    """The deed of this name."""
    module, _dot, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def actor_of(role: Role) -> Actor:
    """Somebody of this role."""
    return Actor(f"some {role}", ROLES[role])


def table() -> str:
    """The deeds by what they need, as docs/roles.md lists them."""
    needed = marks()
    return "\n".join(
        f"- `{permission}`: "
        + ", ".join(
            f"`{name.removeprefix('hsl.')}`"
            for name in sorted(needed)
            if needed[name] is permission
        )
        for permission in Permission
    )


def unmarked(known: dict[str, Function]) -> list[str]:
    """Public functions given an engine that write, other than through a marked deed."""
    writing = {name for name, one in known.items() if one.writes and one.mark is None}
    while True:
        more = {
            name
            for name, one in known.items()
            if one.mark is None and name not in writing and one.calls & writing
        }
        if not more:
            break
        writing |= more
    return sorted(
        name
        for name in writing
        if known[name].first in {"engine", "source"} and not name.rpartition(".")[2].startswith("_")
    )


def _of_module(module: str, tree: ast.Module) -> Iterator[Function]:
    known = dict(_imported(tree))
    tops = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    known |= {node.name: f"{module}.{node.name}" for node in tops}
    for node in tops:
        calls = {_called(call.func, known) for call in ast.walk(node) if isinstance(call, ast.Call)}
        given = node.args.args
        yield Function(
            name=f"{module}.{node.name}",
            first=given[0].arg if given else "",
            mark=next(_marks(node), None),
            writes=bool(calls & {"hsl.audit.record", "engine.begin", "source.begin"}),
            calls=calls,
        )


def _marks(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for one in node.decorator_list:
        if isinstance(one, ast.Call) and ast.unparse(one.func) in {"needs", "acting.needs"}:
            yield ast.unparse(one.args[0])


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hsl"):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _called(function: ast.expr, known: dict[str, str]) -> str:
    words = ast.unparse(function)
    head, dot, rest = words.partition(".")
    return known.get(head, head) + dot + rest
