"""Shares with the interval in which the true one lies."""

import numpy as np
import pandas as pd

from hsl.order import natural_key

Z = 1.959963984540054  # 95 %, two-sided
SMALL = 30  # tried; the share of fewer is shown grey, and nothing is concluded from it
COLUMNS = ("share", "low", "high", "small")


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), without a correction for continuity.

    0 to 1 where there is nobody. Raises ValueError where `part` is no part of `whole`.
    """
    if not 0 <= part <= whole:
        raise ValueError(f"{part} is no part of {whole}.")
    low, high = _bounds(np.array([part], dtype=float), np.array([whole], dtype=float))
    return float(low[0]), float(high[0])


def with_shares(
    frame: pd.DataFrame, part: str, whole: str, *, prefix: str = "", n: str | None = None
) -> pd.DataFrame:
    """`frame` with share, low, high and small (fewer than SMALL in `n`, else in `whole`).

    The share is missing where there is nobody. `prefix` stands before the new names.
    """
    parts = frame[part].to_numpy(dtype=float)
    wholes = frame[whole].to_numpy(dtype=float)
    low, high = _bounds(parts, wholes)
    shares = np.divide(parts, wholes, out=np.full(len(frame), np.nan), where=wholes > 0)
    new = {"share": shares, "low": low, "high": high, "small": frame[n or whole] < SMALL}
    return frame.assign(**{f"{prefix}{name}": column for name, column in new.items()})


def in_order(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows in the natural order of the names in this column, 4th before 10th."""
    order = sorted(range(len(frame)), key=lambda row: natural_key(str(frame[name].iloc[row])))
    return frame.iloc[order].reset_index(drop=True)


def apart(frame: pd.DataFrame) -> bool:
    """True when the highest share is surely above the lowest: their intervals do not meet."""
    sure = frame[~frame["small"]]
    if len(sure) < 2:
        return False
    ordered = sure.sort_values("share")
    return bool(ordered["low"].iloc[-1] > ordered["high"].iloc[0])


def _bounds(
    part: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    whole: "np.ndarray[tuple[int], np.dtype[np.float64]]",
) -> tuple["np.ndarray[tuple[int], np.dtype[np.float64]]", ...]:
    empty = whole == 0
    n = np.where(empty, 1.0, whole)
    share, square = part / n, Z * Z
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = Z / (1 + square / n) * np.sqrt(share * (1 - share) / n + square / (4 * n * n))
    low, high = np.maximum(0.0, centre - half), np.minimum(1.0, centre + half)
    return np.where(empty, 0.0, low), np.where(empty, 1.0, high)
