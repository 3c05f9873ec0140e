"""Token buckets: so many requests a minute for each who asks, and no more memory than for some."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

MOST = 1000  # buckets; the one that was used longest ago is forgotten, and is full by then


@dataclass(frozen=True)
class Taken:
    """Whether a token was there, how many are left, and how long the next one takes (seconds)."""

    is_allowed: bool
    left: int
    wait: float


class Buckets:
    """`capacity` tokens for each name, filled again within `seconds`."""

    def __init__(
        self, capacity: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.capacity, self.seconds = capacity, seconds
        self._clock = clock
        self._rate = capacity / seconds
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: Hashable) -> Taken:
        """Take a token of this name's, if there is one."""
        with self._lock:
            now = self._clock()
            tokens, since = self._buckets.pop(name, (float(self.capacity), now))
            tokens = min(self.capacity, tokens + (now - since) * self._rate)
            is_allowed = tokens >= 1
            tokens -= is_allowed
            self._buckets[name] = (tokens, now)
            if len(self._buckets) > MOST:
                self._buckets.popitem(last=False)
        return Taken(is_allowed, int(tokens), max(0.0, (1 - tokens) / self._rate))
