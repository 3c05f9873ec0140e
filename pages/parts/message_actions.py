"""What can be done about a message: the likely deeds in its row, the rare ones behind "More"."""

from collections.abc import Callable
from typing import Literal

import streamlit as st

from hsl import dispatch
from hsl.acting import NotAllowedError, Permission
from hsl.audience.cohort import Audience, Cohort
from hsl.delivery import changes, outbox, steering, texts
from hsl.delivery.history import Message
from hsl.delivery.sums import reason_words
from hsl.message import drafts
from hsl.message.content import Content
from hsl.models import Action, MessageStatus
from hsl.words import _, p_, plural
from pages.parts import allowed, asking, doing, move, shell, show, templates, uncertain

SEND = Permission.SEND
LIVE = {MessageStatus.SENDING, MessageStatus.SCHEDULED}


def row(message: Message) -> None:
    """The buttons that its state allows, in one row."""
    is_text = message.action is Action.SEND
    with st.container(horizontal=True, vertical_alignment="center"):
        _steer(message)
        if is_text and not message.is_test:
            _write_again(message)
        if is_text:
            templates.offer_again(message)
            # Another key closes it, when a dialog opens that was asked for in it.
            key = f"more-{message.id}-{st.session_state.get(asking.OPEN, '')}"
            with st.popover(_("More"), icon=":material/more_horiz:", key=key):
                if not message.is_test:
                    _rare(message)
                templates.offer_to_keep(message)


def ask(message: Message) -> None:
    """The dialog that a button of the row has opened, while it is open."""
    if asking.is_open("cancel"):
        _ask_to_cancel(message)
    if asking.is_open("retry"):
        asking.show(_("Try the failed again"), lambda: _ask_to_retry(message))
    if asking.is_open("delete"):
        _ask_to_delete(message)
    uncertain.ask_to_send_again(message)
    templates.ask_to_keep(message)


def _steer(message: Message) -> None:
    """Pause, resume, move, cancel, and try again."""
    status, actor, engine = message.status, shell.author(), shell.engine()
    number = message.id
    if status in LIVE and allowed.button(_("Pause"), SEND, icon=":material/pause:"):
        doing.do(lambda: steering.pause(engine, number, actor=actor))
    if status == MessageStatus.PAUSED and allowed.button(
        _("Resume"), SEND, icon=":material/play_arrow:", type="primary"
    ):
        doing.do(lambda: steering.resume(engine, number, actor=actor))
    if status == MessageStatus.SCHEDULED and allowed.button(
        p_("message", "Move"), SEND, icon=":material/event:"
    ):
        move.open_for(number)
    if status in {*LIVE, MessageStatus.PAUSED} and allowed.button(
        _("Cancel"), SEND, icon=":material/block:"
    ):
        asking.open_dialog("cancel")
        st.rerun(scope="app")
    ended = status in {MessageStatus.SENT, MessageStatus.FAILED}
    if ended and message.closing.failed:
        words = _("Try the {count} failed again", count=message.closing.failed)
        if allowed.button(words, SEND, icon=":material/replay:"):
            asking.open_dialog("retry")
            st.rerun(scope="app")


def _write_again(message: Message) -> None:
    """Edit what is still to come, and write to those who did not get it."""
    started = message.started_at is not None
    if message.status in {MessageStatus.SCHEDULED, MessageStatus.PAUSED}:
        words = _("Edit for those still to come") if started else _("Edit")
        if allowed.button(words, Permission.WRITE, icon=":material/edit:"):
            audience = (
                Audience(include=(Cohort(missed_message=message.id),))
                if started or message.audience is None
                else Audience.model_validate(message.audience)
            )
            _edit(message, audience, in_chats=False)
    if message.status not in LIVE:
        _offer_to_the_missed(message, "secondary")


def _rare(message: Message) -> None:
    """What changes the chats, and a word to those who got it."""
    started = message.started_at is not None
    at_rest = started and message.status not in LIVE
    if message.status in LIVE:
        # Most of them get it yet.
        _offer_to_the_missed(message, "tertiary")
    if started and message.got:
        words = _("Write to the {count} who got it", count=message.got)
        if allowed.button(words, Permission.WRITE, icon=":material/reply_all:", type="tertiary"):
            _follow_up(message, Cohort(got_message=message.id), Content())
    if not at_rest or not message.closing.sent:
        return
    if allowed.button(
        _("Edit it in the chats"), SEND, icon=":material/edit_note:", type="tertiary"
    ):
        _edit(message, Audience(include=(Cohort(got_message=message.id),)), in_chats=True)
    if changes.may_be_deletable(message.started_at) and allowed.button(
        _("Delete it from the chats"), SEND, icon=":material/delete:", type="tertiary"
    ):
        asking.open_dialog("delete")
        st.rerun(scope="app")


def _offer_to_the_missed(message: Message, kind: Literal["secondary", "tertiary"]) -> None:
    if message.started_at is None or not message.missed:
        return
    words = _("Write to the {count} who did not get it", count=message.missed)
    if allowed.button(words, Permission.WRITE, icon=":material/forward_to_inbox:", type=kind):
        _follow_up(message, Cohort(missed_message=message.id), message.content)


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
    except (outbox.OutboxError, NotAllowedError) as refused:
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
