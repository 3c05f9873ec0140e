"""`python -m hsl segment`: saved cohorts."""

import argparse
from typing import Any

from sqlalchemy import Engine

from hsl.audience import segments
from hsl.commands import ACTOR, open_database, say, send
from hsl.settings import Settings


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.set_defaults(run=_run)
    ways = command.add_subparsers(required=True, metavar="add|list|show|edit|freeze|thaw|remove")
    one = ways.add_parser("add", help="save people under a name")
    one.set_defaults(way=_add)
    one.add_argument("name", metavar="NAME")
    send.add_who(one)
    one.add_argument("--description", default="", metavar="T")
    one.add_argument("--frozen", action="store_true", help="keep the people that it has now")
    one.add_argument("--exclusion", action="store_true", help="nobody in it gets any message")
    one.add_argument("--json", action="store_true", help="print JSON")
    one = ways.add_parser("edit", help="rename it, describe it, or change what it is for")
    one.set_defaults(way=_edit)
    one.add_argument("name", metavar="NAME")
    one.add_argument("--name", dest="new_name", metavar="NEW")
    one.add_argument("--description", metavar="T")
    one.add_argument("--exclusion", action=argparse.BooleanOptionalAction, default=None)
    one = ways.add_parser("list", help="all segments with their sizes")
    one.set_defaults(way=_list)
    one.add_argument("--json", action="store_true", help="print JSON")
    for name, way, words in (
        ("show", _show, "what it holds, and its size over time"),
        ("freeze", _freeze, "keep the people that it has now"),
        ("thaw", _thaw, "choose its people anew whenever it is used"),
        ("remove", _remove, "delete it, where nothing uses it"),
    ):
        one = ways.add_parser(name, help=words)
        one.set_defaults(way=way)
        one.add_argument("name", metavar="NAME")
        if name == "show":
            one.add_argument("--json", action="store_true", help="print JSON")


def _run(parsed: argparse.Namespace, settings: Settings) -> None:
    parsed.way(parsed, open_database(settings))


def _add(parsed: argparse.Namespace, engine: Engine) -> None:
    cohort = segments.of_audience(send.audience_of(parsed, engine))
    saved = segments.add(
        engine,
        name=parsed.name,
        owner=ACTOR,
        cohort=cohort,
        description=parsed.description,
        frozen=parsed.frozen,
        is_exclusion=parsed.exclusion,
    )
    say(parsed, _facts(saved), f"Segment {saved.name}: {saved.people:,} people, {_words(saved)}")


def _edit(parsed: argparse.Namespace, engine: Engine) -> None:
    saved = segments.edit(
        engine,
        parsed.name,
        actor=ACTOR,
        new_name=parsed.new_name,
        description=parsed.description,
        is_exclusion=parsed.exclusion,
    )
    print(f"Segment {saved.name}: {_words(saved)}")


def _list(parsed: argparse.Namespace, engine: Engine) -> None:
    found = segments.listing(engine)
    lines = [f"{s.name:<24} {s.people or 0:>10,}  {_words(s)}" for s in found]
    empty = "No segments yet. Try: python -m hsl segment add NAME --stream 4th_stream"
    say(parsed, [_facts(s) for s in found], "\n".join(lines) or empty)


def _show(parsed: argparse.Namespace, engine: Engine) -> None:
    found = segments.one(engine, parsed.name)
    days = segments.sizes(engine, found.id)
    lines = [f"{found.name}: {found.people or 0:,} people, {_words(found)}"]
    lines += [found.description] if found.description else []
    lines += [f"{day}  {people:>10,}" for day, people in days]
    say(parsed, {**_facts(found), "sizes": dict(days)}, "\n".join(lines))


def _freeze(parsed: argparse.Namespace, engine: Engine) -> None:
    people = segments.freeze(engine, parsed.name, actor=ACTOR)
    print(f"Segment {parsed.name} is frozen; it keeps its {people:,} people.")


def _thaw(parsed: argparse.Namespace, engine: Engine) -> None:
    segments.thaw(engine, parsed.name, actor=ACTOR)
    print(f"Segment {parsed.name} is chosen anew whenever it is used.")


def _remove(parsed: argparse.Namespace, engine: Engine) -> None:
    segments.remove(engine, parsed.name, actor=ACTOR)
    print(f"Segment {parsed.name} is deleted.")


def _words(segment: segments.Segment) -> str:
    exclusion = ", an exclusion list" if segment.is_exclusion else ""
    return f"{segment.mode.value}{exclusion}: {segment.sentence()}"


def _facts(segment: segments.Segment) -> dict[str, Any]:
    return {
        "id": segment.id,
        "name": segment.name,
        "owner": segment.owner,
        "description": segment.description,
        "mode": segment.mode.value,
        "is_exclusion": segment.is_exclusion,
        "people": segment.people,
        "sentence": segment.sentence(),
        "cohort": segment.cohort.model_dump(mode="json"),
    }
