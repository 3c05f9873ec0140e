"""Audience: find people, see how many they are, and choose them."""

import math
import tempfile
from datetime import date
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from hsl.audience import export, importer, selection
from hsl.audience.cohort import Audience, Cohort
from pages.parts import charts, download, people_table, shell, show

PAGE = 50  # rows


@st.fragment(run_every=30)
def age_of_index() -> None:
    index = shell.people()
    if st.session_state["index-read"] != index.loaded_at:
        st.rerun(scope="app")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{index.people:,} people, as of {show.ago(index.loaded_at)}")
        if st.button("Refresh", type="tertiary", icon=":material/refresh:"):
            index.refresh()
            st.rerun(scope="app")


def bring_people_in() -> None:
    st.write("CSV, Parquet, Excel or JSON lines, with a column user_id.")
    file = st.file_uploader(
        "File", type=["csv", "tsv", "txt", "parquet", "xlsx", "jsonl", "ndjson"]
    )
    if file is not None and st.button("Import", type="primary"):
        st.session_state["imported"] = import_people(file)
    report = st.session_state.get("imported")
    if isinstance(report, str):
        st.error(report)
    elif report is not None:
        st.success(
            f"{report.added:,} added, {report.updated:,} updated, "
            f"{report.unchanged:,} unchanged, {report.rejected:,} rejected."
        )
        if report.rejects_file is not None:
            st.download_button(
                "The rejected rows and why",
                report.rejects_file.read_bytes(),
                file_name=report.rejects_file.name,
                on_click="ignore",
            )


def import_people(file: UploadedFile) -> importer.ImportReport | str:
    """The import's report, or why the file was refused."""
    bar = st.progress(0.0)
    with tempfile.TemporaryDirectory() as folder:
        # The name decides the format; a path in it must not decide the place.
        path = Path(folder) / Path(file.name).name
        path.write_bytes(file.getbuffer())
        try:
            return importer.import_file(
                shell.engine(),
                path,
                actor=shell.author(),
                rejects_dir=shell.settings().data_dir,
                progress=lambda share, stage: bar.progress(share, text=stage),
            )
        except importer.ImportRefused as refused:
            return f"Nothing was changed. {refused}"


def filters() -> Cohort:
    facets = shell.people().facets
    words = st.text_input(
        "Search",
        key="q",
        type="search",
        placeholder="Name, @username or id",
        bind="query-params",
        live=True,
    )
    streams = st.multiselect(
        "Streams",
        list(facets.streams),
        key="stream",
        bind="query-params",
    )
    match = "any"
    if len(streams) > 1:
        match = st.segmented_control(
            "Joined",
            ["any", "all"],
            default="any",
            required=True,
            key="match",
            bind="query-params",
            format_func=lambda way: {"any": "in any of them", "all": "in all of them"}[way],
        )
    outside = st.checkbox(
        f"Not enrolled ({facets.not_enrolled:,})", key="outside", bind="query-params"
    )
    with st.expander("More conditions"):
        languages = st.multiselect(
            "Language", list(facets.languages), key="language", bind="query-params"
        )
        reachable = st.selectbox(
            "Reachable",
            ["either", "reachable", "unreachable"],
            key="reach",
            bind="query-params",
        )
        since = st.date_input("Registered from", None, key="from", bind="query-params")
        until = st.date_input("Registered until", None, key="until", bind="query-params")
        attributes = {
            name: tuple(chosen)
            for name, values in facets.attributes.items()
            if (
                chosen := st.multiselect(
                    show.plain(name.capitalize()),
                    list(values),
                    key=f"a.{name}",
                    bind="query-params",
                )
            )
        }
    cohort = Cohort(
        search=words or "",
        streams=tuple(streams),
        match="all" if match == "all" else "any",
        not_enrolled=outside,
        languages=tuple(languages),
        reachable={"reachable": True, "unreachable": False}.get(reachable),
        registered_from=since if isinstance(since, date) else None,
        registered_to=until if isinstance(until, date) else None,
        attributes=attributes,
    )
    return Cohort(everyone=True) if cohort.is_empty else cohort


def result(cohort: Cohort, chosen: Audience) -> None:
    index = shell.people()
    found = index.count(cohort)
    head, add = st.columns([2, 3], vertical_alignment="center")
    head.metric("People found", show.number(found.people))
    head.caption(f"{found.unreachable:,} of them unreachable")
    with add.container(horizontal=True, horizontal_alignment="right"):
        if st.button(f"Add these {found.people:,} people", disabled=not found.people):
            new = selection.add(shell.engine(), shell.author(), cohort, cohort.sentence())
            if not new:
                st.toast("These people are in your selection already.")
            st.rerun()
    if not found.people:
        st.info("Nobody fits. Take a filter away, or search for fewer letters.")
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
    if st.button("Clear", type="tertiary", icon=":material/delete:"):
        selection.clear(shell.engine(), shell.author())
        st.rerun()


chosen_now = selection.audience(shell.engine(), shell.author())
count = shell.people().count(chosen_now).people
title, actions = st.columns([2, 3], vertical_alignment="bottom")
title.title("Audience")
with actions.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
    with st.popover("Import people", icon=":material/upload_file:"):
        bring_people_in()
    words = f"Write to {count:,} people" if count else "Choose people to write to"
    if st.button(words, type="primary", disabled=not count, icon=":material/edit_note:"):
        st.switch_page("pages/compose.py", query_params={"to": "selection"})
st.session_state["index-read"] = shell.people().loaded_at
age_of_index()
if shell.people().people == 0:
    st.info("There are no people yet. Use “Import people” above, or `python -m hsl import FILE`.")
    st.stop()
side, middle, right = st.columns([3, 7, 3], gap="large")
with side:
    wanted = filters()
with middle:
    result(wanted, chosen_now)
with right:
    tray(chosen_now)
