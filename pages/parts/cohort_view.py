"""A cohort as a sentence, as a funnel, as an expression that can be written, as SQL and as JSON."""

import html
import zlib

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from hsl.audience import as_sql, funnel, where, where_text
from hsl.audience.cohort import Cohort
from hsl.audience.segments import SegmentError
from hsl.words import _
from pages.parts import finding, shell, show

EVERYBODY = "TRUE"
MOST_SHOWN = 20_000  # characters of SQL or JSON


def steps(cohort: Cohort) -> None:
    """The sentence, and each condition with the people whom it leaves."""
    who = _("Who: {sentence}", sentence=cohort.sentence())
    st.html(f'<div class="hsl-dim">{html.escape(who)}</div>')
    with show.answered():
        found = funnel.steps(shell.store(), cohort, expand=finding.expanded)
        if len(found) > 1:
            st.html(_funnel(found, shell.people().people))


def _funnel(steps: list[funnel.Step], everybody: int) -> str:
    lines = "".join(
        f"<span>{'' if place == 0 else '→ '}{html.escape(step.words)}</span>"
        f'<span class="n">{show.number(step.people)}</span>'
        f'<span class="t">− {show.number(step.taken)}</span>'
        f'<span class="b"><i style="width:{100 * step.people / max(everybody, 1):.2f}%"></i></span>'
        for place, step in enumerate(steps)
    )
    said = "; ".join(
        _(
            "{words}: {people} left, {taken} taken away",
            words=s.words,
            people=s.people,
            taken=s.taken,
        )
        for s in steps
    )
    return f'<div class="hsl-funnel" role="img" aria-label="{html.escape(said)}">{lines}</div>'


def by_stream(cohort: Cohort) -> None:
    """How many of them each stream has, as a table with bars.

    The page is drawn anew with each letter of a search, and a table costs a browser next to nothing
    where a chart's library takes longer than all else on the page.
    """
    found = shell.people().by_stream(cohort)
    most = max(found["people"], default=0)
    lines = "".join(
        f'<tr><th scope="row">{html.escape(_stream(name))}</th>'
        f'<td aria-hidden="true"><i style="width:{100 * people / most:.2f}%"></i></td>'
        f'<td class="n">{show.number(people)}</td></tr>'
        for name, people in zip(found["stream"], found["people"], strict=True)
    )
    caption = html.escape(_("People found, by stream"))
    st.html(f'<table class="hsl-by-stream"><caption>{caption}</caption>{lines}</table>')


def _stream(name: str) -> str:
    return _("not enrolled") if name == "not enrolled" else name


def box(cohort: Cohort) -> None:
    """The cohort as an expression that can be written, as SQL and as JSON."""
    said = where_text.write(cohort)
    # Another cohort is another box; one that holds a mistake stays as it was typed.
    key = f"where-{zlib.crc32(said.encode())}"
    _found, mistake = _read(st.session_state.get(key, said))
    with st.expander(_("As an expression"), expanded=bool(mistake)):
        # What is not looked at is not sent: it is a page's longest text, coloured word by word.
        expression, sql, model = st.tabs(
            [_("Expression"), "SQL", "JSON"], key="where-shown", on_change="rerun"
        )
        if sql.open:
            _as_sql(sql, cohort)
        if model.open:
            _code(model, cohort.model_dump_json(indent=2), "json")
        if len(said) > where.MOST_CHARACTERS:
            expression.caption(_("These people are too many to be named in an expression."))
            return
        typed = expression.text_area(
            _("Expression"), said, key=key, height=100, label_visibility="collapsed",
            max_chars=where.MOST_CHARACTERS,
        )  # fmt: skip
        if mistake:
            expression.html(f'<div class="hsl-problem" role="alert">{html.escape(mistake)}</div>')
        expression.caption(_("Ctrl+Enter takes it over, and the conditions show the same people."))
    # No callback: one of a box that has gone would still be called, with what it held.
    found, _mistake = _read(typed or "")
    if typed != said and found is not None and found != cohort:
        st.session_state[finding.TYPED] = found
        st.rerun()


def _as_sql(tab: DeltaGenerator, cohort: Cohort) -> None:
    try:
        _code(tab, as_sql.of(shell.engine(), cohort), "sql")
    except SegmentError as error:
        tab.caption(show.plain(str(error)))


def _code(tab: DeltaGenerator, words: str, language: str) -> None:
    if len(words) > MOST_SHOWN:
        tab.caption(_("It names too many people to be shown. `python -m hsl people` prints it."))
        return
    tab.code(words, language, wrap_lines=True)


def _read(typed: str) -> tuple[Cohort | None, str]:
    """The cohort that was typed, or why it is none."""
    try:
        return where.parse(typed or EVERYBODY, shell.store().attributes), ""
    except where.WhereError as error:
        return None, str(error)
