"""Connections to web addresses that somebody gave: none leads into a private network unasked."""

import http.client
import ipaddress
import socket
from collections.abc import Callable
from typing import Any
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    Request,
    UnknownHandler,
)

Refuse = Callable[[str, str], None]
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: any IPv4 address, by a translator
# What Python's is_global lets through, and is nobody's public address.
NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.88.99.0/24",  # RFC 7526: relays of 6to4
        "::/96",  # RFC 4291: "IPv4-compatible", deprecated
        "64:ff9b:1::/48",  # RFC 8215: translators within a network
        "2001::/32",  # RFC 4380: Teredo
        "3fff::/20",  # RFC 9637: documentation
        "5f00::/16",  # RFC 9602: segment routing within a network
        "fec0::/10",  # RFC 3879: site-local, deprecated
    )
)


def opener(
    refuse: Refuse | None, watched: Callable[[int], None], *, redirects: bool = True
) -> OpenerDirector:
    """Opens http and https only; every connection, redirected ones too, is looked at first.

    `refuse` is given the name and the place of each, and raises where it may not be connected to;
    None: all may. `watched` is told of each socket's number.
    """

    def connect(address: tuple[str, int], timeout: Any = None, *_more: Any) -> socket.socket:
        fault: OSError | None = None
        for family, kind, protocol, _name, place in socket.getaddrinfo(
            *address, type=socket.SOCK_STREAM
        ):
            # The place that was looked at is the one connected to: a name cannot change between.
            if refuse is not None:
                refuse(address[0], str(place[0]))
            opened = socket.socket(family, kind, protocol)
            opened.settimeout(timeout)
            watched(opened.fileno())
            try:
                opened.connect(place)
            except OSError as error:
                opened.close()
                fault = error
                continue
            return opened
        raise fault or OSError(f"{address[0]} has no address")

    class Plain(http.client.HTTPConnection):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self._create_connection = connect

    class Secure(http.client.HTTPSConnection):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self._create_connection = connect

    class PlainHandler(HTTPHandler):
        def http_open(self, request: Request) -> Any:
            return self.do_open(Plain, request)

    class SecureHandler(HTTPSHandler):
        def https_open(self, request: Request) -> Any:
            return self.do_open(Secure, request)

    director = OpenerDirector()
    for handler in (
        PlainHandler(),
        SecureHandler(),
        *([HTTPRedirectHandler()] if redirects else []),
        HTTPErrorProcessor(),
        HTTPDefaultErrorHandler(),
        UnknownHandler(),  # URLError for any other scheme
    ):
        director.add_handler(handler)
    return director


def is_public(place: str) -> bool:
    """True for a number of the public internet, also for one of IPv4 that is carried in IPv6."""
    return _is_public(ipaddress.ip_address(place.partition("%")[0]))


def _is_public(number: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if any(number in network for network in NOT_PUBLIC):
        return False
    if isinstance(number, ipaddress.IPv6Address):
        carried = number.ipv4_mapped or number.sixtofour
        if number in NAT64:
            carried = ipaddress.IPv4Address(int(number) & 0xFFFF_FFFF)
        if carried is not None:
            return _is_public(carried)
    return number.is_global and not number.is_multicast
