"""One message: its state and actions, live progress, recipients, content and timeline."""

from datetime import datetime, timedelta
from html import escape

import streamlit as st

from hsl.archive import ArchiveError, catalogue
from hsl.audience import policy
from hsl.audit import signed
from hsl.delivery import history, recurring, told
from hsl.delivery.history import Message
from hsl.models import Action, AudienceMode, MessageStatus, utc_now
from hsl.words import N_, _, plural
from hsl.words import number as number_words
from pages.parts import (
    addressed,
    approval,
    message_actions,
    message_list,
    message_result,
    message_story,
    move,
    opened_marks,
    recipients,
    shell,
    show,
    take_back,
    through,
    uncertain,
)
from pages.parts.whom import whom

LIVE = message_actions.LIVE
NEAR = timedelta(minutes=2)  # before its time, from when on each second counts
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
OWN = (
    "tab",
    "who",
    "status",
    "reason",
    "order",
    "rows",
)  # what the address says of one message alone


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
    shell.live(lambda: _live(message_id), every=_every(message))
    approval.present(message)
    move.say_moved(message.id)
    move.ask(message.id, message.scheduled_at)
    message_actions.ask(message)
    addressed.one("tab", list(TABS))
    tab = st.segmented_control(
        _("View"), list(TABS), required=True, key="tab", label_visibility="collapsed",
        format_func=lambda name: _(TABS[name]),
    )  # fmt: skip
    try:
        _show(tab, message)
    except ArchiveError as fault:
        st.error(show.plain(str(fault)))


def _every(message: Message) -> float | None:
    """Seconds between two looks at its head; None for one that nothing changes by itself."""
    if message.status not in LIVE:
        return None
    is_near = message.scheduled_at - utc_now() < NEAR
    return 1.0 if is_near else 5.0


def _take_up(message_id: int) -> None:
    """Another message begins with what the address says of it, and not with the last one's."""
    if st.session_state.get("message-shown") == message_id:
        return
    first = "message-shown" not in st.session_state
    st.session_state["message-shown"] = message_id
    for name in () if first else OWN:
        addressed.take_up(name)
    opened_marks.take_up()


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
    if message.status == MessageStatus.SENDING:
        st.html(f'<div class="hsl-dim">{escape(_pace(message_id))}</div>')
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
        message_actions.row(message)
    if message.closing.uncertain:
        uncertain.show_uncertain(message)


def _pace(message_id: int) -> str:
    """How far it is, how fast it goes, and how long it still takes."""
    progress = history.progress(shell.engine(), message_id)
    left = progress["seconds_left"]
    values = {
        "percent": number_words(progress["percent"] or 0.0, decimals=1),
        "rate": number_words(progress["rate"] or 0.0, decimals=1),
    }
    if left is None:
        return _("{percent} % · {rate} a second", **values)
    return _("{percent} % · {rate} a second · {span} left", span=show.duration(left), **values)


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
    bot = through.said(message.bot_id)
    if bot is not None:
        by += " " + _("through {bot}", bot=bot)
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
