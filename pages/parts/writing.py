"""The desk itself: text and buttons on the left, the message as a person sees it on the right."""

from collections.abc import Callable

import streamlit as st

from hsl.audience.cohort import Audience
from hsl.message import remedies, translating
from hsl.message.content import Content
from hsl.warehouse.errors import StoreError
from hsl.words import N_, _
from pages.parts import (
    asking,
    desk,
    file_field,
    held,
    keyboard,
    languages,
    last_look,
    send_to_me,
    shell,
    show,
    splitting,
    templates,
    text_editor,
    whole_page,
)

NAMES = ("first_name", "last_name", "username", "user_id", "language_code")
VIEWS = {"write": N_("Write"), "preview": N_("Preview")}
# Below 900 px the two are views of one thing, and only one is there at a time.
CSS = """<style>
.st-key-desk-views{{display:none}}
@media (max-width:900px){{
.st-key-desk-views{{display:flex}}
[data-testid="stColumn"]:has(> div .st-key-desk-write),
[data-testid="stColumn"]:has(> div .st-key-desk-preview){{flex:1 1 100%;min-width:100%}}
[data-testid="stColumn"]:has(> div .st-key-desk-{hidden}){{display:none}}
}}
@media (min-width:901px){{.st-key-desk-preview{{position:sticky;top:4rem}}}}
</style>"""


def open_dialog(name: str) -> None:
    """Open a dialog of the page's, also where a click comes with the last letters."""
    asking.open_dialog(name)
    whole_page.ask()


def draw(whom: Callable[[], Audience]) -> None:
    """The desk; typing runs it alone, and the rest of the page stays."""
    whole_page.was_asked()  # it runs now
    st.fragment(_desk)(whom)


def _desk(whom: Callable[[], Audience]) -> None:
    with st.container(key="desk-views"):
        view = st.segmented_control(
            _("View"),
            list(VIEWS),
            default="write",
            required=True,
            format_func=lambda name: _(VIEWS[name]),
            key="desk-view",
            label_visibility="collapsed",
            width="stretch",
        )
    st.html(CSS.format(hidden="write" if view == "preview" else "preview"))
    left, right = st.columns([3, 2], gap="large")
    with left.container(key="desk-write"):
        content = _write()
    if whole_page.was_asked():
        st.rerun()
    with right.container(key="desk-preview"):
        person = last_look.look_as(whom(), content, key=f"{held.key()}-as")
        st.session_state["previewed"] = person
        shown = splitting.shown(f"{held.key()}-shown", held.draft().plan, content)
        said = translating.seen(shown, held.language()).text
        mended = remedies.mended(said)
        written = translating.seen(shown, held.language()).model_copy(update={"text": mended})
        languages.preview(translating.put(shown, held.language(), written), person)
        send_to_me.show_outcomes(held.draft())
        if mended != said:
            st.caption(_("Shown as it will be once the problems in the text are mended."))


def _write() -> Content:
    here, key = held.now(), held.key()
    draft = here.draft
    kind, file_id = file_field.file_field(
        languages.key_of(key, held.language()),
        draft.content,
        locked=bool(draft.plan.get("in_chats")),
    )
    text_spot, sentences = st.container(), st.container()
    st.markdown(f"**{_('Buttons')}**")
    here.buttons = keyboard.edit(
        f"{languages.key_of(key, held.language())}-buttons", held.seen().buttons
    )
    content = held.seen().model_copy(
        update={
            "message_type": kind,
            "file_id": file_id,
            "text": held.text(),
            "buttons": here.buttons,
        }
    )
    is_other_kind = kind is not draft.content.message_type
    whole = translating.put(draft.content, held.language(), content)
    held.keep(content=whole)
    if is_other_kind:
        st.rerun()
    with text_spot:
        _edit(content)
    with sentences:
        for problem in content.check():
            untouched = problem.field == "file_id" and not content.file_id
            is_beside = problem.field == "text" or problem.field.startswith("buttons")
            if not is_beside and not untouched:
                st.error(show.plain(problem.message), icon=":material/error:")
    return whole


def _edit(content: Content) -> None:
    here = held.now()
    draft = here.draft
    names = known_names()
    findings = text_editor.findings_of(content.text, names)
    unplaced = [
        problem.message
        for problem in content.check()
        if problem.field == "text" and not any(finding.refused for finding in findings)
    ]
    has_news = text_editor.draw(
        held.text_key(),
        load=here.load,
        text=content.text,
        label=_label(content),
        limit=content.limit,
        count=desk.length_of(content, {}),
        findings=findings,
        sentences=unplaced if content.text else (),
        names=names,
        insert=templates.inserted(),
        standing=text_editor.Standing(
            held.copy_name(),
            draft.revision,
            text_editor.seconds_since(draft.updated_at) if draft.revision else None,
            held.session(),
            here.refused,
            forgets=here.forgets,
        ),
    )
    if has_news:
        st.rerun()


def _label(content: Content) -> str:
    """What the field is called; a translation's names its language, so that none is mistaken."""
    label = _("Caption") if desk.is_file(content.message_type) else _("Message")
    code = held.language()
    return f"{label}: {languages.name(code)}" if code else label


def known_names() -> tuple[str, ...]:
    """What people have values for, as a placeholder may name it."""
    try:
        attributes = shell.store().attributes
    except StoreError:
        return NAMES
    return (*NAMES, *sorted(name for name in attributes if name.isidentifier()))
