"""Audit: who did what, and when."""

import json
import math

import pandas as pd
import streamlit as st

from hsl import audit
from pages.parts import download, shell, show

PAGE = 50  # entries

st.title("Audit")
actors, actions = audit.kinds(shell.engine())
if not actors:
    st.info("Nothing has been done yet. Imports, messages and every change will stand here.")
    st.stop()
who, what, which = st.columns(3)
actor = who.selectbox("Who", ["", *actors], key="who", bind="query-params",
                      format_func=lambda name: name or "anybody")  # fmt: skip
action = what.selectbox("What", ["", *actions], key="what", bind="query-params",
                        format_func=lambda name: name.replace("_", " ") or "anything")  # fmt: skip
number = which.text_input("Message number", key="number", bind="query-params", live=True)
page = st.session_state.get("audit-page", 1)
entries, total = audit.entries(
    shell.engine(),
    actor=actor or None,
    action=action or None,
    object_type="message" if number else None,
    object_id=number or None,
    offset=(page - 1) * PAGE,
    limit=PAGE,
)
zone = shell.zone()
table = pd.DataFrame(
    [
        {
            "When": show.moment(entry.at, zone),
            "Who": entry.actor,
            "What": entry.action.replace("_", " "),
            "Which": f"{entry.object_type} {entry.object_id}" if entry.object_type else "",
            "Details": json.dumps(entry.details, ensure_ascii=False),
        }
        for entry in entries
    ],
    columns=["When", "Who", "What", "Which", "Details"],
)
st.dataframe(table, hide_index=True, height=min(640, 60 + 36 * max(len(table), 1)),
             column_config={"Details": st.column_config.TextColumn(width="large")})  # fmt: skip
if total > PAGE:
    st.pagination(math.ceil(total / PAGE), key="audit-page")
st.caption(f"{total:,} entries")
download.menu(
    "Download these",
    "audit",
    lambda form: audit.export(
        shell.engine(),
        form,
        actor=actor or None,
        action=action or None,
        object_type="message" if number else None,
        object_id=number or None,
    ),
)
