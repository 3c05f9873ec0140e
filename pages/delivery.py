"""Delivery: whom we reach, when, and why the rest was not reached."""

import streamlit as st

from hsl.charts import arrival, people
from hsl.charts.figure import Counts, Figure, interval
from pages.parts import bot_words, charts, result_filters, results, shell, show

VIEWS = ["Arrival", "Streams", "Failures", "Timing", "People"]


def present_pace() -> None:
    found = shell.standing_of_bot()
    held = "" if found.trouble else bot_words.hold(found, shell.zone())
    st.caption(f"{bot_words.pace(found)} {held}")


def head(counts: Counts) -> None:
    """All of it in one line, and how old it is."""
    line = counts.frame("total").iloc[0]
    if not line["tried"]:
        st.info("Nothing was delivered in this period. Choose a longer one, or send a message.")
        if st.button("Write a message"):
            st.switch_page("pages/compose.py", query_params={})
        st.stop()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{interval(int(line['delivered']), int(line['tried']))}** deliveries arrived: "
            f"{line['messages']:,} message{'' if line['messages'] == 1 else 's'} to "
            f"{line['people']:,} people, "
            f"as of {show.ago(counts.now)}."
        )
        if st.button("Refresh", type="tertiary", icon=":material/refresh:"):
            shell.store().refresh()
            st.rerun()


def side_by_side(*figures: Figure) -> None:
    for place, figure in zip(st.columns(2, gap="large"), figures, strict=False):
        with place:
            charts.draw(figure, wanted)


st.title("Delivery")
wanted = result_filters.chosen()
# While it is held or climbs back, the figure changes by itself.
bot = shell.standing_of_bot()
steady = bot.is_well and bot.rate == bot.full_rate
st.fragment(present_pace, run_every=None if steady else 2.0)()
found = results.of(wanted)
head(found)
view = st.segmented_control(
    "View", VIEWS, default=VIEWS[0], required=True, key="view", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
if view == "Streams":
    st.subheader("How do the streams compare?")
    st.html('<div class="hsl-dim">By stream of today; who is in two counts in both.</div>')
    measures = arrival.comparison(found)
    side_by_side(*measures[:2])
    side_by_side(*measures[2:])
elif view == "Failures":
    step = result_filters.step(wanted)
    charts.draw(people.reasons_over_time(found, step), wanted)
    side_by_side(people.reasons(found), people.churn(found))
elif view == "Timing":
    charts.draw(arrival.hours(found), wanted)
    charts.draw(arrival.speed(found), wanted)
elif view == "People":
    loads, *tired = people.loads(found)
    charts.draw(people.retention(found), wanted)
    charts.draw(loads, wanted)
    side_by_side(*tired)
else:
    step = result_filters.step(wanted)
    charts.draw(arrival.over_time(found, step), wanted)
    charts.draw(arrival.by_message(found), wanted)
