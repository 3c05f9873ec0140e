"""Choices of a page that stand in its address by names that no language changes.

Streamlit's own binding writes an option as it is shown, which is in the viewer's language and may
have figures in it; a link is to show the same to whoever opens it.
"""

from collections.abc import Collection, Sequence
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.parts import shell

MOST_DIGITS = 40  # of a number in an address
MOST_SHEETS = 1_000_000


def is_history() -> bool:
    """True in a run that the browser's way back or forward has asked for."""
    context = get_script_run_ctx(suppress_warning=True)
    return bool(getattr(context, "is_history_navigation", False))


def is_new() -> bool:
    """True where the address is to be read: one has come here, with a link or through history."""
    return is_history() or bool(shell.arrived() and st.query_params)


def one(name: str, options: Sequence[str]) -> str:
    """The chosen option under the key `name`, before its widget is drawn; the first is the default.

    Call it in every run of the page, and give the widget the same key.
    """
    if is_new():
        said = st.query_params.get(name)
        st.session_state[name] = said if said in options else options[0]
    elif st.session_state.get(name) not in options:
        kept = st.session_state.get(_kept(name))
        st.session_state[name] = kept if kept in options else options[0]
    chosen: str = st.session_state[name]
    _write(name, "" if chosen == options[0] else chosen)
    st.session_state[_kept(name)] = chosen
    return chosen


def several(name: str, most: int = 200) -> list[str]:
    """The chosen values under the key `name`, before their widget is drawn; any text is one."""
    if is_new():
        st.session_state[name] = list(dict.fromkeys(st.query_params.get_all(name)))[:most]
    elif name not in st.session_state:
        st.session_state[name] = list(st.session_state.get(_kept(name), []))
    chosen: list[str] = list(st.session_state[name])
    _write(name, chosen)
    st.session_state[_kept(name)] = chosen
    return chosen


def opened(name: str) -> str:
    """What is open under `name`, such as a person's id; empty for nothing."""
    if is_new():
        st.session_state[name] = st.query_params.get(name, "")
    chosen = str(st.session_state.get(name, ""))
    _write(name, chosen)
    return chosen


def set_opened(name: str, value: str) -> None:
    """Open `value` under `name` from now on; an empty one closes it."""
    st.session_state[name] = value
    _write(name, value)


def number(said: str, *, least: int = 0) -> int | None:
    """The whole number that somebody typed, at least `least`; None for what is none."""
    is_one = said.isascii() and said.isdecimal() and len(said) <= MOST_DIGITS
    return max(least, int(said)) if is_one else None


def sheet(name: str) -> int:
    """The page of a table or list under the key `name`, from 1, as its pager or the address says.

    There may be no such page.
    """
    said = str(st.session_state.get(name) or st.query_params.get(name, "1"))
    return min(number(said, least=1) or 1, MOST_SHEETS)


def take_up(name: str) -> None:
    """Forget what was chosen under `name`, and go on with what the address says of it, if at all.

    Only before its widget is drawn.
    """
    for kept in (name, _kept(name)):
        st.session_state.pop(kept, None)
    said = st.query_params.get(name)
    if said is not None:
        st.session_state[name] = said


def _kept(name: str) -> str:
    return f"{name}-kept"  # as Streamlit forgets what belongs to a widget of another page


def _write(name: str, value: str | Collection[str]) -> None:
    parameters: Any = st.query_params
    if value:
        if parameters.get_all(name) != ([value] if isinstance(value, str) else list(value)):
            parameters[name] = value
    elif name in parameters:
        del parameters[name]
