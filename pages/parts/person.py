"""One person's history: every message that was meant for them, and what became of it."""

import pandas as pd
import streamlit as st

from hsl.archive import ArchiveError
from hsl.delivery import export, history
from hsl.delivery.sums import REASON_WORDS
from hsl.words import _
from pages.parts import addressed, asking, download, privacy, shell, show

MOST_DIGITS = 20  # of an id in an address
NAME = "person"  # of the dialog, and of the id in the session and the address
SHOWN = "person-shown"  # in the session: whose history the dialog was drawn for last


def ask(user_id: int) -> None:
    """Open this person's history."""
    addressed.set_opened(NAME, str(user_id))


def show_open() -> None:
    """Draw the history that is open; the address names it as `?person=ID`."""
    wanted = addressed.opened(NAME)
    if wanted and wanted == st.session_state.get(SHOWN) and not asking.is_open(NAME):
        addressed.set_opened(NAME, "")  # its dialog was closed
        wanted = ""
    st.session_state[SHOWN] = wanted
    if not _is_id(wanted):
        if asking.is_open(NAME):
            asking.close()
        return
    asking.open_dialog(NAME)
    asking.show(_("What this person got"), lambda: _history(int(wanted)), wide=True)


def _is_id(words: str) -> bool:
    return words.removeprefix("-").isdecimal() and len(words) < MOST_DIGITS


def _history(user_id: int) -> None:
    try:
        found = history.of_person(shell.engine(), user_id)
    except ArchiveError as fault:
        st.error(show.plain(str(fault)))
        return
    if not found:
        st.info(_("No message was ever meant for {person}.", person=str(user_id)))
        privacy.of_person(user_id, NAME)
        return
    got = sum(1 for one in found if one.status in {"sent", "deleted"})
    st.caption(
        _(
            "Person {person}: {got} of {count} messages arrived.",
            person=str(user_id),
            got=got,
            count=len(found),
        )
    )
    zone = shell.zone()
    st.dataframe(
        pd.DataFrame(
            {
                _("Message"): [f"/messages?message={one.message_id}" for one in found],
                _("Text"): [one.title for one in found],
                _("When"): [show.moment(one.at, zone) for one in found],
                _("Outcome"): [
                    f"{show.SHAPES[one.status]} {_(show.WORDS.get(one.status, one.status))}"
                    for one in found
                ],
                _("Why"): [
                    _(REASON_WORDS.get(one.reason or "", one.reason or "")) for one in found
                ],
                _("Archived"): [_("yes") if one.archived else "" for one in found],
            }
        ),
        hide_index=True,
        height=min(420, 40 + 35 * len(found)),
        column_config={
            _("Message"): st.column_config.LinkColumn(display_text=r"message=(\d+)", width="small")
        },
    )
    download.menu(
        _("Download this history"),
        f"person-{user_id}",
        lambda form: export.of_person(shell.engine(), user_id, form),
    )
    privacy.of_person(user_id, NAME)
