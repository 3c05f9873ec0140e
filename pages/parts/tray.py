"""The tray on Audience: the lines of the selection, each with its people, and their sum."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape

import pandas as pd
import streamlit as st

from hsl.acting import Permission
from hsl.audience import segments, selection
from hsl.audience.cohort import Audience, Cohort
from hsl.audience.selection import Entry
from hsl.audience.snapshot import Count
from hsl.warehouse.errors import StoreError
from hsl.words import _
from pages.parts import allowed, segment_list, shell, show

REFUSED = "tray-refused"  # in the session: why a line could not be counted, and when
WISHED = "tray-wished"  # in the session: what a click asked to do to the selection
CLEARED = "tray-cleared"  # in the session: the lines that can be brought back
MOST_EXPLAINED = 12  # lines of which each says whom it shares with those above


@dataclass(frozen=True)
class Line:
    """A line of the selection with its people, or why they could not be counted."""

    entry: Entry
    people: int
    problem: str = ""

    @property
    def words(self) -> str:
        """What it is, in the reader's language where it was not named by hand."""
        cohort = self.entry.cohort
        return cohort.sentence() if self.entry.label == cohort.english() else self.entry.label


@dataclass(frozen=True)
class Tray:
    """The selection as it is counted; `total` is None where a line or the sum cannot be."""

    chosen: Audience
    lines: tuple[Line, ...]
    total: Count | None
    problem: str = ""

    def among(self, rows: pd.DataFrame) -> set[int]:
        """The ids of those rows who are chosen; nobody where it cannot be said."""
        if self.total is None:
            return set()
        try:
            return shell.people().among([int(number) for number in rows["user_id"]], self.chosen)
        except StoreError:
            return set()  # the table is of whom was found; what was chosen is a mark in it


def wish(deed: Callable[[], None]) -> None:
    """Ask, as a button's callback, for a change of the selection; `fulfil` does it.

    So a click takes one run of the page, and not a second one that shows what the first did.
    """
    st.session_state[WISHED] = deed


def fulfil() -> None:
    """Do what a click asked for. Before anything of the selection is drawn."""
    deed: Callable[[], None] | None = st.session_state.pop(WISHED, None)
    if deed is not None:
        deed()


def add(cohort: Cohort) -> None:
    """Add the people of `cohort`, and say so where they are there already."""
    if not selection.add(shell.engine(), shell.author(), cohort, cohort.english()):
        st.toast(_("These people are in your selection already."))


def counted() -> Tray:
    """The author's selection, each line counted by itself."""
    entries = selection.entries(shell.engine(), shell.author())
    chosen = selection.audience_of(entries)
    lines = tuple(_line(entry) for entry in entries)
    if any(line.problem for line in lines):
        return Tray(chosen, lines, None)
    try:
        return Tray(chosen, lines, shell.people().count(chosen))
    except StoreError as fault:
        return Tray(chosen, lines, None, str(fault))


def present(tray: Tray) -> None:
    """The lines, which can be taken away, and what they are together."""
    uncounted = _("not counted")
    st.metric(_("Chosen"), uncounted if tray.total is None else show.number(tray.total.people))
    segment_list.add_segment()
    if not tray.lines:
        st.caption(_("Nobody is chosen yet. Add all people found, or tick some of them."))
        _bring_back()
        return
    already, gone = _overlaps(tray)
    for line in tray.lines:
        _present_line(line, already.get(line.entry.id, 0), gone)
    if tray.problem:
        st.error(show.plain(tray.problem))
    if tray.total is not None and tray.total.unreachable:
        st.caption(_("{count} of them are unreachable.", count=tray.total.unreachable))
    with st.container(horizontal=True):
        chosen = segments.of_audience(tray.chosen)
        segment_list.save_as(chosen, _("Save as a segment"), key="save-chosen")
        allowed.button(
            _("Clear"), Permission.WRITE, type="tertiary", icon=":material/delete:",
            on_click=wish, args=(partial(_clear, [line.entry for line in tray.lines]),),
        )  # fmt: skip


def _clear(entries: list[Entry]) -> None:
    selection.clear(shell.engine(), shell.author())
    st.session_state[CLEARED] = entries


def _bring_back() -> None:
    gone: list[Entry] = st.session_state.get(CLEARED, [])
    words = _("Bring back what was cleared")
    if gone:
        allowed.button(
            words, Permission.WRITE, type="tertiary", icon=":material/undo:",
            on_click=wish, args=(partial(_restore, gone),),
        )  # fmt: skip


def _restore(gone: list[Entry]) -> None:
    selection.restore(shell.engine(), shell.author(), gone)
    st.session_state[CLEARED] = []


def _present_line(line: Line, already: int, gone: int) -> None:
    with st.container(horizontal=True, vertical_alignment="top", wrap=False, gap="small"):
        sign = "–" if line.entry.excluded else "+"
        people = _("not counted") if line.problem else show.number(line.people)
        shared = _("{count} were in it already", count=already) if already else ""
        if line.entry.excluded and gone:
            shared = _("taken out of the others")
        st.html(
            f'<div class="hsl-line-of-tray"><b aria-hidden="true">{sign}</b>'
            f"<span>{escape(line.words)}</span><b>{escape(people)}</b>"
            f'<span class="hsl-dim">{escape(shared)}</span></div>'
        )
        words = _("Take this line away: {line}", line=show.plain(line.words[:80]))
        allowed.button(
            words, Permission.WRITE, key=f"entry-{line.entry.id}", type="tertiary",
            icon=":material/close:", on_click=wish, args=(partial(_remove, line.entry.id),),
        )  # fmt: skip
    if line.problem:
        st.error(show.plain(line.problem))


def _remove(entry_id: int) -> None:
    selection.remove(shell.engine(), shell.author(), entry_id)


def _overlaps(tray: Tray) -> tuple[dict[int, int], int]:
    """By line how many of its people the lines above have, and how many those taken out are."""
    included = [line for line in tray.lines if not line.entry.excluded]
    if tray.total is None or len(tray.lines) < 2 or len(included) > MOST_EXPLAINED:
        return {}, 0
    already: dict[int, int] = {}
    together = 0
    try:
        for place, line in enumerate(included):
            cohorts = tuple(other.entry.cohort for other in included[: place + 1])
            before, together = together, _together(Audience(include=cohorts))
            already[line.entry.id] = before + line.people - together
    except StoreError:
        return {}, 0  # the sum stands above; only the explanation of it is missing
    return already, together - tray.total.people


def _together(chosen: Audience) -> int:
    return _counted_once(chosen.model_dump_json(), shell.people().loaded_at.isoformat())


@st.cache_data(max_entries=200, show_spinner=False)
def _counted_once(chosen: str, loaded_at: str) -> int:
    return shell.people().count(Audience.model_validate_json(chosen)).people


def _line(entry: Entry) -> Line:
    # What took too long takes as long again: it is not asked before there is something new.
    refused = st.session_state.setdefault(REFUSED, {})
    asked = (entry.cohort, shell.people().loaded_at)
    problem, of = refused.get(entry.id, ("", None))
    if of == asked:
        return Line(entry, 0, problem)
    try:
        return Line(entry, _people(entry.cohort))
    except StoreError as fault:
        refused[entry.id] = (str(fault), asked)
        return Line(entry, 0, str(fault))


def _people(cohort: Cohort) -> int:
    return shell.people().count(cohort).people
