"""`python -m hsl people`: whom an expression means, from the main database itself."""

import argparse
import json
from typing import Any

from sqlalchemy import Engine

from hsl.audience import as_sql, listing
from hsl.audience.cohort import Cohort
from hsl.commands import fail, open_database
from hsl.settings import Settings

LISTED = 20  # people, unless asked for more


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_where(command)
    command.add_argument("--limit", type=int, default=LISTED, metavar="N", help="list N")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument("--sql", action="store_true", help="print the SELECT that finds them")
    command.set_defaults(run=_run)


def add_where(command: Any) -> None:
    """Add the option `--where` to a parser or a group of one."""
    command.add_argument(
        "--where",
        metavar="EXPR",
        help="whom: such as \"in_stream('4th_stream') AND got_of_last(3) = 0\" (docs/cohorts.md)",
    )


def cohort_of(engine: Engine, expression: str) -> Cohort:
    """The cohort of `--where`. Raises UsageError for one that cannot be."""
    from hsl.audience import where, written  # the parser takes a while, and few write an expression

    try:
        return written.cohort_of(engine, expression)
    except where.WhereError as error:
        fail(f"--where: {error}")


def _run(parsed: argparse.Namespace, settings: Settings) -> None:
    engine = open_database(settings)
    cohort = cohort_of(engine, parsed.where) if parsed.where else Cohort(everyone=True)
    if parsed.sql:
        print(f"{as_sql.of(engine, cohort)};")
        return
    found = listing.found(engine, cohort, most=None if parsed.json else parsed.limit)
    if parsed.json:
        print(
            json.dumps(
                {
                    "people": found.people,
                    "unreachable": found.unreachable,
                    "sentence": cohort.sentence(),
                    "cohort": cohort.model_dump(mode="json"),
                    "user_ids": [one.user_id for one in found.first],
                }
            )
        )
        return
    print(
        f"{found.people:,} people: {cohort.sentence()}; {found.unreachable:,} of them unreachable"
    )
    for one in found.first:
        name = " ".join(part for part in (one.first_name, one.last_name) if part)
        at = f"@{one.username}" if one.username else ""
        print(
            f"{one.user_id:>12}  {at:<20}  {_printable(name):<24}  {one.unreachable_reason or ''}"
        )
    if found.people > len(found.first):
        more = found.people - len(found.first)
        print(f"… and {more:,} more; --limit {found.people} shows all.")


def _printable(words: str) -> str:
    """A name from a file must not steer the terminal."""
    return "".join(letter if letter.isprintable() else "·" for letter in words)
