"""`python -m hsl user`: who may sign in. Passwords are typed or read, never given as words."""

import argparse
import getpass
import sys
from pathlib import Path

from sqlalchemy import Engine

from hsl.accounts import links, registry, sessions
from hsl.acting import Role
from hsl.commands import fail, open_database, say, text_of
from hsl.settings import Settings

ROLE_WORDS = "viewer: looks; editor: also writes; approver: also sends; admin: also manages"


def add(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    command.set_defaults(run=_run)
    ways = command.add_subparsers(
        required=True,
        metavar="add|list|role|email|password|link|disable|enable|sessions|sign-out|totp-reset",
    )
    one = ways.add_parser("add", help="make an account; it asks for the password")
    one.set_defaults(way=_add)
    one.add_argument("name", metavar="NAME")
    one.add_argument("--role", type=Role, choices=list(Role), required=True, help=ROLE_WORDS)
    one.add_argument("--email", metavar="E", help="by which single sign-on knows it")
    one.add_argument("--link", action="store_true", help="print a link that sets the password")
    _add_password(one)
    one = ways.add_parser("list", help="all accounts")
    one.set_defaults(way=_list)
    one.add_argument("--json", action="store_true", help="print JSON")
    one = ways.add_parser("role", help="give it another role")
    one.set_defaults(way=_role)
    one.add_argument("name", metavar="NAME")
    one.add_argument("role", type=Role, choices=list(Role), help=ROLE_WORDS)
    one = ways.add_parser("email", help="set the address by which single sign-on knows it")
    one.set_defaults(way=_email)
    one.add_argument("name", metavar="NAME")
    one.add_argument("email", metavar="EMAIL", help="an address, or - for none")
    one = ways.add_parser("password", help="set another password, which signs it out")
    one.set_defaults(way=_password)
    one.add_argument("name", metavar="NAME")
    _add_password(one)
    for name, way, words in (
        ("link", _link, "print a link that sets the password once, within a day"),
        ("disable", _disable, "let it sign in no more, and sign it out"),
        ("enable", _enable, "let it sign in again, also after too many failed attempts"),
        ("sessions", _sessions, "where it is signed in"),
        ("sign-out", _sign_out, "sign it out everywhere"),
        ("totp-reset", _totp_reset, "take its second factor away, when phone and codes are lost"),
    ):
        one = ways.add_parser(name, help=words)
        one.set_defaults(way=way)
        one.add_argument("name", metavar="NAME")
        if name == "sessions":
            one.add_argument("--json", action="store_true", help="print JSON")


def _add_password(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--password-file", type=Path, metavar="F", help="read it from a file; - is standard input"
    )


def _run(parsed: argparse.Namespace, settings: Settings) -> None:
    parsed.way(parsed, open_database(settings), settings)


def _add(parsed: argparse.Namespace, engine: Engine, settings: Settings) -> None:
    password = None if parsed.link else _asked(parsed)
    registry.add(engine, parsed.name, parsed.role, password=password, email=parsed.email)
    print(f"{parsed.name} may sign in as {parsed.role}.")
    if parsed.link:
        _link(parsed, engine, settings)


def _list(parsed: argparse.Namespace, engine: Engine, _settings: Settings) -> None:
    found = registry.listing(engine)
    facts = [
        {
            "name": one.name,
            "role": one.role,
            "email": one.email,
            "has_password": one.has_password,
            "has_second_factor": one.has_second_factor,
            "is_disabled": one.is_disabled,
            "signed_in_at": one.signed_in_at.isoformat() if one.signed_in_at else None,
        }
        for one in found
    ]
    lines = [_line(one) for one in found] or ["There is no account: the pages run open."]
    say(parsed, facts, "\n".join(lines))


def _line(one: registry.Account) -> str:
    last = f"{one.signed_in_at:%Y-%m-%d %H:%M} UTC" if one.signed_in_at else "never signed in"
    marks = [one.email] if one.email else []
    marks += ["second factor"] if one.has_second_factor else []
    marks += ["no password yet"] if not one.has_password else []
    marks += ["disabled"] if one.is_disabled else []
    return f"{one.name:<20} {one.role:<9} {last:<21} {', '.join(marks)}".rstrip()


def _role(parsed: argparse.Namespace, engine: Engine, _settings: Settings) -> None:
    registry.change_role(engine, parsed.name, parsed.role)
    print(f"{parsed.name} is {parsed.role} from now on, and signs in anew.")


def _email(parsed: argparse.Namespace, engine: Engine, _settings: Settings) -> None:
    email = None if parsed.email == "-" else parsed.email
    registry.change_email(engine, parsed.name, email)
    print(f"Single sign-on knows {parsed.name} by {email or 'no address'}.")


def _password(parsed: argparse.Namespace, engine: Engine, _settings: Settings) -> None:
    registry.named(engine, parsed.name)  # before anybody types a password for nobody
    registry.change_password(engine, parsed.name, _asked(parsed))
    print(f"{parsed.name} has another password, and is signed out everywhere.")


def _link(parsed: argparse.Namespace, engine: Engine, settings: Settings) -> None:
    token = links.make(engine, parsed.name)
    print(f"Within a day, once: {links.address(settings, token)}")


def _disable(parsed: argparse.Namespace, engine: Engine, _settings: Settings) -> None:
    registry.disable(engine, parsed.name)
    print(f"{parsed.name} may not sign in, and is signed out everywhere.")


def _enable(parsed: argparse.Namespace, engine: Engine, _settings: Settings) -> None:
    registry.enable(engine, parsed.name)
    print(f"{parsed.name} may sign in.")


def _sessions(parsed: argparse.Namespace, engine: Engine, settings: Settings) -> None:
    found = sessions.listing(engine, settings, registry.named(engine, parsed.name).id)
    facts = [
        {
            "since": one.created_at.isoformat(),
            "seen": one.seen_at.isoformat(),
            "until": one.expires_at.isoformat(),
            "address": one.address,
            "browser": one.browser,
        }
        for one in found
    ]
    lines = [
        f"{one.created_at:%Y-%m-%d %H:%M} UTC  seen {one.seen_at:%Y-%m-%d %H:%M}  "
        f"{one.address or '?'}  {one.browser or '?'}"
        for one in found
    ]
    say(parsed, facts, "\n".join(lines) or f"{parsed.name} is signed in nowhere.")


def _sign_out(parsed: argparse.Namespace, engine: Engine, _settings: Settings) -> None:
    ended = sessions.sign_out_everywhere(engine, registry.named(engine, parsed.name).id)
    print(f"{ended} sessions of {parsed.name} ended.")


def _totp_reset(parsed: argparse.Namespace, engine: Engine, _settings: Settings) -> None:
    registry.reset_second_factor(engine, parsed.name)
    print(f"{parsed.name} signs in by password alone until a second factor is set up anew.")


def _asked(parsed: argparse.Namespace) -> str:
    """The password, from where the words say, else asked for twice at the terminal."""
    if parsed.password_file is not None:
        file = str(parsed.password_file)
        text = sys.stdin.read() if file == "-" else text_of(parsed.password_file)
        return text.rstrip("\r\n")
    if not sys.stdin.isatty():
        fail("Nobody can be asked for the password here. Give --password-file F, or - for stdin.")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        fail("The two were not the same. Nothing was changed.")
    return password
