"""What is not translated yet: `python -m hsl.locale.missing` prints it as entries to fill in."""

import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from hsl import words

ROOT = words.FOLDER.parent.parent
MARKS = {"_": 1, "N_": 1, "p_": 2, "plural": 2}  # function → how many of its arguments are strings


def sources() -> Iterator[Path]:
    """Every file whose words people read."""
    yield ROOT / "app.py"
    for room in ("hsl", "pages"):
        yield from sorted((ROOT / room).rglob("*.py"))


def template() -> Catalog:
    """Every string in the code that is to be translated, with its places."""
    found = Catalog()
    for path in sources():
        name = str(path.relative_to(ROOT))
        # Read as Python itself reads it, as Babel's own reader does not look into f-strings.
        for node in ast.walk(ast.parse(path.read_text("utf-8"), name)):
            marked = _marked(node)
            if marked is not None:
                context, said = marked
                found.add(said, locations=[(name, node.lineno)], context=context)  # type: ignore[attr-defined]
    return found


def _marked(node: ast.AST) -> tuple[str | None, str | tuple[str, str]] | None:
    """The context and the string, or the two forms, of a call that marks one."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
        return None
    mark = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
    said = [a.value for a in node.args[: MARKS.get(mark, 0)] if isinstance(a, ast.Constant)]
    if not said or len(said) < MARKS[mark]:
        return None
    if mark == "plural":
        return None, (str(said[0]), str(said[1]))
    return (str(said[0]), str(said[1])) if mark == "p_" else (None, str(said[0]))


def missing(language: str) -> Catalog:
    """The strings that have no translation, or a fuzzy or half one, into a language."""
    have, lack = words.catalogue(language), Catalog(locale=language)
    for message in template():
        if not message.id:
            continue
        kept = have.get(message.id, message.context)
        parts = kept.string if kept is not None else ""
        whole = all(parts) if isinstance(parts, (tuple, list)) else bool(parts)
        if not whole or (kept is not None and kept.fuzzy):
            lack.add(message.id, locations=message.locations, context=message.context)
    return lack


def main() -> None:
    """Print the missing entries of each language; arguments choose files by their beginning."""
    for language in words.LANGUAGES.keys() - {"en"}:
        lack, chosen = missing(language), Catalog(locale=language)
        for message in lack:
            places = [p for p in message.locations if p[0].startswith(tuple(sys.argv[1:] or [""]))]
            if message.id and places:
                chosen.add(message.id, locations=places, context=message.context)
        written = io.BytesIO()
        write_po(written, chosen, omit_header=True, width=96)
        sys.stdout.write(written.getvalue().decode())


if __name__ == "__main__":
    main()
