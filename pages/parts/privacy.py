"""What is held about a person, as a file, and forgetting them, for those who may."""

import json

import streamlit as st

from hsl import acting
from hsl.acting import Permission
from hsl.archive import ArchiveError
from hsl.privacy import PrivacyError, forgetting, holding
from hsl.words import N_, _
from pages.parts import addressed, shell, show

HOW = {
    forgetting.How.ERASE.value: N_("Erase: nobody can tell that two messages went to one person"),
    forgetting.How.PSEUDONYMISE.value: N_(
        "Pseudonymise: it is still seen what one unknown person got"
    ),
}


def of_person(user_id: int, opened: str) -> None:
    """The file of all that is held, and the way to forget; `opened` names the dialog's address."""
    if not acting.current().may(Permission.MANAGE):
        return
    with st.expander(_("Their data: everything that is held, and forgetting"), key="privacy"):
        try:
            held = holding.held_about(shell.engine(), user_id)
        except ArchiveError as fault:
            st.error(show.plain(str(fault)))
            return
        st.download_button(
            _("Download everything that is held"),
            json.dumps(held, ensure_ascii=False, indent=2),
            file_name=f"person-{user_id}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )
        _forget(user_id, opened)


def _forget(user_id: int, opened: str) -> None:
    st.caption(
        _(
            "Forgetting cannot be undone. Names, streams, marks and places in lists go; messages "
            "keep their sums, with an id of nobody; no import brings the person back."
        )
    )
    how = st.radio(
        _("How"), list(HOW), format_func=lambda name: _(HOW[name]), key=f"forget-how-{user_id}"
    )
    typed = st.text_input(_("To forget for ever, type the person’s id"), key=f"forget-{user_id}")
    if not st.button(
        _("Forget for ever"), disabled=(typed or "").strip() != str(user_id), key="forget-now"
    ):
        return
    try:
        done = forgetting.forget(
            shell.engine(),
            user_id,
            how=forgetting.How(how),
            actor=shell.author(),
            data_dir=shell.settings().data_dir,
        )
    except (PrivacyError, ArchiveError, acting.NotAllowedError) as fault:
        st.error(show.plain(str(fault)))
        return
    if not done.clean:
        st.warning(
            _(
                "The person is forgotten. The database’s file may hold remnants until it is "
                "vacuumed, as others were using it."
            )
        )
        return
    addressed.set_opened(opened, "")
    st.rerun()
