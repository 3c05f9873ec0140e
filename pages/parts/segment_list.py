"""Segments on the Audience page: saved from what was found or chosen, shown, changed and used."""

from collections.abc import Callable
from html import escape
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from hsl import table
from hsl.acting import NotAllowedError, Permission
from hsl.audience import export, segments, selection
from hsl.audience.cohort import Cohort
from hsl.audience.segments import Segment, SegmentError
from hsl.audit import signed
from hsl.charts.ink import LIGHT, Ink, dressed
from hsl.models import SegmentMode
from hsl.words import _
from pages.parts import addressed, allowed, asking, download, drawn, shell, show


def save_as(cohort: Cohort, label: str, *, key: str) -> None:
    """A form behind a button that saves these people as a segment."""
    spot = allowed.popover(
        label, Permission.WRITE, icon=":material/bookmark_add:", disabled=cohort.is_empty, key=key
    )
    if spot is None:
        return
    with spot:
        st.text(cohort.sentence())
        name = st.text_input(_("Name"), key=f"{key}-name")
        description = st.text_input(_("What it is for (may stay empty)"), key=f"{key}-description")
        frozen = st.checkbox(
            _("Keep the people it has now"),
            key=f"{key}-frozen",
            help=_("Otherwise they are chosen anew whenever the segment is used."),
        )
        exclusion = st.checkbox(
            _("Exclusion list: nobody in it gets any message"), key=f"{key}-exclusion"
        )
        known = {s.name for s in segments.listing(shell.engine())}
        if name in known:
            st.caption(
                _("A segment of this name is there; it would hold these people from now on.")
            )
            if st.button(_("Replace its people"), key=f"{key}-replace"):
                _do(
                    lambda: segments.edit(
                        shell.engine(), name or "", actor=shell.author(), cohort=cohort
                    ),
                    _("{name} is changed.", name=name or ""),
                )
        elif st.button(_("Save the segment"), key=f"{key}-save", type="primary"):
            _do(
                lambda: segments.add(
                    shell.engine(),
                    name=name or "",
                    owner=shell.author(),
                    cohort=cohort,
                    description=description or "",
                    frozen=frozen,
                    is_exclusion=exclusion,
                ),
                _("Saved as {name}.", name=name or ""),
            )


def add_segment() -> None:
    """A button that puts a segment into the selection as one line."""
    found = segments.listing(shell.engine())
    if not found:
        return
    spot = allowed.popover(
        _("Add a segment"), Permission.WRITE, icon=":material/bookmarks:", key="add-segment"
    )
    if spot is None:
        return
    with spot:
        for segment in found:
            words = _("{name} ({count})", name=segment.name, count=segment.people or 0)
            if st.button(show.plain(words), key=f"add-segment-{segment.id}", type="tertiary"):
                _choose(segment)


def view() -> None:
    """The list of segments, and one of them with its size over time."""
    found = segments.listing(shell.engine())
    if not found:
        st.info(
            _(
                "No segments yet. Find people under People, then “Save as a segment”; or save "
                "your whole selection."
            )
        )
        st.button(
            _("Find people"),
            icon=":material/search:",
            on_click=lambda: st.session_state.update(view="people"),
        )
        return
    names = [segment.name for segment in found]
    st.dataframe(
        pd.DataFrame(
            [
                {
                    _("Name"): s.name,
                    _("People"): s.people,
                    _("Kind"): _kind(s),
                    _("Who"): s.sentence(),
                    _("What it is for"): s.description,
                    _("Owner"): signed(s.owner),
                }
                for s in found
            ]
        ),
        hide_index=True,
        column_config={_("People"): st.column_config.NumberColumn(format="localized")},
    )
    with st.container(horizontal=True):
        download.menu(
            _("Download the segments"),
            "segments",
            lambda form: export.listed_segments(shell.engine(), form),
        )
        download.menu(
            _("Download their sizes"),
            "segment-sizes",
            lambda form: export.sizes(shell.engine(), form),
        )
    addressed.one("segment", names)
    chosen = st.selectbox(_("Segment"), names, key="segment")
    if chosen in names:
        _one(found[names.index(chosen)])


def _one(segment: Segment) -> None:
    frozen, number = segment.mode is SegmentMode.FROZEN, segment.id
    st.header(show.plain(segment.name))
    with show.answered():
        people = shell.people().count(segments.by_name(segment.name)).people
        facts = (
            _("{people} now", people=show.people(people)),
            _kind(segment),
            _("changed {ago}", ago=show.ago(segment.updated_at)),
        )
        st.html(escape(" · ".join(facts)))
    st.text(segment.sentence())
    days = segments.sizes(shell.engine(), number)
    if len(days) > 1:
        frame = pd.DataFrame(days, columns=["day", "people"])
        drawn.chart(
            f"segment-{number}",
            frame,
            lambda shade: _over_time(frame, shade),
            alt=_("People by day"),
        )
        with st.expander(_("Numbers and files")):
            st.dataframe(frame, hide_index=True)
            download.files(
                f"segment-{number}",
                lambda: table.of_frame(frame),
                lambda: _over_time(frame, LIGHT),
                title=_("People in {name}", name=segment.name),
            )
    else:
        st.caption(_("Its size is written down once a day; a line appears from the second day on."))
    with st.container(horizontal=True):
        if allowed.button(_("Add to the selection"), Permission.WRITE, icon=":material/add:"):
            _choose(segment)
        if not frozen and allowed.button(
            _("Freeze"),
            Permission.WRITE,
            icon=":material/ac_unit:",
            help=_("Keep these people"),
        ):
            _do(lambda: segments.freeze(shell.engine(), segment.name, actor=shell.author()))
        if frozen and allowed.button(
            _("Choose anew from now on"), Permission.WRITE, icon=":material/sync:"
        ):
            _do(lambda: segments.thaw(shell.engine(), segment.name, actor=shell.author()))
        if allowed.button(_("Delete"), Permission.WRITE, icon=":material/delete:"):
            asking.open_dialog("delete-segment")
    _form(segment)
    if asking.is_open("delete-segment"):
        asking.confirm(
            _("Delete this segment?"),
            show.plain(
                _("{name} is gone for good then. The people in it stay.", name=segment.name)
            ),
            _("Delete the segment"),
            lambda: _do(
                lambda: segments.remove(shell.engine(), segment.name, actor=shell.author())
            ),
        )


def _form(segment: Segment) -> None:
    with st.expander(_("Rename or change it")), st.form(f"edit-segment-{segment.id}", border=False):
        name = st.text_input(_("Name"), segment.name)
        description = st.text_input(_("What it is for"), segment.description)
        exclusion = st.checkbox(
            _("Exclusion list: nobody in it gets any message"), segment.is_exclusion
        )
        if st.form_submit_button(_("Save the changes"), **allowed.greyed(Permission.WRITE)):
            _do(
                lambda: segments.edit(
                    shell.engine(),
                    segment.name,
                    actor=shell.author(),
                    new_name=name,
                    description=description,
                    is_exclusion=exclusion,
                ),
                _("Saved"),
            )


def _over_time(frame: pd.DataFrame, shade: Ink) -> Any:
    line = (
        alt.Chart(frame.assign(day=pd.to_datetime(frame["day"])))
        .mark_line(color=shade.series, point=alt.OverlayMarkDef(color=shade.series, size=50))
        .encode(
            x=alt.X("day:T", title=None, axis=alt.Axis(format="%d %b", tickMinStep=86_400_000)),
            y=alt.Y("people:Q", title=_("people"), axis=alt.Axis(format=",d", tickMinStep=1)),
            tooltip=[alt.Tooltip("day:T"), alt.Tooltip("people:Q", format=",")],
        )
        .properties(height=180)
    )
    return dressed(line, shade)


def _kind(segment: Segment) -> str:
    frozen = segment.mode is SegmentMode.FROZEN
    if segment.is_exclusion:
        return _("exclusion list, keeps its people") if frozen else _("exclusion list, chosen anew")
    return _("keeps its people") if frozen else _("chosen anew")


def _choose(segment: Segment) -> None:
    cohort = segments.by_name(segment.name)
    if not selection.add(shell.engine(), shell.author(), cohort, cohort.english()):
        st.toast(_("This segment is in your selection already."))
    st.rerun()


def _do(change: Callable[[], object], done: str = "") -> None:
    try:
        change()
    except (SegmentError, NotAllowedError) as refused:
        st.error(show.plain(str(refused)))
        return
    if done:
        st.toast(show.plain(done))
    st.rerun()
