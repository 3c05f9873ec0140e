"""The uncertain of a message: what that means, and what to do about all or some of them."""

from html import escape

import streamlit as st

from hsl import dispatch
from hsl.delivery import steering
from hsl.delivery.history import Message
from hsl.models import Action, DeliveryStatus, MessageStatus
from pages.parts import asking, doing, shell, show

AGAIN = "again"  # the dialog
CHOSEN = "again-to"  # the ids it asks about; none: all of them


def show_uncertain(message: Message) -> None:
    """The sentence and the choices for all of them."""
    people = message.closing.uncertain
    st.html(f"{show.state('uncertain')} {escape(_meaning(message))}")
    with st.container(horizontal=True):
        if st.button("Choose among them", icon=":material/groups:"):
            st.session_state["tab"] = "Recipients"
            st.session_state["status"] = DeliveryStatus.UNCERTAIN.value
            st.rerun(scope="app")
        _decide(message, (), f"the {people:,}", key="all")


def show_for(message: Message, ticked: tuple[int, ...]) -> None:
    """The choices for those who are ticked in the table."""
    with st.container(horizontal=True, vertical_alignment="center"):
        whom = f"the {len(ticked):,} ticked" if ticked else "the ticked"
        _decide(message, ticked, whom, key="ticked")
        if not ticked:
            st.caption("Tick rows to decide for some of them.")


def ask_to_send_again(message: Message) -> None:
    """The dialog, while it is open; only its answer sends."""
    if not asking.is_open(AGAIN):
        return
    chosen: tuple[int, ...] = st.session_state.get(CHOSEN, ())
    people = len(chosen) or message.closing.uncertain
    asking.confirm(
        "Send to them again?",
        f"{show.people(people)} may have got it already, and would get it twice. The audit keeps "
        "who decided it."
        if message.action is Action.SEND
        else f"It is tried again in {people:,} chats. Where it is done already, nothing changes.",
        "Send again",
        lambda: doing.do(
            lambda: dispatch.send_again(
                shell.engine(), message.id, actor=shell.author(), user_ids=chosen
            )
        ),
    )


def may_be_sent_again(message: Message) -> bool:
    """False for a cancelled message: nobody gets it any more."""
    return message.status != MessageStatus.CANCELLED


def _meaning(message: Message) -> str:
    people = message.closing.uncertain
    if message.action is Action.SEND:
        words = (
            f"{show.people(people)} may or may not have got it: the request left, and its answer "
            "was lost. Nobody is written to again unless you say so."
        )
    else:
        words = (
            f"In {people:,} chats it may or may not be done: the request left, and its answer was "
            "lost."
        )
    if may_be_sent_again(message):
        return f"{words} Leave them, or decide:"
    return (
        f"{words} It is cancelled, so nobody can be sent to again: leave them, or take them for "
        "delivered."
    )


def _decide(message: Message, ids: tuple[int, ...], whom: str, *, key: str) -> None:
    done = "delivered" if message.action is Action.SEND else "done"
    nobody = key == "ticked" and not ids
    if st.button(
        f"Take {whom} for {done}",
        icon=":material/done_all:",
        disabled=nobody,
        key=f"deliver-{key}",
    ):
        doing.do(
            lambda: steering.mark_delivered(
                shell.engine(), message.id, actor=shell.author(), user_ids=ids
            )
        )
    if not may_be_sent_again(message):
        return
    verb = "Send to" if message.action is Action.SEND else "Try"
    if st.button(
        f"{verb} {whom} again", icon=":material/redo:", disabled=nobody, key=f"again-{key}"
    ):
        st.session_state[CHOSEN] = ids
        asking.open_dialog(AGAIN)
        st.rerun(scope="app")
