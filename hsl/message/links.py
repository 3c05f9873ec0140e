"""Where a link leads, as read from its letters alone: no other host is ever asked."""

import html as escaping
import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, parse_qs, urlsplit

import idna

from hsl.message import html
from hsl.words import _

MOST_SAID = 120  # characters of an address or a name that stand in a sentence
SCHEMES = ("http", "https", "tg", "ton", "tonsite")
TELEGRAM_HOSTS = frozenset({"t.me", "telegram.me", "telegram.dog"})
# Cyrillic and Greek letters that look like Latin ones: a name of these alone reads as another.
_TWINS = frozenset("асеорхуѕіјԁԛԝһӏкмтвнαοερνικυχ")
EXAMPLES = frozenset({"example.com", "example.org", "example.net"})
_OWN_NETWORK = (".local", ".localhost", ".internal", ".lan", ".home.arpa")
_HIDDEN = {"Cf", "Cc"}  # categories: format characters, such as right-to-left marks, and controls
_BARE = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}(?::\d+)?(?:[/?#]\S*)?")
_WRITTEN_OUT = re.compile(r"https?://[^\s<>\"”»]+", re.IGNORECASE)
_NAME = re.compile(r"@(\w{4,32})")


class Kind(StrEnum):
    """What opens when a link is followed."""

    SITE = "site"
    TELEGRAM = "telegram"
    TON = "ton"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Destination:
    """Where a link leads.

    `host` is as people read it, `ascii_host` as machines do (xn--…), `path` what follows it.
    `problem` says why Telegram refuses the link, `warning` what is odd about one that it takes,
    `explained` what Telegram opens where that is no site, and `mended` is the link as it was
    probably meant. All four are None where there is nothing to say.
    """

    host: str
    ascii_host: str
    path: str
    kind: Kind
    problem: str | None = None
    warning: str | None = None
    explained: str | None = None
    mended: str | None = None

    @property
    def is_sound(self) -> bool:
        """True where nothing is wrong or odd."""
        return self.problem is None and self.warning is None


def destination(url: str) -> Destination:
    """Read a link; never raises, and never asks the network."""
    parts = _split(url)
    scheme = parts.scheme if parts is not None else ""
    host = _shown_host(parts) if parts is not None else ""
    ascii_host = _ascii(host)
    problem = _problem(url, parts, host)
    kind = _kind(scheme, host)
    has_host = kind is not Kind.UNKNOWN and scheme not in {"tg", "ton"}
    return Destination(
        host=host if has_host else "",
        ascii_host=ascii_host if has_host else "",
        path=_path(parts),
        kind=kind,
        problem=problem,
        warning=None if problem or parts is None else _warning(url, parts, host, ascii_host),
        explained=None if problem or parts is None else _explained(scheme, host, parts),
        mended=_mended(url) if problem else None,
    )


def warnings_of(text: str) -> tuple[str, ...]:
    """What is odd about the links of a text in Telegram's HTML, each by its name or address.

    What Telegram refuses is a problem of the content, and is not said again.
    """
    try:
        parsed = html.parse(text)
    except html.HtmlError:
        return ()
    said: dict[str, None] = {}
    for words, url in _links(parsed):
        warning = destination(url).warning
        if warning is not None:
            said[f"{words}: {warning}"] = None
    for words in _WRITTEN_OUT.findall(parsed.text):
        parts = _split(words)
        if parts is None or not _has_dot(_shown_host(parts)):
            said[_("{address}: Telegram makes no link of it. Check it.", address=words)] = None
    return tuple(said)


def _links(parsed: html.Parsed) -> Iterator[tuple[str, str]]:
    units = parsed.text.encode("utf-16-le")
    for entity in parsed.entities:
        if entity.url:
            first, last = 2 * entity.offset, 2 * (entity.offset + entity.length)
            yield units[first:last].decode("utf-16-le"), entity.url
    for words in html.bare_links(parsed.text):
        yield words, words if "://" in words else f"https://{words}"


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.hostname, parts.port  # noqa: B018 - both raise where they cannot be read
    except ValueError:
        return None
    return parts


def _kind(scheme: str, host: str) -> Kind:
    if scheme == "tg" or (scheme in {"http", "https"} and host in TELEGRAM_HOSTS):
        return Kind.TELEGRAM
    if scheme in {"ton", "tonsite"}:
        return Kind.TON
    return Kind.SITE if scheme in {"http", "https"} and host else Kind.UNKNOWN


def _problem(url: str, parts: SplitResult | None, host: str) -> str | None:
    """Why Telegram refuses it."""
    if not url:
        return _("The address is empty. Write one, such as https://example.org.")
    if re.search(r"\s", url):
        return _("{url} holds a space. Write %20 for it.", url=in_short(url))
    if parts is None:
        return _("{url} is not an address.", url=in_short(url))
    if parts.scheme not in SCHEMES:
        return _("{url} must begin with https://, http:// or tg://.", url=in_short(url))
    if parts.scheme in {"http", "https"} and not _has_dot(host):
        return _("Telegram refuses {url}, as its host has no dot.", url=in_short(url))
    if not _is_taken(url):
        return _("Telegram does not take {url} for an address. Check it.", url=in_short(url))
    return None


def in_short(words: str) -> str:
    """Words of any length as they stand in a sentence."""
    return words if len(words) <= MOST_SAID else f"{words[:MOST_SAID]}…"


def _has_dot(host: str) -> bool:
    return "." in host.strip(".") or ":" in host  # 2001:db8::1 needs none


def _is_taken(url: str) -> bool:
    """Whether Telegram's own parser, which reads the links of a text alike, takes it."""
    if re.match(r"(?i)tg:(//)?user\?", url):
        return True  # a mention of a person, which is no link in a text
    try:
        return bool(html.parse(f'<a href="{escaping.escape(url)}">x</a>').entities)
    except html.HtmlError:
        return False


def _warning(url: str, parts: SplitResult, host: str, ascii_host: str) -> str | None:
    """The one thing that is oddest about a link that Telegram takes."""
    if any(unicodedata.category(character) in _HIDDEN for character in url):
        return _("It holds a character that cannot be seen. Type the address anew.")
    if parts.scheme not in {"http", "https"}:
        return None
    if parts.username is not None:
        return _("What stands before the @ is a sign-in. It leads to {host}.", host=host)
    alike = _alike(host)
    if alike is not None:
        return _(
            "{host} has letters that look like others: {ascii} is meant. Check it.",
            host=host,
            ascii=ascii_host,
        )
    if ascii_host == "" or ".." in host or host.startswith("."):
        return _("{host} is no name that a browser finds. Check it.", host=host)
    if _is_of_this_network(host):
        return _("{host} is reached from its own network alone.", host=host)
    if re.fullmatch(r"[\d.]+|.*:.*", host):
        return _("It leads to a number, {host}, not to a name.", host=host)
    if re.search(r"https?(:|%3a)?/?/", parts.path, re.IGNORECASE) and "://" not in parts.path:
        return _("The address stands in it twice. Check it.")
    if re.search(r"https?$", host) and parts.path.startswith("//"):
        return _("The address stands in it twice. Check it.")
    if ".".join(host.split(".")[-2:]) in EXAMPLES:
        return _("{host} is an address for examples: nothing is there.", host=host)
    if url[-1] in ".,;:!'\"»”" or (url.endswith(")") and "(" not in url):
        return _("The sign at its end, {sign}, may not belong to it.", sign=url[-1])
    if parts.scheme == "http" and host not in TELEGRAM_HOSTS:
        return _("It is not encrypted, and phones may warn of it. Write https:// if you can.")
    return None


def _is_of_this_network(host: str) -> bool:
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return host.endswith(_OWN_NETWORK)
    return number.is_private or number.is_loopback


def _alike(host: str) -> str | None:
    """The first part of a host that pretends to be written in other letters."""
    for label in host.split("."):
        scripts = {_script(character) for character in label if character.isalpha()}
        if len(scripts) > 1 and not scripts <= {"CJK", "HIRAGANA", "KATAKANA", "LATIN"}:
            return label
        letters = {character for character in label if character.isalpha()}
        ends_latin = _script(host.rpartition(".")[2][:1] or "a") == "LATIN"
        if letters and letters <= _TWINS and ends_latin:
            return label
    return None


def _script(character: str) -> str:
    """Such as LATIN or CYRILLIC: the first word of the character's name."""
    return unicodedata.name(character, "UNKNOWN").split(" ")[0].split("-")[0]


def _shown_host(parts: SplitResult) -> str:
    """The host as people read it: xn--… is written in its own letters."""
    host = parts.hostname or ""
    if "xn--" not in host:
        return host
    try:
        return idna.decode(host)
    except idna.IDNAError:
        return host


def _ascii(host: str) -> str:
    """The host as machines read it; empty where it can be none."""
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""


def _path(parts: SplitResult | None) -> str:
    if parts is None:
        return ""
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"{'' if parts.path == '/' else parts.path}{query}{fragment}"


def _explained(scheme: str, host: str, parts: SplitResult) -> str | None:
    """What Telegram itself opens."""
    if scheme == "tg":
        return _in_the_app(parts)
    if scheme == "ton":
        return _("Opens a transfer of TON in a wallet")
    if scheme == "tonsite":
        return _("Opens the TON site {host}", host=host)
    if host in TELEGRAM_HOSTS:
        return _in_telegram(parts)
    return None


def _in_the_app(parts: SplitResult) -> str:
    action = parts.netloc or parts.path.strip("/")
    given = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if action == "user" and given.get("id", "").isdigit():
        return _("Opens the person with id {id}, if that person allows it", id=given["id"])
    if action == "resolve" and "domain" in given:
        return _("Opens @{name} in Telegram", name=given["domain"])
    if action == "join":
        return _("Invites to a group or channel in Telegram")
    if action in {"msg", "msg_url", "share"}:
        return _("Offers to share a link in Telegram")
    return _("Opens “{action}” in Telegram itself", action=action)


def _in_telegram(parts: SplitResult) -> str:
    first, _slash, rest = parts.path.strip("/").partition("/")
    if not first:
        return _("Opens Telegram's own site")
    if first.startswith("+") or first == "joinchat":
        return _("Invites to a group or channel in Telegram")
    if first == "share":
        return _("Offers to share a link in Telegram")
    if first in {"addstickers", "addemoji"}:
        return _("Opens a set of stickers in Telegram")
    if first == "c" or rest.isdigit():
        return _("Opens one message in Telegram")
    return _("Opens @{name} in Telegram", name=first)


def _mended(url: str) -> str | None:
    """The address that was probably meant by one that Telegram refuses."""
    tidy = re.sub(r"^(https?)(:/*|;//|//)(?=[^/])", r"\1://", url.strip(), flags=re.IGNORECASE)
    tidy = re.sub(r"^(?:https?://)+(?=https?://)", "", tidy)
    tidy = re.sub(r"\s+", "%20", tidy)
    named = _NAME.fullmatch(tidy)
    if named is not None:
        tidy = f"https://t.me/{named[1]}"
    elif _BARE.fullmatch(tidy):
        tidy = f"https://{tidy}"
    parts = _split(tidy)
    if tidy == url or parts is None or _problem(tidy, parts, _shown_host(parts)) is not None:
        return None
    return tidy
