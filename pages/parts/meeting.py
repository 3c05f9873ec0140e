"""Who else has the draft open, and the choice where somebody else saved it."""

from collections.abc import Sequence

import streamlit as st

from hsl.message import drafts, presence
from hsl.words import _, plural
from pages.parts import held, shell, show, text_editor


def watch() -> None:
    """Beat while the page is open, and tell of others; it looks again every few seconds."""
    st.fragment(_meet, run_every=presence.EVERY)()


def _meet() -> None:
    here = held.draft()
    place = text_editor.tab(held.text_key())
    others: Sequence[presence.Other] = ()
    if place is not None:
        others = presence.beat(shell.engine(), here.id, place, shell.author())
    theirs = drafts.by_link(shell.engine(), here.id)
    if theirs is None or held.now().gone:
        _gone()
    elif theirs.revision != here.revision:
        _choose(theirs)
    elif others:
        _tell(others)


def _tell(others: Sequence[presence.Other]) -> None:
    names = sorted({other.author for other in others} - {shell.author()})
    own = sum(other.author == shell.author() for other in others)
    if names:
        said = _(
            "{names} has this draft open too. Who saves first is kept; the other one is asked.",
            names=", ".join(names),
        )
    else:
        said = plural(
            "This draft is open in {n} other tab. Who saves first is kept; the other one is asked.",
            "This draft is open in {n} other tabs. Who saves first is kept; the others are asked.",
            own,
        )
    st.info(show.plain(said), icon=":material/group:")


def _choose(theirs: drafts.Draft) -> None:
    st.warning(
        show.plain(
            _(
                "{author} saved this draft {ago} in another tab. What stands here is not lost: "
                "choose which of the two goes on.",
                author=theirs.saved_by,
                ago=show.ago(theirs.updated_at) if theirs.updated_at else "",
            )
        ),
        icon=":material/call_split:",
    )
    with st.container(horizontal=True):
        if st.button(_("Show theirs"), key="show-theirs", icon=":material/visibility:"):
            held.show_theirs(theirs)
            st.rerun(scope="app")
        _offer_own()


def _gone() -> None:
    st.warning(
        _("This draft was sent or discarded in another tab. Keep what stands here as a new draft?"),
        icon=":material/call_split:",
    )
    with st.container(horizontal=True):
        _offer_own()


def _offer_own() -> None:
    if st.button(_("Keep mine as a new draft"), key="keep-mine", icon=":material/note_add:"):
        held.keep_mine()
        st.rerun(scope="app")
