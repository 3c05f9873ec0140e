"""Segments on the Audience page: saved from what was found or chosen, shown, changed and used."""

from collections.abc import Callable

import altair as alt
import pandas as pd
import streamlit as st

from hsl import table
from hsl.audience import export, segments, selection
from hsl.audience.cohort import Cohort
from hsl.audience.segments import Segment, SegmentError
from hsl.models import SegmentMode
from pages.parts import asking, download, shell, show

BLUE = show.COLOURS["sending"]


def save_as(cohort: Cohort, label: str, *, key: str) -> None:
    """A form behind a button that saves these people as a segment."""
    with st.popover(label, icon=":material/bookmark_add:", disabled=cohort.is_empty):
        st.text(cohort.sentence())
        name = st.text_input("Name", key=f"{key}-name")
        description = st.text_input("What it is for (may stay empty)", key=f"{key}-description")
        frozen = st.checkbox(
            "Keep the people it has now",
            key=f"{key}-frozen",
            help="Otherwise they are chosen anew whenever the segment is used.",
        )
        exclusion = st.checkbox(
            "Exclusion list: nobody in it gets any message", key=f"{key}-exclusion"
        )
        known = {s.name for s in segments.listing(shell.engine())}
        if name in known:
            st.caption("A segment of this name is there; it would hold these people from now on.")
            if st.button("Replace its people", key=f"{key}-replace"):
                _do(
                    lambda: segments.edit(
                        shell.engine(), name or "", actor=shell.author(), cohort=cohort
                    ),
                    f"Changed {name}",
                )
        elif st.button("Save the segment", key=f"{key}-save", type="primary"):
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
                f"Saved as {name}",
            )


def add_segment() -> None:
    """A button that puts a segment into the selection as one line."""
    found = segments.listing(shell.engine())
    if not found:
        return
    with st.popover("Add a segment", icon=":material/bookmarks:"):
        for segment in found:
            words = f"{segment.name} ({segment.people or 0:,})"
            if st.button(show.plain(words), key=f"add-segment-{segment.id}", type="tertiary"):
                _choose(segment)


def view() -> None:
    """The list of segments, and one of them with its size over time."""
    found = segments.listing(shell.engine())
    if not found:
        st.info(
            "No segments yet. Find people under People, then “Save as a segment”; or save your "
            "whole selection."
        )
        return
    names = [segment.name for segment in found]
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "Name": s.name,
                    "People": s.people,
                    "Kind": _kind(s),
                    "Who": s.sentence(),
                    "What it is for": s.description,
                    "Owner": s.owner,
                }
                for s in found
            ]
        ),
        hide_index=True,
        column_config={"People": st.column_config.NumberColumn(format="localized")},
    )
    with st.container(horizontal=True):
        download.menu(
            "Download the segments",
            "segments",
            lambda form: export.listed_segments(shell.engine(), form),
        )
        download.menu(
            "Download their sizes",
            "segment-sizes",
            lambda form: export.sizes(shell.engine(), form),
        )
    chosen = st.selectbox(
        "Segment", names, format_func=show.plain, key="segment", bind="query-params"
    )
    if chosen in names:
        _one(found[names.index(chosen)])


def _one(segment: Segment) -> None:
    frozen, number = segment.mode is SegmentMode.FROZEN, segment.id
    people = shell.people().count(segments.by_name(segment.name)).people
    st.subheader(show.plain(segment.name))
    st.html(
        f"<b>{people:,}</b> people now · {_kind(segment)} · changed {show.ago(segment.updated_at)}"
    )
    st.text(segment.sentence())
    days = segments.sizes(shell.engine(), number)
    if len(days) > 1:
        frame = pd.DataFrame(days, columns=["day", "people"])
        st.altair_chart(_over_time(frame), alt=f"People by day, {people:,} now")
        with st.expander("Numbers and files"):
            st.dataframe(frame, hide_index=True)
            download.files(
                f"segment-{number}",
                lambda: table.of_frame(frame),
                lambda: _over_time(frame),
                title=f"People in {segment.name}",
            )
    else:
        st.caption("Its size is written down once a day; a line appears from the second day on.")
    with st.container(horizontal=True):
        if st.button("Add to the selection", icon=":material/add:"):
            _choose(segment)
        if not frozen and st.button("Freeze", icon=":material/ac_unit:", help="Keep these people"):
            _do(lambda: segments.freeze(shell.engine(), segment.name, actor=shell.author()))
        if frozen and st.button("Choose anew from now on", icon=":material/sync:"):
            _do(lambda: segments.thaw(shell.engine(), segment.name, actor=shell.author()))
        if st.button("Delete", icon=":material/delete:"):
            asking.open_dialog("delete-segment")
    _form(segment)
    if asking.is_open("delete-segment"):
        asking.confirm(
            "Delete this segment?",
            show.plain(f"{segment.name} is gone for good then. The people in it stay."),
            "Delete the segment",
            lambda: _do(
                lambda: segments.remove(shell.engine(), segment.name, actor=shell.author())
            ),
        )


def _form(segment: Segment) -> None:
    with st.expander("Rename or change it"), st.form(f"edit-segment-{segment.id}", border=False):
        name = st.text_input("Name", segment.name)
        description = st.text_input("What it is for", segment.description)
        exclusion = st.checkbox(
            "Exclusion list: nobody in it gets any message", segment.is_exclusion
        )
        if st.form_submit_button("Save the changes"):
            _do(
                lambda: segments.edit(
                    shell.engine(),
                    segment.name,
                    actor=shell.author(),
                    new_name=name,
                    description=description,
                    is_exclusion=exclusion,
                ),
                "Saved",
            )


def _over_time(frame: pd.DataFrame) -> alt.Chart:
    return (
        alt.Chart(frame.assign(day=pd.to_datetime(frame["day"])))
        .mark_line(color=BLUE, point=alt.OverlayMarkDef(color=BLUE, size=50))
        .encode(
            x=alt.X("day:T", title=None, axis=alt.Axis(format="%d %b", tickMinStep=86_400_000)),
            y=alt.Y("people:Q", title="people", axis=alt.Axis(format=",d", tickMinStep=1)),
            tooltip=[alt.Tooltip("day:T"), alt.Tooltip("people:Q", format=",")],
        )
        .properties(height=180)
    )


def _kind(segment: Segment) -> str:
    kept = "keeps its people" if segment.mode is SegmentMode.FROZEN else "chosen anew"
    return f"exclusion list, {kept}" if segment.is_exclusion else kept


def _choose(segment: Segment) -> None:
    cohort = segments.by_name(segment.name)
    if not selection.add(shell.engine(), shell.author(), cohort, f"segment {segment.name}"):
        st.toast("This segment is in your selection already.")
    st.rerun()


def _do(change: Callable[[], object], done: str = "") -> None:
    try:
        change()
    except SegmentError as refused:
        st.error(show.plain(str(refused)))
        return
    if done:
        st.toast(show.plain(done))
    st.rerun()
