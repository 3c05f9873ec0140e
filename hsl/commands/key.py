"""`python -m hsl key`: keys of the API, for other programs."""

import argparse
from typing import Any

from sqlalchemy import Engine

from hsl import keys
from hsl.acting import Permission
from hsl.commands import ACTOR, open_database, say
from hsl.settings import Settings


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.set_defaults(run=_run)
    ways = command.add_subparsers(required=True, metavar="add|list|revoke")
    one = ways.add_parser("add", help="make a key; its secret is printed once")
    one.set_defaults(way=_add)
    one.add_argument("name", metavar="NAME", help="which program it is for")
    one.add_argument(
        "--scope",
        action="append",
        choices=[scope.value for scope in Permission],
        default=[],
        help="what it may do; look, if none is given",
    )
    one.add_argument("--days", type=int, metavar="N", help="valid for N days; else until revoked")
    one.add_argument("--json", action="store_true", help="print JSON")
    one = ways.add_parser("list", help="all keys, without their secrets")
    one.set_defaults(way=_list)
    one.add_argument("--json", action="store_true", help="print JSON")
    one = ways.add_parser("revoke", help="let a key open nothing any more")
    one.set_defaults(way=_revoke)
    one.add_argument("name", metavar="NAME")


def _run(parsed: argparse.Namespace, settings: Settings) -> None:
    parsed.way(parsed, open_database(settings))


def _add(parsed: argparse.Namespace, engine: Engine) -> None:
    scopes = [Permission(one) for one in parsed.scope] or [Permission.LOOK]
    key, secret = keys.add(engine, parsed.name, scopes, days=parsed.days, actor=ACTOR)
    words = f"Key {key.name} ({_scopes(key)}), {_until(key)}. Its secret is shown this once:\n"
    say(parsed, {**_facts(key), "secret": secret}, words + secret)


def _list(parsed: argparse.Namespace, engine: Engine) -> None:
    found = keys.listing(engine)
    lines = [
        f"{key.name:<24}  {key.prefix}…  {key.state:<8}  {_scopes(key)}, {_until(key)}, "
        + (f"last used {key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never used")
        for key in found
    ]
    empty = "No keys yet. Try: python -m hsl key add NAME --scope look"
    say(parsed, [_facts(key) for key in found], "\n".join(lines) or empty)


def _revoke(parsed: argparse.Namespace, engine: Engine) -> None:
    key = keys.revoke(engine, parsed.name, actor=ACTOR)
    print(f"Key {key.name} is revoked.")


def _scopes(key: keys.Key) -> str:
    return " ".join(scope for scope in Permission if scope in key.scopes)


def _until(key: keys.Key) -> str:
    return f"until {key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "until revoked"


def _facts(key: keys.Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "state": key.state,
        "scopes": sorted(key.scopes),
        "created_by": key.created_by,
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at and key.expires_at.isoformat(),
        "last_used_at": key.last_used_at and key.last_used_at.isoformat(),
        "revoked_at": key.revoked_at and key.revoked_at.isoformat(),
    }
