"""`python -m hsl webhook`: addresses of other programs that are told of events."""

import argparse
from typing import Any

from sqlalchemy import Engine

from hsl.commands import ACTOR, an_id, open_database, say
from hsl.settings import Settings
from hsl.webhooks import kept, sending
from hsl.webhooks.events import TOLD, Event


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.set_defaults(run=_run)
    ways = command.add_subparsers(required=True, metavar="add|list|test|remove")
    one = ways.add_parser("add", help="tell an address of events; its secret is printed once")
    one.set_defaults(way=_add)
    one.add_argument("address", metavar="URL")
    one.add_argument(
        "--event",
        action="append",
        choices=[event.value for event in TOLD],
        default=[],
        help="what to tell it of; all, if none is given",
    )
    one.add_argument("--json", action="store_true", help="print JSON")
    one = ways.add_parser("list", help="all webhooks, and what is wrong with them")
    one.set_defaults(way=_list)
    one.add_argument("--json", action="store_true", help="print JSON")
    for name, way, words in (
        ("test", _test, "send a test event now"),
        ("remove", _remove, "tell it nothing more"),
    ):
        one = ways.add_parser(name, help=words)
        one.set_defaults(way=way)
        one.add_argument("id", type=an_id, metavar="ID")


def _run(parsed: argparse.Namespace, settings: Settings) -> int | None:
    ended: int | None = parsed.way(parsed, settings, open_database(settings))
    return ended


def _add(parsed: argparse.Namespace, settings: Settings, engine: Engine) -> None:
    wanted = [Event(one) for one in parsed.event] or TOLD
    hook, secret = kept.add(engine, settings, parsed.address, wanted, actor=ACTOR)
    words = f"Webhook {hook.id} tells {hook.shown} of {', '.join(hook.events)}. "
    words += "The secret that signs is shown this once:\n"
    say(parsed, {**_facts(hook), "secret": secret}, words + secret)


def _list(parsed: argparse.Namespace, _settings: Settings, engine: Engine) -> None:
    found = kept.listing(engine)
    empty = "No webhooks yet. Try: python -m hsl webhook add https://crm.example.org/events"
    say(parsed, [_facts(hook) for hook in found], "\n".join(map(_line, found)) or empty)


def _test(parsed: argparse.Namespace, settings: Settings, engine: Engine) -> int:
    fault = sending.send_one(engine, settings, kept.put_test(engine, parsed.id))
    if fault is None:
        print(f"Webhook {parsed.id} took the test event.")
        return 0
    print(f"Webhook {parsed.id} did not take the test event: {fault}. It is tried again.")
    return 1


def _remove(parsed: argparse.Namespace, _settings: Settings, engine: Engine) -> None:
    kept.remove(engine, parsed.id, actor=ACTOR)
    print(f"Webhook {parsed.id} is removed.")


def _line(hook: kept.Webhook) -> str:
    state = "" if hook.active else ", switched off"
    state += f", {hook.waiting:,} waiting" if hook.waiting else ""
    if hook.trouble and hook.trouble_since:
        state += f", in trouble since {hook.trouble_since:%Y-%m-%d %H:%M} UTC: {hook.trouble}"
    return f"{hook.id:>4}  {hook.shown}  {' '.join(hook.events)}{state}"


def _facts(hook: kept.Webhook) -> dict[str, Any]:
    return {
        "id": hook.id,
        "address": hook.shown,
        "events": list(hook.events),
        "active": hook.active,
        "created_by": hook.created_by,
        "created_at": hook.created_at.isoformat(),
        "trouble": hook.trouble,
        "trouble_since": hook.trouble_since and hook.trouble_since.isoformat(),
        "waiting": hook.waiting,
    }
