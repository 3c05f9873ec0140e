"""The Streamlit script: bounds, navigation, the band, and the page. `hsl.web` serves it."""

import logging

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from hsl import web
from hsl.warehouse.errors import StoreError
from pages.parts import shell, show

st.set_page_config(page_title="HSL Dashboard", page_icon=shell.ICON, layout="wide")
if not web.is_served() and not web.is_loopback(st.get_option("server.address") or ""):
    st.error("Start it with `python -m hsl web`: only then is it protected from strangers.")
    st.stop()

try:
    page = st.navigation(
        {
            "Work": [
                st.Page(
                    "pages/overview.py",
                    title=shell.overview_title(),
                    icon=":material/space_dashboard:",
                    default=True,
                ),
                st.Page("pages/audience.py", title="Audience", icon=":material/groups:"),
                st.Page("pages/compose.py", title="Compose", icon=":material/edit_note:"),
                st.Page("pages/messages.py", title="Messages", icon=":material/inbox:"),
            ],
            "Results": [
                st.Page("pages/delivery.py", title="Delivery", icon=":material/insights:"),
            ],
            "House": [
                st.Page("pages/audit.py", title="Audit", icon=":material/history:"),
                st.Page("pages/settings.py", title="Settings", icon=":material/tune:"),
            ],
        }
    )
    shell.enter(page.url_path)
    st.html(show.CSS)
    shell.band()
    page.run()
except SQLAlchemyError as fault:
    logging.getLogger("hsl.pages").error("The database does not answer (%s)", type(fault).__name__)
    st.error(
        "The database does not answer, so nothing is shown and nothing was changed. Reload in a "
        "moment; if it stays, ask the operator to run `python -m hsl doctor`."
    )
except StoreError as fault:
    st.error(str(fault))
except Exception:
    logging.getLogger("hsl.pages").exception("A page failed")
    st.error("This page failed, and nothing was changed. Reload it; the server's log says why.")
