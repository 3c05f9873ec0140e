"""Ends what takes too long: one thread for all, as one a question costs more than most of them."""

import itertools
import threading
import time
from collections.abc import Callable

NEVER = float("inf")  # of the monotonic clock


class Watchdog:
    """Calls `interrupt` of whatever was not taken off before its time was over.

    One that was taken off is never interrupted afterwards. Threads may share it; its own thread
    begins with the first use and ends with the process.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._watched: dict[int, tuple[float, Callable[[], None]]] = {}
        self._wakes_at = NEVER
        self._thread: threading.Thread | None = None

    def put_on(self, interrupt: Callable[[], None], seconds: float) -> int:
        """Watch from now on for so long; the number takes it off again."""
        with self._changed:
            number, until = next(self._numbers), time.monotonic() + seconds
            self._watched[number] = (until, interrupt)
            if self._thread is None or not self._thread.is_alive():  # a forked process has none
                self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
                self._thread.start()
            if until < self._wakes_at:
                self._changed.notify()
        return number

    def take_off(self, number: int) -> None:
        """Watch it no more; nothing where it was interrupted."""
        with self._changed:
            self._watched.pop(number, None)

    def _watch(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for number, (until, interrupt) in list(self._watched.items()):
                    if until <= now:
                        del self._watched[number]
                        interrupt()
                # What is taken off meanwhile lets it wake once in vain: cheaper than each time.
                self._wakes_at = min((until for until, _ in self._watched.values()), default=NEVER)
                self._changed.wait(None if self._wakes_at == NEVER else self._wakes_at - now)
