"""`python -m hsl source …`: people from where they are, again and again."""

import argparse
import json
from typing import Any

from sqlalchemy import Engine

from hsl.audience.sources import definitions, preview, registry, runs
from hsl.audience.sources.errors import SourceError
from hsl.commands import ACTOR, fail, open_database
from hsl.settings import Settings


def add(command: argparse.ArgumentParser) -> None:
    """Add the words after `source`."""
    words = command.add_subparsers(required=True, metavar="WHAT", dest="what")

    command.set_defaults(run=run)

    def add_word(name: str, about: str) -> argparse.ArgumentParser:
        added = words.add_parser(name, help=about, description=about)
        if name != "list":
            added.add_argument("name", metavar="NAME")
        return added

    one = add_word("add", "Keep a source: a query on another database, or files.")
    _add_parts(one, is_new=True)
    one.add_argument(
        "--replace", action="store_true", help="give the source of this name another definition"
    )
    one = add_word("edit", "Change what is named of a source, and keep the rest of it.")
    _add_parts(one, is_new=False)
    one.add_argument(
        "--unmap", action="append", default=[], metavar="THEIRS", help="forget this column's --map"
    )
    add_word("preview", "Show the first rows as they would become people; nothing is changed.")
    one = add_word("run", "Read it now: add, update, and mark who has left.")
    one.add_argument("--accept-shrink", action="store_true", help="take it though half are gone")
    add_word("list", "List the sources and what their last runs did.")
    add_word("remove", "Forget a source; the people whom it brought stay as they are.")
    for name in ("preview", "run", "list"):
        words.choices[name].add_argument("--json", action="store_true", help="print JSON")


def _add_parts(one: argparse.ArgumentParser, *, is_new: bool) -> None:
    where = one.add_mutually_exclusive_group(required=is_new)
    where.add_argument(
        "--sql",
        metavar="ADDRESS",
        help="a database's SQLAlchemy address; with a password: env:NAME of a variable that has it",
    )
    where.add_argument("--files", metavar="PATTERN", help="a path, folder, pattern or web address")
    one.add_argument("--query", metavar="Q", help="one SELECT; it must give a column user_id")
    one.add_argument(
        "--which",
        choices=[which.value for which in definitions.Which],
        help="of several files the newest, or all (newest)",
    )
    one.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="THEIRS=OURS",
        help="their column's name here; THEIRS= leaves it out",
    )
    often = one.add_mutually_exclusive_group()
    often.add_argument("--every", type=int, metavar="MINUTES", help="run it by itself so often")
    often.add_argument("--by-hand", action="store_true", help="do not run it by itself")
    left = one.add_mutually_exclusive_group()
    left.add_argument(
        "--keep-left", action="store_true", help="do not mark as left who is gone from it"
    )
    left.add_argument("--mark-left", action="store_true", help="mark as left who is gone from it")


def run(parsed: argparse.Namespace, settings: Settings) -> int:
    """Do what the words say, and return the exit status."""
    engine = open_database(settings)
    match parsed.what:
        case "add":
            return _add(parsed, engine)
        case "edit":
            return _edit(parsed, engine)
        case "preview":
            return _preview(parsed, settings, engine)
        case "run":
            return _run(parsed, settings, engine)
        case "remove":
            registry.remove(engine, parsed.name, actor=ACTOR)
            print(f"{parsed.name} is removed; the people whom it brought stay as they are.")
            return 0
    return _list(parsed, engine)


def _add(parsed: argparse.Namespace, engine: Engine) -> int:
    if parsed.sql and not parsed.query:
        fail("--sql needs --query with one SELECT.")
    definition = definitions.define(
        name=parsed.name,
        kind=definitions.Kind.SQL if parsed.sql else definitions.Kind.FILES,
        address=parsed.sql or parsed.files,
        query=parsed.query,
        which=parsed.which or definitions.Which.NEWEST,
        mapping=_mapping(parsed),
        every_minutes=parsed.every,
        mark_left=not parsed.keep_left,
    )
    registry.add(engine, definition, actor=ACTOR, replace=parsed.replace)
    when = (
        f"The scheduler runs it every {parsed.every} min."
        if parsed.every
        else f"Run it by `python -m hsl source run {parsed.name}`."
    )
    print(f"{parsed.name} is kept. {when}")
    return 0


def _edit(parsed: argparse.Namespace, engine: Engine) -> int:
    parts: dict[str, Any] = {}
    for kind, address in (("sql", parsed.sql), ("files", parsed.files)):
        if address is not None:
            parts |= {"kind": definitions.Kind(kind), "address": address}
    for name, value in (
        ("query", parsed.query),
        ("which", parsed.which),
        ("every_minutes", parsed.every),
    ):
        if value is not None:
            parts[name] = value
    if parsed.by_hand:
        parts["every_minutes"] = None
    if parsed.keep_left or parsed.mark_left:
        parts["mark_left"] = parsed.mark_left
    mapped = _mapping(parsed)
    if mapped or parsed.unmap:
        known = registry.named(engine, parsed.name).definition.mapping
        unknown = [theirs for theirs in parsed.unmap if theirs not in known]
        if unknown:
            fail(f"--unmap {unknown[0]}: there is no such --map. It has {', '.join(known)}.")
        kept = {theirs: ours for theirs, ours in known.items() if theirs not in parsed.unmap}
        parts["mapping"] = kept | mapped
    if not parts:
        fail("edit needs what is to be changed, such as --every 60.")
    registry.change(engine, parsed.name, actor=ACTOR, **parts)
    print(f"{parsed.name} is changed. `python -m hsl source preview {parsed.name}` shows it.")
    return 0


def _mapping(parsed: argparse.Namespace) -> dict[str, str]:
    mapping = {}
    for words in parsed.map:
        theirs, equals, ours = words.partition("=")
        if not equals or not theirs:
            fail(f"--map {words} is not THEIRS=OURS, such as telegram_id=user_id.")
        mapping[theirs] = ours
    return mapping


def _preview(parsed: argparse.Namespace, settings: Settings, engine: Engine) -> int:
    found = preview.preview(registry.named(engine, parsed.name).definition, settings)
    if parsed.json:
        columns = {column.theirs: column.becomes for column in found.columns}
        rows = [
            {
                "line": row.line,
                **row.person,
                "attributes": row.attributes,
                "problem": row.problem,
            }
            for row in found.rows
        ]
        print(json.dumps({"columns": columns, "rows": rows, "problem": found.problem}))
        return 0 if found.problem is None else 1
    if found.problem is not None:
        raise SourceError(found.problem)
    print("Columns: " + ", ".join(f"{c.theirs} → {c.becomes}" for c in found.columns))
    for row in found.rows:
        said = " ".join(
            f"{name}={value}" for name, value in {**row.person, **row.attributes}.items()
        )
        print(f"{row.line:>6}  {said}" + (f"  REJECTED: {row.problem}" if row.problem else ""))
    print(f"{len(found.rows)} rows looked at, {found.rejected} would be rejected.")
    return 0


def _run(parsed: argparse.Namespace, settings: Settings, engine: Engine) -> int:
    from tqdm import tqdm

    with tqdm(total=100, unit="%", disable=None, bar_format="{desc} {bar} {n:.0f} %") as bar:

        def progress(share: float, stage: str) -> None:
            bar.set_description_str(stage)
            bar.update(100 * share - bar.n)

        done = runs.run(
            engine,
            parsed.name,
            settings=settings,
            actor=ACTOR,
            accept_shrink=parsed.accept_shrink,
            progress=progress,
        )
    assert done is not None  # only one that was to run only if due says nothing
    if parsed.json:
        print(json.dumps(_figures(done)))
        return 0
    print(done.sentence())
    if done.rejects_file is not None:
        print(f"The rejected rows and why: {done.rejects_file}")
    return 0


def _figures(run: registry.Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "added": run.added,
        "updated": run.updated,
        "unchanged": run.unchanged,
        "left": run.left_streams,
        "rejected": run.rejected,
        "rejects_file": run.rejects_file,
        "seconds": run.seconds,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at and run.finished_at.isoformat(),
        "error": run.error,
    }


def _list(parsed: argparse.Namespace, engine: Engine) -> int:
    sources = registry.listing(engine)
    if parsed.json:
        found = [
            {
                **source.definition.model_dump(mode="json"),
                "next_run_at": source.next_run_at and source.next_run_at.isoformat(),
                "running": source.is_running,
                "last_run": source.last_run and _figures(source.last_run),
            }
            for source in sources
        ]
        print(json.dumps(found))
        return 0
    for source in sources:
        last = "never run" if source.last_run is None else source.last_run.sentence()
        often = source.definition.every_minutes
        every = f"every {often} min" if often else "by hand"
        print(f"{source.name:<20}  {source.definition.address:<40}  {every:<14}  {last}")
    if not sources:
        print("No sources. Try: python -m hsl source add NAME --files people/*.csv --every 60")
    return 0
