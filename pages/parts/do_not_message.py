"""Do-not-message marks on the Audience page: who has one, and how to set it or take it away."""

import tempfile
from html import escape
from pathlib import Path

import pandas as pd
import streamlit as st

from hsl import dispatch
from hsl.acting import Permission
from hsl.audience import export, suppression
from hsl.audience.cohort import Cohort
from hsl.audience.suppression import SuppressionError
from hsl.audit import signed
from hsl.words import _, plural
from pages.parts import allowed, asking, download, shell, show

MOST_FOUND = 10  # people that a search for whom to mark shows


def view() -> None:
    """The whole view."""
    st.caption(
        _(
            "Nobody here gets any message. Only a person takes a mark away; imports never do. "
            "What waits to go to somebody is withdrawn when they are marked."
        )
    )
    left, right = st.columns([3, 4], gap="large")
    with left:
        _mark_one()
        _mark_a_list()
    with right:
        _marks()


def _mark_one() -> None:
    st.header(_("Mark a person"))
    words = st.text_input(
        _("Whom"),
        key="mark-whom",
        type="search",
        placeholder=_("Name, @username or id"),
        live=show.LIVE,
    )
    if not words:
        return
    found = None
    with show.answered():
        found = shell.people().page(Cohort(search=words), limit=MOST_FOUND)
    if found is None:
        return
    if found.empty:
        st.info(_("Nobody is found. Search for fewer letters, or mark an id from a list below."))
        return
    people = {int(row.user_id): _name(row) for row in found.itertuples()}
    chosen = st.radio(
        _("Found"),
        list(people),
        format_func=lambda number: show.plain(people[number]),
        key=f"mark-{min(people)}-{len(people)}",
    )
    reason = st.text_input(_("Why"), key="mark-why", placeholder=_("asked by phone"))
    if allowed.button(
        _("Mark as do-not-message"), Permission.SEND, type="primary", disabled=not chosen
    ):
        _mark([int(chosen or 0)], reason or "")


def _mark_a_list() -> None:
    with st.expander(_("Mark everybody on a list")):
        st.write(_("A CSV file with a column user_id, or with ids alone."))
        file = st.file_uploader(_("File"), type=["csv", "txt"], key="mark-file")
        reason = st.text_input(_("Why"), key="mark-list-why", placeholder=_("asked by letter"))
        pressed = allowed.button(_("Mark all of them"), Permission.SEND, disabled=file is None)
        if file is None or not pressed:
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
    st.header(_("Who is marked"))
    words = st.text_input(
        _("Search the marked"), key="marked", type="search", placeholder=_("Name, @username or id")
    )
    marks, total = suppression.listing(shell.engine(), words=words or "", limit=200)
    if not total:
        nobody = (
            _("Nobody who is marked fits.")
            if words
            else _("Nobody is marked yet. Search for a person, or paste a list of ids.")
        )
        st.html(f'<div class="hsl-dim">{escape(nobody)}</div>')
        return
    st.metric(_("Marked"), show.number(total))
    table = st.dataframe(
        pd.DataFrame(
            [
                {
                    _("Name"): mark.name,
                    _("Why"): mark.reason,
                    _("By"): signed(mark.marked_by),
                    _("Since"): show.moment(mark.marked_at, shell.zone()),
                    _("Id"): str(mark.user_id),
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
        st.caption(
            _("The last {count} of {total}. Search for the others.", count=len(marks), total=total)
        )
    download.menu(
        _("Download all marks"), "do-not-message", lambda form: export.marks(shell.engine(), form)
    )
    ticked = [marks[place].user_id for place in table.selection.rows if place < len(marks)]
    if not ticked:
        hint = escape(_("Tick those whose mark is to be taken away."))
        st.html(f'<div class="hsl-dim">{hint}</div>')
        return
    words = plural("Take the mark of {n} away", "Take the marks of {n} away", len(ticked))
    if allowed.button(words, Permission.SEND):
        asking.open_dialog("unmark")
    if asking.is_open("unmark"):
        asking.confirm(
            _("Take these marks away?"),
            plural(
                "{n} person gets messages again from then on.",
                "{n} people get messages again from then on.",
                len(ticked),
            ),
            _("Take them away"),
            lambda: _unmark(ticked),
        )


def _mark(ids: list[int], reason: str) -> None:
    try:
        done = dispatch.suppress(shell.engine(), ids, reason=reason, actor=shell.author())
    except SuppressionError as refused:
        st.error(show.plain(str(refused)))
        return
    words = plural("{n} person is marked.", "{n} people are marked.", done.marked)
    if done.withdrawn:
        gone = plural(
            "{n} waiting message to them is withdrawn.",
            "{n} waiting messages to them are withdrawn.",
            done.withdrawn,
        )
        words = f"{words} {gone}"
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
