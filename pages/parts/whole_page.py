"""A wish for a run of the whole page that a run of the desk alone hears."""

import streamlit as st

ASKED = "asked for the page"


def ask() -> None:
    """Ask for it: as the callback of what stands beside the desk.

    Streamlit's browser side puts a click and what a fragment tells at the same moment into one
    run of the fragment, in which the page around it is not read; the callback runs there too.
    """
    st.session_state[ASKED] = True


def was_asked() -> bool:
    """True once after it was asked for."""
    return bool(st.session_state.pop(ASKED, False))
