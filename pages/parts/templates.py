"""Templates and snippets: kept, found, used and put in order, and messages used again."""

from collections.abc import Callable

import streamlit as st

from hsl.acting import Permission
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery.history import Message
from hsl.message import drafts, html, templates
from hsl.message.content import Content
from hsl.message.templates import Template, TemplateError
from hsl.models import TemplateKind
from hsl.words import N_, _
from pages.parts import allowed, asking, desk, shell, show

TEMPLATE, SNIPPET = TemplateKind.TEMPLATE, TemplateKind.SNIPPET
TITLES = {TEMPLATE: N_("Templates"), SNIPPET: N_("Snippets")}
NONE_YET = {
    TEMPLATE: N_("No templates yet. Keep a message that you will need again, above."),
    SNIPPET: N_("No snippets yet. Keep a piece of text that you write often, above."),
}
GONE = "template-gone"  # in the session: what was deleted last, to bring it back
TakeUp = Callable[[drafts.Draft], None]


def copy_of(draft: drafts.Draft) -> drafts.Draft:
    """A new draft that says the same, to the same people, at the same time."""
    return drafts.start(
        shell.engine(),
        shell.author(),
        content=draft.content,
        audience=draft.audience,
        plan=draft.plan if draft.edits_message_id is None else {},
    )


def inserted() -> dict[str, object] | None:
    """The snippet that was chosen last, for the editor to put in at the caret."""
    found: dict[str, object] | None = st.session_state.get("insert")
    return found


def offer_again(message: Message) -> None:
    """A button beside a message that was made: write it once more."""
    if allowed.button(_("Use again"), Permission.WRITE, icon=":material/content_copy:"):
        draft = drafts.start(
            shell.engine(),
            shell.author(),
            content=message.content,
            audience=_audience_of(message).model_dump(mode="json"),
        )
        st.switch_page("pages/compose.py", query_params={"draft": str(draft.id)})


def offer_to_keep(message: Message) -> None:
    """A button among the rare deeds: keep a message that was made for later."""
    if allowed.button(
        _("Keep as a template"), Permission.WRITE, icon=":material/bookmark_add:", type="tertiary"
    ):
        asking.open_dialog("keep template")
        st.rerun(scope="app")


def _audience_of(message: Message) -> Audience:
    if message.audience is not None:
        return Audience.model_validate(message.audience)
    return Audience(include=(Cohort(got_message=message.id), Cohort(missed_message=message.id)))


def ask_to_keep(message: Message) -> None:
    """The dialog that keeps a message as a template, while it is open."""
    if not asking.is_open("keep template"):
        return

    def body() -> None:
        if _keep_row(TEMPLATE, message.content, first=message.title[:60]):
            asking.close()
            st.rerun(scope="app")

    asking.show(_("Keep as a template"), body)


def show_all(draft: drafts.Draft, take_up: TakeUp) -> None:
    """The dialog with all templates and snippets, over the desk."""
    asking.show(_("Templates and snippets"), lambda: _shelf(draft, take_up), wide=True)


def _shelf(draft: drafts.Draft, take_up: TakeUp) -> None:
    kind = st.segmented_control(
        _("Kind"),
        [TEMPLATE, SNIPPET],
        default=TEMPLATE,
        required=True,
        format_func=lambda kind: _(TITLES[kind]),
        key="shelf-kind",
        label_visibility="collapsed",
    )
    kind = TemplateKind(kind or TEMPLATE)
    with st.expander(_adding(kind), icon=":material/bookmark_add:"):
        if kind is TEMPLATE:
            _keep_row(kind, draft.content, first="")
        else:
            text = st.text_area(
                _("Text"), key="snippet-text", help=_("Placeholders and Telegram's HTML work here.")
            )
            _keep_row(kind, Content(text=text or ""), first="")
    words = st.text_input(
        _("Search"), key=f"shelf-words-{kind}", type="search", live=show.LIVE,
        placeholder=_("Name or text"), label_visibility="collapsed",
    )  # fmt: skip
    _undo(kind)
    found = templates.listing(shell.engine(), kind, words=words or "")
    if not found:
        st.info(_("Nothing fits. Search for other words.") if words else _(NONE_YET[kind]))
    for one in found:
        _row(one, draft, take_up)


def _adding(kind: TemplateKind) -> str:
    if kind is TEMPLATE:
        return _("Keep the message on the desk as a template")
    return _("Keep a new snippet")


def _keep_row(kind: TemplateKind, content: Content, *, first: str) -> bool:
    """A name and a button that keeps the content under it; True once it is kept."""
    turn = st.session_state.get("kept-turn", 0)
    name = st.text_input(
        _("Name"), first, key=f"keep-name-{kind}-{turn}", max_chars=templates.LONGEST_NAME
    )
    if not asking.button(st, _("Keep"), type="primary", key=f"keep-{kind}"):
        return False
    try:
        kept = templates.keep(shell.engine(), kind, name or "", content, author=shell.author())
    except TemplateError as refused:
        st.error(show.plain(str(refused)))
        return False
    st.session_state["kept-turn"] = turn + 1
    st.toast(_("“{name}” was kept.", name=show.plain(kept.name)), icon=":material/bookmark:")
    return True


def _row(one: Template, draft: drafts.Draft, take_up: TakeUp) -> None:
    with st.container(border=True):
        words, use, more = st.columns([6, 2, 1], vertical_alignment="center")
        with words.container(gap=None):
            st.markdown(f"**{show.plain(one.name)}**")
            facts = [_first_line(one.content)]
            if one.content.translations:
                facts.append(", ".join(code for code in one.content.languages if code))
            st.caption(show.plain(" · ".join(facts)))
        if one.kind is TEMPLATE:
            if asking.button(use, _("Use"), key=f"use-{one.id}", width="stretch"):
                asking.close()
                take_up(_draft_with(one.content, draft))
                st.rerun(scope="app")
        elif asking.button(use, _("Insert"), key=f"use-{one.id}", width="stretch"):
            turn = st.session_state.get("insert", {"id": 0})["id"] + 1
            st.session_state["insert"] = {"id": turn, "text": one.content.text}
            asking.close()
            st.rerun(scope="app")
        with more.popover("", icon=":material/more_vert:", help=_("Rename, look, delete")):
            _manage(one, draft)


def _draft_with(content: Content, draft: drafts.Draft) -> drafts.Draft:
    """A new draft with the template's content, to the people of the one on the desk."""
    keeps = draft.edits_message_id is None
    return drafts.start(
        shell.engine(),
        shell.author(),
        content=content,
        audience=draft.audience if keeps else None,
        follows_message_id=draft.follows_message_id if keeps else None,
    )


def _manage(one: Template, draft: drafts.Draft) -> None:
    desk.show_preview(one.content, {})
    name = st.text_input(_("Name"), one.name, key=f"rename-{one.id}")
    if asking.button(st, _("Rename"), key=f"do-rename-{one.id}", disabled=name in {None, one.name}):
        _do(lambda: templates.rename(shell.engine(), one.id, name or "", actor=shell.author()))
    if one.kind is TEMPLATE and asking.button(
        st, _("Replace by the message on the desk"), key=f"replace-{one.id}"
    ):
        _do(lambda: templates.replace(shell.engine(), one.id, draft.content, actor=shell.author()))
    if asking.button(st, _("Delete"), key=f"delete-{one.id}", icon=":material/delete:"):
        _do(lambda: _delete(one))


def _delete(one: Template) -> None:
    st.session_state[GONE] = templates.remove(shell.engine(), one.id, actor=shell.author())
    st.toast(_("“{name}” was deleted.", name=show.plain(one.name)), icon=":material/delete:")


def _undo(kind: TemplateKind) -> None:
    """What was deleted last, with the way back."""
    gone: Template | None = st.session_state.get(GONE)
    if gone is None or gone.kind is not kind:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("“{name}” was deleted.", name=show.plain(gone.name)))
        if asking.button(st, _("Bring it back"), key="undo-delete", icon=":material/undo:"):
            _do(lambda: _restore(gone))


def _restore(gone: Template) -> None:
    templates.restore(shell.engine(), gone, actor=shell.author())
    st.session_state.pop(GONE, None)


def _do(deed: Callable[[], object]) -> None:
    """Do it and draw the dialog anew, or say why it cannot be done."""
    try:
        deed()
    except TemplateError as refused:
        st.error(show.plain(str(refused)))
        return
    st.rerun(scope="app")


def _first_line(content: Content) -> str:
    first: str = html.first_line(content.text)
    return first[:90] or _("Without a text")
