"""Delivery: whom we reach, when, and why the rest was not reached."""

from collections.abc import Callable
from html import escape

import streamlit as st

from hsl.acting import Permission
from hsl.charts import arrival, people
from hsl.charts.figure import Counts, Figure, interval
from hsl.words import N_, _, plural
from pages.parts import (
    addressed,
    allowed,
    bot_words,
    charts,
    opened_marks,
    result_filters,
    results,
    shell,
    show,
)


def present_pace() -> None:
    found = shell.standing_of_bot()
    held = "" if found.trouble else bot_words.hold(found, shell.zone())
    st.caption(f"{bot_words.pace(found)} {held}")


def head(counts: Counts) -> None:
    """All of it in one line, and how old it is."""
    line = counts.frame("total").iloc[0]
    if not line["tried"]:
        st.info(_("Nothing was delivered in this period. Choose a longer one, or send a message."))
        with st.container(horizontal=True):
            if st.session_state.get("period") != "all time":
                st.button(_("Show all time"), on_click=_show_all_time)
            if allowed.button(_("Write a message"), Permission.WRITE):
                st.switch_page("pages/compose.py", query_params={})
        st.stop()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            _(
                "**{interval}** deliveries arrived: {messages} to {people}, as of {ago}.",
                interval=interval(int(line["delivered"]), int(line["tried"])),
                messages=plural("{n} message", "{n} messages", int(line["messages"])),
                people=show.people(int(line["people"])),
                ago=show.ago(counts.now),
            )
        )
        if st.button(_("Refresh"), type="tertiary", icon=":material/refresh:"):
            shell.store().refresh()
            st.rerun()


def _show_all_time() -> None:
    st.session_state["period"] = "all time"


def draw(make: Callable[[], Figure]) -> None:
    with show.answered():
        charts.draw(make(), wanted, now=found.now)


def side_by_side(*makes: Callable[[], Figure]) -> None:
    for place, make in zip(st.columns(2, gap="large"), makes, strict=False):
        with place:
            draw(make)


def streams() -> None:
    st.header(_("How do the streams compare?"))
    said = _("By stream of today; who is in two counts in both.")
    st.html(f'<div class="hsl-dim">{escape(said)}</div>')
    with show.answered():
        measures = [lambda figure=figure: figure for figure in arrival.comparison(found)]
        side_by_side(*measures[:2])
        side_by_side(*measures[2:])


def failures() -> None:
    draw(lambda: people.reasons_over_time(found, step))
    side_by_side(lambda: people.reasons(found), lambda: people.churn(found))


def timing() -> None:
    draw(lambda: arrival.hours(found))
    draw(lambda: arrival.speed(found))


def persons() -> None:
    draw(lambda: people.retention(found))
    with show.answered():
        loads, *tired = [lambda figure=figure: figure for figure in people.loads(found)]
        draw(loads)
        side_by_side(*tired)


def over_time() -> None:
    draw(lambda: arrival.over_time(found, step))
    draw(lambda: arrival.by_message(found))


VIEWS = {  # as the address names them
    "Arrival": over_time,
    "Streams": streams,
    "Failures": failures,
    "Timing": timing,
    "People": persons,
}
BY_TIME = {"Arrival", "Failures"}  # counted by day or by week
WORDS = {
    "Arrival": N_("Arrival"),
    "Streams": N_("Streams"),
    "Failures": N_("Failures"),
    "Timing": N_("Timing"),
    "People": N_("People"),
}
st.title(_("Delivery"))
wanted = result_filters.chosen()
# While it is held or climbs back, the figure changes by itself.
bot = shell.standing_of_bot()
steady = bot.is_well and bot.rate == bot.full_rate
shell.live(present_pace, every=None if steady else 2.0)
with show.answered(), results.of(wanted) as found:
    head(found)
    addressed.one("view", list(VIEWS))
    left, right = st.columns([3, 2])
    with left:
        view = st.segmented_control(
            _("View"),
            list(VIEWS),
            required=True,
            key="view",
            format_func=lambda name: _(WORDS[name]),
            label_visibility="collapsed",
            wrap=True,
            on_change=opened_marks.forget,
        )
    with right.container(horizontal=True, horizontal_alignment="right"):
        step = result_filters.step(wanted) if view in BY_TIME else "day"
    with st.container(key="hsl-charts"):
        VIEWS[view]()
