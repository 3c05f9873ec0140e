"""Delivery: whom we reach, when, and why the rest was not reached."""

from typing import Any

import streamlit as st

from hsl.delivery import pace
from hsl.insights import Filter
from pages.parts import charts, result_filters, results, results_people, shell, show

VIEWS = ["Arrival", "Streams", "Failures", "Timing", "People"]


def present_pace() -> None:
    state: Any = pace.state(shell.engine(), shell.settings().bot_id)
    rhythm = pace.Rhythm.of(shell.settings())
    rate = rhythm.rate if state is None else min(state.rate, rhythm.rate)
    words = f"Pace: {rate:.1f} of {rhythm.rate:.1f} messages a second"
    if state is not None and state.refusals:
        words += f"; Telegram has asked to wait {state.refusals:,} times so far"
    if state is not None and state.is_held:
        words += f"; waiting until {show.moment(state.not_before, shell.zone())}"
    st.caption(f"{words}.")


def head(chosen: Filter) -> None:
    """All of it in one line, and how old it is."""
    line = results.count("total", chosen).iloc[0]
    if not line["tried"]:
        st.info("Nothing was delivered in this period. Choose a longer one, or send a message.")
        if st.button("Write a message"):
            st.switch_page("pages/compose.py")
        st.stop()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{results.interval(int(line['delivered']), int(line['tried']))}** deliveries "
            f"arrived: {line['messages']:,} messages to {line['people']:,} people, "
            f"as of {show.ago(shell.store().loaded_at)}."
        )
        if st.button("Refresh", type="tertiary", icon=":material/refresh:"):
            shell.store().refresh()
            st.rerun()


def side_by_side(*figures: charts.Figure) -> None:
    for place, figure in zip(st.columns(2, gap="large"), figures, strict=False):
        with place:
            charts.draw(figure, wanted)


st.title("Delivery")
wanted = result_filters.chosen()
present_pace()
head(wanted)
view = st.segmented_control(
    "View", VIEWS, default=VIEWS[0], required=True, key="view", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
if view in {"Arrival", "Failures"}:
    step = result_filters.step(wanted)
if view == "Streams":
    st.subheader("How do the streams compare?")
    st.html('<div class="hsl-dim">By stream of today; who is in two counts in both.</div>')
    measures = results.comparison(wanted)
    side_by_side(*measures[:2])
    side_by_side(*measures[2:])
elif view == "Failures":
    charts.draw(results_people.reasons_over_time(wanted, step), wanted)
    side_by_side(results_people.reasons(wanted), results_people.churn(wanted))
elif view == "Timing":
    charts.draw(results.hours(wanted), wanted)
    charts.draw(results.speed(wanted), wanted)
elif view == "People":
    people, arrived, blocked = results_people.loads(wanted)
    charts.draw(results_people.retention(wanted), wanted)
    charts.draw(people, wanted)
    side_by_side(arrived, blocked)
else:
    charts.draw(results.over_time(wanted, step), wanted)
    charts.draw(results.by_message(wanted), wanted)
