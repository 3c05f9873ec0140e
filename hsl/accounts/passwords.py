"""Passwords: which are taken, and their Argon2 hashes."""

import re

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hsl.accounts import AccountError
from hsl.words import _

SHORTEST, LONGEST = 12, 1024  # characters
LEFT = 6  # characters that must be left without what everybody uses
# What people put together when a long password is asked for, the longest first.
_COMMON = sorted(
    """
    password passwort passw0rd p@ssword p@ssw0rd pass qwertyuiop qwerty qwertz azerty
    asdfghjkl asdfgh zxcvbnm zxcvbn 1q2w3e4r5t 1q2w3e4r 1qaz2wsx qazwsx letmein welcome
    admin administrator root login secret monkey dragon football baseball iloveyou
    sunshine princess superman batman trustno1 master shadow michael hello freedom
    whatever starwars changeme default guest test telegram dashboard course school пароль
    йцукенгшщз йцукен фывапролдж фыва ячсмить привет админ школа курс любовь солнышко
    наташа максим андрей
    """.split(),  # noqa: SIM905 - a hundred lines as a list
    key=len,
    reverse=True,
)
_hasher = PasswordHasher()
# What is compared where there is no account, so that its answer takes as long.
_NOBODYS = _hasher.hash("nobody has this password")


def check(password: str, *names: str | None) -> None:
    """Raise AccountError where a password is too short, everybody's, or made of the names."""
    if len(password) < SHORTEST:
        raise AccountError(
            _("The password is shorter than {n} characters. Take a longer one.", n=SHORTEST)
        )
    if len(password) > LONGEST:
        raise AccountError(
            _("The password is longer than {n} characters. Take a shorter one.", n=LONGEST)
        )
    if len(_own_part(password, names)) < LEFT:
        raise AccountError(
            _(
                "The password is easy to guess: it is made of what many use, or of the name. "
                "Take several words that do not belong together."
            )
        )


def _own_part(password: str, names: tuple[str | None, ...]) -> str:
    """What is left of a password without common pieces, names, rows and repetitions."""
    left = password.casefold()
    pieces = [part for name in names if name for part in re.split(r"[\W_]+", name.casefold())]
    for piece in [*(piece for piece in pieces if len(piece) > 2), *_COMMON]:
        left = left.replace(piece, "")
    # "aaaa", "abcd" and "4321" count as one letter.
    kept = "".join(
        letter
        for before, letter in zip("\0" + left, left, strict=False)
        if abs(ord(letter) - ord(before)) > 1
    )
    return kept if len(set(kept)) >= LEFT - 1 else ""


def hashed(password: str) -> str:
    """Argon2's hash, with its salt and costs in it."""
    return _hasher.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether it is the password; it takes as long where none is kept."""
    try:
        return _hasher.verify(kept or _NOBODYS, password[:LONGEST]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether a hash was made with other costs than are used today."""
    return _hasher.check_needs_rehash(kept)
