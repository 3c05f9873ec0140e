"""The commands about whom to write to: segments, do-not-message, presses and experiments."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Engine

from hsl import comparing, dispatch, sending
from hsl.audience import segments, suppression
from hsl.delivery import presses
from hsl.settings import Settings

ERRORS = (
    segments.SegmentError,
    suppression.SuppressionError,
    presses.PressesRefused,
    comparing.ExperimentError,
)
Add = Callable[[str, Callable[..., Any], str], argparse.ArgumentParser]


def add(
    command: Add,
    *,
    actor: str,
    engine_of: Callable[[Settings], Engine],
    fail: Callable[[str], NoReturn],
) -> None:
    """Add these commands to the command line; `actor` does what they do."""

    def run(do: Callable[..., Any]) -> Callable[..., Any]:
        def started(parsed: argparse.Namespace, settings: Settings) -> None:
            parsed.actor, parsed.fail = actor, fail
            do(parsed, engine_of(settings))

        return started

    _add_segment(command("segment", run(_segment), "Saved cohorts: add, list, show, freeze …"))
    one = command("suppress", run(_suppress), "Mark people as do-not-message, or list the marks.")
    one.add_argument("user", type=int, nargs="*", metavar="ID")
    one.add_argument("--reason", metavar="R", help="why; needed")
    one.add_argument("--file", type=Path, metavar="CSV", help="ids from a file's column user_id")
    one.add_argument("--list", action="store_true", help="print the marks")
    one.add_argument("--json", action="store_true", help="print JSON")
    one = command("unsuppress", run(_unsuppress), "Take do-not-message marks away.")
    one.add_argument("user", type=int, nargs="+", metavar="ID")
    one = command("import-presses", run(_presses), "Presses of buttons, from CSV or JSON lines.")
    one.add_argument("file", type=Path, metavar="FILE")
    one.add_argument("--json", action="store_true", help="print one JSON object")
    one = command("experiment", run(_experiment), "An A/B experiment's arms side by side.")
    one.add_argument("id", type=int, nargs="?", metavar="ID")
    one.add_argument("--json", action="store_true", help="print JSON")


def _add_segment(parser: argparse.ArgumentParser) -> None:
    ways = parser.add_subparsers(required=True, metavar="add|list|show|edit|freeze|thaw|remove")
    one = ways.add_parser("add", help="save people under a name")
    one.set_defaults(way=_add)
    one.add_argument("name", metavar="NAME")
    sending.add_who(one)
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


def _segment(parsed: argparse.Namespace, engine: Engine) -> None:
    parsed.way(parsed, engine)


def _add(parsed: argparse.Namespace, engine: Engine) -> None:
    cohort = segments.of_audience(sending.audience_of(parsed, engine, parsed.fail))
    saved = segments.add(
        engine,
        name=parsed.name,
        owner=parsed.actor,
        cohort=cohort,
        description=parsed.description,
        frozen=parsed.frozen,
        is_exclusion=parsed.exclusion,
    )
    _say(parsed, _facts(saved), f"Segment {saved.name}: {saved.people:,} people, {_words(saved)}")


def _edit(parsed: argparse.Namespace, engine: Engine) -> None:
    saved = segments.edit(
        engine,
        parsed.name,
        actor=parsed.actor,
        new_name=parsed.new_name,
        description=parsed.description,
        is_exclusion=parsed.exclusion,
    )
    print(f"Segment {saved.name}: {_words(saved)}")


def _list(parsed: argparse.Namespace, engine: Engine) -> None:
    found = segments.listing(engine)
    lines = [f"{s.name:<24} {s.people or 0:>10,}  {_words(s)}" for s in found]
    empty = "No segments yet. Try: python -m hsl segment add NAME --stream 4th_stream"
    _say(parsed, [_facts(s) for s in found], "\n".join(lines) or empty)


def _show(parsed: argparse.Namespace, engine: Engine) -> None:
    found = segments.one(engine, parsed.name)
    days = segments.sizes(engine, found.id)
    lines = [f"{found.name}: {found.people or 0:,} people, {_words(found)}"]
    lines += [found.description] if found.description else []
    lines += [f"{day}  {people:>10,}" for day, people in days]
    _say(parsed, {**_facts(found), "sizes": dict(days)}, "\n".join(lines))


def _freeze(parsed: argparse.Namespace, engine: Engine) -> None:
    people = segments.freeze(engine, parsed.name, actor=parsed.actor)
    print(f"Segment {parsed.name} is frozen; it keeps its {people:,} people.")


def _thaw(parsed: argparse.Namespace, engine: Engine) -> None:
    segments.thaw(engine, parsed.name, actor=parsed.actor)
    print(f"Segment {parsed.name} is chosen anew whenever it is used.")


def _remove(parsed: argparse.Namespace, engine: Engine) -> None:
    segments.remove(engine, parsed.name, actor=parsed.actor)
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


def _suppress(parsed: argparse.Namespace, engine: Engine) -> None:
    if parsed.list:
        marks, total = suppression.listing(engine, limit=10_000)
        facts = [
            {
                "user_id": m.user_id,
                "reason": m.reason,
                "marked_by": m.marked_by,
                "marked_at": m.marked_at.isoformat(),
            }
            for m in marks
        ]
        lines = [
            f"{m.user_id:>14}  {m.marked_at:%Y-%m-%d}  {m.marked_by}: {m.reason}" for m in marks
        ]
        _say(parsed, facts, "\n".join([*lines, f"{total:,} people are not to be written to."]))
        return
    ids = [*parsed.user, *(suppression.read_ids(parsed.file) if parsed.file else [])]
    if not ids or not parsed.reason:
        parsed.fail("Name whom and why: suppress ID --reason R, or --file IDS.csv --reason R.")
    done = dispatch.suppress(engine, ids, reason=parsed.reason, actor=parsed.actor)
    words = f"{done.marked:,} people are marked; {len(set(ids)) - done.marked:,} were before."
    words += f" {done.withdrawn:,} waiting messages to them are withdrawn." * bool(done.withdrawn)
    _say(parsed, {"marked": done.marked, "withdrawn": done.withdrawn}, words)


def _unsuppress(parsed: argparse.Namespace, engine: Engine) -> None:
    gone = suppression.remove(engine, parsed.user, actor=parsed.actor)
    print(f"{gone:,} people may be written to again.")


def _presses(parsed: argparse.Namespace, engine: Engine) -> None:
    report = presses.import_file(engine, parsed.file, actor=parsed.actor)
    facts = {
        "added": report.added,
        "known": report.known,
        "rejected": sum(report.rejected.values()),
        "rejected_by_reason": report.rejected,
    }
    words = f"{report.added:,} added, {report.known:,} known before, {facts['rejected']:,} rejected"
    lines = [f"  {people:,}: {reason}" for reason, people in report.rejected.items()]
    _say(parsed, facts, "\n".join([words, *lines]))


def _experiment(parsed: argparse.Namespace, engine: Engine) -> None:
    if parsed.id is None:
        found = comparing.listing(engine)
        facts = [{"id": e.id, "name": e.name, "arms": [a.name for a in e.arms]} for e in found]
        lines = [f"{e.id:>6}  {e.name}: {', '.join(a.name for a in e.arms)}" for e in found]
        _say(parsed, facts, "\n".join(lines) or "No experiments yet. Split a message in Compose.")
        return
    result = comparing.result(engine, parsed.id)
    _say(parsed, result.as_json(), result.as_text())


def _say(parsed: argparse.Namespace, facts: Any, words: str) -> None:
    print(json.dumps(facts, ensure_ascii=False) if parsed.json else words)
