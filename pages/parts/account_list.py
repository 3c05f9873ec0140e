"""Settings, all accounts: who there is, in which role, and where they are signed in."""

from html import escape

import streamlit as st

from hsl import acting
from hsl.accounts import links, registry, sessions
from hsl.acting import ROLE_NAMES, Permission, Role
from hsl.words import _
from pages.parts import identity, shell, show
from pages.parts.own_account import attempt

SHOWN = "account-set-up"  # (name, address) of a set-up link, shown once


def section() -> None:
    """Draw the section, for an admin who is signed in."""
    if identity.session() is None or not acting.current().may(Permission.MANAGE):
        return
    st.header(_("Accounts"))
    with st.container():
        _link_once()
    for account in registry.listing(shell.engine()):
        with st.expander(show.plain(_title(account)), icon=":material/person:"):
            _one(account)
    with st.expander(_("Add an account"), icon=":material/person_add:"):
        _add_form()


def _title(account: registry.Account) -> str:
    marks = [account.name, _(ROLE_NAMES[account.role])]
    marks += [_("disabled")] if account.is_disabled else []
    marks += [_("no password yet")] if not account.has_password else []
    marks += [_("second factor")] if account.has_second_factor else []
    return " · ".join(marks)


def _link_once() -> None:
    name, address = st.session_state.pop(SHOWN, (None, ""))
    if name is not None:
        st.info(
            show.plain(
                _(
                    "Give this to {name}: it sets the password once, within a day. "
                    "It is not shown again.",
                    name=name,
                )
            )
        )
        st.code(address, language=None)


def _one(account: registry.Account) -> None:
    last = account.signed_in_at
    st.caption(
        _("Signed in {moment}.", moment=show.moment(last, shell.zone()))
        if last
        else _("Never signed in.")
    )
    name, engine = account.name, shell.engine()
    role = st.selectbox(
        _("Role"),
        list(Role),
        index=list(Role).index(account.role),
        format_func=lambda one: _(ROLE_NAMES[one]),
        key=f"role-{account.id}",
    )
    if role is not account.role:
        st.button(
            _("Change the role"),
            key=f"change-role-{account.id}",
            on_click=attempt,
            args=(
                lambda: registry.change_role(engine, name, role),
                _("{name} has another role, and signs in anew.", name=name),
            ),
        )
    with st.container(horizontal=True):
        if account.is_disabled:
            st.button(
                _("Enable"),
                key=f"enable-{account.id}",
                on_click=attempt,
                args=(lambda: registry.enable(engine, name), _("{name} may sign in.", name=name)),
            )
        else:
            _ways_of_enabled(account)
    for one in sessions.listing(engine, shell.settings(), account.id):
        where = f"{one.address or '?'} · {one.browser or '?'}"
        seen = show.ago(one.seen_at)
        st.html(f"<div class='hsl-dim'>{escape(where)} · {seen}</div>")


def _ways_of_enabled(account: registry.Account) -> None:
    name, engine = account.name, shell.engine()
    st.button(
        _("Disable"),
        key=f"disable-{account.id}",
        on_click=attempt,
        args=(
            lambda: registry.disable(engine, name),
            _("{name} may not sign in, and is signed out.", name=name),
        ),
    )
    st.button(
        _("Sign out everywhere"),
        key=f"out-{account.id}",
        on_click=attempt,
        args=(
            lambda: sessions.sign_out_everywhere(engine, account.id),
            _("{name} is signed out.", name=name),
        ),
    )
    st.button(
        _("Link that sets a password"),
        key=f"link-{account.id}",
        on_click=attempt,
        args=(lambda: _make_link(name), _("The link is made.")),
    )
    if account.has_second_factor:
        st.button(
            _("Take the second factor away"),
            key=f"factor-{account.id}",
            on_click=attempt,
            args=(
                lambda: registry.reset_second_factor(engine, name),
                _("{name} signs in by password alone.", name=name),
            ),
        )


def _add_form() -> None:
    with st.form("account-add", clear_on_submit=False, border=False):
        st.text_input(_("Name"), key="account-name", autocomplete="off")
        st.selectbox(
            _("Role"),
            list(Role),
            format_func=lambda one: _(ROLE_NAMES[one]),
            key="account-role",
        )
        st.text_input(
            _("Email address, for single sign-on"), key="account-email", autocomplete="off"
        )
        st.form_submit_button(_("Add, and show a link that sets the password"), on_click=_add)


def _add() -> None:
    name = str(st.session_state["account-name"])

    def deed() -> None:
        registry.add(
            shell.engine(),
            name,
            st.session_state["account-role"],
            email=st.session_state["account-email"] or None,
        )
        _make_link(name)

    attempt(deed, _("The account is added."))


def _make_link(name: str) -> None:
    token = links.make(shell.engine(), name)
    st.session_state[SHOWN] = (name, links.address(shell.settings(), token))
