"""The seconds in which a message that was sent now can be taken back, and the way back."""

from html import escape

import streamlit as st

from hsl import taking_back
from hsl.acting import NotAllowedError, Permission
from hsl.delivery import history, outbox
from hsl.delivery.history import Message
from hsl.models import utc_now
from hsl.words import _, plural
from pages.parts import allowed, shell, show

CSS = """<style>
.hsl-countdown{display:flex;align-items:center;gap:.7rem;font-variant-numeric:tabular-nums}
.hsl-countdown b{font-size:1.15rem}
.hsl-countdown i{flex:none;width:36px;height:36px;border-radius:50%;
mask:radial-gradient(circle,transparent 12px,#000 13px)}
</style>"""


def is_counting(message: Message) -> bool:
    """True while its seconds are not over."""
    until = message.take_back_until
    if message.waits_for_approval:
        return False
    return message.can_be_taken_back and until is not None and until > utc_now()


def show_countdown(message: Message) -> None:
    """How long it still waits, and the button that takes it back. To be drawn every second."""
    if not message.can_be_taken_back or message.take_back_until is None:
        return
    left = max(0.0, (message.take_back_until - utc_now()).total_seconds())
    whole = max(1.0, (message.take_back_until - message.created_at).total_seconds())
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", key="hsl-take-back"
    ):
        st.html(_held() if message.waits_for_approval else _countdown(left, whole))
        if allowed.button(
            _("Take it back"),
            Permission.SEND,
            type="primary",
            icon=":material/undo:",
            key=f"back-{message.id}",
        ):
            _take_back(message.id)


def of_experiment(experiment_id: int) -> None:
    """The same for all arms of an experiment, where they are not gone yet."""
    number = taking_back.waiting(shell.engine(), experiment_id)
    if number is not None:
        shell.live(lambda: _of_experiment(number), every=1.0)


def _of_experiment(number: int) -> None:
    message = history.one(shell.engine(), number)
    if message is None or not message.can_be_taken_back:
        st.rerun(scope="app")
    else:
        show_countdown(message)


def _held() -> str:
    words = _("It waits for a second approver, so it does not leave yet.")
    return (
        f'{CSS}<div class="hsl-countdown"><div><b>{escape(words)}</b><br><span class="hsl-dim">'
        f"{escape(_('Until then you can take it back, and nobody gets it.'))}</span></div></div>"
    )


def _countdown(left: float, whole: float) -> str:
    seconds = round(left)
    words = (
        plural("It leaves in {n} second.", "It leaves in {n} seconds.", seconds)
        if seconds
        else _("It leaves now.")
    )
    share = 100 * left / whole
    return (
        f'{CSS}<div class="hsl-countdown" role="timer"><i aria-hidden="true" style="background:'
        f'conic-gradient({show.COLOURS["scheduled"]} {share:.1f}%,#8A8F9840 0)"></i>'
        f"<div><b>{escape(words)}</b><br><span class='hsl-dim'>"
        f"{escape(_('Until then you can take it back, and nobody gets it.'))}</span></div></div>"
    )


def _take_back(message_id: int) -> None:
    try:
        draft_id = taking_back.take_back(shell.engine(), message_id, actor=shell.author())
    except (outbox.OutboxError, NotAllowedError) as refused:
        st.toast(show.plain(str(refused)), icon=":material/error:")
        return
    st.toast(_("Taken back. Nobody got it."), icon=":material/undo:")
    if draft_id is None:
        st.rerun(scope="app")
    st.session_state.pop("draft", None)
    st.switch_page("pages/compose.py", query_params={"draft": str(draft_id)})
