"""Compose: write a message, see it as its people will, and send or schedule it."""

from dataclasses import replace
from typing import Any

import streamlit as st

from hsl.audience import selection
from hsl.audience.cohort import Audience
from hsl.message import drafts, translating
from hsl.message.content import Content
from hsl.models import MessageType
from hsl.words import _
from pages.parts import (
    asking,
    desk,
    languages,
    last_look,
    send_to_me,
    shell,
    show,
    splitting,
    templates,
    timing,
)

TYPES = {MessageType.TEXT: "Text", MessageType.VIDEO: "Video", MessageType.DOCUMENT: "Document"}


def open_draft() -> drafts.Draft:
    """The draft of this address, else the last one, else a new one."""
    wanted = st.query_params.get("draft", "")
    held: drafts.Draft | None = st.session_state.get("draft")
    if held is not None and not shell.arrived() and wanted in {"", str(held.id)}:
        return held
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
    st.session_state["draft"] = draft
    st.session_state["desk"] = st.session_state.get("desk", 0) + 1
    languages.turn_to("")
    st.session_state["saved"] = True
    st.query_params.from_dict({"draft": str(draft.id)})


def choose_draft(draft: drafts.Draft) -> None:
    others = drafts.listing(shell.engine(), shell.author())
    with st.popover(f"Drafts ({len(others):,})", icon=":material/draft:"):
        if st.button("New message", icon=":material/add:"):
            take_up(drafts.start(shell.engine(), shell.author()))
            st.rerun()
        if st.button(_("Copy this draft"), icon=":material/content_copy:"):
            take_up(templates.copy_of(draft))
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
    kind = st.segmented_control(
        "Kind",
        list(TYPES),
        default=draft.content.message_type,
        required=True,
        format_func=lambda kind: TYPES[kind],
        key=f"{key}-kind",
        label_visibility="collapsed",
        disabled=keeps_file,
    )
    kind = MessageType(kind)
    file_id = None
    if desk.is_file(kind):
        file_id = st.text_input(
            "file_id",
            draft.content.file_id or "",
            key=f"{key}-file",
            live=True,
            disabled=keeps_file,
            help="Send the file to your bot once; its answer names the file_id.",
        )
    text = desk.text_field(
        f"{key}-text", draft.content.text, caption=desk.is_file(kind), insert=templates.inserted()
    )
    lines: list[desk.Line] = st.session_state.setdefault("lines", desk.lines_of(draft.content))
    content = Content(
        message_type=kind,
        text=text,
        file_id=(file_id or "").strip() or None,
        buttons=desk.rows_of(lines),
    )
    length = desk.length_of(content, {})
    shown = "–" if length is None else f"{length:,}"
    st.html(f'<div class="hsl-dim" id="counter">{shown} of {content.limit:,} characters</div>')
    for problem in content.check():
        untouched = problem.field == "text" and not content.text
        if not problem.field.startswith("buttons.") and not untouched:
            st.error(show.plain(problem.message), icon=":material/error:")
    st.markdown("**Buttons**")
    edited = desk.button_lines(f"{key}-button", lines)
    if st.button("Add a button", icon=":material/add:", key=f"{key}-add"):
        edited = [*edited, desk.Line(uid=desk.uuid4().hex[:8])]
    if edited != lines:
        st.session_state["lines"] = edited
        if [line.uid for line in edited] != [line.uid for line in lines]:
            whole, seen = st.session_state["draft"].content, replace_buttons(content, edited)
            put = translating.put(whole, languages.current(whole), seen)
            keep(draft, put, draft.audience, draft.plan)
            st.rerun()
    return replace_buttons(content, edited)


def replace_buttons(content: Content, lines: list[desk.Line]) -> Content:
    return content.model_copy(update={"buttons": desk.rows_of(lines)})


def keep(
    draft: drafts.Draft, content: Content, audience: dict[str, Any] | None, plan: dict[str, Any]
) -> drafts.Draft:
    """Save what changed; another tab's words are never overwritten."""
    draft = st.session_state["draft"]
    if (content, audience, plan) == (draft.content, draft.audience, draft.plan):
        return draft
    try:
        saved = drafts.save(
            shell.engine(), shell.author(), draft, content=content, audience=audience, plan=plan
        )
    except drafts.DraftError as refused:
        st.session_state["saved"] = False
        st.warning(str(refused))
        return replace(draft, content=content, audience=audience, plan=plan)
    st.session_state["draft"], st.session_state["saved"] = saved, True
    return saved


draft = open_draft()
key = f"desk{st.session_state['desk']}"
title, actions = st.columns([2, 4], vertical_alignment="bottom")
title.title("Compose" if draft.edits_message_id is None else f"Edit {draft.edits_message_id}")
audience = whom(draft)
to_line(draft, audience)
left, right = st.columns([3, 2], gap="large")
with left:
    language = languages.current(draft.content)
    change = languages.choose(key, draft.content, audience)
    seen = replace(draft, content=translating.seen(draft.content, language))
    written = write(seen, languages.key_of(key, language))
    content = translating.put(draft.content, language, written)
    plan = draft.plan
    if draft.edits_message_id is None:
        plan = timing.choose(f"{key}-when", draft.plan, content, audience)
        plan = splitting.choose(f"{key}-split", draft.plan, plan, content)
with right:
    person = last_look.look_as(audience, content, key=f"{key}-as")
    languages.preview(splitting.shown(f"{key}-shown", plan, content), person)
    send_to_me.show_outcomes(draft)
draft = keep(draft, content, draft.audience, plan)
if change is not None:
    keep(draft, change(content), draft.audience, plan)
    st.rerun()
with actions.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
    if st.session_state["saved"] and draft.updated_at is not None:
        st.caption(f"Saved {show.ago(draft.updated_at)}")
    choose_draft(draft)
    if st.button(_("Templates"), icon=":material/bookmarks:"):
        asking.open_dialog("templates")
    send_to_me.offer(draft, person)
    if st.button("Discard", icon=":material/delete:"):
        asking.open_dialog("discard")
    if st.button("Continue", type="primary", icon=":material/arrow_forward:"):
        asking.open_dialog("last look")
if asking.is_open("templates"):
    templates.show_all(draft, take_up)
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
