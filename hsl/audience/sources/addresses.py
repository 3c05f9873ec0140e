"""Where a source is: an address that may be kept and shown, and the one that is used.

A password is never kept: an address that has one stands in an environment variable, and `env:NAME`
is what the source keeps, what pages show and what logs say. What stands in a variable has to be an
address of the web or of a database, and our own settings are not for sources.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from dotenv import dotenv_values
from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from hsl.audience.sources.errors import SourceError
from hsl.words import _

OURS = re.compile(r"BOT_TOKEN|DATABASE_URL|HSL_.*", re.I)
BY_NAME = re.compile(r"env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)")
SECRET = re.compile(
    r"pass(word|wd|phrase)?$|pwd|token|secret|signature|^sig$|api_?key|credential", re.I
)
DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "sqlite": "sqlite",
}
MASK = "…"
SHORTEST = 4  # characters of a part of an address that is masked though its name is no secret's


@dataclass(frozen=True)
class Address:
    """An address as it is shown, and as it is used; the latter may hold a password."""

    shown: str
    used: str = field(repr=False)

    def scrubbed(self, words: str) -> str:
        """`words` (a driver's, say) without anything of the address that may be secret."""
        for secret in sorted(self._secrets(), key=len, reverse=True):
            words = words.replace(secret, MASK)
        return words

    def _secrets(self) -> set[str]:
        if self.shown == self.used:
            return set()
        found = {self.used}
        with suppress(ArgumentError, ValueError):
            found.add(make_url(self.used).password or "")
        with suppress(ValueError):
            parts = urlsplit(self.used)
            named = parse_qsl(parts.query, keep_blank_values=True)
            found |= {parts.password or "", parts.query, parts.fragment}
            found |= {value for key, value in named if SECRET.search(key)}
            told = {word for pair in named for word in pair}
            if is_web(self.used):
                found.add(parts.username or "")
                told |= {parts.path, *parts.path.split("/")}
            found |= {word for word in told if len(word) >= SHORTEST}
        written = {way(secret) for secret in found for way in (str, unquote, _quoted)}
        return written - {""}


def _quoted(words: str) -> str:
    return quote(words, safe="")


def resolve(given: str) -> Address:
    """The address behind `given`, itself or `env:NAME`. Raises SourceError where it may not stand.

    NAME is looked for in the environment, then in the file `.env`.
    """
    named = BY_NAME.fullmatch(given.strip())
    refuse_secrets(given)
    if named is None:
        return Address(given, given)
    name = named["name"]
    used = (os.environ.get(name) or dotenv_values(".env").get(name) or "").strip()
    if not used:
        raise SourceError(
            _(
                "{name} is not set. Put the whole address into the environment variable {name}, "
                "or into .env, and start again.",
                name=name,
            )
        )
    if not _is_readable(used):
        raise SourceError(
            _(
                "What stands in {name} is not the address of a database or of the web. Write it "
                "like postgresql://user:password@host/name or https://host/people.csv.",
                name=name,
            )
        )
    return Address(given.strip(), used)


def _is_readable(used: str) -> bool:
    """True for the address of a database of a kind that is read, or of the web."""
    try:
        if is_web(used):
            parts = urlsplit(used)
            return bool(parts.hostname) and parts.port != 0  # asking for it raises ValueError
        return make_url(used).get_backend_name() in DRIVERS
    except (ArgumentError, ValueError):
        return False


def refuse_secrets(given: str) -> None:
    """Raise SourceError for an address with a password in it, without showing it.

    Also for the name of a variable that is none, or is one of our own settings.
    """
    remedy = _(
        "Put the whole address into an environment variable, such as SCHOOL_DATABASE, and give "
        "env:SCHOOL_DATABASE instead: passwords are not kept here."
    )
    if given.strip().startswith("env:"):
        name = given.strip().removeprefix("env:")
        if not BY_NAME.fullmatch(given.strip()):
            raise SourceError(
                _("{name!r} is not the name of an environment variable. Write env:NAME.", name=name)
            )
        if OURS.fullmatch(name):
            raise SourceError(
                _(
                    "{name} is a setting of this program, and not for sources. Put the address of "
                    "the people into a variable of its own.",
                    name=name,
                )
            )
        return
    if "://" not in given:
        return
    try:
        parts = urlsplit(given)
    except ValueError:
        raise SourceError(_("The address cannot be read. Check its brackets and port.")) from None
    # Read by hand as well: a password with an unescaped "/" or "#" hides from an address's rules.
    authority = given.split("://", 1)[1].rpartition("@")[0]
    if parts.password or authority.partition(":")[2] or (is_web(given) and parts.username):
        raise SourceError(_("The address has a password in it. {remedy}", remedy=remedy))
    if any(SECRET.search(key) for key, _ in parse_qsl(parts.query, keep_blank_values=True)):
        raise SourceError(_("The address has a secret after its “?”. {remedy}", remedy=remedy))


def is_web(given: str) -> bool:
    """True for an address that begins with http:// or https://."""
    return given.lower().startswith(("http://", "https://"))


def database(address: Address) -> URL:
    """The database that the address names, with the driver that is used for it."""
    try:
        url = make_url(address.used)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):
        raise SourceError(
            _(
                "{shown} is not a database address. Write it like postgresql://user@host/name, "
                "mysql://user@host/name or sqlite:////folder/file.db.",
                shown=address.shown,
            )
        ) from None
    if backend not in DRIVERS:
        raise SourceError(
            _(
                "{shown} names a database of the kind {backend}. PostgreSQL, MySQL and SQLite can "
                "be read.",
                shown=address.shown,
                backend=backend,
            )
        )
    if backend == "sqlite":
        path = Path(url.database or "")
        if not url.database or not path.is_file():
            raise SourceError(
                _(
                    "{shown}: there is no such file. An absolute path has four slashes: "
                    "sqlite:////folder/file.db.",
                    shown=address.shown,
                )
            )
    return url.set(drivername=DRIVERS[backend])
