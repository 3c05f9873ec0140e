"""The pages, whose loop hears late what the runs of pages say, as on a busy machine."""

import sys
from collections.abc import Callable

from streamlit.runtime.app_session import AppSession

from hsl import cli

LATE = 0.4  # seconds


def hear_late(self: AppSession, callback: Callable[[], None]) -> None:
    """Put it off; what is said in order is heard in order."""
    self._event_loop.call_soon_threadsafe(self._event_loop.call_later, LATE, callback)


if __name__ == "__main__":
    setattr(AppSession, "_call_soon_on_event_loop", hear_late)  # noqa: B010 - a method
    sys.exit(cli.main(["web"]))
