"""Settings: what is set and where from, and whether all is well."""

from html import escape

import pandas as pd
import streamlit as st

from hsl import doctor
from hsl.delivery import pace
from hsl.settings import described
from pages.parts import shell, show, sources


@st.cache_data(ttl=20, show_spinner="The doctor looks …")
def examined() -> list[doctor.Check]:
    return doctor.examine(shell.settings())


st.title("Settings")
st.subheader("Is all well?")
checks = examined()
for check in checks:
    words = check.detail if check.ok else f"{check.detail} {check.remedy}"
    st.html(f"{show.well(check.ok)} <b>{escape(check.name)}</b>: {escape(words)}")
if st.button("Look again", icon=":material/refresh:"):
    examined.clear()
    st.rerun()
sources.section()
st.subheader("What is set")
st.caption("Set in the environment or in a file .env beside app.py, read at the start.")
st.dataframe(
    pd.DataFrame(
        [
            {"Setting": s.name, "Value": s.value, "From": s.source, "What it is": s.description}
            for s in described(shell.settings())
        ]
    ),
    hide_index=True,
    height=560,
)
rhythm = pace.Rhythm.of(shell.settings())
minutes = pace.expected_seconds(1000, shell.settings())
st.caption(f"At this pace 1,000 people take about {minutes:.0f} s ({rhythm.rate:.1f} a second).")
