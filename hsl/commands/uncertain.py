"""`python -m hsl uncertain`: those whose answer was lost."""

import argparse
import json
import sys

from sqlalchemy import Engine

from hsl import dispatch
from hsl.commands import ACTOR, an_id, approving, confirmed, open_database
from hsl.delivery import history, outbox, steering
from hsl.settings import Settings

LISTED = 10_000  # uncertain recipients


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.add_argument("id", type=an_id, metavar="ID")
    how = command.add_mutually_exclusive_group()
    how.add_argument("--mark-delivered", action="store_true", help="take them for delivered")
    how.add_argument(
        "--send-again", action="store_true", help="send to them once more: some may get it twice"
    )
    command.add_argument("--user", type=an_id, action="append", default=[], metavar="ID")
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_run)


def _run(parsed: argparse.Namespace, settings: Settings) -> int:
    engine, chosen = open_database(settings), tuple(parsed.user)
    if history.one(engine, parsed.id) is None:
        raise outbox.OutboxError(
            f"There is no message {parsed.id}. `python -m hsl status` lists them."
        )
    if parsed.mark_delivered:
        settled = steering.mark_delivered(engine, parsed.id, actor=ACTOR, user_ids=chosen)
        words = f"{settled:,} uncertain recipients count as delivered now."
    elif parsed.send_again:
        question = "Some of them may get it twice. Send again? [y/N] "
        if not confirmed(parsed, question):
            print("Nothing was sent. Add --yes to send again.", file=sys.stderr)
            return 1
        settled = dispatch.send_again(engine, parsed.id, actor=ACTOR, user_ids=chosen)
        words = f"{settled:,} uncertain recipients are sent to once more."
        words += approving.wait_of(engine, parsed.id)
    else:
        _list(parsed, engine, chosen)
        return 0
    print(json.dumps({"settled": settled}) if parsed.json else f"Message {parsed.id}: {words}")
    return 0


def _list(parsed: argparse.Namespace, engine: Engine, chosen: tuple[int, ...]) -> None:
    table, total = history.recipients(engine, parsed.id, status="uncertain", limit=LISTED)
    if chosen:
        table = table[table["user_id"].isin(chosen)]
        total = len(table)
    if parsed.json:
        print(json.dumps([int(number) for number in table["user_id"]]))
        return
    if not total:
        print(f"Message {parsed.id} has no such uncertain recipients.")
        return
    print(f"{total:,} recipients may or may not have got it: the answer to their request was lost.")
    for row in table.fillna("").to_dict("records"):
        print(f"{row['user_id']}  {row['first_name']}  {row['error_description']}")
    if total > len(table):
        print(f"… and {total - len(table):,} more. The message's page has them all as CSV.")
