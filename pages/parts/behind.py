"""The people behind a mark of a chart, each set of them a way to Audience with them chosen."""

from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

import streamlit as st

from hsl import insights
from hsl.acting import Permission
from hsl.audience import keeping, segments, selection
from hsl.audience.cohort import Cohort
from hsl.audience.segments import SegmentError
from hsl.charts.figure import Figure
from hsl.words import _
from pages.parts import allowed, opened_marks, shell, show


def present(figure: Figure, chosen: insights.Filter, key: str, *, now: datetime) -> None:
    """The sets of people behind the mark of this key; `now` is the moment of the figure."""
    named = figure.marks.get(key, key)
    mark = insights.Mark(figure.door or "", chosen, shell.zone(), key, now)
    with st.container(border=True):
        with show.line_with_action():
            st.text(named, width="stretch")
            st.button(
                "",
                icon=":material/close:",
                help=_("Close"),
                key=f"close-{figure.name}",
                type="tertiary",
                on_click=opened_marks.close,
                args=(figure.name,),
            )
        doors = _doors(mark.figure, chosen, mark.zone.key, key, now, shell.store().loaded_at)
        if not doors:
            nobody = escape(_("Nobody stands behind this mark."))
            st.html(f'<div class="hsl-dim">{nobody}</div>')
        with st.container(horizontal=True, vertical_alignment="center"):
            for place, door in enumerate(doors):
                label = f"{door.words} ({named})"
                if door.cohort is None:
                    _keep(mark, door, label, key=f"door-{figure.name}-{place}")
                elif allowed.button(
                    _choose_words(door),
                    Permission.WRITE,
                    key=f"door-{figure.name}-{place}",
                    icon=":material/groups:",
                ):
                    _choose(door.cohort, label)


@st.cache_data(max_entries=20, show_spinner=False)
def _doors(
    figure: str, chosen: insights.Filter, zone: str, key: str, now: datetime, loaded_at: datetime
) -> list[insights.Door]:
    mark = insights.Mark(figure, chosen, ZoneInfo(zone), key, now)
    return insights.people_behind(shell.store(), mark)


def _choose_words(door: insights.Door) -> str:
    return _("Choose the {count} {whom}", count=door.people, whom=_(door.words))


def _choose(cohort: Cohort, label: str) -> None:
    if not selection.add(shell.engine(), shell.author(), cohort, label):
        st.toast(_("These people are in your selection already."))
    st.switch_page("pages/audience.py", query_params={})


def _keep(mark: insights.Mark, door: insights.Door, label: str, *, key: str) -> None:
    """For more people than a selection names: a form that keeps them as a segment first."""
    spot = allowed.popover(_choose_words(door), Permission.WRITE, icon=":material/groups:", key=key)
    if spot is None:
        return
    with spot:
        st.caption(
            _(
                "They are too many to be chosen by name. Keep them as a segment: it holds the "
                "people of this moment, and is added to your selection."
            )
        )
        name = st.text_input(_("Name"), keeping.free_name(shell.engine(), label), key=f"{key}-name")
        if not st.button(_("Keep and choose them"), key=f"{key}-keep", type="primary"):
            return
        with st.spinner(_("Keeping {people} …", people=show.people(door.people))):
            try:
                kept = keeping.keep(
                    shell.engine(),
                    name=name or "",
                    owner=shell.author(),
                    ids=insights.ids_behind(shell.store(), mark, door.words),
                    description=label,
                )
            except SegmentError as refused:
                st.error(show.plain(str(refused)))
                return
        found = segments.by_name(kept.name)
        _choose(found, found.english())
