"""Compose: write a message, see it as its people will, and send or schedule it."""

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from hsl.audience import selection
from hsl.audience.cohort import Audience
from hsl.message import drafts
from hsl.message.content import Content
from pages.parts import asking, desk, keyboard, last_look, shell, show, splitting, timing
from pages.parts.file_field import file_field


@dataclass
class Held:
    """The draft on the desk, kept in the session as one thing that is changed in place.

    A faster click or letter may end a run at any use of the session's state. What was saved is
    known here at once, so that the next run does not take it for another tab's change.
    """

    draft: drafts.Draft
    saved: bool = True


def open_draft() -> drafts.Draft:
    """The draft of this address, else the last one, else a new one."""
    wanted = st.query_params.get("draft", "")
    held: Held | None = st.session_state.get("draft")
    if held is not None and not shell.arrived() and wanted in {"", str(held.draft.id)}:
        return held.draft
    found = None
    if wanted.isdigit():
        found = drafts.load(shell.engine(), shell.author(), int(wanted))
        if found is None:
            st.info("That draft was sent or discarded.")
    if found is None:
        there = drafts.listing(shell.engine(), shell.author())
        found = there[0] if there else drafts.start(shell.engine(), shell.author())
    if st.query_params.get("to") == "selection" and found.audience is not None:
        found = drafts.start(shell.engine(), shell.author())
    take_up(found)
    return found


def take_up(draft: drafts.Draft) -> None:
    st.session_state["draft"] = Held(draft)
    st.session_state["desk"] = st.session_state.get("desk", 0) + 1
    st.query_params.from_dict({"draft": str(draft.id)})


def choose_draft(draft: drafts.Draft) -> None:
    others = drafts.listing(shell.engine(), shell.author())
    with st.popover(f"Drafts ({len(others):,})", icon=":material/draft:"):
        if st.button("New message", icon=":material/add:"):
            take_up(drafts.start(shell.engine(), shell.author()))
            st.rerun()
        for other in others[:20]:
            words = (other.content.text.strip().splitlines() or ["Nothing written yet"])[0][:60]
            here = other.id == draft.id
            if st.button(show.plain(words), key=f"open-{other.id}", type="tertiary", disabled=here):
                take_up(other)
                st.rerun()


def discard(draft: drafts.Draft) -> None:
    drafts.discard(shell.engine(), shell.author(), draft.id)
    st.session_state.pop("draft", None)
    st.query_params.clear()
    st.rerun()


def whom(draft: drafts.Draft) -> Audience:
    """Who gets it: the draft's own audience, else the tray."""
    if draft.audience is not None:
        return Audience.model_validate(draft.audience)
    return selection.audience(shell.engine(), shell.author())


def to_line(draft: drafts.Draft, audience: Audience) -> None:
    found = last_look.people_of(audience)
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = f"{found.people:,} people, {audience.sentence()}"
        st.text(f"To: {'nobody yet' if audience.is_empty else chosen}")
        if draft.edits_message_id is not None:
            return
        if draft.audience is None:
            st.page_link("pages/audience.py", label="Change", icon=":material/groups:")
        elif st.button("Write to my selection instead", type="tertiary"):
            keep(draft, draft.content, None, draft.plan)
            st.rerun()


def write(draft: drafts.Draft, key: str) -> Content:
    keeps_file = bool(draft.plan.get("in_chats"))  # what arrived changes its words only
    kind, file_id = file_field(key, draft.content, locked=keeps_file)
    text = desk.text_field(f"{key}-text", draft.content.text, caption=desk.is_file(kind))
    content = Content(message_type=kind, text=text, file_id=file_id)
    length = desk.length_of(content, {})
    shown = "–" if length is None else f"{length:,}"
    st.html(f'<div class="hsl-dim" id="counter">{shown} of {content.limit:,} characters</div>')
    for problem in content.check():
        untouched = not {"text": content.text, "file_id": content.file_id}.get(problem.field, "-")
        if not untouched:
            st.error(show.plain(problem.message), icon=":material/error:")
    st.markdown("**Buttons**")
    buttons = keyboard.edit(f"{key}-buttons", draft.content.buttons)
    return content.model_copy(update={"buttons": buttons})


def keep(
    draft: drafts.Draft, content: Content, audience: dict[str, Any] | None, plan: dict[str, Any]
) -> drafts.Draft:
    """Save what changed; another tab's words are never overwritten."""
    held: Held = st.session_state["draft"]
    if (content, audience, plan) == (held.draft.content, held.draft.audience, held.draft.plan):
        return held.draft
    try:
        held.draft = drafts.save(
            shell.engine(),
            shell.author(),
            held.draft,
            content=content,
            audience=audience,
            plan=plan,
        )
    except drafts.DraftError as refused:
        held.saved = False
        st.warning(str(refused))
        return replace(held.draft, content=content, audience=audience, plan=plan)
    held.saved = True
    return held.draft


draft = open_draft()
key = f"desk{st.session_state['desk']}"
title, actions = st.columns([2, 4], vertical_alignment="bottom")
title.title("Compose" if draft.edits_message_id is None else f"Edit {draft.edits_message_id}")
audience = whom(draft)
to_line(draft, audience)
left, right = st.columns([3, 2], gap="large")
with left:
    content = write(draft, key)
    plan = draft.plan
    if draft.edits_message_id is None:
        plan = timing.choose(f"{key}-when", draft.plan, content, audience)
        plan = splitting.choose(f"{key}-split", draft.plan, plan, content)
with right:
    person = last_look.look_as(audience, content, key=f"{key}-as")
    desk.show_preview(splitting.shown(f"{key}-shown", plan, content), person)
draft = keep(draft, content, draft.audience, plan)
with actions.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
    if st.session_state["draft"].saved and draft.updated_at is not None:
        st.caption(f"Saved {show.ago(draft.updated_at)}")
    choose_draft(draft)
    if st.button("Discard", icon=":material/delete:"):
        asking.open_dialog("discard")
    if st.button("Continue", type="primary", icon=":material/arrow_forward:"):
        asking.open_dialog("last look")
if asking.is_open("discard"):
    asking.confirm(
        "Discard this draft?",
        "Its text and buttons are gone for good then. The people you chose stay chosen.",
        "Discard it",
        lambda: discard(draft),
    )
if asking.is_open("last look"):
    look = last_look.draw if draft.edits_message_id is None else last_look.draw_edit
    asking.show("One last look", lambda: look(draft, audience), wide=True)
