"""Audience: find people, see how many they are, and choose them."""

import math

import streamlit as st

from hsl.audience import export, selection
from hsl.audience.cohort import Cohort
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
    tray,
)
from pages.parts.tray import Tray

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


def result(cohort: Cohort, others: Cohort, chosen: Tray) -> None:
    """Who is found by `cohort`; `others` are those who fit all of it but the search."""
    index, words = shell.people(), st.session_state["q"] or ""
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
        people_table.show_similar(words, others, chosen, few=True, zone=shell.zone())
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
    people_table.show_people(rows, chosen.among(rows), zone=shell.zone())
    if pages > 1:
        st.pagination(pages, key="people-page")
    few = found.people < PAGE
    people_table.show_similar(words, others, chosen, few=few, zone=shell.zone())
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


chosen = tray.counted()
count = 0 if chosen.total is None else chosen.total.people
title, actions = st.columns([2, 3], vertical_alignment="bottom")
title.title("Audience")
with actions.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
    with st.popover("Import people", icon=":material/upload_file:"):
        importing.bring_people_in()
    words = f"Write to {count:,} people" if count else "Choose people to write to"
    if chosen.total is None:
        words = "Write to the chosen people"
    nobody = chosen.total is not None and not count
    if st.button(words, type="primary", disabled=nobody, icon=":material/edit_note:"):
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
    others = finding.together(finding.without_search(quick), finding.kept())
with middle:
    with show.answered():
        result(wanted, others, chosen)
    person.show_open()
with right:
    tray.present(chosen)
