"""The marks of charts that are open on a page, in its address: one of a chart, such as "reasons:0".

A chart tells its own selection to the page, and cannot be told one: what a link or the way back has
opened stands below the chart as if it had been clicked, and is closed by its button.
"""

import streamlit as st

from pages.parts import addressed, shell

NAME = "mark"


def of(figure: str) -> str | None:
    """The key of the mark that is open below the chart of this name."""
    if shell.arrived() and not st.query_params.get_all(NAME):
        st.session_state[NAME] = []  # another page's
    for said in addressed.several(NAME):
        name, _colon, key = said.partition(":")
        if name == figure:
            return key
    return None


def follow(figure: str, chart: str, clicked: str | None) -> None:
    """Open what was clicked in a chart since its last run, or close what is not chosen any more.

    `chart` is the key of its widget: another filter makes another one, without a selection.
    """
    seen = f"clicked-{chart}"
    if st.session_state.get(seen) == clicked:
        return
    st.session_state[seen] = clicked
    if clicked is None:
        close(figure)
    else:
        open_one(figure, clicked)


def open_one(figure: str, key: str) -> None:
    """Open this mark below its chart, and no other of it."""
    _set([*_others(figure), f"{figure}:{key}"])


def close(figure: str) -> None:
    """Close what is open below the chart of this name."""
    _set(_others(figure))


def forget() -> None:
    """Close all of them, such as where another part of the page is shown."""
    _set([])


def take_up() -> None:
    """Go on with the marks that the address names alone, such as where another message begins."""
    _set(st.query_params.get_all(NAME))


def _others(figure: str) -> list[str]:
    opened = st.session_state.get(NAME, [])
    return [said for said in opened if said.partition(":")[0] != figure]


def _set(opened: list[str]) -> None:
    # Not by `addressed`: in a callback after the first run it would read the old address again.
    st.session_state[NAME] = opened
    if opened:
        st.query_params[NAME] = opened
    else:
        st.query_params.pop(NAME, None)
