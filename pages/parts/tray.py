"""The tray on Audience: the lines of the selection, each with its people, and their sum."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from hsl.audience import segments, selection
from hsl.audience.cohort import Audience, Cohort
from hsl.audience.selection import Entry
from hsl.audience.snapshot import Count
from hsl.warehouse.errors import StoreError
from pages.parts import segment_list, shell, show

REFUSED = "tray-refused"  # in the session: why a line could not be counted, and when


@dataclass(frozen=True)
class Line:
    """A line of the selection with its people, or why they could not be counted."""

    entry: Entry
    people: int
    problem: str = ""


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
    st.metric("Chosen", "not counted" if tray.total is None else show.number(tray.total.people))
    segment_list.add_segment()
    if not tray.lines:
        st.caption("Nobody is chosen yet. Add all people found, or tick some of them.")
        return
    for line in tray.lines:
        _present_line(line)
    if tray.problem:
        st.error(show.plain(tray.problem))
    if tray.total is not None:
        with show.answered():
            _sums(tray, tray.total)
    segment_list.save_as(segments.of_audience(tray.chosen), "Save as a segment", key="save-chosen")
    if st.button("Clear", type="tertiary", icon=":material/delete:"):
        selection.clear(shell.engine(), shell.author())
        st.rerun()


def _present_line(line: Line) -> None:
    words, gone = st.columns([5, 1], vertical_alignment="center", wrap=False)
    sign = "–" if line.entry.excluded else "+"
    people = "not counted" if line.problem else f"{line.people:,}"
    words.text(f"{sign} {line.entry.label}  ({people})")
    if line.problem:
        words.error(show.plain(line.problem))
    if gone.button("✕", key=f"entry-{line.entry.id}", type="tertiary", help="Take this line away"):
        selection.remove(shell.engine(), shell.author(), line.entry.id)
        st.rerun()


def _sums(tray: Tray, total: Count) -> None:
    added = sum(line.people for line in tray.lines if not line.entry.excluded)
    together = shell.people().count(Audience(include=tray.chosen.include)).people
    if added > together:
        st.caption(f"{added - together:,} stand in several lines and count once.")
    if total.unreachable:
        st.caption(f"{total.unreachable:,} of them are unreachable.")


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
