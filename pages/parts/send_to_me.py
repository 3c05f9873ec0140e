"""Compose: "send it to me first": the exact message to test recipients, and what became of it."""

from collections.abc import Callable
from html import escape
from typing import Any

import streamlit as st
from sqlalchemy import Engine

from hsl import dispatch, trial
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery.sums import REASON_WORDS
from hsl.errors import PlainError
from hsl.message import drafts, testing
from hsl.message.testing import Tester, TesterError
from hsl.words import _, p_, plural
from pages.parts import languages, shell, show, through

FOUND = 6  # people offered as test recipients
LOOK = 1.0  # seconds between two looks at a test that is under way
SENT = "tests"  # in the session: the draft's number and its last tests' ids


def offer(draft: drafts.Draft, person: dict[str, Any]) -> None:
    """The popover that sends a test; `person` is whom the preview shows."""
    with st.popover(_("Send it to me first"), icon=":material/outgoing_mail:", type="tertiary"):
        testers = testing.listing(shell.engine(), shell.author())
        chosen = _choose(testers)
        _remember(testers)
        if not testers:
            return
        example = _example(draft, person)
        count = len(chosen) * len(draft.content.languages)
        if draft.content.translations:
            st.caption(_("Each of them gets it once in every language."))
        words = plural("Send {n} test", "Send {n} tests", count) if count else _("Send the test")
        if st.button(words, type="primary", key="send-test", disabled=not chosen):
            _send(draft, chosen, example)


def _choose(testers: list[Tester]) -> list[int]:
    """Who of the test recipients gets it."""
    if not testers:
        st.caption(
            _("Find yourself below. A test goes the way of every message, and no figure counts it.")
        )
        return []
    names = {one.user_id: one.name for one in testers}
    chosen = st.pills(
        p_("recipients", "To"),
        list(names),
        selection_mode="multi",
        default=list(names),
        format_func=lambda user_id: show.plain(names[user_id]),
        key=f"testers-{'-'.join(map(str, names))}",
    )
    return list(chosen)


def _remember(testers: list[Tester]) -> None:
    """Find people and remember them as test recipients; forget one."""
    words = st.text_input(
        _("Add a test recipient"), key=f"tester-words-{len(testers)}", type="search",
        live=show.LIVE, placeholder=_("Name, @username or id"),
    )  # fmt: skip
    known = {one.user_id for one in testers}
    for found in _people(words or ""):
        user_id = int(found["user_id"])
        if user_id not in known and st.button(
            show.plain(_name(found)),
            key=f"tester-{user_id}",
            icon=":material/person_add:",
            type="tertiary",
        ):
            _change(testing.add, user_id)
    for one in testers if not words else ():
        if st.button(
            _("Remove {name}", name=show.plain(one.name)),
            key=f"forget-{one.user_id}",
            icon=":material/person_remove:",
            type="tertiary",
        ):
            _change(testing.remove, one.user_id)


def _people(words: str) -> list[dict[str, Any]]:
    words = words.strip()
    if not words:
        return []
    cohort = Cohort(user_ids=(int(words),)) if words.isdecimal() else Cohort(search=words)
    return dispatch.examples(shell.engine(), Audience(include=(cohort,)), most=FOUND)


def _change(deed: Callable[[Engine, str, int], None], user_id: int) -> None:
    try:
        deed(shell.engine(), shell.author(), user_id)
    except TesterError as refused:
        st.error(show.plain(str(refused)))
        return
    st.rerun()


def _name(person: dict[str, Any]) -> str:
    return Tester(
        **{
            name: person.get(name)
            for name in ("user_id", "first_name", "last_name", "username", "language_code")
        }
    ).name


def _example(draft: drafts.Draft, person: dict[str, Any]) -> dict[str, Any] | None:
    """Whose values stand in the placeholders: each one's own (None), or the previewed person's."""
    if not person:
        return None
    own = _("Each test recipient's own values")
    theirs = _("Those of {name}", name=_name(person))
    chosen = st.radio(
        _("Placeholders show"), [own, theirs], format_func=show.plain, key="test-example"
    )
    return person if chosen == theirs else None


def _send(draft: drafts.Draft, chosen: list[int], example: dict[str, Any] | None) -> None:
    try:
        ids = trial.send(
            shell.engine(),
            through.sender(draft.plan),
            draft.content,
            chosen,
            author=shell.author(),
            example=example,
        )
    except PlainError as refused:
        st.error(show.plain(str(refused)))
        return
    st.session_state[SENT] = (draft.id, ids)
    st.rerun()


def show_outcomes(draft: drafts.Draft) -> None:
    """What became of the draft's last test, live until all of it is over."""
    number, ids = st.session_state.get(SENT, (None, []))
    if number != draft.id or not ids:
        return
    over = all(one.is_over for one in trial.outcomes(shell.engine(), ids))
    st.fragment(_outcomes, run_every=None if over else LOOK)(ids, was_over=over)


def _outcomes(ids: list[int], *, was_over: bool) -> None:
    found = trial.outcomes(shell.engine(), ids)
    if not was_over and all(one.is_over for one in found):
        st.rerun(scope="app")  # so that nobody asks again
    lines = []
    for one in found:
        why = ""
        if one.reason:
            why = f" – {REASON_WORDS.get(one.reason, one.reason)}"
            why += f" ({one.description})" if one.description else ""
        language = f" · {languages.name(one.language)}" if one.language else ""
        lines.append(
            f'<div>{show.state(one.status)} <a href="messages?message={one.message_id}" '
            f'target="_self">{escape(one.name)}</a>{escape(language + why)}</div>'
        )
    st.html(
        f'<div class="hsl-tests" role="status"><b>{escape(_("Test"))}</b>{"".join(lines)}</div>'
    )
