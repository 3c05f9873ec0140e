"""Audit: who did what, to which thing, and when."""

import math
from datetime import datetime
from html import escape
from typing import Any

import streamlit as st

from hsl import audit
from hsl.words import _, plural
from pages.parts import audit_words, download, shell, show

PAGE = 50  # entries


def nothing_yet() -> None:
    st.info(_("Nothing has been done yet. Imports, messages and every change will stand here."))
    if st.button(_("Bring people in"), type="primary", icon=":material/group_add:"):
        st.switch_page("pages/audience.py")


def first_page() -> None:
    st.session_state["page_no"] = 1


def filters(actors: list[str], actions: list[str]) -> dict[str, Any]:
    """What is chosen, as it stands in the address."""
    who, what, which, whom = st.columns(4)
    actor = who.selectbox(
        _("Who"),
        ["", *actors],
        key="who",
        bind="query-params",
        format_func=lambda name: name or _("anybody"),
        on_change=first_page,
    )
    action = what.selectbox(
        _("What"),
        ["", *actions],
        key="what",
        bind="query-params",
        format_func=lambda name: audit_words.deed(name) or _("anything"),
        on_change=first_page,
    )
    number = which.text_input(
        _("Message number"), key="number", bind="query-params", live=True, on_change=first_page
    )
    person = whom.text_input(
        _("Person’s id"),
        key="person",
        bind="query-params",
        live=True,
        help=_("What was done to this person, and to the messages meant for them."),
        on_change=first_page,
    )
    person = (person or "").strip()
    if person and not person.isdecimal():
        whom.caption(_("An id is a whole number, such as 700000037."))
    return {
        "actor": actor or None,
        "action": action or None,
        "object_type": "message" if number else None,
        "object_id": (number or "").strip() or None,
        "person": int(person) if person.isdecimal() and len(person) <= 18 else None,
    }


def line(entry: audit.Entry) -> str:
    """HTML of one entry."""
    when = moment(entry.at)
    what = " · ".join(
        filter(None, (escape(audit_words.deed(entry.action)), audit_words.thing(entry)))
    )
    return (
        f"<div><time title='{escape(show.ago(entry.at))}'>{escape(when)}</time>"
        f"<span>{escape(entry.actor)}</span>"
        f"<div class='what'><b>{what}</b>{audit_words.details(entry, shell.zone())}</div></div>"
    )


def moment(when: datetime) -> str:
    return show.exactly(when, shell.zone())


actors, actions = audit.kinds(shell.engine())
head, action = st.columns([3, 1], vertical_alignment="bottom")
head.title(_("Audit"))
if not actors:
    nothing_yet()
    st.stop()
chosen = filters(actors, actions)
_none, total = audit.entries(shell.engine(), **chosen, limit=0)
with action.container(horizontal=True, horizontal_alignment="right"):
    download.menu(
        _("Download these"), "audit", lambda form: audit.export(shell.engine(), form, **chosen)
    )
st.caption(plural("{n} entry", "{n} entries", total))
listed = st.container()
number = 1
if total > PAGE:
    pages = math.ceil(total / PAGE)
    number = st.pagination(pages, key="page_no", bind="query-params")
entries, _total = audit.entries(shell.engine(), **chosen, offset=(number - 1) * PAGE, limit=PAGE)
if entries:
    listed.html(f"<div class='hsl-audit'>{''.join(map(line, entries))}</div>")
else:
    listed.info(_("No entry fits. Choose less, or look for another."))
