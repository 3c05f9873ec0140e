"""Messages: the list, and one message with everything that became of it."""

import streamlit as st

from hsl.acting import Permission
from hsl.words import N_, _
from pages.parts import addressed, allowed, calendar, experiment, message_list, one_message, show

VIEWS = {"list": N_("List"), "calendar": N_("Calendar")}


def overview() -> None:
    """All messages, as a list or as a calendar, by the address."""
    with show.head(_("Messages")):
        write = allowed.button(
            _("Write a message"), Permission.WRITE, type="primary", icon=":material/edit_note:"
        )
    if write:
        st.switch_page("pages/compose.py", query_params={})
    now = st.query_params.get("view", "list")
    now = now if now in VIEWS else "list"
    view = st.segmented_control(
        _("View"),
        list(VIEWS),
        default=now,
        required=True,
        format_func=lambda view: _(VIEWS[view]),
        key=f"messages-view-{now}",
        label_visibility="collapsed",
    )
    if view != now:
        st.query_params.from_dict({} if view == "list" else {"view": "calendar"})
        st.rerun()
    if now == "calendar":
        calendar.present()
    else:
        message_list.present()


wanted = addressed.number(st.query_params.get("message", ""))
compared = addressed.number(st.query_params.get("experiment", ""))
if wanted is not None:
    one_message.show_one(wanted)
elif compared is not None:
    experiment.show_one(compared)
else:
    overview()
