"""Sources in Settings: what there is, what the last runs did, run now, add, change, remove."""

from html import escape
from pathlib import Path

import pandas as pd
import streamlit as st

from hsl import stored, table
from hsl.acting import Permission
from hsl.audience.sources import definitions, registry, runs
from hsl.audience.sources.errors import SourceError
from hsl.words import N_, _
from pages.parts import allowed, asking, download, shell, show, source_form

SAID = "source-said"  # an icon, and what the last action did; shown once
DONE, REFUSED = ":material/check:", ":material/error:"
# Here a button accepts the loss, where a terminal has a word for it.
ACCEPTABLE = N_("run it again and accept that.")


def section() -> None:
    """All sources, each with its last run and what can be done with it."""
    with show.line_with_action():
        st.header(_("Sources of people"), width="stretch")
        if allowed.button(_("Add a source"), Permission.MANAGE, icon=":material/add:"):
            source_form.begin()
            asking.open_dialog("source-add")
    st.caption(
        _(
            "People from where they are, again and again: a query on another database, or files. "
            "A place in a stream that is gone from a source gets the status “left”; nobody is "
            "deleted."
        )
    )
    said = st.session_state.pop(SAID, None)
    if said:
        icon, words = said
        st.toast(show.plain(words), icon=icon)
    sources = registry.listing(shell.engine())
    for source in sources:
        with st.container(border=True):
            _one(source)
    if not sources:
        st.html(f'<div class="hsl-dim">{escape(_("There are no sources yet."))}</div>')
    if asking.is_open("source-add"):
        asking.show(source_form.title(), source_form.body, wide=True)


def needs_you(source: registry.Source) -> None:
    """A line on Overview for a source whose last run failed."""
    with show.line_with_action():
        said = _("source {name}: {why}", name=source.name, why=_error(source.last_run))
        st.html(f"{show.state('failed', N_('not read'))} {escape(said)}")
        if st.button(_("Look at it"), key=f"need-source-{source.id}"):
            st.switch_page("pages/settings.py")


def _error(run: registry.Run | None) -> str:
    if run is None or run.error is None:
        return ""
    return stored.said(run.error.replace(registry.ACCEPTABLE, ACCEPTABLE))


def _one(source: registry.Source) -> None:
    left, right = st.columns([3, 2], vertical_alignment="center")
    with left.container(gap=None):
        st.html(
            f"<b>{escape(source.name)}</b> <span class='hsl-dim'>· "
            f"{escape(_where(source.definition))} · {_when(source)}</span>"
        )
        st.html(_last(source))
    with right.container(horizontal=True, horizontal_alignment="right"):
        run_now = allowed.button(
            _("Run now"),
            Permission.MANAGE,
            key=f"source-run-{source.id}",
            icon=":material/sync:",
            disabled=source.is_running,
        )
        with st.popover(_("More"), icon=":material/more_horiz:"):
            _more(source)
    last = source.last_run
    accept = bool(
        last is not None
        and last.is_shrunk
        and allowed.button(
            _("They have really left: take it"),
            Permission.MANAGE,
            key=f"source-accept-{source.id}",
        )
    )
    if run_now or accept:
        _run(source, accept)


def _where(definition: definitions.Definition) -> str:
    if definition.kind is definitions.Kind.SQL:
        return _("query on {address}", address=definition.address)
    if not any(sign in definition.address for sign in "*?["):
        return definition.address
    if definition.which is definitions.Which.ALL:
        return _("all files of {address}", address=definition.address)
    return _("the newest of {address}", address=definition.address)


def _when(source: registry.Source) -> str:
    minutes = source.definition.every_minutes
    if minutes is None:
        return _("by hand")
    every = show.duration(60 * minutes)
    if source.next_run_at is None:
        return escape(_("every {span}", span=every))
    return escape(_("every {span}, next {ago}", span=every, ago=show.ago(source.next_run_at)))


def _last(source: registry.Source) -> str:
    run = source.last_run
    if run is None:
        return f"<span class='hsl-dim'>{escape(_('It was never run.'))}</span>"
    if run.finished_at is None:
        words = _("It is being read now.") if source.is_running else _("Its process stopped.")
        return f"{show.state('sending')} {escape(words)}"
    exact = escape(show.moment(run.finished_at, shell.zone()))
    when = f"<span class='hsl-dim' title='{exact}'> · {show.ago(run.finished_at)}</span>"
    if run.error is not None:
        return f"{show.state('failed')} {escape(_error(run))}{when}"
    return f"{show.well(True)} {escape(run.sentence())}{when}"


def _run(source: registry.Source, accept: bool) -> None:
    # What the run says goes with it into the database, in English; here its name is enough.
    reading = show.plain(_("Reading {name} …", name=source.name))
    bar = st.progress(0.0, text=reading)
    try:
        done = runs.run(
            shell.engine(),
            source.name,
            settings=shell.settings(),
            actor=shell.author(),
            accept_shrink=accept,
            progress=lambda share, _stage: bar.progress(min(1.0, share), text=reading),
        )
        if done is not None:
            words = _("{name}: {what}.", name=source.name, what=done.sentence())
            st.session_state[SAID] = (DONE, words)
    except SourceError as error:
        st.session_state[SAID] = (REFUSED, stored.said(str(error)))
    st.rerun()


def _more(source: registry.Source) -> None:
    definition = source.definition
    if definition.query:
        st.code(definition.query, language="sql")
    if definition.mapping:
        st.dataframe(
            pd.DataFrame(
                {
                    _("Their column"): list(definition.mapping),
                    _("Ours"): [ours or _("left out") for ours in definition.mapping.values()],
                }
            ),
            hide_index=True,
        )
    told = [_row(run) for run in registry.runs(shell.engine(), source.id)]
    if told:
        st.dataframe(pd.DataFrame(told), hide_index=True, width="stretch")
        download.menu(
            _("Download the runs"),
            f"source-{source.id}-runs",
            lambda form: table.as_file(registry.exported_runs(shell.engine(), source.id), form),
        )
    last = source.last_run
    if last is not None and last.rejects_file:
        # They are people, whom a viewer may be kept from seeing.
        rows = registry.rejected_rows(last) if allowed.may(Permission.NAMES) else b""
        if rows or not allowed.may(Permission.NAMES):
            st.download_button(
                _("The rejected rows and why"),
                rows,
                file_name=Path(last.rejects_file).name,
                on_click="ignore",
                **allowed.greyed(Permission.NAMES, key=f"source-rejects-{source.id}"),
            )
    if allowed.button(
        _("Change"),
        Permission.MANAGE,
        key=f"source-change-{source.id}",
        icon=":material/edit:",
    ):
        source_form.begin(definition)
        asking.open_dialog("source-add")
        st.rerun()
    st.caption(_("Removing it leaves its people as they are."))
    if allowed.button(
        _("Remove"),
        Permission.MANAGE,
        key=f"source-remove-{source.id}",
        icon=":material/delete:",
    ):
        try:
            registry.remove(shell.engine(), source.name, actor=shell.author())
            words = _("{name} is removed; its people stay as they are.", name=source.name)
            st.session_state[SAID] = (DONE, words)
        except SourceError as error:
            st.session_state[SAID] = (REFUSED, stored.said(str(error)))
        st.rerun()


def _row(run: registry.Run) -> dict[str, object]:
    return {
        _("Began"): show.moment(run.started_at, shell.zone()),
        _("Seconds"): run.seconds and round(run.seconds, 1),
        _("Added"): run.added,
        _("Updated"): run.updated,
        _("Unchanged"): run.unchanged,
        _("Left"): run.left_streams,
        _("Rejected"): run.rejected,
        _("Why not"): _error(run),
    }
