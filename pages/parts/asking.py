"""Dialogs that stay open until they are answered, whatever else on the page changes."""

from collections.abc import Callable

import streamlit as st

OPEN = "asking"


def open_dialog(name: str) -> None:
    """Open the dialog of this name from now on."""
    st.session_state[OPEN] = name


def is_open(name: str) -> bool:
    """True while the dialog of this name is open."""
    return bool(st.session_state.get(OPEN) == name)


def close() -> None:
    """Close whichever dialog is open."""
    st.session_state.pop(OPEN, None)


def show(title: str, body: Callable[[], None], *, wide: bool = False) -> None:
    """Draw the open dialog."""
    st.dialog(title, width="large" if wide else "small", on_dismiss=close)(body)()


def confirm(title: str, words: str, answer: str, do: Callable[[], None]) -> None:
    """Draw a dialog that asks before something is done; `answer` names the deed."""

    def body() -> None:
        st.write(words)
        if st.button(answer, type="primary", key="confirm"):
            close()
            do()

    show(title, body)
