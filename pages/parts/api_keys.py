"""Keys of the API in Settings, for admins: which there are, a new one, and an end to one."""

from html import escape

import streamlit as st

from hsl import acting, keys
from hsl.acting import DEEDS, Permission
from hsl.words import N_, _
from pages.parts import asking, shell, show

ADDING, REVOKING = "api-key-add", "api-key-revoke"
MADE = "api-key-made"  # the secret, until its dialog is closed
ASKED = "api-key-asked"  # the name of the key that is to be revoked
STATES = {"valid": N_("valid"), "revoked": N_("revoked"), "expired": N_("expired")}


def section() -> None:
    """All keys, for whoever may manage them."""
    if not acting.current().may(Permission.MANAGE):
        return
    if not asking.is_open(ADDING):
        st.session_state.pop(MADE, None)
    head, action = st.columns([3, 1], vertical_alignment="center")
    head.header(_("Keys of the API"))
    with action.container(horizontal=True, horizontal_alignment="right"):
        if st.button(_("Add a key"), icon=":material/add:", key="api-key-begin"):
            asking.open_dialog(ADDING)
    st.caption(_("With a key another program does what its scopes say, and signs with its name."))
    found = keys.listing(shell.engine())
    for key in found:
        _one(key)
    if not found:
        st.html(f'<div class="hsl-dim">{escape(_("There are no keys yet."))}</div>')
    if asking.is_open(ADDING):
        asking.show(_("A key of the API"), _adding)
    if asking.is_open(REVOKING):
        name = st.session_state.get(ASKED, "")
        words = _("Whatever uses the key {name} gets no answer from then on.", name=name)
        asking.confirm(_("Revoke the key"), show.plain(words), _("Revoke"), _revoke)


def _one(key: keys.Key) -> None:
    left, right = st.columns([4, 1], vertical_alignment="center")
    ago = show.ago(key.last_used_at) if key.last_used_at else None
    used = _("last used {ago}", ago=ago) if ago else _("never used")
    end = show.moment(key.expires_at, shell.zone()) if key.expires_at else None
    until = _("until {time}", time=end) if end else ""
    facts = [f"{key.prefix}…", " ".join(sorted(key.scopes)), until, used]
    told = " · ".join(escape(fact) for fact in facts if fact)
    left.html(
        f"{show.well(key.is_valid)} <b>{escape(key.name)}</b> {escape(_(STATES[key.state]))} "
        f"<span class='hsl-dim'>{told}</span>"
    )
    if key.is_valid:
        with right.container(horizontal=True, horizontal_alignment="right"):
            if st.button(_("Revoke"), key=f"api-key-{key.id}"):
                st.session_state[ASKED] = key.name
                asking.open_dialog(REVOKING)


def _adding() -> None:
    secret = st.session_state.get(MADE)
    if secret:
        st.write(_("This is shown this once. Copy it to where it is used."))
        st.code(secret, language=None)
        if st.button(_("I have it"), type="primary"):
            asking.close()
            st.rerun()
        return
    name = st.text_input(_("Which program it is for"), max_chars=keys.LONGEST_NAME)
    st.caption(_("What it may do"))
    scopes = [
        scope
        for scope in Permission
        if st.checkbox(
            f"`{scope}` · {_(DEEDS[scope])}",
            value=scope is Permission.LOOK,
            key=f"api-key-scope-{scope}",
        )
    ]
    days = st.number_input(_("Valid for so many days"), 1, keys.MOST_DAYS, 365)
    if st.button(_("Make the key"), type="primary"):
        try:
            _key, made = keys.add(
                shell.engine(), name, scopes, days=int(days), actor=shell.author()
            )
        except keys.ApiKeyError as refused:
            st.error(show.plain(str(refused)))
            return
        st.session_state[MADE] = made
        st.rerun()


def _revoke() -> None:
    try:
        keys.revoke(shell.engine(), st.session_state.pop(ASKED, ""), actor=shell.author())
    except keys.ApiKeyError as refused:
        st.error(show.plain(str(refused)))
        return
    st.rerun()
