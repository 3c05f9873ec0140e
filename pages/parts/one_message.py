"""One message: its state and actions, live progress, recipients, content and timeline."""

from collections.abc import Callable
from datetime import datetime
from html import escape

import streamlit as st

from hsl import dispatch
from hsl.archive import ArchiveError, catalogue
from hsl.audience import policy
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import changes, history, outbox, recurring, steering, texts
from hsl.delivery.history import Message
from hsl.delivery.sums import REASON_WORDS
from hsl.message import drafts
from hsl.message.content import Content
from hsl.models import Action, AudienceMode, MessageStatus
from pages.parts import (
    asking,
    doing,
    message_result,
    message_story,
    recipients,
    shell,
    show,
    templates,
    uncertain,
)

LIVE = {MessageStatus.SENDING, MessageStatus.SCHEDULED}
TABS = ["Recipients", "Result", "Content", "Timeline"]


def show_one(message_id: int) -> None:
    """The whole page of one message."""
    message = history.one(shell.engine(), message_id)
    if st.button("All messages", type="tertiary", icon=":material/arrow_back:"):
        st.query_params.clear()
        st.rerun()
    if message is None:
        st.info(f"There is no message {message_id}.")
        return
    st.html(f"<h1 class='hsl-title'>{escape(message.title)}</h1>")
    # A fragment that is not called with an interval any more stops asking.
    st.fragment(_live, run_every=1 if message.status in LIVE else None)(message_id)
    if asking.is_open("cancel"):
        _ask_to_cancel(message)
    if asking.is_open("retry"):
        asking.show("Try the failed again", lambda: _ask_to_retry(message))
    if asking.is_open("delete"):
        _ask_to_delete(message)
    uncertain.ask_to_send_again(message)
    templates.ask_to_keep(message)
    tab = st.segmented_control(
        "View", TABS, default=TABS[0], required=True, key="tab", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    try:
        _show(tab, message)
    except ArchiveError as fault:
        st.error(show.plain(str(fault)))


def _show(tab: str | None, message: Message) -> None:
    if tab == "Result":
        message_result.present(message)
    elif tab == "Content":
        message_story.show_content(message)
    elif tab == "Timeline":
        message_story.show_timeline(message)
    else:
        recipients.show_recipients(message)


def _live(message_id: int) -> None:
    message = history.one(shell.engine(), message_id)
    if message is None:
        return
    before = st.session_state.setdefault(f"status-{message_id}", message.status)
    if before != message.status:
        st.session_state[f"status-{message_id}"] = message.status
        st.rerun(scope="app")
    _head(message)
    waiting = f"{message.audience_at_creation:,} people when it was made"
    st.html(show.closing_bar(message.closing, empty=waiting))
    if message.left_out:
        st.caption(f"Beside them: {show.plain(policy.sentence(message.left_out))}")
    if message.experiment_id is not None:
        number = message.experiment_id
        st.markdown(
            f"Arm {show.plain(message.arm or '')} of "
            f"[experiment {number}](/messages?experiment={number})"
        )
    if message.status == MessageStatus.SENDING:
        progress = history.progress(shell.engine(), message_id)
        left = progress["seconds_left"]
        words = f"{progress['percent']:.1f} % · {progress['rate']:.1f} a second"
        st.progress(
            min(1.0, (progress["percent"] or 0.0) / 100),
            text=words + (f" · {show.duration(left)} left" if left is not None else ""),
        )
    rule = recurring.of_message(shell.engine(), message_id)
    if rule is not None:
        ended = f" ({rule.stopped_reason})" if rule.stopped_reason else ""
        st.caption(f"By a rule: {rule.repeat.sentence()}{ended}")
    asleep = history.asleep(shell.engine(), message_id) if message.keep_quiet else 0
    if asleep:
        st.caption(f"{asleep:,} of them sleep now; they get it in their morning.")
    if message.version > 1:
        st.caption(
            f"Its text is version {message.version}; Content has them all, and who got which."
        )
    for run in history.runs(shell.engine(), message_id) if message.started_at else []:
        what = "Edited in" if run.action is Action.EDIT else "Deleted from"
        st.markdown(
            f"{what} {run.closing.sent:,} of {run.closing.total:,} chats by "
            f"[message {run.id}](/messages?message={run.id})"
        )
    if message.target_message_id is not None:
        target = message.target_message_id
        st.markdown(f"It changes [message {target}](/messages?message={target})")
    if message.archived_at is not None:
        _archived(message, message.archived_at)
        return
    _actions(message)
    if message.closing.uncertain:
        uncertain.show_uncertain(message)


def _archived(message: Message, since: datetime) -> None:
    """What an archived message can still be asked, and how to get the rest back."""
    month = catalogue.month_of(message.started_at or since)
    st.caption(
        f"Archived {show.ago(since)}: its recipients are read from a file, and nothing about them "
        "can change. To try the failed again, edit or delete it, or write to those who got it, "
        f"the operator brings them back by `python -m hsl archive --restore {month}`."
    )


def _head(message: Message) -> None:
    zone = shell.zone()
    times = [("made", message.created_at)]
    if message.status == MessageStatus.SCHEDULED or message.scheduled_at > message.created_at:
        times.append(("scheduled for", message.scheduled_at))
    times += [
        (w, t) for w, t in (("started", message.started_at), ("finished", message.finished_at)) if t
    ]
    facts = " · ".join(
        f'{word} <span title="{escape(show.ago(when))}">{escape(show.moment(when, zone))}</span>'
        for word, when in times
    )
    reason = f" – {escape(message.status_reason)}" if message.status_reason else ""
    st.html(
        f"{show.test_mark(message)}{show.message_state(message)}{reason} "
        f"<span class='hsl-dim'> · to {escape(message.to)}"
        f" · by {escape(message.author)} · {facts}</span>"
    )
    if message.audience_mode == AudienceMode.LIVE:
        made, now = message.audience_at_creation, message.closing.total
        st.caption(
            f"Goes to the group as it is when it starts; it had {made:,} people when it was made."
            if message.started_at is None
            else f"{now:,} people when it started, {made:,} when it was made."
        )


def _actions(message: Message) -> None:
    status, actor, engine = message.status, shell.author(), shell.engine()
    number = message.id
    with st.container(horizontal=True):
        if status in LIVE and st.button("Pause", icon=":material/pause:"):
            doing.do(lambda: steering.pause(engine, number, actor=actor))
        if status == MessageStatus.PAUSED and st.button("Resume", icon=":material/play_arrow:"):
            doing.do(lambda: steering.resume(engine, number, actor=actor))
        if status in {*LIVE, MessageStatus.PAUSED} and st.button("Cancel", icon=":material/block:"):
            asking.open_dialog("cancel")
            st.rerun(scope="app")
        ended = status in {MessageStatus.SENT, MessageStatus.FAILED}
        if ended and message.closing.failed:
            words = f"Try the {message.closing.failed:,} failed again"
            if st.button(words, icon=":material/replay:"):
                asking.open_dialog("retry")
                st.rerun(scope="app")
        if message.action is Action.SEND:
            if not message.is_test:
                _more_actions(message)
            templates.offer(message)


def _more_actions(message: Message) -> None:
    """What can be done about the text, in the chats, and next, with the message in its row."""
    started = message.started_at is not None
    if message.status in {MessageStatus.SCHEDULED, MessageStatus.PAUSED}:
        words = "Edit for those still to come" if started else "Edit"
        if st.button(words, icon=":material/edit:"):
            audience = (
                Audience(include=(Cohort(missed_message=message.id),))
                if started or message.audience is None
                else Audience.model_validate(message.audience)
            )
            _edit(message, audience, in_chats=False)
    at_rest = started and message.status not in LIVE
    if at_rest and message.closing.sent:
        if st.button("Edit it in the chats", icon=":material/edit_note:"):
            _edit(message, Audience(include=(Cohort(got_message=message.id),)), in_chats=True)
        if changes.may_be_deletable(message.started_at) and st.button(
            "Delete it from the chats", icon=":material/delete:"
        ):
            asking.open_dialog("delete")
            st.rerun(scope="app")
    _follow_ups(message, started)


def _edit(message: Message, audience: Audience, *, in_chats: bool) -> None:
    draft = drafts.start(
        shell.engine(),
        shell.author(),
        content=(texts.standing(shell.engine(), message.id) if in_chats else None)
        or message.content,
        audience=audience.model_dump(mode="json"),
        edits_message_id=message.id,
        plan={"in_chats": in_chats},
    )
    st.switch_page("pages/compose.py", query_params={"draft": str(draft.id)})


def _follow_ups(message: Message, started: bool) -> None:
    if started and message.missed:
        words = f"Write to the {message.missed:,} who did not get it"
        if st.button(words, icon=":material/forward_to_inbox:"):
            _follow_up(message, Cohort(missed_message=message.id), message.content)
    if started and message.got:
        words = f"Write to the {message.got:,} who got it"
        if st.button(words, icon=":material/reply_all:"):
            _follow_up(message, Cohort(got_message=message.id), Content())


def _ask_to_delete(message: Message) -> None:
    people = changes.deletable(shell.engine(), message.id)
    asking.confirm(
        "Delete this message from the chats?",
        f"It goes from {people:,} chats, for good. Telegram allows that for 48 hours after it "
        "was sent. People may have read it already.",
        f"Delete it from {people:,} chats",
        lambda: _go_to_run(
            lambda: changes.delete_sent(shell.engine(), message.id, actor=shell.author())
        ),
    )


def _go_to_run(begin: Callable[[], int]) -> None:
    try:
        number = begin()
    except outbox.OutboxError as refused:
        st.error(show.plain(str(refused)))
        return
    st.query_params["message"] = str(number)
    st.rerun(scope="app")


def _ask_to_cancel(message: Message) -> None:
    people = message.closing.not_tried or message.audience_at_creation
    what_happens = (
        f"{show.people(people)} will not get it. Those who got it keep it."
        if message.action is Action.SEND
        else f"{people:,} chats stay as they are. What is changed already stays changed."
    )
    asking.confirm(
        "Cancel this message?",
        what_happens,
        "Cancel the message",
        lambda: doing.do(lambda: steering.cancel(shell.engine(), message.id, actor=shell.author())),
    )


def _ask_to_retry(message: Message) -> None:
    """Which of the failed are tried again, chosen by their reasons."""
    people = message.closing.failed_by_reason
    chosen = st.multiselect(
        "Those who failed because",
        list(people),
        default=list(people),
        format_func=lambda why: f"{REASON_WORDS.get(why, why)} ({people[why]:,})",
        key="retry-reasons",
    )
    total = sum(people[why] for why in chosen)
    if st.button(f"Try {total:,} again", type="primary", key="confirm", disabled=not chosen):
        asking.close()
        doing.do(
            lambda: dispatch.retry_failed(
                shell.engine(), message.id, actor=shell.author(), reasons=tuple(chosen)
            )
        )


def _follow_up(message: Message, cohort: Cohort, content: Content) -> None:
    draft = drafts.start(
        shell.engine(),
        shell.author(),
        content=content,
        audience=Audience(include=(cohort,)).model_dump(mode="json"),
        follows_message_id=message.id,
    )
    st.switch_page("pages/compose.py", query_params={"draft": str(draft.id)})
