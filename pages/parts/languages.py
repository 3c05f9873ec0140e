"""Compose: the languages of a message as tabs above the editor, and whom each reaches."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from hsl import languages
from hsl.audience import spoken
from hsl.audience.cohort import Audience
from hsl.message import translating
from hsl.message.content import Content
from hsl.words import _
from pages.parts import desk, shell, show, whole_page

Change = Callable[[Content], Content]


@st.cache_data(ttl=10, show_spinner=False)
def _by_language(codes: tuple[str, ...], audience: str) -> dict[str, int]:
    return spoken.by_language(shell.engine(), codes, Audience.model_validate_json(audience))


@st.cache_data(ttl=30, show_spinner=False)
def _present(audience: str) -> dict[str, int]:
    return spoken.languages_of(shell.engine(), Audience.model_validate_json(audience))


def name(code: str) -> str:
    """A language as it is offered, such as "Russian (ru)"; the default may have no code."""
    if not code:
        return _("Default")
    return _("{language} ({code})", language=languages.name(code), code=code)


def current(content: Content) -> str:
    """The code of the language that is written now; empty for the default."""
    code = str(st.session_state.get("language", ""))
    return code if code in content.translations else ""


def key_of(key: str, code: str) -> str:
    """The key of fields for this language: another one each time that it is shown again."""
    return f"{key}-{code}-{st.session_state.get('language-turn', 0)}"


def turn_to(code: str) -> None:
    """Write in this language from now on."""
    st.session_state["language"] = code
    st.session_state["language-turn"] = st.session_state.get("language-turn", 0) + 1
    st.session_state.pop("lines", None)


def choose(key: str, content: Content, audience: Audience) -> Change | None:
    """The row above the editor: which language is written, one more, and what to do with this one.

    Where something is to be changed it returns how. Apply it to the content as it is after the
    editor was read, so that the last letters are in it, keep what comes of it, and run anew.
    """
    changes: list[Change | None] = []
    with st.container(horizontal=True, vertical_alignment="center", key="languages"):
        if content.translations:
            changes.append(_tabs(key, content))
        changes.append(_more(key, content, audience))
        if current(content):
            changes.append(_about(key, content))
    if content.translations:
        _reach(content, audience)
    return next((change for change in changes if change is not None), None)


def _turning(code: str, change: Change = lambda content: content) -> Change:
    """The change, after which this language is written."""

    def apply(content: Content) -> Content:
        turn_to(code)
        return change(content)

    return apply


def _tabs(key: str, content: Content) -> Change | None:
    """One tab a language, the default first."""
    now = current(content)
    wrong = {problem.language for problem in content.check()}
    chosen = st.segmented_control(
        _("Language"),
        ["", *content.translations],
        default=now,
        required=True,
        format_func=lambda code: _tab(content, code) + (" ▲" if code in wrong else ""),
        key=f"{key}-language-{st.session_state.get('language-turn', 0)}",
        on_change=whole_page.ask,
        label_visibility="collapsed",
    )
    return None if chosen is None or chosen == now else _turning(chosen)


def _tab(content: Content, code: str) -> str:
    if code:
        return languages.name(code)
    default = content.default_language
    return _("{language}, for all others", language=name(default)) if default else _("All others")


def _reach(content: Content, audience: Audience) -> None:
    """How many people get which language."""
    if audience.is_empty:
        st.caption(_("Each person gets their own language; all others get the default."))
        return
    counts = _by_language(content.languages, audience.model_dump_json())
    said = [
        _("{language}: {people}", language=languages.name(code), people=show.people(counts[code]))
        for code in content.translations
    ]
    others = show.people(counts[content.default_language])
    said.append(_("all others: {people}", people=others))
    st.caption(show.plain(" · ".join(said)))


def _more(key: str, content: Content, audience: Audience) -> Change | None:
    """A popover that adds a language."""
    with st.popover(_("Add a language"), icon=":material/translate:", type="tertiary"):
        counts = {} if audience.is_empty else _present(audience.model_dump_json())
        offered = [*counts, *[code for code in languages.OFFERED if code not in counts]]
        default = content.default_language or st.selectbox(
            _("What is written already is in"),
            offered,
            index=offered.index("en") if "en" in offered else 0,
            format_func=name,
            key=f"{key}-default",
        )
        known = {default, *content.translations}
        code = st.selectbox(
            _("Add"),
            [code for code in offered if code not in known],
            format_func=lambda code: _offer(code, counts.get(code)),
            key=f"{key}-add-{len(known)}",
            accept_new_options=True,
            help=_("A code such as pt-br can be typed too."),
        )
        copied = st.checkbox(_("Begin with a copy of the text"), True, key=f"{key}-copy")
        typed = languages.normalised(code)
        problem = _problem(typed, known)
        if problem:
            st.error(show.plain(problem))
        if st.button(
            _("Add the language"), type="primary", key=f"{key}-do-add", disabled=bool(problem)
        ):
            return _turning(
                typed,
                lambda now: translating.add(now, typed, default=default, copied=bool(copied)),
            )
    return None


def _problem(code: str, known: set[str]) -> str | None:
    if not languages.is_code(code):
        return _("{code} is no language's code. Write it as ru or pt-br.", code=code)
    return _("The message has this language already.") if code in known else None


def _offer(code: str, people: int | None) -> str:
    if people is None:
        return name(code)
    return _("{language}: {people}", language=name(code), people=show.people(people))


def _about(key: str, content: Content) -> Change | None:
    """What can be done with the translation that is written now."""
    code = current(content)
    language = languages.name(code)
    has_own = content.translations[code].buttons is not None
    with st.popover(show.plain(language), icon=":material/more_horiz:", type="tertiary"):
        if st.button(_("Copy the default's text here"), key=f"{key}-copy-text", width="stretch"):
            return _turning(
                code, lambda now: translating.with_texts(now, now.text, {code: now.text})
            )
        if has_own and st.button(
            _("Use the default's buttons"), key=f"{key}-copy-buttons", width="stretch"
        ):
            return _turning(code, lambda now: translating.with_default_buttons(now, code))
        if content.default_language and st.button(
            _("Make it the default"), key=f"{key}-make-default", width="stretch"
        ):
            return _turning("", lambda now: translating.make_default(now, code))
        if st.button(
            _("Remove {language}", language=show.plain(language)),
            key=f"{key}-remove",
            width="stretch",
            help=_("Its people get the default then."),
        ):
            st.toast(_("{language} was removed.", language=show.plain(language)))
            return _turning("", lambda now: translating.remove(now, code))
    return None


def preview(content: Content, person: dict[str, Any]) -> None:
    """The bubble in the language that is written now, also for who would get another one."""
    code = current(content)
    theirs = content.language_for(person.get("language_code"))
    now = code or content.default_language
    if content.translations and person and theirs != now:
        st.caption(
            show.plain(
                _(
                    "{name} gets {theirs}; below is {language}.",
                    name=str(person.get("first_name") or person.get("user_id", "")),
                    theirs=name(theirs),
                    language=name(now),
                )
            )
        )
    desk.show_preview(translating.seen(content, code), person)


def show_each(content: Content) -> None:
    """A message that was written, in each of its languages."""
    if not content.translations:
        desk.show_preview(content, {})
        return
    for tab, code in zip(
        st.tabs([show.plain(_tab(content, code)) for code in ("", *content.translations)]),
        ("", *content.translations),
        strict=True,
    ):
        with tab:
            desk.show_preview(translating.seen(content, code), {})


def sentence(counts: dict[str, int]) -> str:
    """How many people get each language, such as "English 392, Russian 812"."""
    return ", ".join(
        _("{language}: {people}", language=name(code), people=show.people(people))
        for code, people in counts.items()
    )


def arm_texts(
    key: str, content: Content, before: dict[str, str], *, caption: bool
) -> dict[str, str]:
    """The fields for another arm's text in each language but the default."""
    found = {}
    for code, said in content.translations.items():
        st.caption(show.plain(languages.name(code)))
        found[code] = desk.text_field(f"{key}-{code}", before.get(code, said.text), caption=caption)
    return found
