"""Settings, one's own account: the password, and the second factor."""

from collections.abc import Callable
from html import escape

import segno
import streamlit as st

from hsl import web
from hsl.accounts import AccountError, registry, second_factor
from hsl.accounts.sessions import Session
from hsl.errors import PlainError
from hsl.words import _, plural
from pages.parts import identity, shell, show

SAID = "account-said"  # (kind, words) of what was asked for last
CODES = "account-codes"  # recovery codes, shown once
LINK = "account-link"  # the address by which an authenticator app takes the secret


def section() -> None:
    """Draw the section; where the pages run open, how they come to ask who is there."""
    found = identity.session()
    if found is None:
        st.header(_("Accounts"))
        st.caption(
            _(
                "There is none, so the pages run open, to this machine alone. "
                "`python -m hsl user add NAME --role admin` adds the first, and from then on "
                "everybody signs in."
            )
        )
        return
    st.header(_("Your account"))
    # In a place of its own: what comes and goes must not close what is open below it.
    with st.container():
        said()
    account = registry.named(shell.engine(), found.name)
    with st.expander(_("Password"), icon=":material/password:"):
        _password_form(account, found)
    in_hand = LINK in st.session_state or CODES in st.session_state
    with st.expander(_("Second factor"), expanded=in_hand, icon=":material/phonelink_lock:"):
        if account.has_second_factor:
            _second_factor(found)
        else:
            _without_second_factor(found)


def said() -> None:
    """Say once how what was asked for ended."""
    kind, words = st.session_state.pop(SAID, (None, ""))
    if kind == "done":
        st.success(show.plain(words))
    elif kind == "refused":
        st.error(show.plain(words))


def attempt(deed: Callable[[], object], done: str) -> None:
    """Do what was asked for, in a callback, and keep how it ended for `said`."""
    try:
        deed()
        st.session_state[SAID] = ("done", done)
    except PlainError as refused:
        st.session_state[SAID] = ("refused", str(refused))
    keeper = web.keeper()
    if keeper is not None:
        keeper.forget()


def _password_form(account: registry.Account, found: Session) -> None:
    with st.form("own-password", clear_on_submit=True, border=False):
        if account.has_password:
            st.text_input(
                _("Old password"),
                type="password",
                key="own-old",
                autocomplete="current-password",
            )
        st.text_input(
            _("New password"), type="password", key="own-new", autocomplete="new-password"
        )
        st.text_input(
            _("New password again"), type="password", key="own-again", autocomplete="new-password"
        )
        st.caption(_("12 characters or more. Elsewhere you are signed out."))
        st.form_submit_button(_("Change the password"), on_click=_change, args=(found,))


def _change(found: Session) -> None:
    def deed() -> None:
        typed = st.session_state["own-new"]
        if typed != st.session_state["own-again"]:
            raise AccountError(_("The two were not the same. Type the password twice."))
        registry.change_password(
            shell.engine(),
            found.name,
            typed,
            old=st.session_state.get("own-old"),
            but=found.token_hash,
        )

    attempt(deed, _("Your password is changed."))


def _without_second_factor(found: Session) -> None:
    if LINK not in st.session_state:
        st.caption(
            _(
                "With it a password alone opens nothing: a code of your phone is asked for, by any "
                "authenticator app."
            )
        )
        st.button(_("Set it up"), on_click=_start, args=(found,))
        return
    st.caption(_("Scan this with the app, or type the secret into it."))
    picture = segno.make(st.session_state[LINK]).png_data_uri(scale=4, border=2)
    st.html(f'<img src="{escape(picture)}" alt="{escape(_("The secret as a QR code"))}">')
    with st.expander(_("The secret as text")):
        secret = st.session_state[LINK].partition("secret=")[2].partition("&")[0]
        st.code(secret, language=None)
    with st.form("own-code", clear_on_submit=True, border=False):
        st.text_input(
            _("The code that it shows now"), key="own-first-code", autocomplete="one-time-code"
        )
        st.form_submit_button(_("Put it in force"), on_click=_confirm, args=(found,))


def _start(found: Session) -> None:
    def deed() -> None:
        st.session_state[LINK] = second_factor.start(
            shell.engine(), shell.settings(), found.account_id
        )

    attempt(deed, _("Scan the picture below, then type a code."))


def _confirm(found: Session) -> None:
    def deed() -> None:
        st.session_state[CODES] = second_factor.confirm(
            shell.engine(),
            shell.settings(),
            found.account_id,
            st.session_state["own-first-code"],
            but=found.token_hash,
        )
        st.session_state.pop(LINK, None)

    attempt(deed, _("The second factor is in force. Elsewhere you are signed out."))


def _second_factor(found: Session) -> None:
    codes = st.session_state.pop(CODES, None)
    if codes:
        st.warning(
            _("Write these down: each opens once, without the phone. They are not shown again.")
        )
        st.code("\n".join(codes), language=None)
    left = second_factor.codes_left(shell.engine(), found.account_id)
    st.caption(
        _("A code of your phone is asked for.")
        + " "
        + plural("{n} recovery code is left.", "{n} recovery codes are left.", left)
    )
    st.button(_("New recovery codes"), on_click=_renew, args=(found,))
    with st.form("own-remove", clear_on_submit=True, border=False):
        st.text_input(_("A code"), key="own-last-code", autocomplete="one-time-code")
        st.form_submit_button(_("Take it away"), on_click=_remove, args=(found,))


def _renew(found: Session) -> None:
    def deed() -> None:
        st.session_state[CODES] = second_factor.renew_codes(shell.engine(), found.account_id)

    attempt(deed, _("The old recovery codes open nothing any more."))


def _remove(found: Session) -> None:
    attempt(
        lambda: second_factor.remove(
            shell.engine(), shell.settings(), found.account_id, st.session_state["own-last-code"]
        ),
        _("The second factor is taken away."),
    )
