"""Compose: write a message, see it as its people will, and send or schedule it."""

import streamlit as st

from hsl.acting import Permission
from hsl.audience import selection
from hsl.audience.cohort import Audience
from hsl.message import drafts
from hsl.words import _
from pages.parts import (
    allowed,
    asking,
    held,
    languages,
    last_look,
    meeting,
    send_to_me,
    shell,
    show,
    splitting,
    templates,
    timing,
    version_list,
    writing,
)

SHOWN = 20  # drafts in the list


def choose_draft(draft: drafts.Draft) -> None:
    others = drafts.listing(shell.engine(), shell.author())
    with st.popover(_("Drafts ({count})", count=len(others)), icon=":material/draft:"):
        if st.button(_("New message"), icon=":material/add:"):
            held.take_up(drafts.start(shell.engine(), shell.author()))
            st.rerun()
        if st.button(_("Copy this draft"), icon=":material/content_copy:"):
            held.take_up(templates.copy_of(draft))
            st.rerun()
        for other in others[:SHOWN]:
            written = other.content.text.strip().splitlines()
            words = written[0][:60] if written else _("Nothing written yet")
            here = other.id == draft.id
            if st.button(show.plain(words), key=f"open-{other.id}", type="tertiary", disabled=here):
                held.take_up(other)
                st.rerun()


def discard(draft: drafts.Draft) -> None:
    drafts.discard(shell.engine(), draft.author, draft.id)
    st.session_state.pop("draft", None)
    st.query_params.clear()
    st.rerun()


def whom() -> Audience:
    """Who gets it: the draft's own audience, else its author's tray."""
    draft = held.draft()
    if draft.audience is not None:
        return Audience.model_validate(draft.audience)
    return selection.audience(shell.engine(), draft.author)


def to_line(draft: drafts.Draft, audience: Audience) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if audience.is_empty:
            st.text(_("To: nobody yet"))
        else:
            people = show.people(last_look.people_of(audience).people)
            st.text(_("To: {people}, {whom}", people=people, whom=audience.sentence()))
        if draft.author != shell.author():
            st.text(_("{author}’s draft", author=draft.author))
        if draft.edits_message_id is not None:
            return
        if draft.audience is None:
            st.page_link("pages/audience.py", label=_("Change"), icon=":material/groups:")
        elif st.button(_("Write to my selection instead"), type="tertiary"):
            held.keep(audience={})
            st.rerun()


def act(draft: drafts.Draft) -> None:
    choose_draft(draft)
    st.button(
        _("Templates"),
        icon=":material/bookmarks:",
        on_click=writing.open_dialog,
        args=("templates",),
    )
    send_to_me.offer(draft, st.session_state.get("previewed", {}))
    st.button(
        _("Versions"), icon=":material/history:", on_click=writing.open_dialog, args=("versions",)
    )
    if draft.author == shell.author():
        st.button(
            _("Discard"), icon=":material/delete:", on_click=writing.open_dialog, args=("discard",)
        )
    st.button(
        _("Continue"),
        type="primary",
        icon=":material/arrow_forward:",
        on_click=writing.open_dialog,
        args=("last look",),
    )


def plan_it(draft: drafts.Draft, audience: Audience) -> None:
    """When it goes, and to how many arms."""
    content, key = held.content(), held.key()
    plan = timing.choose(f"{key}-when", draft.plan, content, audience)
    held.keep(plan=splitting.choose(f"{key}-split", draft.plan, plan, content))


def draw_dialogs(audience: Audience) -> None:
    draft = held.draft()
    if asking.is_open("templates"):
        templates.show_all(draft, held.take_up)
    if asking.is_open("versions"):
        asking.show(_("Versions"), version_list.draw, wide=True)
    if asking.is_open("discard"):
        asking.confirm(
            _("Discard this draft?"),
            _("Its text and buttons are gone for good then. The people you chose stay chosen."),
            _("Discard it"),
            lambda: discard(draft),
        )
    if asking.is_open("last look"):
        held.mark_version()
        look = last_look.draw if draft.edits_message_id is None else last_look.draw_edit
        asking.show(_("One last look"), lambda: look(draft, audience), wide=True)


if not allowed.or_says(Permission.WRITE):
    st.stop()
draft = held.open_draft()
title, actions = st.columns([2, 4], vertical_alignment="bottom")
title.title(
    _("Compose")
    if draft.edits_message_id is None
    else _("Edit {number}", number=str(draft.edits_message_id))
)
meeting.watch()
audience = whom()
to_line(draft, audience)
above_the_text, desk_spot, plan_spot = st.container(), st.container(), st.container()
# The plan is read first, as the preview shows one of its arms.
if draft.edits_message_id is None:
    with plan_spot:
        plan_it(draft, audience)
with above_the_text:
    change = languages.choose(held.key(), held.draft().content, audience)
with desk_spot:
    writing.draw(whom)
if change is not None:
    held.change(change)
    st.rerun()
with actions.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
    act(held.draft())
draw_dialogs(audience)
