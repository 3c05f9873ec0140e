"""A figure on a page: its question, its chart, a summary, its numbers, files, and its people."""

from datetime import datetime
from html import escape
from typing import Any

import streamlit as st

from hsl import insights, table
from hsl.charts import ink, rows
from hsl.charts.figure import Figure
from hsl.words import _, plural
from pages.parts import behind, download, drawn, opened_marks, show


def draw(figure: Figure, chosen: insights.Filter, *, now: datetime, level: int = 2) -> None:
    """The chart under its question, with a summary in words, its numbers, and its people.

    `now` is the moment that the figure is of; `level` is that of its heading.
    """
    if figure.small or level > 2:
        st.subheader(figure.question)
    else:
        st.header(figure.question)
    if figure.numbers.empty:
        st.html(f'<div class="hsl-dim">{escape(_(figure.nothing))}</div>')
        return
    key = f"{figure.name}-{hash((figure.name, chosen)):x}"
    picked = drawn.chart(
        figure.name,
        (figure.question, figure.summary, dict(figure.marks), figure.numbers),
        figure.build,
        key=key,
        on_select="rerun" if figure.door else "ignore",
        selection_mode=rows.MARK if figure.door else None,
        alt=" ".join(
            (
                figure.question,
                figure.summary,
                plural(
                    "Its table has {n} line; see “Numbers and files”.",
                    "Its table has {n} lines; see “Numbers and files”.",
                    len(figure.numbers),
                ),
            )
        ),
    )
    st.html(f'<div class="hsl-dim">{escape(figure.summary)}</div>')
    clicked = picked["selection"].get(rows.MARK, []) if figure.door else []
    if figure.door:
        opened_marks.follow(figure.name, key, str(clicked[0]["key"]) if clicked else None)
    wanted = opened_marks.of(figure.name) if figure.door else None
    if wanted in figure.marks:
        with show.answered():
            behind.present(figure, chosen, wanted, now=now)
    with st.expander(_("Numbers and files")):
        _numbers(figure)
        if figure.door and wanted not in figure.marks:
            _choose_mark(figure, f"behind-{key}")


def _choose_mark(figure: Figure, key: str) -> None:
    """The same by keyboard, for those who cannot click on a chart."""
    st.selectbox(
        _("The people behind"),
        list(figure.marks),
        index=None,
        key=key,
        format_func=lambda name: figure.marks[name],
        placeholder=_("Choose a mark"),
        on_change=lambda: opened_marks.open_one(figure.name, st.session_state[key]),
    )


def _numbers(figure: Figure) -> None:
    shown = figure.numbers.drop(columns=["key", "kind"], errors="ignore")
    # Above the table, which is drawn late and would push them away from under a press.
    download.files(
        figure.name,
        lambda: table.of_frame(shown),
        lambda: figure.build(ink.LIGHT),
        title=figure.question,
    )
    st.dataframe(shown, hide_index=True, column_config=formats())


def whole(words: str) -> Any:
    """A column of whole numbers."""
    return st.column_config.NumberColumn(words, format="localized")


def percent(words: str) -> Any:
    """A column of shares."""
    return st.column_config.NumberColumn(words, format="percent")


def formats() -> dict[str, Any]:
    """How the columns of figures are headed and written, in the viewer's language."""
    words = {
        "tried": _("tried"),
        "delivered": _("delivered"),
        "people": _("people"),
        "reached": _("reached"),
        "reachable": _("reachable"),
        "got": _("got it"),
        "blocked": _("blocked"),
        "failed": _("failed"),
        "part": _("part"),
        "whole": _("whole"),
        "earlier": _("earlier messages"),
        "chosen": _("chosen"),
        "weekday": _("weekday (0: Monday)"),
        "hour": _("hour"),
        "week": _("weeks since"),
        "of": _("of"),
    }
    shares = {
        "share": _("share"),
        "low": _("from (95 %)"),
        "high": _("to (95 %)"),
        "block_share": _("share who blocked"),
        "block_low": _("from (95 %)"),
        "block_high": _("to (95 %)"),
        "median": _("median of earlier"),
    }
    seconds = {
        "seconds_50": _("half, seconds"),
        "seconds_95": _("95 %, seconds"),
        "seconds_100": _("all, seconds"),
    }
    column = st.column_config
    return {
        **{name: whole(said) for name, said in words.items()},
        **{name: percent(said) for name, said in shares.items()},
        **{name: column.NumberColumn(said, format="%.1f") for name, said in seconds.items()},
        "small": column.CheckboxColumn(_("too few to say")),
        "block_small": None,
        "day": column.DateColumn(_("day"), format="YYYY-MM-DD"),
        "month": column.DateColumn(_("month"), format="YYYY-MM"),
        "started_at": column.DatetimeColumn(_("started (UTC)"), format="YYYY-MM-DD HH:mm"),
        "message_id": column.NumberColumn(_("message"), format="%d"),
        "words": _("in words"),
        "reason": _("reason"),
        "stream": _("stream"),
        "title": _("message"),
        "step": _("step"),
        "messages": _("messages a person"),
        "load": _("in words"),
        "arm": _("arm"),
    }
