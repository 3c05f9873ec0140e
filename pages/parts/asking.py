"""Dialogs that stay open until they are answered, whatever else on the page changes."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.parts import whole_page

OPEN = "asking"
PRESSED = "pressed in a dialog"  # the key of a button


def open_dialog(name: str) -> None:
    """Open the dialog of this name from now on."""
    st.session_state[OPEN] = name


def is_open(name: str) -> bool:
    """True while the dialog of this name is open."""
    return bool(st.session_state.get(OPEN) == name)


def close() -> None:
    """Close whichever dialog is open."""
    st.session_state.pop(OPEN, None)
    st.session_state.pop(PRESSED, None)


def show(title: str, body: Callable[[], None], *, wide: bool = False) -> None:
    """Draw the open dialog."""
    st.dialog(title, width="large" if wide else "small", on_dismiss=close)(body)()


def button(place: Any, words: str, *, key: str, **how: Any) -> bool:
    """A button of a dialog; True once in the run of the dialog that follows a click.

    A click may come in a run of the desk behind it, which does not draw the dialog: it is noted
    there, and the page is drawn anew, with its dialog. What sends is not to be pressed so: by then
    another text may stand in the dialog than was read.
    """
    place.button(words, key=key, on_click=_press, args=(key,), **how)
    if st.session_state.get(PRESSED) != key:
        return False
    del st.session_state[PRESSED]
    return True


def _press(key: str) -> None:
    st.session_state[PRESSED] = key
    whole_page.ask()


def confirm(title: str, words: str, answer: str, do: Callable[[], None]) -> None:
    """Draw a dialog that asks before something is done; `answer` names the deed."""

    def body() -> None:
        st.write(words)
        if st.button(answer, type="primary", key="confirm"):
            close()
            do()

    show(title, body)
