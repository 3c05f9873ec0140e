"""One person's history: every message that was meant for them, and what became of it."""

import pandas as pd
import streamlit as st

from hsl.archive import ArchiveError
from hsl.delivery import export, history
from hsl.delivery.sums import REASON_WORDS
from pages.parts import asking, download, shell, show

NAME = "person"  # of the dialog, and of the id in the session


def ask(user_id: int) -> None:
    """Open this person's history."""
    st.session_state[NAME] = user_id
    asking.open_dialog(NAME)


def show_open() -> None:
    """Draw the history that is open, or that the address `?person=ID` names at arrival."""
    wanted = st.query_params.get(NAME, "")
    if shell.arrived() and wanted.isdecimal():
        ask(int(wanted))
    if asking.is_open(NAME):
        asking.show("What this person got", lambda: _history(st.session_state[NAME]), wide=True)


def _history(user_id: int) -> None:
    try:
        found = history.of_person(shell.engine(), user_id)
    except ArchiveError as fault:
        st.error(show.plain(str(fault)))
        return
    if not found:
        st.info(f"No message was ever meant for {user_id}.")
        return
    got = sum(1 for one in found if one.status in {"sent", "deleted"})
    st.caption(f"Person {user_id}: {got:,} of {len(found):,} messages arrived.")
    zone = shell.zone()
    st.dataframe(
        pd.DataFrame(
            {
                "Message": [f"/messages?message={one.message_id}" for one in found],
                "Text": [one.title for one in found],
                "When": [show.moment(one.at, zone) for one in found],
                "Outcome": [
                    f"{show.SHAPES[one.status]} {show.WORDS.get(one.status, one.status)}"
                    for one in found
                ],
                "Why": [REASON_WORDS.get(one.reason or "", one.reason or "") for one in found],
                "Archived": ["yes" if one.archived else "" for one in found],
            }
        ),
        hide_index=True,
        height=min(420, 40 + 35 * len(found)),
        column_config={
            "Message": st.column_config.LinkColumn(display_text=r"message=(\d+)", width="small")
        },
    )
    download.menu(
        "Download this history",
        f"person-{user_id}",
        lambda form: export.of_person(shell.engine(), user_id, form),
    )
