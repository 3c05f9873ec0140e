"""The recipients of a message as a table: found by name, state and reason, and ticked."""

import math
from typing import Any

import pandas as pd
import streamlit as st

from hsl.delivery import export, history
from hsl.delivery.history import Message
from hsl.delivery.sums import REASON_WORDS
from hsl.models import DeliveryStatus
from pages.parts import download, shell, show, uncertain

PAGE = 50  # recipients
# Pixels, so that a narrow window scrolls the table instead of cutting its words.
WIDTHS = {
    "Person": 190,
    "Status": 115,
    "Reason": 165,
    "What Telegram said": 355,
    "Time": 175,
    "Id": 110,
    "Version": 80,
    "Code": 65,
}


def show_recipients(message: Message) -> None:
    """The filters, the table, and what may be done with ticked rows. Raises ArchiveError."""
    number = message.id
    reasons = history.reasons(shell.engine(), number)
    search, status, reason = st.columns([3, 2, 2])
    words = search.text_input(
        "Search", key="who", type="search", placeholder="Name, @username or id",
        bind="query-params", live=True,
    )  # fmt: skip
    chosen_status = status.selectbox(
        "Status", ["", *[s.value for s in DeliveryStatus]], key="status", bind="query-params",
        format_func=lambda status: _status(status, message) or "any",
    )  # fmt: skip
    chosen_reason = reason.selectbox(
        "Reason", ["", *reasons], key="reason",
        format_func=lambda why: REASON_WORDS.get(why, why) or "any",
    )  # fmt: skip
    # Another filter begins at its own first page.
    pages = f"recipients-{number}-{chosen_status}-{chosen_reason}-{words}"
    page = st.session_state.get(pages, 1)
    table, total = history.recipients(
        shell.engine(),
        number,
        status=chosen_status or None,
        reason=chosen_reason or None,
        words=words or "",
        offset=(page - 1) * PAGE,
        limit=PAGE,
    )
    decidable = chosen_status == DeliveryStatus.UNCERTAIN and message.archived_at is None
    ticking = decidable and not table.empty
    ticked = _draw(_readable(table, message, with_reasons=bool(reasons)), table, ticking=ticking)
    if ticking:
        uncertain.show_for(message, ticked)
    if total > PAGE:
        st.pagination(math.ceil(total / PAGE), key=pages)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{total:,} of {message.closing.total:,} recipients")
        download.menu(
            "Download all",
            f"message-{number}-recipients",
            lambda form: export.recipients(shell.engine(), number, form),
        )


def _draw(shown: pd.DataFrame, table: pd.DataFrame, *, ticking: bool) -> tuple[int, ...]:
    """Draw the table; the ids of its ticked rows, where rows can be ticked."""
    layout: dict[str, Any] = {
        "hide_index": True,
        "height": min(420, 60 + 36 * max(len(table), 1)),
        "column_config": {
            name: st.column_config.TextColumn(width=width)
            for name, width in WIDTHS.items()
            if name in shown
        },
    }
    if not ticking:
        st.dataframe(shown, **layout)
        return ()
    ids = [int(number) for number in table["user_id"]]
    event = st.dataframe(
        shown,
        # Ticks belong to these rows: others begin without any.
        key=f"uncertain-{ids[0]}-{ids[-1]}-{len(ids)}",
        on_select="rerun",
        selection_mode="multi-row",
        **layout,
    )
    return tuple(ids[place] for place in event.selection.rows if place < len(ids))


def _readable(table: pd.DataFrame, message: Message, *, with_reasons: bool) -> pd.DataFrame:
    zone = shell.zone()
    table = table.astype(object).where(table.notna(), None)
    columns = {
        "Person": [
            _person(row.first_name, row.username, row.user_id) for row in table.itertuples()
        ],
        "Status": table["delivery_status"].map(
            lambda status: f"{show.SHAPES[status]} {_status(status, message)}"
        ),
        "Reason": table["reason"].map(lambda why: REASON_WORDS.get(why, why) if why else ""),
        "What Telegram said": table["error_description"].fillna(""),
        "Time": table["sent_at"].map(lambda when: show.moment(when, zone) if when else ""),
        "Id": table["user_id"].astype(str),
        "Version": table["version"].map(lambda number: f"{number:.0f}" if number else ""),
        "Code": table["error_code"].map(lambda code: f"{code:.0f}" if code else ""),
    }
    if not with_reasons:
        for name in ("Reason", "What Telegram said", "Code"):
            del columns[name]
    if message.version == 1:
        del columns["Version"]
    return pd.DataFrame(columns)


def _status(status: str, message: Message) -> str:
    """Its word; what a run has done in a chat is edited or deleted there, and not sent."""
    if status == DeliveryStatus.SENT:
        return message.closing.done
    return show.WORDS.get(status, status)


def _person(name: str | None, username: str | None, user_id: int) -> str:
    handle = f"@{username}" if username else ""
    return " ".join(part for part in (name, handle) if part) or str(user_id)
