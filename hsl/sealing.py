"""Secrets that the database keeps are sealed with a key that it does not hold.

The key comes from HSL_SECRET_KEY or a file, HSL_SECRET_KEY_FILE. Several keys may be given, one a
line or separated by commas: the first one seals, and all of them open, so that a key can be
replaced without a moment in which nothing opens.
"""

import re

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from hsl.errors import PlainError
from hsl.settings import Settings
from hsl.words import _


class SealError(PlainError):
    """No key is set, the key is none, or what was sealed does not open; the message says which."""


def new_key() -> str:
    """A new random key, as HSL_SECRET_KEY takes it."""
    return Fernet.generate_key().decode()


def is_set(settings: Settings) -> bool:
    """Whether there is a key to seal with."""
    return settings.secret_key is not None or settings.secret_key_file is not None


def check(settings: Settings) -> None:
    """Raises SealError where what is set is no key, or cannot be read."""
    _keys(settings)


def seal(settings: Settings, secret: bytes) -> str:
    """The secret as text that only the key opens. Raises SealError where there is no key."""
    return _keys(settings).encrypt(secret).decode()


def unseal(settings: Settings, sealed: str) -> bytes:
    """The secret of a sealed text. Raises SealError where no key fits, or it was tampered with."""
    keys = _keys(settings)
    try:
        return keys.decrypt(sealed.encode())
    except InvalidToken:
        raise SealError(
            _(
                "A sealed secret does not open with the key in {place}: it was sealed with "
                "another key, or changed. Add the key that sealed it, after the one that is there.",
                place=_place(settings),
            )
        ) from None


def sealed_anew(settings: Settings, sealed: str) -> str:
    """The same secret, sealed with the first key. Raises SealError as `unseal`."""
    return seal(settings, unseal(settings, sealed))


def _place(settings: Settings) -> str:
    return "HSL_SECRET_KEY_FILE" if settings.secret_key is None else "HSL_SECRET_KEY"


def _keys(settings: Settings) -> MultiFernet:
    given = _given(settings)
    keys: list[Fernet] = []
    for key in re.split(r"[\s,]+", given.strip()):
        try:
            keys.append(Fernet(key))
        except ValueError:
            # The key itself is in no message, even a wrong one: it may be another secret.
            raise SealError(
                _(
                    "{place} holds no key: number {place_in_it} of what it holds is not 32 bytes "
                    "in base64. Make one with `python -m hsl secret-key`.",
                    place=_place(settings),
                    place_in_it=len(keys) + 1,
                )
            ) from None
    return MultiFernet(keys)


def _given(settings: Settings) -> str:
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    if settings.secret_key_file is None:
        raise SealError(
            _(
                "No key is set to seal secrets with. Make one with `python -m hsl secret-key`, "
                "and set HSL_SECRET_KEY or HSL_SECRET_KEY_FILE."
            )
        )
    try:
        return settings.secret_key_file.read_text("ascii")
    except (OSError, ValueError) as fault:
        raise SealError(
            _(
                "The key in {file} (HSL_SECRET_KEY_FILE) cannot be read: {why}. Set the file that "
                "`python -m hsl secret-key` was written into.",
                file=str(settings.secret_key_file),
                why=getattr(fault, "strerror", None) or _("it is no text"),
            )
        ) from None
