"""The Streamlit script: bounds, navigation, the band, and the page. `hsl.web` serves it."""

import logging

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from hsl import web
from hsl.accounts import registry
from hsl.acting import NotAllowedError
from hsl.addresses import is_loopback
from hsl.warehouse.errors import StoreError
from hsl.words import N_, _
from pages.parts import account_menu, help, shell, show, viewer

NAME = "HSL Dashboard"
OVERVIEW = ("overview", N_("Overview"), ":material/space_dashboard:")
GROUPS = {
    N_("Work"): (
        OVERVIEW,
        ("audience", N_("Audience"), ":material/groups:"),
        ("compose", N_("Compose"), ":material/edit_note:"),
        ("messages", N_("Messages"), ":material/inbox:"),
    ),
    N_("Results"): (("delivery", N_("Delivery"), ":material/insights:"),),
    N_("House"): (
        ("audit", N_("Audit"), ":material/history:"),
        ("settings", N_("Settings"), ":material/tune:"),
    ),
}

st.set_page_config(page_title=NAME, page_icon=shell.ICON, layout="wide")
if not web.is_served() and not (
    is_loopback(st.get_option("server.address") or "") and not registry.exist(shell.engine())
):
    st.error(_("Start it with `python -m hsl web`: only then is it protected from strangers."))
    st.stop()
account_menu.leave_where_ended()

waiting = shell.waiting_for_a_person()
pages = {
    _(group): [
        st.Page(
            f"pages/{name}.py",
            title=_(title) + (f" · {waiting}" if waiting and name == OVERVIEW[0] else ""),
            icon=icon,
            default=name == OVERVIEW[0],
        )
        for name, title, icon in listed
    ]
    for group, listed in GROUPS.items()
}
st.logo(shell.ICON, size="small")
page = st.navigation(pages)
st.set_page_config(page_title=f"{page.title} · {NAME}", page_icon=shell.ICON)
st.html(show.CSS)
try:
    shell.enter(page.url_path)
    shell.choices([f"/{one.url_path}" for group in pages.values() for one in group])
    read = help.button(page.url_path or OVERVIEW[0])
    viewer.document(str(read or ""))
    shell.band()
    page.run()
except SQLAlchemyError as fault:
    shell.without_database(fault)
except NotAllowedError as refused:
    st.warning(show.plain(str(refused)), icon=":material/lock:")
except StoreError as fault:
    st.error(show.plain(str(fault)))
except Exception:
    logging.getLogger("hsl.pages").exception("A page failed")
    st.error(_("This page failed, and nothing was changed. Reload it; the server’s log says why."))
