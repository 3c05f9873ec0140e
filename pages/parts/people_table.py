"""The table of people found, with ticks that add to the selection or take out of it."""

from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from hsl.acting import Permission
from hsl.audience import selection
from hsl.audience.cohort import Cohort
from hsl.delivery.sums import REASON_WORDS
from hsl.words import N_, _, plural
from pages.parts import allowed, person, shell, show
from pages.parts.tray import Tray

SORTS = {
    "user_id": N_("By id"),
    "first_name": N_("By first name"),
    "username": N_("By username"),
    "language_code": N_("By language"),
    "registered_at": N_("By registration"),
    "streams": N_("By streams"),
}
NAMED = 3  # names that stand in a line of the tray
ROW = 35  # pixels
MOST_HEIGHT = 420  # pixels


def show_similar(words: str, others: Cohort, tray: Tray, *, few: bool, zone: ZoneInfo) -> None:
    """Below what a search found: people of `others` whose names are almost what was typed.

    Where not `few` were found, they are shown when they are asked for.
    """
    if not words.strip():
        return
    if not few and st.session_state.get("similar-to") != words:
        if st.button(_("Also show similar names"), icon=":material/person_search:"):
            st.session_state["similar-to"] = words
            st.rerun()
        return
    with show.answered():
        rows = shell.people().similar(words, among=others)
        if len(rows):
            st.caption(_("Names that are almost so:"))
            show_people(rows, tray.among(rows), zone=zone, name="similar")
        elif not few:
            st.caption(_("No name is almost so."))


def show_people(
    rows: pd.DataFrame, inside: set[int], *, zone: ZoneInfo, name: str = "people"
) -> None:
    """One page of people; `inside` are the ids among them that are chosen already.

    `name` tells this table from another on the same page.
    """
    rows = rows.astype(object).where(rows.notna(), None)
    ids = [int(number) for number in rows["user_id"]]
    names = {int(row.user_id): _name(row) for row in rows.itertuples()}
    table_key = f"{name}-{ids[0]}-{ids[-1]}-{len(ids)}-{st.session_state.get('ticks', 0)}"
    table = st.dataframe(
        _shown(rows, names, inside, zone),
        key=table_key,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        height=min(MOST_HEIGHT, ROW * (len(ids) + 1) + 3),
        column_config={
            _("Registered"): st.column_config.DateColumn(format="localized"),
            _("Chosen"): st.column_config.TextColumn("✓", width=36, help=_("Chosen")),
            _("Name"): st.column_config.TextColumn(width=135),
        },
    )
    # The table's ticks answer to a mouse alone; this box answers to keys and a screen reader.
    named = st.multiselect(
        _("People by name"),
        ids,
        format_func=lambda number: f"{names[number]} · {number}",
        key=f"{table_key}-named",
        placeholder=_("Tick people above, or name them here"),
        label_visibility="collapsed",
    )
    ticked = [ids[place] for place in table.selection.rows if place < len(ids)]
    ticked += [number for number in named if number not in ticked]
    if ticked:
        _act(ticked, inside, names, name)


def _shown(
    rows: pd.DataFrame, names: dict[int, str], inside: set[int], zone: ZoneInfo
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("Chosen"): rows["user_id"].isin(inside).map({True: "✓", False: ""}),
            _("Name"): [names[int(number)] for number in rows["user_id"]],
            _("Streams"): rows["streams"].map(lambda names: names or _("not enrolled")),
            _("Reachable"): rows["unreachable_reason"].map(
                lambda why: f"▲ {_(REASON_WORDS.get(why, why))}" if why else _("yes")
            ),
            _("Username"): rows["username"].map(lambda name: f"@{name}" if name else ""),
            _("Registered"): _days(rows["registered_at"], zone),
            _("Language"): rows["language_code"].map(lambda code: str(code) if code else ""),
            _("Id"): rows["user_id"].astype(str),
        }
    )


def _days(moments: "pd.Series[object]", zone: ZoneInfo) -> "pd.Series[object]":
    return pd.to_datetime(moments, utc=True).dt.tz_convert(zone).dt.date


def _act(ticked: list[int], inside: set[int], names: dict[int, str], name: str) -> None:
    """Buttons for the ticked people."""
    among = [number for number in ticked if number in inside]
    with st.container(horizontal=True):
        words = plural("Add the {n} ticked", "Add the {n} ticked", len(ticked))
        if allowed.button(words, Permission.WRITE, key=f"{name}-add", icon=":material/add:"):
            cohort = Cohort(user_ids=tuple(ticked))
            if not selection.add(shell.engine(), shell.author(), cohort, _label(ticked, names)):
                st.toast(_("These people are in your selection already."))
            _untick()
        words = plural("Take {n} ticked out", "Take {n} ticked out", len(among))
        if among and allowed.button(
            words, Permission.WRITE, key=f"{name}-out", icon=":material/remove:"
        ):
            label = _label(among, names)
            selection.take_out(shell.engine(), shell.author(), tuple(among), label)
            _untick()
        if len(ticked) == 1:
            words = _("See what {name} got", name=show.plain(names[ticked[0]]))
            if st.button(words, key=f"{name}-got", icon=":material/history:"):
                person.ask(ticked[0])


def _name(row: object) -> str:
    """A person's whole name, or else their username or id."""
    parts = [getattr(row, part) for part in ("first_name", "last_name")]
    words = " ".join(str(part) for part in parts if part)
    return words or str(getattr(row, "username", None) or row.user_id)  # type: ignore[attr-defined]


def _label(ids: list[int], names: dict[int, str]) -> str:
    first = ", ".join(names[number] for number in ids[:NAMED])
    return first if len(ids) <= NAMED else f"{first} …"


def _untick() -> None:
    # A new key is the only way to take ticks away from a table.
    st.session_state["ticks"] = st.session_state.get("ticks", 0) + 1
    st.rerun()
