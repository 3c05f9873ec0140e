"""Lengths of time in words, the same in reasons, on pages and in the terminal."""

from hsl.words import _, plural


def words(seconds: float) -> str:
    """Such as "40 s", "3 min", "2 h" or "4 days"; never "0 min"."""
    if seconds >= 2 * 86_400:
        return plural("{n} day", "{n} days", round(seconds / 86_400))
    if seconds >= 3_600:
        return _("{n} h", n=round(seconds / 3_600))
    if seconds >= 60:
        return _("{n} min", n=round(seconds / 60))
    return _("{n} s", n=round(max(seconds, 1)))
