"""The table of people found, with ticks that add to the selection or take out of it."""

from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from hsl.audience import selection
from hsl.audience.cohort import Cohort
from hsl.delivery.sums import REASON_WORDS
from pages.parts import person, shell, show
from pages.parts.tray import Tray

SORTS = {
    "user_id": "Id",
    "first_name": "First name",
    "username": "Username",
    "language_code": "Language",
    "registered_at": "Registered",
    "streams": "Streams",
}
NAMED = 3  # names that stand in a line of the tray


def show_similar(words: str, others: Cohort, tray: Tray, *, few: bool, zone: ZoneInfo) -> None:
    """Below what a search found: people of `others` whose names are almost what was typed.

    Where not `few` were found, they are shown when they are asked for.
    """
    if not words.strip():
        return
    if not few and st.session_state.get("similar-to") != words:
        if st.button("Also show similar names", icon=":material/person_search:"):
            st.session_state["similar-to"] = words
            st.rerun()
        return
    with show.answered():
        rows = shell.people().similar(words, among=others)
        if len(rows):
            st.caption("Names that are almost so:")
            show_people(rows, tray.among(rows), zone=zone, name="similar")
        elif not few:
            st.caption("No name is almost so.")


def show_people(
    rows: pd.DataFrame, inside: set[int], *, zone: ZoneInfo, name: str = "people"
) -> None:
    """One page of people; `inside` are the ids among them that are chosen already.

    `name` tells this table from another on the same page.
    """
    rows = rows.astype(object).where(rows.notna(), None)
    shown = pd.DataFrame(
        {
            "Chosen": rows["user_id"].isin(inside).map({True: "✓", False: ""}),
            "First name": rows["first_name"].map(_or_blank),
            "Last name": rows["last_name"].map(_or_blank),
            "Username": rows["username"].map(lambda name: f"@{name}" if name else ""),
            "Streams": rows["streams"].map(lambda names: names or "not enrolled"),
            "Language": rows["language_code"].map(_or_blank),
            "Registered": pd.to_datetime(rows["registered_at"], utc=True).dt.tz_convert(zone),
            "Reachable": rows["unreachable_reason"].map(
                lambda why: REASON_WORDS.get(why, why) if why else "yes"
            ),
            "Id": rows["user_id"].astype(str),
        }
    )
    ids = [int(number) for number in rows["user_id"]]
    table = st.dataframe(
        shown,
        key=f"{name}-{ids[0]}-{ids[-1]}-{len(ids)}-{st.session_state.get('ticks', 0)}",
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        height=420,
        column_config={
            "Registered": st.column_config.DatetimeColumn(format="D MMM YYYY"),
            "Chosen": st.column_config.TextColumn(width="small"),
        },
    )
    ticked = [ids[place] for place in table.selection.rows if place < len(ids)]
    names = {
        int(row.user_id): row.first_name or row.username or row.user_id for row in rows.itertuples()
    }
    with st.container(horizontal=True):
        if st.button(f"Add the {len(ticked):,} ticked", disabled=not ticked, key=f"{name}-add"):
            cohort = Cohort(user_ids=tuple(ticked))
            selection.add(shell.engine(), shell.author(), cohort, _label(ticked, names))
            _untick()
        among = [number for number in ticked if number in inside]
        if st.button(f"Take {len(among):,} ticked out", disabled=not among, key=f"{name}-out"):
            label = _label(among, names)
            selection.take_out(shell.engine(), shell.author(), tuple(among), label)
            _untick()
        words = show.plain(str(names[ticked[0]])) if len(ticked) == 1 else "a ticked person"
        if st.button(f"See what {words} got", disabled=len(ticked) != 1, key=f"{name}-got"):
            person.ask(ticked[0])


def _or_blank(value: object) -> str:
    return str(value) if value else ""


def _label(ids: list[int], names: dict[int, object]) -> str:
    first = ", ".join(str(names[number]) for number in ids[:NAMED])
    return first if len(ids) <= NAMED else f"{first} …"


def _untick() -> None:
    # A new key is the only way to take ticks away from a table.
    st.session_state["ticks"] = st.session_state.get("ticks", 0) + 1
    st.rerun()
