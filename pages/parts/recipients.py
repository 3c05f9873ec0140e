"""The recipients of a message as a table: found by name, state and reason, and ticked."""

import math
from typing import Any

import pandas as pd
import streamlit as st

from hsl.acting import Permission
from hsl.delivery import export, history
from hsl.delivery.history import Message
from hsl.delivery.sums import reason_words
from hsl.models import DeliveryStatus, RecipientOrder
from hsl.words import N_, _
from pages.parts import addressed, allowed, download, shell, show, uncertain

PAGE = 50  # recipients
# Of the columns by their names in the code, in pixels, so that a narrow window scrolls the table
# instead of cutting its words.
WIDTHS = {
    "Person": 190,
    "Status": 130,
    "Reason": 215,
    "Time": 175,
    "Id": 110,
    "Version": 80,
    "Code": 65,
    "What Telegram said": 355,
}
ORDERS = {
    RecipientOrder.CHOSEN.value: N_("as they were chosen"),
    RecipientOrder.FIRST.value: N_("first sent first"),
    RecipientOrder.LAST.value: N_("last sent first"),
}


def show_recipients(message: Message) -> None:
    """The filters, the table, and what may be done with ticked rows. Raises ArchiveError."""
    if not allowed.or_says(Permission.NAMES):
        return
    number = message.id
    reasons = history.reasons(shell.engine(), number)
    words, chosen_status, chosen_reason, order = _filters(message, reasons)
    page = _page(number, (words, chosen_status, chosen_reason, order))
    table, total = history.recipients(
        shell.engine(),
        number,
        status=chosen_status or None,
        reason=chosen_reason or None,
        words=words,
        order=RecipientOrder(order),
        offset=(page - 1) * PAGE,
        limit=PAGE,
    )
    if not total:
        _nobody(bool(words or chosen_status or chosen_reason))
        return
    if table.empty:
        st.info(_("There is no such page of the list."))
        st.button(_("Show the first page"), on_click=_first_page)
        return
    decidable = chosen_status == DeliveryStatus.UNCERTAIN and message.archived_at is None
    ticked = _draw(_readable(table, message, with_reasons=bool(reasons)), table, ticking=decidable)
    if decidable:
        uncertain.show_for(message, ticked)
    if total > PAGE:
        st.pagination(max(math.ceil(total / PAGE), page), key="rows", bind="query-params")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("{count} of {total} recipients", count=total, total=message.closing.total))
        download.menu(
            _("Download all"),
            f"message-{number}-recipients",
            lambda form: export.recipients(shell.engine(), number, form),
        )


def _filters(message: Message, reasons: list[str]) -> tuple[str, str, str, str]:
    """What is searched for, the state, the reason and the order; all in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input(
            _("Search"), key="who", type="search", placeholder=_("Name, @username or id"),
            bind="query-params", live=show.LIVE, width=300,
        )  # fmt: skip
        statuses = ["", *[s.value for s in DeliveryStatus]]
        addressed.one("status", statuses)
        chosen_status = st.selectbox(
            _("Status"), statuses, key="status", width=156,
            format_func=lambda status: _status(status, message) if status else _("any"),
        )  # fmt: skip
        addressed.one("reason", ["", *reasons])
        chosen_reason = st.selectbox(
            _("Reason"), ["", *reasons], key="reason", width=156, disabled=not reasons,
            format_func=lambda why: reason_words(why) if why else _("any"),
        )  # fmt: skip
        addressed.one("order", list(ORDERS))
        order = st.selectbox(
            _("Order"), list(ORDERS), key="order", width=190,
            format_func=lambda order: _(ORDERS[order]),
        )  # fmt: skip
    return words or "", chosen_status or "", chosen_reason or "", order or ""


def _page(number: int, filters: tuple[str, ...]) -> int:
    """The page of the table that is shown; another filter begins at its own first one."""
    shown, now = st.session_state.get("rows-of"), (number, *filters)
    if shown is not None and shown != now and not addressed.is_new():
        st.session_state["rows"] = 1
        st.query_params.pop("rows", None)
    st.session_state["rows-of"] = now
    return addressed.sheet("rows")


def _nobody(filtered: bool) -> None:
    if not filtered:
        st.info(_("Nobody is chosen yet. The people are chosen when the message starts."))
        return
    st.info(_("None of the recipients fits."))
    st.button(_("Show all of them"), on_click=forget_filters)


def _first_page() -> None:
    st.session_state["rows"] = 1


def forget_filters() -> None:
    """Show all recipients again. Only before the filters are drawn, such as in a callback."""
    st.session_state.update({"who": "", "status": "", "reason": ""})


def _draw(shown: pd.DataFrame, table: pd.DataFrame, *, ticking: bool) -> tuple[int, ...]:
    """Draw the table; the ids of its ticked rows, where rows can be ticked."""
    heads = _heads()
    layout: dict[str, Any] = {
        "hide_index": True,
        "height": min(420, 60 + 36 * max(len(table), 1)),
        "column_config": {
            name: st.column_config.TextColumn(heads[name], width=width)
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


def _heads() -> dict[str, str]:
    return {
        "Person": _("Person"),
        "Status": _("Status"),
        "Reason": _("Reason"),
        "What Telegram said": _("What Telegram said"),
        "Time": _("Time"),
        "Id": _("Id"),
        "Version": _("Version"),
        "Code": _("Code"),
    }


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
        "Reason": table["reason"].map(lambda why: reason_words(why) if why else ""),
        "Time": table["sent_at"].map(lambda when: show.moment(when, zone) if when else ""),
        "Id": table["user_id"].astype(str),
        "Version": table["version"].map(lambda number: f"{number:.0f}" if number else ""),
        "Code": table["error_code"].map(lambda code: f"{code:.0f}" if code else ""),
        "What Telegram said": table["error_description"].fillna(""),
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
        return _(message.closing.done)
    return _(show.WORDS.get(status, status))


def _person(name: str | None, username: str | None, user_id: int) -> str:
    handle = f"@{username}" if username else ""
    return " ".join(part for part in (name, handle) if part) or str(user_id)
