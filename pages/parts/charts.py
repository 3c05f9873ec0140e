"""A figure on a page: its question, its chart, a summary, its numbers, files, and its people."""

from datetime import datetime
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from hsl import insights, table
from hsl.charts import ink, rows
from hsl.charts.figure import Figure
from hsl.charts.ink import Ink
from hsl.words import _
from pages.parts import behind, download, show


def shade() -> Ink:
    """The colours for the viewer's theme."""
    return ink.DARK if st.context.theme.type == "dark" else ink.LIGHT


def people(frame: pd.DataFrame, name: str) -> Any:
    """Numbers of people of each `name` as bars."""
    return rows.bars(frame, name, name, shade())


def draw(figure: Figure, chosen: insights.Filter, *, now: datetime) -> None:
    """The chart under its question, with a summary in words, its numbers, and its people.

    `now` is the moment that the figure is of.
    """
    if figure.small:
        st.markdown(f"**{figure.question}**")
    else:
        st.subheader(figure.question)
    if figure.numbers.empty:
        st.html(f'<div class="hsl-dim">{escape(figure.nothing)}</div>')
        return
    key = f"{figure.name}-{hash((figure.name, chosen)):x}"
    picked = st.altair_chart(
        figure.build(shade()),
        width="stretch",
        theme=None,
        key=key,
        on_select="rerun" if figure.door else "ignore",
        selection_mode=rows.MARK if figure.door else None,
        alt=f"{figure.question} {figure.summary}",
    )
    st.html(f'<div class="hsl-dim">{escape(figure.summary)}</div>')
    clicked = picked["selection"].get(rows.MARK, []) if figure.door else []  # type: ignore[index]
    wanted = str(clicked[0]["key"]) if clicked else None
    place = st.container()
    with st.expander(_("Numbers and files")):
        _numbers(figure)
        if figure.door and wanted is None:
            # The same by keyboard, for those who cannot click on a chart.
            wanted = st.selectbox(
                _("The people behind"),
                list(figure.marks),
                index=None,
                key=f"behind-{key}",
                format_func=lambda name: figure.marks[name],
                placeholder=_("Choose a mark"),
            )
    if wanted in figure.marks:
        with place, show.answered():
            behind.present(figure, chosen, wanted, now=now)


def _numbers(figure: Figure) -> None:
    shown = figure.numbers.drop(columns=["key", "kind"], errors="ignore")
    st.dataframe(shown, hide_index=True, column_config=FORMATS)
    download.files(
        figure.name,
        lambda: table.of_frame(shown),
        lambda: figure.build(ink.LIGHT),
        title=figure.question,
    )


def whole(words: str) -> Any:
    """A column of whole numbers."""
    return st.column_config.NumberColumn(words, format="localized")


def percent(words: str) -> Any:
    """A column of shares."""
    return st.column_config.NumberColumn(words, format="percent")


FORMATS = {
    "share": percent("share"),
    "low": percent("from (95 %)"),
    "high": percent("to (95 %)"),
    "block_share": percent("share who blocked"),
    "block_low": percent("from (95 %)"),
    "block_high": percent("to (95 %)"),
    "median": percent("median of earlier"),
    "small": st.column_config.CheckboxColumn("too few to say"),
    "block_small": None,
    "day": st.column_config.DateColumn("day", format="YYYY-MM-DD"),
    "month": st.column_config.DateColumn("month", format="YYYY-MM"),
    "started_at": st.column_config.DatetimeColumn("started (UTC)", format="YYYY-MM-DD HH:mm"),
    "message_id": st.column_config.NumberColumn("message", format="%d"),
    "words": "in words",
    **{
        name: whole(name)
        for name in ("tried", "delivered", "people", "reached", "reachable", "got", "blocked",
                     "failed", "part", "whole", "earlier")
    },
    "seconds_50": st.column_config.NumberColumn("half, seconds", format="%.1f"),
    "seconds_95": st.column_config.NumberColumn("95 %, seconds", format="%.1f"),
    "seconds_100": st.column_config.NumberColumn("all, seconds", format="%.1f"),
}  # fmt: skip
