"""A connection whose other end falls silent must not hold a thread: its socket is shut in time."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

LOOKS_EVERY = 0.25  # seconds


class Watch:
    """The sockets that are shut when the time is over, or when the work is not wanted any more."""

    def __init__(self) -> None:
        self._twins: list[socket.socket] = []
        self._lock = threading.Lock()
        self._is_over = False

    def over(self, fileno: int) -> None:
        """Shut this socket too, when it comes to that; the caller goes on to own it."""
        # A twin, as TLS takes the first one's place, and a number may be another's later on.
        twin = socket.socket(fileno=os.dup(fileno))
        with self._lock:
            self._twins.append(twin)
            if self._is_over:
                _shut(twin)

    def end(self) -> None:
        """Shut them all."""
        with self._lock:
            self._is_over = True
            for twin in self._twins:
                _shut(twin)

    def close(self) -> None:
        """Let go of them, and leave them as they are."""
        with self._lock:
            for twin in self._twins:
                twin.close()


def _shut(twin: socket.socket) -> None:
    with suppress(OSError):
        twin.shutdown(socket.SHUT_RDWR)


@contextmanager
def until(deadline: float, stopped: Callable[[], bool] = lambda: False) -> Iterator[Watch]:
    """A watch that ends at `deadline` (of time.monotonic), or once `stopped` is true."""
    watch, done = Watch(), threading.Event()

    def look() -> None:
        while not done.wait(LOOKS_EVERY):
            if stopped() or time.monotonic() > deadline:
                watch.end()
                return

    thread = threading.Thread(target=look, name="source-watch", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        done.set()
        thread.join()
        watch.close()
