"""What one run of a page asks several times over, and is answered once."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from streamlit.runtime.scriptrunner import get_script_run_ctx

R = TypeVar("R")


class _Kept(threading.local):
    run: object = None
    answers: dict[str, Any]


_kept = _Kept()


def once(what: str, ask: Callable[[], R]) -> R:
    """The answer to `ask`; in one run of a page or a fragment the same for the same `what`."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return ask()
    # Streamlit gives each run, also that of a fragment alone, new cursors.
    if _kept.run is not context.cursors:
        _kept.run, _kept.answers = context.cursors, {}
    if what not in _kept.answers:
        _kept.answers[what] = ask()
    answer: R = _kept.answers[what]
    return answer
