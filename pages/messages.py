"""Messages: the list, and one message with everything that became of it."""

import streamlit as st

from hsl.words import _
from pages.parts import experiment, message_list, one_message


def listing() -> None:
    head, action = st.columns([3, 1], vertical_alignment="bottom")
    head.title(_("Messages"))
    with action.container(horizontal=True, horizontal_alignment="right"):
        write = st.button(_("Write a message"), type="primary", icon=":material/edit_note:")
    if write:
        st.switch_page("pages/compose.py", query_params={})
    message_list.present()


wanted = st.query_params.get("message", "")
compared = st.query_params.get("experiment", "")
if wanted.isdigit():
    one_message.show_one(int(wanted))
elif compared.isdigit():
    experiment.show_one(int(compared))
else:
    listing()
