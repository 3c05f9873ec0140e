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
    draft_list,
    held,
    languages,
    last_look,
    meeting,
    send_to_me,
    shell,
    show,
    splitting,
    templates,
    through,
    timing,
    version_list,
    writing,
)


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
    """What can be done beside writing, in one row of equal weight."""
    draft_list.choose()
    for words, icon, dialog in (
        (_("Templates"), ":material/bookmarks:", "templates"),
        (_("Versions"), ":material/history:", "versions"),
    ):
        st.button(words, icon=icon, type="tertiary", on_click=writing.open_dialog, args=(dialog,))
    send_to_me.offer(draft, st.session_state.get("previewed", {}))
    draft_list.offer_to_discard()


def head(draft: drafts.Draft) -> None:
    """The page's title and its one next step."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(
            _("Compose")
            if draft.edits_message_id is None
            else _("Edit {number}", number=str(draft.edits_message_id))
        )
        st.button(
            _("Continue"),
            type="primary",
            icon=":material/arrow_forward:",
            on_click=writing.open_dialog,
            args=("last look",),
        )


def plan_it(draft: drafts.Draft, audience: Audience) -> None:
    """Through which bot it goes, when, and to how many arms."""
    content, key = held.content(), held.key()
    bot = through.choose(f"{key}-through", draft.plan)
    st.session_state[through.CHOSEN] = bot.get("bot")
    plan = timing.choose(f"{key}-when", draft.plan, content, audience)
    plan = splitting.choose(f"{key}-split", draft.plan, plan, content)
    held.keep(plan={**{name: said for name, said in plan.items() if name != "bot"}, **bot})


def draw_dialogs(audience: Audience) -> None:
    draft = held.draft()
    if asking.is_open("templates"):
        templates.show_all(draft, held.take_up)
    if asking.is_open("versions"):
        asking.show(_("Versions"), version_list.draw, wide=True)
    if asking.is_open("last look"):
        held.mark_version()
        look = last_look.draw if draft.edits_message_id is None else last_look.draw_edit
        asking.show(_("One last look"), lambda: look(draft, audience), wide=True)


if not allowed.or_says(Permission.WRITE):
    st.stop()
draft = held.open_draft()
through.take_up(draft)
head(draft)
actions = st.container(horizontal=True, vertical_alignment="center", key="desk-actions")
draft_list.offer_back()
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
draft_list.turn()
with actions:
    act(held.draft())
draw_dialogs(audience)
