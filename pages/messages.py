"""Messages: the list, and one message with everything that became of it."""

import math

import streamlit as st

from hsl.delivery import export, history, outbox, recurring
from hsl.models import MessageStatus
from hsl.words import N_, _, plural
from pages.parts import asking, calendar, download, experiment, one_message, shell, show

PAGE = 20  # messages
VIEWS = {"list": N_("List"), "calendar": N_("Calendar")}


def overview() -> None:
    """All messages, as a list or as a calendar, by the address."""
    head, action = st.columns([3, 1], vertical_alignment="bottom")
    head.title(_("Messages"))
    with action.container(horizontal=True, horizontal_alignment="right"):
        write = st.button(_("Write a message"), type="primary", icon=":material/edit_note:")
    if write:
        st.switch_page("pages/compose.py", query_params={})
    now = st.query_params.get("view", "list")
    now = now if now in VIEWS else "list"
    view = st.segmented_control(
        _("View"),
        list(VIEWS),
        default=now,
        required=True,
        format_func=lambda view: _(VIEWS[view]),
        key=f"messages-view-{now}",
        label_visibility="collapsed",
    )
    if view != now:
        st.query_params.from_dict({} if view == "list" else {"view": "calendar"})
        st.rerun()
    if now == "calendar":
        calendar.present()
    else:
        listing()


def listing() -> None:
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    words = left.text_input(
        _("Search"),
        key="q",
        type="search",
        placeholder=_("Text, group or number"),
        bind="query-params",
        live=True,
    )
    statuses = right.pills(
        _("State"),
        [status.value for status in MessageStatus],
        selection_mode="multi",
        key="state",
        bind="query-params",
        format_func=lambda status: f"{show.SHAPES[status]} {_(show.WORDS[status])}",
    )
    rules()
    experiment.listing()
    page = st.session_state.get("messages-page", 1)
    found, total = history.listing(
        shell.engine(),
        statuses=tuple(statuses or ()),
        words=words or "",
        offset=(page - 1) * PAGE,
        limit=PAGE,
    )
    if not total:
        filtered = bool(words or statuses)
        st.info(
            _("No message fits. Take a filter away.")
            if filtered
            else _("No messages yet. Choose people on Audience, then write to them.")
        )
        if not filtered and st.button(_("Choose people")):
            st.switch_page("pages/audience.py", query_params={})
    for message in found:
        show.message_row(message, shell.zone(), key="list")
    if total > PAGE:
        st.pagination(math.ceil(total / PAGE), key="messages-page")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(plural("{n} message", "{n} messages", total))
        if total:
            download.menu(
                _("Download these"),
                "messages",
                lambda form: export.messages(
                    shell.engine(), form, statuses=tuple(statuses or ()), words=words or ""
                ),
            )


def rules() -> None:
    """What goes again and again, and how to stop it."""
    at_work = recurring.at_work(shell.engine())
    if not at_work:
        return
    label = plural("{n} goes again and again", "{n} go again and again", len(at_work))
    with st.expander(label, icon=":material/event_repeat:"):
        for rule in at_work:
            what, ahead, stop = st.columns([5, 3, 1], vertical_alignment="center")
            first = (rule.text.splitlines() or ["–"])[0][:60]
            by = _("{rule}, by {author}", rule=rule.repeat.sentence(), author=rule.author)
            what.text(f"{first}\n{by}")
            if rule.next_message_id is not None and rule.next_at is not None:
                number = str(rule.next_message_id)
                when = show.moment(rule.next_at, shell.zone())
                ahead.markdown(
                    _(
                        "Next: [message {number}](/messages?message={number}), {when}",
                        number=number,
                        when=when,
                    )
                )
            if stop.button(_("Stop"), key=f"stop-{rule.id}", icon=":material/stop:"):
                asking.open_dialog(f"stop-{rule.id}")
            if asking.is_open(f"stop-{rule.id}"):
                asking.confirm(
                    _("Stop this rule?"),
                    _("No more messages are made by it, and the one it made ahead is cancelled."),
                    _("Stop the rule"),
                    lambda rule=rule: stop_rule(rule.id),
                )


def stop_rule(rule_id: int) -> None:
    try:
        recurring.stop(shell.engine(), rule_id, actor=shell.author())
    except outbox.OutboxError as refused:
        st.error(show.plain(str(refused)))
        return
    st.rerun()


wanted = st.query_params.get("message", "")
compared = st.query_params.get("experiment", "")
if wanted.isdigit():
    one_message.show_one(int(wanted))
elif compared.isdigit():
    experiment.show_one(int(compared))
else:
    overview()
