"""Which session was given which of the files that pages offer, so that nobody else gets them.

A file's address is a hash of what is in it, and the server that answers there asks for nothing
more. So whatever a page gives to a browser is noted with the session that it was given in.
"""

import posixpath
import threading
from collections.abc import Callable

PLACE = "/media/"  # where the pages' files lie
TIDIED_AT = 1_000  # files that are noted, before those that are gone are looked for


class Given:
    """The files that sessions were given, by this process, which holds them.

    `is_held` tells whether a file of that hash is there still.
    """

    def __init__(self, is_held: Callable[[str], bool]) -> None:
        self._is_held = is_held
        self._sessions: dict[str, set[str]] = {}  # file's hash → sessions' hashes
        self._tidied_at = TIDIED_AT
        self._lock = threading.Lock()

    def note(self, address: str, token_hash: str) -> None:
        """Note that a session was given the file at an address."""
        with self._lock:
            self._sessions.setdefault(_hash_in(address), set()).add(token_hash)
            if len(self._sessions) > self._tidied_at:
                self._sessions = {
                    file: held for file, held in self._sessions.items() if self._is_held(file)
                }
                self._tidied_at = max(TIDIED_AT, 2 * len(self._sessions))

    def may_have(self, path: str, token_hash: str) -> bool:
        """Whether the session may have what lies at a path: True for what is no such file."""
        if not path.startswith(PLACE):
            return True
        with self._lock:
            return token_hash in self._sessions.get(_hash_in(path), ())


def _hash_in(address: str) -> str:
    return posixpath.splitext(posixpath.basename(address))[0]
