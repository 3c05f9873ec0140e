"""One message: its state and actions, live progress, recipients, content and timeline."""

from collections.abc import Callable
from datetime import datetime
from html import escape

import streamlit as st

from hsl import dispatch
from hsl.archive import ArchiveError, catalogue
from hsl.audience import policy
from hsl.audience.cohort import Audience, Cohort
from hsl.audit import signed
from hsl.delivery import changes, history, outbox, recurring, steering, texts, told
from hsl.delivery.history import Message
from hsl.delivery.sums import reason_words
from hsl.message import drafts
from hsl.message.content import Content
from hsl.models import Action, AudienceMode, MessageStatus
from hsl.words import N_, _, p_, plural
from hsl.words import number as number_words
from pages.parts import (
    addressed,
    asking,
    doing,
    message_list,
    message_result,
    message_story,
    move,
    recipients,
    shell,
    show,
    take_back,
    templates,
    uncertain,
)
from pages.parts.whom import whom

LIVE = {MessageStatus.SENDING, MessageStatus.SCHEDULED}
TABS = {  # as the address names them
    "Recipients": N_("Recipients"),
    "Result": N_("Result"),
    "Content": N_("Content"),
    "Timeline": N_("Timeline"),
}
RUNS = {
    Action.EDIT: N_("Edited in {reached} of {chats} by [message {number}]({address})"),
    Action.DELETE: N_("Deleted from {reached} of {chats} by [message {number}]({address})"),
}
OWN = ("tab", "who", "status", "reason", "rows")  # what the address says of one message alone


def show_one(message_id: int) -> None:
    """The whole page of one message."""
    message = history.one(shell.engine(), message_id)
    if st.button(_("All messages"), type="tertiary", icon=":material/arrow_back:"):
        message_list.go_back()
    if message is None:
        st.info(_("There is no message {number}.", number=str(message_id)))
        return
    _take_up(message_id)
    st.html(f"<h1 class='hsl-title'>{escape(message.title)}</h1>")
    # A fragment that is not called with an interval any more stops asking.
    st.fragment(_live, run_every=1 if message.status in LIVE else None)(message_id)
    move.say_moved(message.id)
    move.ask(message.id, message.scheduled_at)
    if asking.is_open("cancel"):
        _ask_to_cancel(message)
    if asking.is_open("retry"):
        asking.show(_("Try the failed again"), lambda: _ask_to_retry(message))
    if asking.is_open("delete"):
        _ask_to_delete(message)
    uncertain.ask_to_send_again(message)
    templates.ask_to_keep(message)
    addressed.one("tab", list(TABS))
    tab = st.segmented_control(
        _("View"), list(TABS), required=True, key="tab", label_visibility="collapsed",
        format_func=lambda name: _(TABS[name]),
    )  # fmt: skip
    try:
        _show(tab, message)
    except ArchiveError as fault:
        st.error(show.plain(str(fault)))


def _take_up(message_id: int) -> None:
    """Another message begins with what the address says of it, and not with the last one's."""
    if st.session_state.get("message-shown") == message_id:
        return
    first = "message-shown" not in st.session_state
    st.session_state["message-shown"] = message_id
    for name in () if first else OWN:
        addressed.take_up(name)


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
    take_back.show_countdown(message)
    st.html(show.closing_bar(message.closing, empty=show.at_creation(message)))
    if message.left_out:
        st.caption(_("Beside them: {rules}", rules=show.plain(policy.sentence(message.left_out))))
    if message.experiment_id is not None:
        number = str(message.experiment_id)
        st.markdown(
            _(
                "Arm {arm} of [experiment {number}]({address})",
                arm=show.plain(message.arm or ""),
                number=number,
                address=f"/messages?experiment={number}",
            )
        )
    if message.status == MessageStatus.SENDING:
        progress = history.progress(shell.engine(), message_id)
        left = progress["seconds_left"]
        values = {
            "percent": number_words(progress["percent"] or 0.0, decimals=1),
            "rate": number_words(progress["rate"] or 0.0, decimals=1),
        }
        st.progress(
            min(1.0, (progress["percent"] or 0.0) / 100),
            text=_("{percent} % · {rate} a second", **values)
            if left is None
            else _("{percent} % · {rate} a second · {span} left", span=show.duration(left),
                   **values),
        )  # fmt: skip
    rule = recurring.of_message(shell.engine(), message_id)
    if rule is not None:
        said = show.plain(rule.repeat.sentence())
        st.caption(
            _("By a rule: {rule}", rule=said)
            if not rule.stopped_reason
            else _(
                "By a rule: {rule} ({reason})",
                rule=said,
                reason=show.plain(told.reason(rule.stopped_reason)),
            )
        )
    asleep = history.asleep(shell.engine(), message_id) if message.keep_quiet else 0
    if asleep:
        st.caption(
            plural(
                "{n} of them sleeps now, and gets it in the morning.",
                "{n} of them sleep now; they get it in their morning.",
                asleep,
            )
        )
    if message.version > 1:
        st.caption(
            _(
                "Its text is version {version}; Content has them all, and who got which.",
                version=str(message.version),
            )
        )
    for run in history.runs(shell.engine(), message_id) if message.started_at else []:
        form = RUNS[run.action]
        st.markdown(
            _(
                form,
                reached=run.closing.sent,
                chats=plural("{n} chat", "{n} chats", run.closing.total),
                number=str(run.id),
                address=f"/messages?message={run.id}",
            )
        )
    if message.target_message_id is not None:
        target = str(message.target_message_id)
        st.markdown(
            _(
                "It changes [message {number}]({address})",
                number=target,
                address=f"/messages?message={target}",
            )
        )
    if message.archived_at is not None:
        _archived(message, message.archived_at)
        return
    if not take_back.is_counting(message):
        _actions(message)
    if message.closing.uncertain:
        uncertain.show_uncertain(message)


def _archived(message: Message, since: datetime) -> None:
    """What an archived message can still be asked, and how to get the rest back."""
    month = catalogue.month_of(message.started_at or since)
    st.caption(
        _(
            "Archived {ago}: its recipients are read from a file, and nothing about them can "
            "change. To try the failed again, edit or delete it, or write to those who got it, "
            "the operator brings them back by `python -m hsl archive --restore {month}`.",
            ago=show.ago(since),
            month=month,
        )
    )


def _head(message: Message) -> None:
    zone = shell.zone()
    times = [(N_("made {when}"), message.created_at)]
    due_at_once = message.take_back_until is not None or message.scheduled_at <= message.created_at
    if not due_at_once:
        times.append((N_("scheduled for {when}"), message.scheduled_at))
    if message.started_at:
        times.append((N_("started {when}"), message.started_at))
    if message.finished_at:
        times.append((N_("finished {when}"), message.finished_at))
    facts = " · ".join(
        f'<span title="{escape(show.ago(when))}">'
        f"{escape(_(words, when=show.moment(when, zone)))}</span>"
        for words, when in times
    )
    why = message.status_reason
    reason = f" – {escape(told.reason(why))}" if why else ""
    to, by = (
        _("to {whom}", whom=whom(message)),
        _("by {author}", author=signed(message.author)),
    )
    st.html(
        f"{show.test_mark(message)}{show.message_state(message)}{reason} "
        f"<span class='hsl-dim'> · {escape(to)} · {escape(by)} · {facts}</span>"
    )
    if message.audience_mode == AudienceMode.LIVE:
        made, now = message.audience_at_creation, message.closing.total
        st.caption(
            _(
                "Goes to the group as it is when it starts; when it was made: {people}.",
                people=show.people(made),
            )
            if message.started_at is None
            else _(
                "When it started: {now}; when it was made: {made}.",
                now=show.people(now),
                made=show.people(made),
            )
        )


def _actions(message: Message) -> None:
    status, actor, engine = message.status, shell.author(), shell.engine()
    number = message.id
    with st.container(horizontal=True):
        if status in LIVE and st.button(_("Pause"), icon=":material/pause:"):
            doing.do(lambda: steering.pause(engine, number, actor=actor))
        if status == MessageStatus.PAUSED and st.button(_("Resume"), icon=":material/play_arrow:"):
            doing.do(lambda: steering.resume(engine, number, actor=actor))
        if status == MessageStatus.SCHEDULED and st.button(
            p_("message", "Move"), icon=":material/event:"
        ):
            move.open_for(number)
        if status in {*LIVE, MessageStatus.PAUSED} and st.button(
            _("Cancel"), icon=":material/block:"
        ):
            asking.open_dialog("cancel")
            st.rerun(scope="app")
        ended = status in {MessageStatus.SENT, MessageStatus.FAILED}
        if ended and message.closing.failed:
            words = _("Try the {count} failed again", count=message.closing.failed)
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
        words = _("Edit for those still to come") if started else _("Edit")
        if st.button(words, icon=":material/edit:"):
            audience = (
                Audience(include=(Cohort(missed_message=message.id),))
                if started or message.audience is None
                else Audience.model_validate(message.audience)
            )
            _edit(message, audience, in_chats=False)
    at_rest = started and message.status not in LIVE
    if at_rest and message.closing.sent:
        if st.button(_("Edit it in the chats"), icon=":material/edit_note:"):
            _edit(message, Audience(include=(Cohort(got_message=message.id),)), in_chats=True)
        if changes.may_be_deletable(message.started_at) and st.button(
            _("Delete it from the chats"), icon=":material/delete:"
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
        words = _("Write to the {count} who did not get it", count=message.missed)
        if st.button(words, icon=":material/forward_to_inbox:"):
            _follow_up(message, Cohort(missed_message=message.id), message.content)
    if started and message.got:
        words = _("Write to the {count} who got it", count=message.got)
        if st.button(words, icon=":material/reply_all:"):
            _follow_up(message, Cohort(got_message=message.id), Content())


def _ask_to_delete(message: Message) -> None:
    people = changes.deletable(shell.engine(), message.id)
    asking.confirm(
        _("Delete this message from the chats?"),
        plural(
            "It goes from {n} chat, for good. Telegram allows that for 48 hours after it was "
            "sent. People may have read it already.",
            "It goes from {n} chats, for good. Telegram allows that for 48 hours after it was "
            "sent. People may have read it already.",
            people,
        ),
        plural("Delete it from {n} chat", "Delete it from {n} chats", people),
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
        plural(
            "{n} person will not get it. Those who got it keep it.",
            "{n} people will not get it. Those who got it keep it.",
            people,
        )
        if message.action is Action.SEND
        else plural(
            "{n} chat stays as it is. What is changed already stays changed.",
            "{n} chats stay as they are. What is changed already stays changed.",
            people,
        )
    )
    asking.confirm(
        _("Cancel this message?"),
        what_happens,
        _("Cancel the message"),
        lambda: doing.do(lambda: steering.cancel(shell.engine(), message.id, actor=shell.author())),
    )


def _ask_to_retry(message: Message) -> None:
    """Which of the failed are tried again, chosen by their reasons."""
    people = message.closing.failed_by_reason
    chosen = st.multiselect(
        _("Those who failed because"),
        list(people),
        default=list(people),
        format_func=lambda why: _(
            "{reason} ({people})", reason=reason_words(why), people=people[why]
        ),
        key="retry-reasons",
    )
    total = sum(people[why] for why in chosen)
    if st.button(
        _("Try {count} again", count=total), type="primary", key="confirm", disabled=not chosen
    ):
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
