"""Audience: find people, see how many they are, and choose them."""

import math
from functools import partial

import streamlit as st

from hsl.acting import Permission
from hsl.audience import export
from hsl.audience.cohort import Cohort
from hsl.words import N_, _, plural
from pages.parts import (
    addressed,
    allowed,
    audience_style,
    builder,
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
AT = "at"  # the key and the parameter of the table's page
VIEWS = {
    "people": N_("People"),
    "segments": N_("Segments"),
    "do-not-message": N_("Do not message"),
}


@st.fragment(run_every=30)
def age_of_index() -> None:
    """How many people there are, as of when, and a button to read them anew."""
    index = shell.people()
    if st.session_state["index-read"] != index.version:
        st.rerun(scope="app")
    with (
        st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="right", gap="small"
        ),
        show.answered(),
    ):
        everybody, age = show.people(index.people), show.ago(index.loaded_at)
        st.caption(_("{people}, read {age}", people=everybody, age=age), width="content")
        if st.button(_("Refresh"), type="tertiary", icon=":material/refresh:"):
            index.refresh()
            st.rerun(scope="app")


def result(cohort: Cohort, others: Cohort, chosen: Tray) -> None:
    """Who is found by `cohort`; `others` are those who fit all of it but the search."""
    index, words = shell.people(), st.session_state["q"] or ""
    found = index.count(cohort)
    _head(cohort, found.people, found.unreachable)
    cohort_view.steps(cohort)
    if not found.people:
        st.info(_("Nobody fits. Take a condition away, or search for fewer letters."))
        st.button(
            _("Take all filters away"), icon=":material/filter_alt_off:",
            on_click=finding.clear_all,
        )  # fmt: skip
        if allowed.may(Permission.NAMES):
            people_table.show_similar(words, others, chosen, few=True, zone=shell.zone())
        cohort_view.box(cohort)
        return
    if allowed.or_says(Permission.NAMES):
        _table(cohort, found.people, chosen)
        few = found.people < PAGE
        people_table.show_similar(words, others, chosen, few=few, zone=shell.zone())
    with show.answered():
        cohort_view.by_stream(cohort)
    cohort_view.box(cohort)


def _head(cohort: Cohort, people: int, unreachable: int) -> None:
    head, add = st.columns([2, 3], vertical_alignment="center")
    head.metric(_("People found"), show.number(people))
    if unreachable:
        head.caption(plural("{n} of them unreachable", "{n} of them unreachable", unreachable))
    with add.container(horizontal=True, horizontal_alignment="right"):
        segment_list.save_as(cohort, _("Save as a segment"), key="save-found")
        words = plural("Add this {n} person", "Add these {n} people", people)
        if people:
            allowed.button(
                words, Permission.WRITE, icon=":material/add:", key="add-found",
                on_click=tray.wish, args=(partial(tray.add, cohort),),
            )  # fmt: skip


def _table(cohort: Cohort, people: int, chosen: Tray) -> None:
    pages = math.ceil(people / PAGE)
    shown = st.session_state.setdefault("found", cohort)
    if shown != cohort:
        st.session_state["found"] = cohort
        if not addressed.is_new() and AT in st.session_state:
            st.session_state[AT] = 1
    addressed.one("sort", list(people_table.SORTS))
    with st.container(horizontal=True, vertical_alignment="center"):
        column = st.selectbox(
            _("Sort"),
            list(people_table.SORTS),
            format_func=lambda name: _(people_table.SORTS[name]),
            key="sort",
            label_visibility="collapsed",
            width=165,
        )
        descending = st.toggle(_("Descending"), key="desc", bind="query-params")
        why_not = export.problem(shell.engine(), cohort)
        if why_not is None:
            download.menu(
                _("Download"),
                "people",
                lambda form: export.people(shell.engine(), cohort, form),
            )
    if why_not is not None:
        st.caption(show.plain(_("They cannot be downloaded or written to now. {why}", why=why_not)))
    rows_at = st.empty()
    page = st.pagination(pages, key=AT, bind="query-params") if pages > 1 else 1
    rows = shell.people().page(
        cohort, sort=column, descending=descending, offset=(page - 1) * PAGE, limit=PAGE
    )
    with rows_at.container():
        people_table.show_people(rows, chosen.among(rows), zone=shell.zone())


def _write_words(chosen: Tray) -> str:
    if chosen.total is None:
        return _("Write to the chosen people")
    count = chosen.total.people
    if not count:
        return _("Choose people to write to")
    return plural("Write to {n} person", "Write to {n} people", count)


audience_style.draw()
tray.fulfil()
chosen = tray.counted()
with show.head(_("Audience")):
    place = allowed.popover(
        _("Import people"), Permission.MANAGE, icon=":material/upload_file:", key="import"
    )
    if place is not None:
        with place:
            importing.bring_people_in()
    nobody = chosen.total is not None and not chosen.total.people
    words = _write_words(chosen)
    if allowed.button(
        words,
        Permission.WRITE,
        type="primary",
        disabled=nobody,
        icon=":material/edit_note:",
    ):
        st.switch_page("pages/compose.py", query_params={"to": "selection"})
st.session_state["index-read"] = shell.people().version
if shell.people().people == 0:
    st.info(
        _("There are no people yet. Use “Import people” above, or `python -m hsl import FILE`.")
    )
    st.stop()
addressed.one("view", list(VIEWS))
switch, age = st.columns(2, vertical_alignment="center")
view = switch.segmented_control(
    _("View"), list(VIEWS), required=True, key="view", label_visibility="collapsed", wrap=True,
    format_func=lambda name: _(VIEWS[name]),
)  # fmt: skip
with age:
    age_of_index()
if view == "segments":
    segment_list.view()
    st.stop()
if view == "do-not-message":
    if allowed.or_says(Permission.NAMES):
        do_not_message.view()
    st.stop()
finding.arrive()
with st.container(key="audience"):
    side, middle, right = st.columns([5, 10, 5], gap="medium")
with side:
    quick = finding.filters()
    with show.answered():
        builder.builder(finding.choices())
    wanted = finding.together(quick, finding.kept())
    others = finding.together(finding.without_search(quick), finding.kept())
with middle:
    with show.answered():
        result(wanted, others, chosen)
    if allowed.may(Permission.NAMES):
        person.show_open()
with right:
    tray.present(chosen)
