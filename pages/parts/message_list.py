"""The list of messages, like an inbox: found by text, state, author and time, a door to each."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st

from hsl.acting import NotAllowedError, Permission
from hsl.audit import signed
from hsl.delivery import export, history, outbox, recurring
from hsl.delivery.history import Message
from hsl.models import MessageStatus
from hsl.words import _, plural
from pages.parts import (
    addressed,
    allowed,
    asking,
    download,
    experiment,
    message_row,
    result_filters,
    shell,
    show,
)

PAGE = 20  # messages
STATES = [status.value for status in MessageStatus]
# The list's and the calendar's, in the address.
OWN = ("q", "state", "period", "since", "to", "author", "sheet", "view", "month", "week")
RETURNS = "list-returns"  # True in the run that comes back from a message
LEFT = "list-address"  # what the address said of the list when a message was opened


@dataclass(frozen=True)
class Wanted:
    """What the filters choose; what is left out does not limit."""

    statuses: tuple[str, ...]
    words: str
    author: str
    since: datetime | None
    until: datetime | None

    @property
    def is_all(self) -> bool:
        """True where nothing limits."""
        return self == Wanted((), "", "", None, None)

    def named(self) -> dict[str, Any]:
        """As `history.listing` takes it."""
        return vars(self)


def present() -> None:
    """The filters and the messages that fit, a page at a time."""
    if st.session_state.pop(RETURNS, False):
        for name in ("period", "author"):
            addressed.take_up(name)
        st.session_state["state"] = st.query_params.get_all("state")
    note_left()
    wanted = _filters()
    _rules()
    experiment.listing()
    page = _page(wanted)
    found, total = history.listing(
        shell.engine(), **wanted.named(), offset=(page - 1) * PAGE, limit=PAGE
    )
    if not found:
        _nothing(wanted, total)
    with message_row.listed():
        for message in found:
            _row(message)
    if total > PAGE:
        st.pagination(max(math.ceil(total / PAGE), page), key="sheet", bind="query-params")
    if total:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(plural("{n} message", "{n} messages", total))
            download.menu(
                _("Download these"),
                "messages",
                lambda form: export.messages(shell.engine(), form, **wanted.named()),
            )


def note_left() -> None:
    """Keep what the address says of the list or the calendar, for the way back from a message."""
    st.session_state[LEFT] = {name: st.query_params.get_all(name) for name in st.query_params}


def go_back() -> None:
    """Leave a message for the list, or for the calendar, as it was left."""
    here = {name: st.query_params.get_all(name) for name in st.query_params}
    left = st.session_state.get(LEFT) or here
    st.query_params.from_dict({name: left[name] for name in OWN if name in left})
    st.session_state[RETURNS] = "view" not in left
    st.rerun()


def _filters() -> Wanted:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input(
            _("Search"), key="q", type="search", placeholder=_("Text, group or number"),
            bind="query-params", live=show.LIVE, width=300,
        )  # fmt: skip
        since, until = result_filters.period(result_filters.ANY_TIME)
        authors = ["", *history.authors(shell.engine())]
        addressed.one("author", authors)
        author = st.selectbox(
            _("Author"), authors, key="author", width=156,
            format_func=lambda name: name or _("anybody"),
        )  # fmt: skip
    chosen = addressed.several("state")
    st.session_state["state"] = [status for status in chosen if status in STATES]
    statuses = st.pills(
        _("State"), STATES, selection_mode="multi", key="state", label_visibility="collapsed",
        format_func=lambda status: f"{show.SHAPES[status]} {_(status)}",
    )  # fmt: skip
    return Wanted(tuple(statuses or ()), (words or "").strip(), author or "", since, until)


def _page(wanted: Wanted) -> int:
    """The page of the list that is shown; another filter begins at its own first one."""
    shown = st.session_state.get("sheet-of")
    if shown is not None and shown != wanted and not addressed.is_new():
        st.session_state["sheet"] = 1
        st.query_params.pop("sheet", None)
    st.session_state["sheet-of"] = wanted
    return addressed.sheet("sheet")


def _nothing(wanted: Wanted, total: int) -> None:
    if total:
        st.info(_("There is no such page of the list."))
        st.button(_("Show the first page"), on_click=_first_page)
    elif wanted.is_all:
        st.info(_("No messages yet. Choose people on Audience, then write to them."))
        if st.button(_("Choose people")):
            st.switch_page("pages/audience.py", query_params={})
    else:
        st.info(_("No message fits. Take a filter away."))
        st.button(_("Show all messages"), on_click=_show_all)


def _first_page() -> None:
    st.session_state["sheet"] = 1


def _show_all() -> None:
    st.session_state.update(
        {"q": "", "state": [], "author": "", "period": result_filters.ANY_TIME[0]}
    )


def _row(message: Message) -> None:
    def go() -> None:
        # The list's own part of the address stays, for the way back.
        st.query_params["message"] = str(message.id)
        st.rerun()

    message_row.draw(message, key="list", go=go)


def _rules() -> None:
    """What goes again and again, and how to stop it."""
    at_work = recurring.at_work(shell.engine())
    if not at_work:
        return
    head = plural("{n} goes again and again", "{n} go again and again", len(at_work))
    with st.expander(head, icon=":material/event_repeat:"):
        for rule in at_work:
            words, ahead, stop = st.columns([5, 3, 1], vertical_alignment="center")
            first = (rule.text.splitlines() or ["–"])[0][:60]
            by = _("{rule}, by {author}", rule=rule.repeat.sentence(), author=signed(rule.author))
            words.text(f"{first}\n{by}")
            if rule.next_message_id is not None and rule.next_at is not None:
                number = str(rule.next_message_id)
                ahead.markdown(
                    _(
                        "Next: [message {number}]({address}), {when}",
                        number=number,
                        address=f"/messages?message={number}",
                        when=show.moment(rule.next_at, shell.zone()),
                    )
                )
            look = {"key": f"stop-{rule.id}", "icon": ":material/stop:"}
            if stop.button(_("Stop"), **allowed.greyed(Permission.SEND, **look)):
                asking.open_dialog(f"stop-{rule.id}")
            if asking.is_open(f"stop-{rule.id}"):
                asking.confirm(
                    _("Stop this rule?"),
                    _("No more messages are made by it, and the one it made ahead is cancelled."),
                    _("Stop the rule"),
                    lambda rule=rule: _stop(rule.id),
                )


def _stop(rule_id: int) -> None:
    try:
        recurring.stop(shell.engine(), rule_id, actor=shell.author())
    except (outbox.OutboxError, NotAllowedError) as refused:
        st.error(show.plain(str(refused)))
        return
    st.rerun()
