"""A change that was asked for on a page: it is done and shown, or refused in its own words."""

from collections.abc import Callable

import streamlit as st

from hsl.acting import NotAllowedError
from hsl.delivery import outbox
from pages.parts import show


def do(change: Callable[[], object]) -> None:
    """Make the change, and draw the page anew; where it is refused, say why."""
    try:
        change()
    except (outbox.OutboxError, NotAllowedError) as refused:
        st.error(show.plain(str(refused)))
        return
    st.rerun(scope="app")
