"""The uncertain of a message: what that means, and what to do about all or some of them."""

from html import escape

import streamlit as st

from hsl import dispatch
from hsl.acting import Permission
from hsl.delivery import steering
from hsl.delivery.history import Message
from hsl.models import Action, DeliveryStatus, MessageStatus
from hsl.words import _, plural
from pages.parts import allowed, asking, doing, shell, show

AGAIN = "again"  # the dialog
CHOSEN = "again-to"  # the ids it asks about; none: all of them


def show_uncertain(message: Message) -> None:
    """The sentence and the choices for all of them."""
    people = message.closing.uncertain
    st.html(f"{show.state('uncertain')} {escape(_meaning(message))}")
    with st.container(horizontal=True):
        if st.button(_("Choose among them"), icon=":material/groups:"):
            st.session_state["tab"] = "Recipients"
            st.session_state["status"] = DeliveryStatus.UNCERTAIN.value
            st.rerun(scope="app")
        _decide(message, (), people, key="all")


def show_for(message: Message, ticked: tuple[int, ...]) -> None:
    """The choices for those who are ticked in the table."""
    with st.container(horizontal=True, vertical_alignment="center"):
        _decide(message, ticked, len(ticked), key="ticked")
        if not ticked:
            st.caption(_("Tick rows to decide for some of them."))


def ask_to_send_again(message: Message) -> None:
    """The dialog, while it is open; only its answer sends."""
    if not asking.is_open(AGAIN):
        return
    chosen: tuple[int, ...] = st.session_state.get(CHOSEN, ())
    people = len(chosen) or message.closing.uncertain
    asking.confirm(
        _("Send to them again?"),
        plural(
            "{n} person may have got it already, and would get it twice. The audit keeps who "
            "decided it.",
            "{n} people may have got it already, and would get it twice. The audit keeps who "
            "decided it.",
            people,
        )
        if message.action is Action.SEND
        else plural(
            "It is tried again in {n} chat. Where it is done already, nothing changes.",
            "It is tried again in {n} chats. Where it is done already, nothing changes.",
            people,
        ),
        _("Send again"),
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
        words = plural(
            "{n} person may or may not have got it: the request left, and its answer was lost. "
            "Nobody is written to again unless you say so.",
            "{n} people may or may not have got it: the request left, and its answer was lost. "
            "Nobody is written to again unless you say so.",
            people,
        )
    else:
        words = plural(
            "In {n} chat it may or may not be done: the request left, and its answer was lost.",
            "In {n} chats it may or may not be done: the request left, and its answer was lost.",
            people,
        )
    if may_be_sent_again(message):
        return f"{words} " + _("Leave them, or decide:")
    return f"{words} " + _(
        "It is cancelled, so nobody can be sent to again: leave them, or take them for delivered."
    )


def _decide(message: Message, ids: tuple[int, ...], people: int, *, key: str) -> None:
    """The buttons for all of them, or for those who are ticked (`people`, maybe none)."""
    nobody = key == "ticked" and not ids
    take, again = _labels(message, people, ticked=key == "ticked")
    if allowed.button(
        take, Permission.SEND, icon=":material/done_all:", disabled=nobody, key=f"deliver-{key}"
    ):
        doing.do(
            lambda: steering.mark_delivered(
                shell.engine(), message.id, actor=shell.author(), user_ids=ids
            )
        )
    if not may_be_sent_again(message):
        return
    if allowed.button(
        again, Permission.SEND, icon=":material/redo:", disabled=nobody, key=f"again-{key}"
    ):
        st.session_state[CHOSEN] = ids
        asking.open_dialog(AGAIN)
        st.rerun(scope="app")


def _labels(message: Message, people: int, *, ticked: bool) -> tuple[str, str]:
    """What the two buttons say: to take them for delivered, and to send to them again."""
    if message.action is not Action.SEND:
        if not ticked:
            return (
                _("Take the {count} for done", count=people),
                _("Try the {count} again", count=people),
            )
        if not people:
            return _("Take the ticked for done"), _("Try the ticked again")
        return (
            _("Take the {count} ticked for done", count=people),
            _("Try the {count} ticked again", count=people),
        )
    if not ticked:
        return (
            _("Take the {count} for delivered", count=people),
            _("Send to the {count} again", count=people),
        )
    if not people:
        return _("Take the ticked for delivered"), _("Send to the ticked again")
    return (
        _("Take the {count} ticked for delivered", count=people),
        _("Send to the {count} ticked again", count=people),
    )
