"""Do-not-message marks on the Audience page: who has one, and how to set it or take it away."""

import tempfile
from pathlib import Path

import pandas as pd
import streamlit as st

from hsl import dispatch
from hsl.audience import export, suppression
from hsl.audience.cohort import Cohort
from hsl.audience.suppression import SuppressionError
from pages.parts import asking, download, shell, show

MOST_FOUND = 10  # people that a search for whom to mark shows


def view() -> None:
    """The whole view."""
    st.caption(
        "Nobody here gets any message. Only a person takes a mark away; imports never do. What "
        "waits to go to somebody is withdrawn when they are marked."
    )
    left, right = st.columns([3, 4], gap="large")
    with left:
        _mark_one()
        _mark_a_list()
    with right:
        _marks()


def _mark_one() -> None:
    st.subheader("Mark a person")
    words = st.text_input(
        "Whom",
        key="mark-whom",
        type="search",
        placeholder="Name, @username or id",
        live=True,
    )
    if not words:
        return
    cohort = Cohort(search=words)
    found = shell.people().page(cohort, limit=MOST_FOUND)
    if found.empty:
        st.info("Nobody is found. Search for fewer letters, or mark an id from a list below.")
        return
    people = {int(row.user_id): _name(row) for row in found.itertuples()}
    chosen = st.radio(
        "Found",
        list(people),
        format_func=lambda number: show.plain(people[number]),
        key=f"mark-{min(people)}-{len(people)}",
    )
    reason = st.text_input("Why", key="mark-why", placeholder="asked by phone")
    if st.button("Mark as do-not-message", type="primary", disabled=not chosen):
        _mark([int(chosen or 0)], reason or "")


def _mark_a_list() -> None:
    with st.expander("Mark everybody on a list"):
        st.write("A CSV file with a column user_id, or with ids alone.")
        file = st.file_uploader("File", type=["csv", "txt"], key="mark-file")
        reason = st.text_input("Why", key="mark-list-why", placeholder="asked by letter")
        if file is None or not st.button("Mark all of them"):
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(file.name).name
            path.write_bytes(file.getbuffer())
            try:
                ids = suppression.read_ids(path)
            except SuppressionError as refused:
                st.error(show.plain(str(refused)))
                return
        _mark(ids, reason or "")


def _marks() -> None:
    words = st.text_input(
        "Search the marked", key="marked", type="search", placeholder="Name, @username or id"
    )
    marks, total = suppression.listing(shell.engine(), words=words or "", limit=200)
    if not total:
        st.info("Nobody is marked." if not words else "Nobody who is marked fits.")
        return
    st.metric("Marked", show.number(total))
    table = st.dataframe(
        pd.DataFrame(
            [
                {
                    "Name": mark.name,
                    "Why": mark.reason,
                    "By": mark.marked_by,
                    "Since": show.moment(mark.marked_at, shell.zone()),
                    "Id": str(mark.user_id),
                }
                for mark in marks
            ]
        ),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"marks-{st.session_state.get('unmarked', 0)}-{total}",
    )
    if total > len(marks):
        st.caption(f"The last {len(marks):,} of {total:,}. Search for the others.")
    download.menu(
        "Download all marks", "do-not-message", lambda form: export.marks(shell.engine(), form)
    )
    ticked = [marks[place].user_id for place in table.selection.rows if place < len(marks)]
    if st.button(f"Take the mark of {len(ticked):,} away", disabled=not ticked):
        asking.open_dialog("unmark")
    if asking.is_open("unmark"):
        asking.confirm(
            "Take these marks away?",
            f"{len(ticked):,} people get messages again from then on.",
            "Take them away",
            lambda: _unmark(ticked),
        )


def _mark(ids: list[int], reason: str) -> None:
    try:
        done = dispatch.suppress(shell.engine(), ids, reason=reason, actor=shell.author())
    except SuppressionError as refused:
        st.error(show.plain(str(refused)))
        return
    words = f"{done.marked:,} people are marked."
    if done.withdrawn:
        words += f" {done.withdrawn:,} waiting messages to them are withdrawn."
    st.toast(words)
    st.rerun()


def _unmark(ids: list[int]) -> None:
    try:
        suppression.remove(shell.engine(), ids, actor=shell.author())
    except SuppressionError as refused:
        st.error(show.plain(str(refused)))
        return
    st.session_state["unmarked"] = st.session_state.get("unmarked", 0) + 1
    st.rerun()


def _name(row: object) -> str:
    names = [getattr(row, name) for name in ("first_name", "last_name")]
    handle = getattr(row, "username", None)
    words = [str(name) for name in names if isinstance(name, str) and name]
    words += [f"@{handle}"] if isinstance(handle, str) and handle else []
    return " ".join([*words, str(row.user_id)])  # type: ignore[attr-defined]
