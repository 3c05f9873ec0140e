"""Overview: what needs somebody, what is going on, what is next, and how it went."""

from datetime import UTC, datetime, time, timedelta
from html import escape

import streamlit as st

from hsl import insights
from hsl.audience.sources import registry
from hsl.charts import arrival
from hsl.delivery import history
from hsl.models import MessageStatus, utc_now
from pages.parts import bot_words, charts, results, shell, show, sources

PERIOD = 30  # days


def open_message(message_id: int) -> None:
    st.switch_page("pages/messages.py", query_params={"message": str(message_id)})


def needs_you() -> None:
    waiting, uncertain = history.needs_a_person(shell.engine())
    bot = shell.standing_of_bot()
    failing = registry.failing(shell.engine())
    if not waiting and not uncertain and not bot.trouble and not failing:
        return
    st.subheader("Needs you")
    if bot.trouble:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(
                f"{show.state('failed', 'the bot')} {escape(bot.trouble)}. "
                f"{bot.paused:,} {'message waits' if bot.paused == 1 else 'messages wait'} for it."
            )
            if st.button("Look at the settings", key="need-bot"):
                st.switch_page("pages/settings.py")
    for message in waiting:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(
                f"{show.message_state(message)} {escape(message.title)}: "
                f"{escape(message.status_reason or '')}"
            )
            if st.button("Look at it", key=f"need-{message.id}"):
                open_message(message.id)
    if uncertain:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(
                f"{show.state('uncertain')} {show.people(uncertain)} may or may not have got a "
                "message: the answer was lost. Nobody is written to twice unless you say so."
            )
            for number in history.uncertain_messages(shell.engine()):
                if st.button(f"Message {number}", key=f"uncertain-{number}"):
                    open_message(number)

    for source in failing:
        sources.needs_you(source)


def now_and_next() -> None:
    sending, _ = history.listing(shell.engine(), statuses=(MessageStatus.SENDING,))
    coming, total = history.listing(
        shell.engine(), statuses=(MessageStatus.SCHEDULED,), soonest_first=True, limit=5
    )
    if st.session_state.get("was-sending") and not sending:
        st.session_state["was-sending"] = False
        st.rerun(scope="app")
    st.session_state["was-sending"] = bool(sending)
    st.subheader("Now and next")
    if sending:
        st.caption(bot_words.pace(shell.standing_of_bot()))
    for message in sending:
        progress = history.progress(shell.engine(), message.id)
        left = progress["seconds_left"]
        words = f"{progress['percent']:.0f} % · {progress['rate']:.1f} a second"
        st.progress(
            min(1.0, (progress["percent"] or 0.0) / 100),
            text=words + (f" · {show.duration(left)} left" if left else ""),
        )
        show.message_row(message, shell.zone(), key="now")
    for message in coming:
        show.message_row(message, shell.zone(), key="next")
    if total > len(coming):
        st.caption(f"And {total - len(coming):,} more are scheduled.")
    if not sending and not coming:
        st.html('<div class="hsl-dim">Nothing is being sent, and nothing is scheduled.</div>')


def how_it_went() -> None:
    today = utc_now().astimezone(shell.zone()).date()
    midnight = datetime.combine(today - timedelta(days=PERIOD - 1), time(), shell.zone())
    chosen = insights.Filter(since=midnight.astimezone(UTC))
    st.subheader("How it went")
    with show.answered(), results.of(chosen) as counts:
        if not counts.frame("total")["tried"].iloc[0]:
            st.html('<div class="hsl-dim">Figures appear here once a message was sent.</div>')
            return
        left, right = st.columns([3, 2], gap="large")
        with left:
            charts.draw(arrival.over_time(counts, "day"), chosen, now=counts.now)
        with right:
            charts.draw(arrival.reach(counts, PERIOD), chosen, now=counts.now)


def last_messages() -> None:
    finished = (MessageStatus.SENT, MessageStatus.CANCELLED, MessageStatus.FAILED)
    last, _ = history.listing(shell.engine(), statuses=finished, limit=5)
    if last:
        st.subheader("Last messages")
    for message in last:
        show.message_row(message, shell.zone(), key="last")


head, action = st.columns([3, 1], vertical_alignment="bottom")
head.title("Overview")
with action.container(horizontal=True, horizontal_alignment="right"):
    write = st.button("Write a message", type="primary", icon=":material/edit_note:")
if write:
    st.switch_page("pages/compose.py")
if shell.people().people == 0:
    st.info("There are no people yet. Bring them in on the Audience page, from a file.")
    if st.button("Go to Audience"):
        st.switch_page("pages/audience.py")
needs_you()
busy = bool(history.listing(shell.engine(), statuses=(MessageStatus.SENDING,), limit=1)[0])
st.fragment(now_and_next, run_every=2 if busy else None)()
how_it_went()
last_messages()
