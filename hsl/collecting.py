"""Garbage collections that stay short, however much lives as long as the process.

Streamlit collects all garbage after every run of a page, which walks over every module, table and
chart that the process ever made: 60 ms each time, more than most pages take. What survives a long
collection is therefore frozen, so that the next ones pass it over, and thawed now and then, so that
what has died meanwhile goes too (https://docs.python.org/3/library/gc.html#gc.freeze).
"""

import gc
import time
from typing import Any

LONG = 0.005  # seconds that a collection may take before what survives it is frozen
THAWED_EVERY = 120.0  # seconds
OLDEST = 2  # the generation that holds everything

_began = 0.0
_thawed = 0.0


def keep_short() -> None:
    """Watch the collections of this process from now on."""
    global _thawed
    if _watch not in gc.callbacks:
        _thawed = time.monotonic()
        gc.callbacks.append(_watch)


def _watch(phase: str, about: dict[str, Any]) -> None:
    global _began, _thawed
    if about["generation"] != OLDEST:
        return
    now = time.monotonic()
    if phase == "start":
        if now - _thawed > THAWED_EVERY:
            gc.unfreeze()
            _thawed = now
        _began = now
    elif now - _began > LONG:
        gc.freeze()
