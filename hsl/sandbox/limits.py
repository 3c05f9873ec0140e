"""The limiters of the sandbox: a cell rate a bot and one a chat."""

from hsl.sandbox.options import SandboxOptions

PAID_RATE = 1000.0  # messages per second
# Seconds that paid messages may come early. Telegram names a limit by the second and nothing finer;
# half of one is more than a small machine's own stalls, which would look like bursts to a limiter.
PAID_TOLERANCE = 0.5
FORGET_CHATS = 100_000  # chats after which those at rest are forgotten


class Limiter:
    """Generic cell rates on a monotonic clock; a refused message takes no place."""

    def __init__(self, options: SandboxOptions) -> None:
        self._options = options
        self._bots: dict[int, float] = {}
        self._chats: dict[tuple[int, int], float] = {}

    def wait(self, bot_id: int, chat_id: int, *, paid: bool, now: float) -> float:
        """0 when the message is let through, else the seconds to wait."""
        rate = PAID_RATE if paid else self._options.rate
        bot_due = max(self._bots.get(bot_id, 0.0), now)
        chat_due = max(self._chats.get((bot_id, chat_id), 0.0), now)
        early = bot_due - now - (PAID_TOLERANCE if paid else self._options.tolerance / rate)
        if early > 0:
            return max(early, 1.0)
        if chat_due > now:
            return max(chat_due - now, 1.0)
        self._bots[bot_id] = bot_due + 1.0 / rate
        self._chats[(bot_id, chat_id)] = now + 1.0 / self._options.chat_rate
        if len(self._chats) > FORGET_CHATS:
            self._chats = {key: due for key, due in self._chats.items() if due > now}
        return 0.0
