"""The draft on the desk: opened by its address, saved as it is written, never overwritten."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import streamlit as st

from hsl.message import drafts, translating, versions
from hsl.message.content import Button, Content
from hsl.words import _
from pages.parts import languages, shell, text_editor


@dataclass
class Held:
    """What stands on the desk of one session.

    One object that changes, as a run may be stopped at any use of the session's state, and what
    was saved must be known here from that moment on.
    """

    draft: drafts.Draft  # as it was saved last from here
    buttons: tuple[tuple[Button, ...], ...]  # as they stand there, saved or not
    load: str = field(default_factory=lambda: uuid4().hex[:12])  # names the text that was taken up
    forgets: str | None = None  # the browser's copy whose text this one took over
    refused: str | None = None  # why it could not be saved
    gone: bool = False  # sent or discarded elsewhere


def now() -> Held:
    """What stands on the desk."""
    found: Held = st.session_state["draft"]
    return found


def draft() -> drafts.Draft:
    """The draft as it was saved last from here."""
    return now().draft


def open_draft() -> drafts.Draft:
    """The draft of this address, whoever began it; else one's last, else a new one."""
    wanted = st.query_params.get("draft", "")
    held: Held | None = st.session_state.get("draft")
    if held is not None and not shell.arrived() and wanted in {"", str(held.draft.id)}:
        return held.draft
    found = None
    if wanted.isdigit():
        found = drafts.by_link(shell.engine(), int(wanted))
        if found is None:
            st.info(_("That draft was sent or discarded."))
    if found is None:
        there = drafts.listing(shell.engine(), shell.author())
        found = there[0] if there else drafts.start(shell.engine(), shell.author())
    if st.query_params.get("to") == "selection" and found.audience is not None:
        found = drafts.start(shell.engine(), shell.author())
    take_up(found)
    return found


def take_up(found: drafts.Draft, *, forgets: str | None = None) -> None:
    """Put a draft on the desk; what stood there before it gives way."""
    languages.turn_to("")
    st.session_state["draft"] = Held(found, found.content.buttons, forgets=forgets)
    st.query_params.from_dict({"draft": str(found.id)})


def key() -> str:
    """The beginning of the keys of the desk's widgets; another for each text that is taken up."""
    return f"desk-{now().load}"


def text_key() -> str:
    """The editor's key: the same after the server's restart, so that the field stays as it is."""
    code = language()
    return f"desk-text-{draft().id}" + (f"-{code}" if code else "")


def copy_name() -> str:
    """What the browser calls its copy of the text: no name is the beginning of another's."""
    code = language()
    return f"{draft().id}" + (f"({code})" if code else "")


def language() -> str:
    """The code of the translation that is written now; empty for the default's text."""
    return languages.current(draft().content)


def seen() -> Content:
    """The draft in the language that is written now, as it was saved last."""
    return translating.seen(draft().content, language())


def text() -> str:
    """The text as it stands in the browser, as far as it was told."""
    held, told = now(), text_editor.written(text_key())
    is_of_this = told is not None and told.load == held.load
    return told.text if told is not None and is_of_this else seen().text


def session() -> str:
    """A name of this session, which a restart of the server ends."""
    found: str = st.session_state.setdefault("session", uuid4().hex[:12])
    return found


def content() -> Content:
    """What is written now, with the text as it was told."""
    written = seen().model_copy(update={"text": text()})
    return translating.put(draft().content, language(), written)


def keep(
    *,
    content: Content | None = None,
    audience: dict[str, Any] | None = None,
    plan: dict[str, Any] | None = None,
) -> bool:
    """Save what changed; False where it was changed elsewhere, and nothing was overwritten.

    `audience` empty means the author's tray.
    """
    held = now()
    old = held.draft
    new = replace(
        old,
        content=old.content if content is None else content,
        audience=old.audience if audience is None else (audience or None),
        plan=old.plan if plan is None else plan,
    )
    if new == old:
        return True
    try:
        held.draft = drafts.save(
            shell.engine(),
            shell.author(),
            old,
            content=new.content,
            audience=new.audience,
            plan=new.plan,
        )
    except drafts.DraftError as refused:
        is_news = held.refused is None
        held.refused, held.gone = str(refused), isinstance(refused, drafts.GoneError)
        if is_news:
            st.rerun()  # the choice stands at the page's head
        return False
    return True


def mine() -> Content:
    """All that stands on the desk now, saved or not."""
    written = seen().model_copy(update={"text": text(), "buttons": now().buttons})
    return translating.put(draft().content, language(), written)


def change(change: languages.Change) -> None:
    """Change all that stands on the desk, and show the text of the language that it leads to."""
    here = now()
    if keep(content=change(mine())):
        here.load = uuid4().hex[:12]
        here.buttons = seen().buttons


def mark_version() -> None:
    """A deliberate step: what is written now can be brought back later."""
    if not now().gone:
        versions.keep(shell.engine(), draft().id, mine(), shell.author())


def show_theirs(theirs: drafts.Draft) -> None:
    """Take up what was saved elsewhere; what stood here becomes a version first."""
    mark_version()
    take_up(theirs)


def keep_mine() -> None:
    """What stands here becomes a draft of its own."""
    old, its_copy = draft(), copy_name()
    new = drafts.start(
        shell.engine(),
        shell.author(),
        content=mine(),
        audience=old.audience,
        plan=old.plan,
        follows_message_id=old.follows_message_id,
        edits_message_id=old.edits_message_id,
    )
    take_up(new, forgets=its_copy)


def bring_back(version: versions.Version) -> None:
    """What the draft said then is what it says now; what it said until now is a version."""
    mark_version()
    if keep(content=version.content):
        take_up(draft())
