"""Overview: what needs somebody, what is going on, what is next, and how it went."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import partial
from html import escape

import streamlit as st

from hsl import insights, words
from hsl.acting import Permission
from hsl.audience.sources import registry
from hsl.charts import arrival
from hsl.delivery import deciding, history, told
from hsl.delivery.history import Message
from hsl.models import MessageStatus, utc_now
from hsl.words import N_, _, plural
from pages.parts import (
    allowed,
    approval,
    bot_words,
    charts,
    first_steps,
    message_row,
    results,
    shell,
    show,
    sources,
)

PERIOD = 30  # days
LIVE = 2.0  # seconds between two looks at what is being sent


def open_message(message_id: int) -> None:
    st.switch_page("pages/messages.py", query_params={"message": str(message_id)})


def settings_page() -> None:
    st.switch_page("pages/settings.py")


def need(said: str, action: str, go: Callable[[], None], *, key: str) -> None:
    """One line of what needs somebody (HTML), with its remedy as a button."""
    with show.line_with_action():
        st.html(said)
        if st.button(action, key=key):
            go()


def needs_you() -> None:
    waiting, uncertain = history.needs_a_person(shell.engine())
    bot = shell.standing_of_bot()
    failing = registry.failing(shell.engine())
    alarms, asked = shell.alarms_of(), deciding.waiting(shell.engine())
    if not any((waiting, uncertain, bot.trouble, failing, alarms, asked)):
        return
    st.header(_("Needs you"))
    for number, said in enumerate(alarms):
        need(
            f"{show.state('failed', N_('watch'))} {escape(said)}",
            _("Look at the settings"),
            settings_page,
            key=f"need-alarm-{number}",
        )
    if bot.trouble:
        waits = plural("1 message waits for it.", "{n} messages wait for it.", bot.paused)
        why = escape(told.reason(bot.trouble))
        said = f"{show.state('failed', N_('the bot'))} {why}. {escape(waits)}"
        need(said, _("Look at the settings"), settings_page, key="need-bot")
    for one in asked:
        need(
            f"{approval.said(one)} ({escape(_('message {which}', which=str(one.message_id)))})",
            _("Look at it"),
            partial(open_message, one.message_id),
            key=f"need-approval-{one.message_id}",
        )
    for message in waiting:
        why = escape(told.reason(message.status_reason or ""))
        need(
            f"{show.message_state(message)} {escape(message.title)}: {why}",
            _("Look at it"),
            partial(open_message, message.id),
            key=f"need-{message.id}",
        )
    if uncertain:
        perhaps = plural(
            "{n} person may or may not have got a message: the answer was lost. Nobody is written "
            "to twice unless you say so.",
            "{n} people may or may not have got a message: the answer was lost. Nobody is written "
            "to twice unless you say so.",
            uncertain,
        )
        st.html(f"{show.state('uncertain')} {escape(perhaps)}")
        with st.container(horizontal=True):
            for number in history.uncertain_messages(shell.engine()):
                if st.button(_("Message {number}", number=str(number)), key=f"uncertain-{number}"):
                    open_message(number)
    for source in failing:
        sources.needs_you(source)


def now_and_next() -> None:
    sending, _total = history.listing(shell.engine(), statuses=(MessageStatus.SENDING,))
    coming, total = history.listing(
        shell.engine(), statuses=(MessageStatus.SCHEDULED,), soonest_first=True, limit=5
    )
    if st.session_state.get("was-sending", False) != bool(sending):
        # Only while something runs is this drawn again and again.
        st.session_state["was-sending"] = bool(sending)
        st.rerun(scope="app")
    st.header(_("Now and next"))
    if sending:
        st.caption(show.plain(bot_words.pace(shell.standing_of_bot())))
    with message_row.listed():
        for message in sending:
            draw_row(message, key="now", progress=progress_of(message.id))
        for message in coming:
            draw_row(message, key="next")
    if total > len(coming):
        st.caption(plural("And {n} more is scheduled.", "And {n} more are scheduled.",
                          total - len(coming)))  # fmt: skip
    if not sending and not coming:
        nothing = _("Nothing is being sent, and nothing is scheduled.")
        st.html(f'<div class="hsl-dim">{escape(nothing)}</div>')


def draw_row(message: Message, *, key: str, progress: str = "") -> None:
    message_row.draw(message, key=key, go=partial(open_message, message.id), progress=progress)


def progress_of(message_id: int) -> str:
    """How far a message is, how fast it goes, and how long it still takes."""
    progress = history.progress(shell.engine(), message_id)
    values = {
        "percent": words.number(progress["percent"] or 0.0),
        "rate": words.number(progress["rate"] or 0.0, decimals=1),
    }
    left = progress["seconds_left"]
    if not left:
        return _("{percent} % · {rate} a second", **values)
    return _("{percent} % · {rate} a second · {span} left", span=show.duration(left), **values)


def how_it_went() -> None:
    today = utc_now().astimezone(shell.zone()).date()
    midnight = datetime.combine(today - timedelta(days=PERIOD - 1), time(), shell.zone())
    chosen = insights.Filter(since=midnight.astimezone(UTC))
    st.header(_("How it went"))
    with show.answered(), results.of(chosen) as counts:
        if not counts.frame("total")["tried"].iloc[0]:
            nothing = _("Figures appear here once a message was sent.")
            st.html(f'<div class="hsl-dim">{escape(nothing)}</div>')
            return
        with st.container(key="hsl-charts"):
            left, right = st.columns([3, 2], gap="large")
        with left:
            charts.draw(arrival.over_time(counts, "day"), chosen, now=counts.now, level=3)
        with right:
            charts.draw(arrival.reach(counts, PERIOD), chosen, now=counts.now, level=3)


def last_messages() -> None:
    finished = (MessageStatus.SENT, MessageStatus.CANCELLED, MessageStatus.FAILED)
    last, _total = history.listing(shell.engine(), statuses=finished, limit=5)
    if last:
        st.header(_("Last messages"))
    with message_row.listed():
        for message in last:
            draw_row(message, key="last")


nobody = shell.people().people == 0
with show.head(_("Overview")):
    write = allowed.button(
        _("Write a message"),
        Permission.WRITE,
        # The first steps have the one primary action while there is nobody to write to.
        type="secondary" if nobody else "primary",
        icon=":material/edit_note:",
    )
if write:
    st.switch_page("pages/compose.py")
needs_you()
first_steps.section()
busy = bool(history.listing(shell.engine(), statuses=(MessageStatus.SENDING,), limit=1)[0])
st.session_state["was-sending"] = busy
shell.live(now_and_next, every=LIVE if busy else None)
how_it_went()
last_messages()
