"""Lengths of time in words, the same in reasons, on pages and in the terminal."""


def words(seconds: float) -> str:
    """Such as "40 s", "3 min", "2 h" or "4 days"; never "0 min"."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size * (1 if size < 86_400 else 2):
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 1):.0f} s"
