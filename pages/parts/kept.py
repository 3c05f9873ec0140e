"""Files that a button makes when it is pressed: held until the browser has them, in its language.

Streamlit makes the file and tells the browser its address, but holds it for nobody: two runs of
any page in this process, such as of a part that refreshes by itself, drop it. Where they fall
between the address and the browser's question, the download fails. So it is held for a while, and
for the session whose button it was.
"""

import threading
from collections.abc import Callable
from itertools import count
from typing import IO

from streamlit import runtime

from hsl import acting, web, words

HELD = 30.0  # seconds after the last file
PLACES = 8  # files that are held at a time
_numbers = count()
_release: threading.Timer | None = None


def made(make: Callable[[], bytes | IO[bytes]], *, name: str, mime: str) -> Callable[[], bytes]:
    """`make` in the viewer's language, by them, wherever it is called; its file is held a while."""
    tag, viewer, session = str(words.locale()), acting.current(), web.asking()

    def make_and_hold() -> bytes:
        # It is called beside the page's run, where nobody is known to read or to act.
        with words.spoken_as(tag), acting.acting_as(viewer):
            found = make()
        if not isinstance(found, bytes):
            with found as file:
                found = file.read()
        _hold(found, name, mime, session)
        return found

    return make_and_hold


def _hold(whole: bytes, name: str, mime: str, session: str | None) -> None:
    """Hold the file that Streamlit makes of these; the same content is the same file."""
    global _release
    if not runtime.exists():
        return
    address = runtime.get_instance().media_file_mgr.add(
        whole,
        mime,
        f"held-{next(_numbers) % PLACES}",
        file_name=name,
        is_for_static_download=True,
    )
    web.give_file(address, session)
    if _release is not None:
        _release.cancel()
    _release = threading.Timer(HELD, _let_go)
    _release.daemon = True
    _release.start()


def _let_go() -> None:
    # Files are held by a session; beside all sessions, as here and above, it is one of nobody.
    if runtime.exists():
        runtime.get_instance().media_file_mgr.clear_session_refs()
