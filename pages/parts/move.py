"""Moving a scheduled message to another time, from its own page or from the calendar."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from hsl import dispatch
from hsl.acting import NotAllowedError, Permission
from hsl.delivery import outbox, rescheduling
from hsl.models import utc_now
from hsl.words import _, p_, plural
from pages.parts import allowed, asking, shell, show, timing

REMEMBERED = timedelta(minutes=2)  # how long a move is shown with its way back


def open_for(message_id: int) -> None:
    """Ask where to this message is to be moved."""
    forget(message_id)
    asking.open_dialog(f"move-{message_id}")
    st.rerun(scope="app")


def forget(message_id: int) -> None:
    """The dialog begins with the message's own time again."""
    for part in ("date", "time"):
        st.session_state.pop(f"move-{message_id}-{part}", None)


def ask(message_id: int, at: datetime) -> None:
    """The dialog, while it is open: its date and time, and the times that are chosen most."""
    if asking.is_open(f"move-{message_id}"):
        asking.show(_("Move it to another time"), lambda: _body(message_id, at))


def _body(message_id: int, at: datetime) -> None:
    zone, key = shell.zone(), f"move-{message_id}"
    local = at.astimezone(zone)
    st.session_state.setdefault(f"{key}-date", local.date())
    st.session_state.setdefault(f"{key}-time", local.time().replace(second=0, microsecond=0))
    st.caption(_("Now it goes {when}.", when=show.moment(at, zone)))
    timing.quick(key, zone)
    left, right = st.columns(2)
    day = left.date_input(_("Date"), key=f"{key}-date")
    clock = right.time_input(_("Time, {zone}", zone=zone.key), key=f"{key}-time", step=60)
    moment = moment_of(day, clock, zone)
    if moment is not None and moment <= utc_now():
        st.error(_("{time} is in the past. Choose a later time.", time=show.moment(moment, zone)))
    elif moment is not None:
        over = dispatch.over_cap(shell.engine(), shell.settings(), message_id, moment)
        if over:
            st.warning(
                plural(
                    "{n} of its people gets more than the frequency cap allows then.",
                    "{n} of its people get more than the frequency cap allows then.",
                    over,
                ),
                icon=":material/info:",
            )
    label = _("Move to {when}", when=show.moment(moment, zone)) if moment else p_("message", "Move")
    can = moment is not None and moment > utc_now()
    go = allowed.button(label, Permission.SEND, type="primary", key="confirm", disabled=not can)
    if go and moment is not None and to(message_id, moment):
        asking.close()
        st.rerun(scope="app")


def to(message_id: int, moment: datetime) -> bool:
    """Move it, and say so with a way back; where it is refused, say why."""
    try:
        was = rescheduling.reschedule(shell.engine(), message_id, moment, actor=shell.author())
    except (outbox.OutboxError, NotAllowedError) as refused:
        st.toast(show.plain(str(refused)), icon=":material/error:")
        return False
    st.session_state["moved"] = (message_id, was, moment, utc_now() + REMEMBERED)
    return True


def say_moved(only: int | None = None) -> None:
    """What was moved last, and the way back; of one message, where its page asks."""
    moved: tuple[int, datetime, datetime, datetime] | None = st.session_state.get("moved")
    if moved is None or only not in {None, moved[0]} or moved[3] < utc_now():
        return
    number, was, moment, _until = moved
    with st.container(horizontal=True, vertical_alignment="center", key="hsl-moved"):
        when = show.moment(moment, shell.zone())
        said = _("Message {number} goes {when} now.", number=str(number), when=when)
        st.success(said, icon=":material/event_available:")
        if was > utc_now() and allowed.button(
            _("Move it back"), Permission.SEND, icon=":material/undo:"
        ):
            st.session_state.pop("moved", None)
            if to(number, was):
                st.session_state.pop("moved", None)
            st.rerun(scope="app")


def moment_of(day: object, clock: time | None, zone: ZoneInfo) -> datetime | None:
    """The time that the fields name, in `zone`; None while one of them is empty."""
    if not isinstance(day, date) or clock is None:
        return None
    return datetime.combine(day, clock, zone)
