"""Who acts in this run of a page: whoever the guard let in, asked anew for every deed."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from hsl import acting, web
from hsl.accounts.sessions import Session
from hsl.acting import NOBODY, OPERATOR, Actor, Permission, Way, permissions_of
from hsl.settings import get_settings
from hsl.web_guard import ADDRESS_HEADER

OPEN = "analyst"  # as who everybody signs where the pages run open


def session() -> Session | None:
    """The session in which this page is shown; None where it ended, or the pages run open."""
    keeper, token_hash = web.keeper(), web.asking()
    return keeper.session(token_hash) if keeper is not None and token_hash else None


def has_ended() -> bool:
    """Whether the pages ask who is there, and nobody is any more."""
    keeper = web.keeper()
    return keeper is not None and keeper.asks() and session() is None


def actor() -> Actor:
    """Who acts now; nobody in a thread of the server's that belongs to no page."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return OPERATOR if web.keeper() is None else NOBODY
    found = session()
    if found is not None:
        return Actor(
            found.name,
            permissions_of(found.role, viewers_see_names=get_settings().viewers_see_names),
            Way.PAGES,
            address=_address(),
            account_id=found.account_id,
        )
    if has_ended():
        return NOBODY
    return Actor(OPEN, frozenset(Permission), Way.PAGES, address=_address())


def _address() -> str | None:
    value = st.context.headers.get(ADDRESS_HEADER)
    return value if isinstance(value, str) else None


acting.acted_by(actor)
