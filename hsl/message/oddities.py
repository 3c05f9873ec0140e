"""What is odd about a content by itself: links that lead nowhere, and texts that are one and the
same to a reader."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from hsl.message import html
from hsl.message.content import Content
from hsl.words import N_, _

SCHEMES = {"http", "https", "tg", "ton", "tonsite", "mailto", "tel"}
EXAMPLES = ("example.com", "example.org", "example.net")
REASONS = {
    "no_host": N_("it names no site"),
    "scheme": N_("Telegram opens no such address"),
    "twice": N_("https:// stands in it twice"),
    "placeholder": N_("a placeholder in a link is not filled in"),
    "end": N_("a sign at its end may not belong to it"),
    "example": N_("it is an example's address"),
    "private": N_("only this network can reach it"),
}
_BARE = re.compile(r"https?://[^\s<>\"”»]+", re.IGNORECASE)
_TWICE = re.compile(r"^https?:/*https?:", re.IGNORECASE)


@dataclass(frozen=True)
class OddLink:
    """A link as it was written, and why it may not lead where it should."""

    address: str
    why: str  # one of REASONS

    def sentence(self) -> str:
        """Such as "Look at the link https://localhost: only this network can reach it."."""
        return _(
            "Look at the link {address}: {why}.", address=self.address, why=_(REASONS[self.why])
        )


def odd_links(content: Content) -> tuple[OddLink, ...]:
    """The links of the text and the buttons at which somebody should look once more."""
    found = dict.fromkeys(_addresses(content))
    return tuple(OddLink(address, why) for address in found if (why := _odd(address)) is not None)


def as_read(text: str) -> str:
    """The text as a reader takes it in: without marks, case and white space."""
    try:
        shown = html.parse(text).text
    except html.HtmlError:
        shown = text
    return " ".join(shown.split()).casefold()


def _addresses(content: Content) -> Iterator[str]:
    for row in content.buttons:
        for button in row:
            if button.url:
                yield button.url
    try:
        parsed = html.parse(content.text)
    except html.HtmlError:
        return
    # Telegram makes no link of an address without a dot in its host, and sends it as mere text.
    yield from _BARE.findall(parsed.text)
    units = parsed.text.encode("utf-16-le")
    for entity in parsed.entities:
        if entity.type == "TextUrl" and entity.url:
            yield entity.url
        elif entity.type == "Url":
            start = 2 * entity.offset
            yield units[start : start + 2 * entity.length].decode("utf-16-le")


def _odd(address: str) -> str | None:
    if _TWICE.match(address):
        return "twice"
    if "{" in address or "}" in address or "%7B" in address.upper():
        return "placeholder"
    try:
        parts = urlsplit(address if "://" in address or ":" in address else f"https://{address}")
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return "no_host"
    if parts.scheme.lower() not in SCHEMES and "." not in parts.scheme:
        return "scheme"
    if parts.scheme.lower() not in {"http", "https"}:
        return None
    return _odd_host(host) or (
        "end" if address[-1] in ".,;:!'\"»”)" and "(" not in address else None
    )


def _odd_host(host: str) -> str | None:
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        if host == "localhost" or host.endswith((".local", ".localhost", ".internal", ".lan")):
            return "private"
        if "." not in host:
            return "no_host"
        return "example" if host.endswith(EXAMPLES) else None
    return "private" if number.is_private or number.is_loopback else None
