"""Who is signed in, as one process of the pages knows it: a moment old at most."""

import threading
import time
from collections.abc import Iterable

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hsl import database
from hsl.accounts import registry, sessions
from hsl.accounts.sessions import Session
from hsl.settings import Settings

FRESH = 2.0  # seconds that an answer holds
WITHOUT_DATABASE = 300.0  # seconds that it holds while the database does not answer
NOTED_EVERY = 60.0  # seconds between two notes that a session is in use


class Keeper:
    """Asks the database who is signed in, and remembers it for a moment.

    `always_asks`: the pages are open to others, so that nobody comes in without an account.
    """

    def __init__(self, engine: Engine, settings: Settings, *, always_asks: bool) -> None:
        self.engine, self.settings = engine, settings
        self._asks = always_asks
        self._looked = 0.0
        self._keeping = threading.Lock()  # pages run in threads
        self._known: dict[str, tuple[float, Session | None]] = {}
        self._noted: dict[str, float] = {}
        # Whoever comes while the database is away would be let in as nobody, and closed out later.
        self.asks()

    def asks(self) -> bool:
        """Whether nobody comes in without a session: from the first account on for ever."""
        now = time.monotonic()
        if not self._asks and now - self._looked > FRESH:
            try:
                self._asks = registry.exist(self.engine)
            except SQLAlchemyError:
                return self._asks  # without its database the program shows nobody anything
            self._looked = now
        return self._asks

    def session(self, token_hash: str) -> Session | None:
        """The open session with this hash. Raises SQLAlchemyError where nobody can tell."""
        kept = self._known.get(token_hash)
        now = time.monotonic()
        if kept is not None and now - kept[0] < FRESH:
            return kept[1]
        try:
            return self.among([token_hash]).get(token_hash)
        except SQLAlchemyError:
            if kept is not None and now - kept[0] < WITHOUT_DATABASE:
                return kept[1]
            raise

    def among(self, hashes: Iterable[str]) -> dict[str, Session]:
        """Those of these sessions that are open, by one question to the database."""
        asked = list(hashes)
        with database.read_only(self.engine).begin() as connection:
            found = sessions.among(connection, self.settings, asked)
        now = time.monotonic()
        with self._keeping:
            old = [one for one, (at, _) in self._known.items() if now - at > WITHOUT_DATABASE]
            for one in old:
                self._known.pop(one, None)
                self._noted.pop(one, None)
            for one in asked:
                self._known[one] = (now, found.get(one))
        return found

    def is_use_due(self, token_hash: str) -> bool:
        """Whether to note now that a session is in use; it counts as noted from then on."""
        now = time.monotonic()
        if now - self._noted.get(token_hash, -NOTED_EVERY) < NOTED_EVERY:
            return False
        self._noted[token_hash] = now
        return True

    def note(self, token_hash: str) -> None:
        """Somebody did something in this session. Raises SQLAlchemyError."""
        sessions.seen(self.engine, token_hash)

    def forget(self) -> None:
        """Ask anew, as something changed here: whoever signed out is out at once."""
        with self._keeping:
            self._known.clear()
        self._looked = 0.0
