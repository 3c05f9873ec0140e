"""A message that waits for a second person: what is asked for, and the two answers."""

from html import escape

import streamlit as st

from hsl.acting import NotAllowedError
from hsl.delivery import deciding, outbox
from hsl.delivery.deciding import Waiting
from hsl.delivery.history import Message
from hsl.dispatch import LastLook
from hsl.words import N_, _, plural
from pages.parts import desk, doing, shell, show


def said(one: Waiting) -> str:
    """HTML of what a message waits for."""
    words = plural(
        "{name} asks for a second approver: it would go to {n} person.",
        "{name} asks for a second approver: it would go to {n} people.",
        one.people,
        name=one.asked_by,
    )
    return f"{show.state('paused', N_('waits for approval'))} {escape(words)}"


def present(message: Message) -> None:
    """On a message's page: what it waits for, its exact text, and the answers of who may."""
    found = deciding.of_message(shell.engine(), message.id)
    if found is None:
        return
    with st.container(border=True):
        st.html(said(found))
        if not found.may_decide:
            st.caption(_("Another person who may send decides about it."))
            return
        desk.show_preview(message.content, {})
        why = st.text_input(_("Why not (its author reads it)"), key=f"why-not-{message.id}")
        with st.container(horizontal=True):
            if st.button(_("Approve"), type="primary", icon=":material/check:"):
                doing.do(lambda: deciding.approve(shell.engine(), message.id, actor=shell.author()))
            if st.button(_("Reject"), icon=":material/close:"):
                _reject(message.id, why or "")


def tell(waiting: Waiting | None) -> None:
    """After sending: that what was made waits for a second person, where it does."""
    if waiting is not None:
        st.toast(
            plural(
                "It waits for a second approver, as it goes to {n} person. Nobody gets it before.",
                "It waits for a second approver, as it goes to {n} people. Nobody gets it before.",
                waiting.people,
            ),
            icon=":material/how_to_reg:",
            duration="long",
        )


def notice(look: LastLook) -> None:
    """In the last look: that so many people need a second approver."""
    if look.needs_approval:
        st.info(
            _(
                "It needs a second approver, as it goes to more than {most} people: it waits "
                "until another person has approved it as it stands.",
                most=shell.settings().second_approver_over,
            ),
            icon=":material/how_to_reg:",
        )


def _reject(message_id: int, reason: str) -> None:
    try:
        deciding.reject(shell.engine(), message_id, actor=shell.author(), reason=reason)
    except (outbox.OutboxError, NotAllowedError) as refused:
        st.error(show.plain(str(refused)))
        return
    st.rerun(scope="app")
