"""Audience: find people, see how many they are, and choose them."""

import math

import streamlit as st

from hsl.audience import export, segments, selection
from hsl.audience.cohort import Audience, Cohort
from hsl.warehouse.limits import TooLongError
from pages.parts import (
    builder,
    charts,
    cohort_view,
    do_not_message,
    download,
    finding,
    importing,
    people_table,
    person,
    segment_list,
    shell,
    show,
)

PAGE = 50  # rows
VIEWS = ["People", "Segments", "Do not message"]


@st.fragment(run_every=30)
def age_of_index() -> None:
    index = shell.people()
    if st.session_state["index-read"] != index.version:
        st.rerun(scope="app")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{index.people:,} people, as of {show.ago(index.loaded_at)}")
        if st.button("Refresh", type="tertiary", icon=":material/refresh:"):
            index.refresh()
            st.rerun(scope="app")


def result(cohort: Cohort, chosen: Audience) -> None:
    index = shell.people()
    found = index.count(cohort)
    head, add = st.columns([2, 3], vertical_alignment="center")
    head.metric("People found", show.number(found.people))
    head.caption(f"{found.unreachable:,} of them unreachable")
    with add.container(horizontal=True, horizontal_alignment="right"):
        segment_list.save_as(cohort, "Save as a segment", key="save-found")
        if st.button(f"Add these {found.people:,} people", disabled=not found.people):
            new = selection.add(shell.engine(), shell.author(), cohort, cohort.sentence())
            if not new:
                st.toast("These people are in your selection already.")
            st.rerun()
    cohort_view.view(cohort)
    if not found.people:
        st.info("Nobody fits. Take a condition away, or search for fewer letters.")
        people_table.show_similar(st.session_state["q"] or "", chosen, zone=shell.zone())
        return
    sort, way = st.columns([3, 2], vertical_alignment="bottom")
    column = sort.selectbox(
        "Sort by",
        list(people_table.SORTS),
        format_func=lambda name: people_table.SORTS[name],
        key="sort",
        bind="query-params",
    )
    descending = way.toggle("Descending", key="desc", bind="query-params")
    pages = math.ceil(found.people / PAGE)
    page = min(st.session_state.get("people-page", 1), pages)
    rows = index.page(
        cohort, sort=column, descending=descending, offset=(page - 1) * PAGE, limit=PAGE
    )
    inside = index.among([int(i) for i in rows["user_id"]], chosen)
    people_table.show_people(rows, inside, zone=shell.zone())
    if pages > 1:
        st.pagination(pages, key="people-page")
    else:
        people_table.show_similar(st.session_state["q"] or "", chosen, zone=shell.zone())
    why_not = export.problem(shell.engine(), cohort)
    if why_not is None:
        download.menu(
            "Download these people",
            "people",
            lambda form: export.people(shell.engine(), cohort, form),
        )
    else:
        st.caption(show.plain(f"They cannot be downloaded or written to now. {why_not}"))
    st.altair_chart(charts.people(index.by_stream(cohort), "stream"), alt="People found, by stream")


def tray(chosen: Audience) -> None:
    index = shell.people()
    entries = selection.entries(shell.engine(), shell.author())
    total = index.count(chosen)
    st.metric("Chosen", show.number(total.people))
    segment_list.add_segment()
    if not entries:
        st.caption("Nobody is chosen yet. Add all people found, or tick some of them.")
        return
    added = 0
    for entry in entries:
        people = index.count(entry.cohort).people
        added += 0 if entry.excluded else people
        line, gone = st.columns([5, 1], vertical_alignment="center", wrap=False)
        sign = "–" if entry.excluded else "+"
        line.text(f"{sign} {entry.label}  ({people:,})")
        if gone.button("✕", key=f"entry-{entry.id}", type="tertiary", help="Take this line away"):
            selection.remove(shell.engine(), shell.author(), entry.id)
            st.rerun()
    together = index.count(Audience(include=chosen.include)).people
    if added > together:
        st.caption(f"{added - together:,} stand in several lines and count once.")
    if total.unreachable:
        st.caption(f"{total.unreachable:,} of them are unreachable.")
    segment_list.save_as(segments.of_audience(chosen), "Save as a segment", key="save-chosen")
    if st.button("Clear", type="tertiary", icon=":material/delete:"):
        selection.clear(shell.engine(), shell.author())
        st.rerun()


chosen_now = selection.audience(shell.engine(), shell.author())
count = shell.people().count(chosen_now).people
title, actions = st.columns([2, 3], vertical_alignment="bottom")
title.title("Audience")
with actions.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
    with st.popover("Import people", icon=":material/upload_file:"):
        importing.bring_people_in()
    words = f"Write to {count:,} people" if count else "Choose people to write to"
    if st.button(words, type="primary", disabled=not count, icon=":material/edit_note:"):
        st.switch_page("pages/compose.py", query_params={"to": "selection"})
st.session_state["index-read"] = shell.people().version
age_of_index()
if shell.people().people == 0:
    st.info("There are no people yet. Use “Import people” above, or `python -m hsl import FILE`.")
    st.stop()
view = st.segmented_control(
    "View", VIEWS, default=VIEWS[0], required=True, key="view", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
if view == "Segments":
    segment_list.view()
    st.stop()
if view == "Do not message":
    do_not_message.view()
    st.stop()
finding.arrive()
side, middle, right = st.columns([4, 8, 3], gap="large")
with side:
    quick = finding.filters()
    builder.builder(finding.choices())
    wanted = finding.together(quick, finding.kept())
with middle:
    try:
        result(wanted, chosen_now)
    except TooLongError as slow:
        st.error(str(slow))
    person.show_open()
with right:
    tray(chosen_now)
