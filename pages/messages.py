"""Messages: the list, and one message with everything that became of it."""

import math

import streamlit as st

from hsl.delivery import export, history, outbox, recurring
from hsl.models import MessageStatus
from pages.parts import asking, download, experiment, one_message, shell, show

PAGE = 20  # messages


def listing() -> None:
    head, action = st.columns([3, 1], vertical_alignment="bottom")
    head.title("Messages")
    with action.container(horizontal=True, horizontal_alignment="right"):
        write = st.button("Write a message", type="primary", icon=":material/edit_note:")
    if write:
        st.switch_page("pages/compose.py", query_params={})
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    words = left.text_input(
        "Search",
        key="q",
        type="search",
        placeholder="Text, group or number",
        bind="query-params",
        live=True,
    )
    statuses = right.pills(
        "State",
        [status.value for status in MessageStatus],
        selection_mode="multi",
        key="state",
        bind="query-params",
        format_func=lambda status: f"{show.SHAPES[status]} {status}",
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
            "No message fits. Take a filter away."
            if filtered
            else "No messages yet. Choose people on Audience, then write to them."
        )
        if not filtered and st.button("Choose people"):
            st.switch_page("pages/audience.py", query_params={})
    for message in found:
        show.message_row(message, shell.zone(), key="list")
    if total > PAGE:
        st.pagination(math.ceil(total / PAGE), key="messages-page")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{total:,} {'message' if total == 1 else 'messages'}")
        if total:
            download.menu(
                "Download these",
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
    go = "goes" if len(at_work) == 1 else "go"
    with st.expander(f"{len(at_work):,} {go} again and again", icon=":material/event_repeat:"):
        for rule in at_work:
            words, ahead, stop = st.columns([5, 3, 1], vertical_alignment="center")
            first = (rule.text.splitlines() or ["–"])[0][:60]
            words.text(f"{first}\n{rule.repeat.sentence()}, by {rule.author}")
            if rule.next_message_id is not None and rule.next_at is not None:
                number = rule.next_message_id
                when = show.moment(rule.next_at, shell.zone())
                ahead.markdown(f"Next: [message {number}](/messages?message={number}), {when}")
            if stop.button("Stop", key=f"stop-{rule.id}", icon=":material/stop:"):
                asking.open_dialog(f"stop-{rule.id}")
            if asking.is_open(f"stop-{rule.id}"):
                asking.confirm(
                    "Stop this rule?",
                    "No more messages are made by it, and the one it made ahead is cancelled.",
                    "Stop the rule",
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
    listing()
