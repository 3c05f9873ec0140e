"""Random secrets that are handed out once and kept as hashes."""

import base64
import hashlib
import secrets


def new() -> str:
    """A random token of 256 bits, fit for addresses and cookies."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """A random code of 80 bits that can be written down, such as "k3fa-…" in four groups."""
    letters = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


def hashed(token: str) -> str:
    """SHA-256 of a token, as hexadecimal text: it is random enough to need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()
