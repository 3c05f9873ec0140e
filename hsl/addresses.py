"""Addresses of machines."""

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """True for an address that only this machine reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def names_this_machine(host: str) -> bool:
    """Whether a request's Host is this machine's own name, whatever its port.

    Another site may let its name point here, so that the browser takes what is here for that
    site's own (DNS rebinding); the Host is that name then.
    """
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False


def is_own_origin(origin: str, host: str) -> bool:
    """Whether a request's Origin is its Host's; False where one of them is not said."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return bool(host) and parts.scheme in {"http", "https"} and parts.netloc == host
