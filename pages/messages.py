"""Messages: the list, and one message with everything that became of it."""

import math

import streamlit as st

from hsl.delivery import history
from hsl.models import MessageStatus
from pages.parts import one_message, shell, show

PAGE = 20  # messages


def listing() -> None:
    head, action = st.columns([3, 1], vertical_alignment="bottom")
    head.title("Messages")
    with action.container(horizontal=True, horizontal_alignment="right"):
        write = st.button("Write a message", type="primary", icon=":material/edit_note:")
    if write:
        st.switch_page("pages/compose.py")
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    words = left.text_input(
        "Search",
        key="q",
        type="search",
        placeholder="Text, group or number",
        bind="query-params",
        live=True,
    )
    statuses = right.pills(
        "State",
        [status.value for status in MessageStatus],
        selection_mode="multi",
        key="state",
        bind="query-params",
        format_func=lambda status: f"{show.SHAPES[status]} {status}",
    )
    page = st.session_state.get("messages-page", 1)
    found, total = history.listing(
        shell.engine(),
        statuses=tuple(statuses or ()),
        words=words or "",
        offset=(page - 1) * PAGE,
        limit=PAGE,
    )
    if not total:
        filtered = bool(words or statuses)
        st.info(
            "No message fits. Take a filter away."
            if filtered
            else "No messages yet. Choose people on Audience, then write to them."
        )
        if not filtered and st.button("Choose people"):
            st.switch_page("pages/audience.py")
    for message in found:
        show.message_row(message, shell.zone(), key="list")
    if total > PAGE:
        st.pagination(math.ceil(total / PAGE), key="messages-page")
    st.caption(f"{total:,} messages")


wanted = st.query_params.get("message", "")
if wanted.isdigit():
    one_message.show_one(int(wanted))
else:
    listing()
