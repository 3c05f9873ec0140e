"""Who is signed in, and out again: at the foot of the sidebar, and when a session ended."""

from pathlib import Path

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from hsl import web
from hsl.accounts import sessions
from hsl.acting import ROLE_NAMES
from hsl.words import _
from pages.parts import identity, show

_leave = st.components.v2.component(
    "hsl_leave", js=(Path(__file__).parent / "leave.js").read_text("utf-8"), html="<span></span>"
)


def leave_where_ended() -> None:
    """Where the session ended, stop this run and lead to the sign-in page; else watch for that."""
    try:
        ended, found = identity.has_ended(), identity.session()
    except SQLAlchemyError:
        return  # the page says that the database does not answer
    if ended:
        st.info(_("You are signed out."))
    if ended or found is not None:
        with st.container(key="hsl-leave"):
            _leave(key="leave", data={"ended": ended})
    if ended:
        st.stop()


def menu() -> None:
    """The account's name and role, and the ways out; nothing where the pages run open."""
    try:
        found = identity.session()
    except SQLAlchemyError:
        return
    if found is None:
        return
    with st.popover(show.plain(found.name), icon=":material/account_circle:", width="stretch"):
        st.caption(_(ROLE_NAMES[found.role]))
        st.button(
            _("Sign out"),
            icon=":material/logout:",
            key="sign-out",
            on_click=_sign_out,
            args=(found.token_hash,),
            width="stretch",
        )
        st.button(
            _("Sign out everywhere"),
            key="sign-out-everywhere",
            on_click=_sign_out,
            args=(found.token_hash,),
            kwargs={"everywhere": True},
            width="stretch",
        )
        st.caption(_("Password and second factor are on Settings."))


def _sign_out(token_hash: str, *, everywhere: bool = False) -> None:
    keeper = web.keeper()
    if keeper is not None:
        sessions.sign_out(keeper.engine, token_hash, everywhere=everywhere)
        keeper.forget()
