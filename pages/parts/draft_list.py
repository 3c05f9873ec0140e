"""Which draft stands on the desk: another, a new one, a copy, or the one just discarded."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from hsl.message import drafts
from hsl.words import _
from pages.parts import held, shell, show, templates, whole_page

SHOWN = 20  # drafts in the list
_ASKED = "turn of the desk"
_DISCARDED = "discarded draft"


def choose() -> None:
    """The popover with the author's drafts, a new message and a copy of this one."""
    others = drafts.listing(shell.engine(), shell.author())
    # Another key closes it when another text is taken up.
    with st.popover(
        _("Drafts ({count})", count=len(others)),
        icon=":material/draft:",
        type="tertiary",
        key=f"{held.key()}-drafts",
    ):
        _offer(_("New message"), _begin, icon=":material/add:")
        _offer(_("Copy this draft"), _copy, icon=":material/content_copy:")
        for other in others[:SHOWN]:
            written = other.content.text.strip().splitlines()
            _offer(
                show.plain(written[0][:60] if written else _("Nothing written yet")),
                _open,
                other.id,
                key=f"open-{other.id}",
                disabled=other.id == held.draft().id,
            )


def offer_to_discard() -> None:
    """The button that throws the draft away, which is its author's to do."""
    if held.draft().author == shell.author():
        _offer(_("Discard"), _discard, icon=":material/delete:")


def offer_back() -> None:
    """Right after a draft was discarded: a line that brings it back."""
    if shell.arrived():
        st.session_state.pop(_DISCARDED, None)
    if _DISCARDED not in st.session_state:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(_("The draft was discarded."), width="content")
        st.button(
            _("Bring it back"),
            icon=":material/undo:",
            key="bring-draft-back",
            on_click=_ask,
            args=(_bring_back,),
        )


def turn() -> None:
    """Do what was asked for; call it after the desk was read, which saves the last letters."""
    asked = st.session_state.pop(_ASKED, None)
    if asked is None:
        return
    if held.now().refused is not None:
        held.mark_version()
    change, *arguments = asked
    change(*arguments)
    st.rerun()


def _ask(*change: object) -> None:
    st.session_state[_ASKED] = change
    whole_page.ask()


def _offer(words: str, change: Callable[..., None], *arguments: object, **how: Any) -> None:
    """A quiet button that asks for the change; `how` are further arguments of `st.button`."""
    st.button(words, type="tertiary", on_click=_ask, args=(change, *arguments), **how)


def _begin() -> None:
    held.take_up(drafts.start(shell.engine(), shell.author()))


def _copy() -> None:
    held.take_up(templates.copy_of(held.draft()))


def _open(draft_id: int) -> None:
    found = drafts.load(shell.engine(), shell.author(), draft_id)
    if found is None:
        st.toast(_("That draft was sent or discarded."))
        return
    held.take_up(found)


def _discard() -> None:
    draft = held.draft()
    drafts.discard(shell.engine(), draft.author, draft.id)
    st.session_state[_DISCARDED] = draft
    st.session_state.pop("draft", None)
    st.query_params.clear()


def _bring_back() -> None:
    draft = st.session_state.pop(_DISCARDED, None)
    if draft is not None:
        held.take_up(drafts.restore(shell.engine(), draft, actor=shell.author()))
