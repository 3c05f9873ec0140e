"""Audit: who did what, to which thing, and when."""

import math
from datetime import datetime
from html import escape
from typing import Any

import streamlit as st

from hsl import acting, audit, audit_chain, words
from hsl.acting import Permission
from hsl.delivery import history
from hsl.words import _, plural
from pages.parts import allowed, audit_words, download, shell, show, whom

PAGE = 50  # entries
LOOKED_AT = 200  # of the chain's last entries, at each look


def nothing_yet() -> None:
    st.info(_("Nothing has been done yet. Imports, messages and every change will stand here."))
    if st.button(_("Bring people in"), type="primary", icon=":material/group_add:"):
        st.switch_page("pages/audience.py")


def first_page() -> None:
    st.session_state["page_no"] = 1


def filters(actors: list[str], actions: list[str]) -> dict[str, Any]:
    """What is chosen, as it stands in the address."""
    who, what, which, concerned = st.columns(4)
    actor = who.selectbox(
        _("Who"),
        ["", *actors],
        key="who",
        bind="query-params",
        format_func=lambda name: audit.signed(name) or _("anybody"),
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
        _("Message number"), key="number", bind="query-params", live=show.LIVE, on_change=first_page
    )
    person = concerned.text_input(
        _("Person’s id"),
        bind="query-params",
        live=show.LIVE,
        on_change=first_page,
        **allowed.greyed(
            Permission.NAMES,
            key="person",
            help=_("What was done to this person, and to the messages meant for them."),
        ),
    )
    person = (person or "").strip()
    if person and not person.isdecimal():
        concerned.caption(_("An id is a whole number, such as 700000037."))
    return {
        "actor": actor or None,
        "action": action or None,
        "object_type": "message" if number else None,
        "object_id": (number or "").strip() or None,
        "person": int(person) if person.isdecimal() and len(person) <= 18 else None,
    }


def line(entry: audit.Entry, groups: dict[str, str]) -> str:
    """HTML of one entry; `groups` says of messages, by their ids, to whom they go."""
    when = moment(entry.at)
    what = " · ".join(
        filter(None, (escape(audit_words.deed(entry.action)), audit_words.thing(entry)))
    )
    group = groups.get(entry.object_id or "", "") if entry.object_type == "message" else ""
    details = audit_words.details(entry, shell.zone(), group=group)
    return (
        f"<div><time title='{escape(show.ago(entry.at))}'>{escape(when)}</time>"
        f"<span>{escape(audit.signed(entry.actor))}{audit_words.origin(entry)}</span>"
        f"<div class='what'><b>{what}</b>{details}</div></div>"
    )


def groups_of(entries: list[audit.Entry]) -> dict[str, str]:
    """To whom the messages of these entries go, by their ids; stored with the entry in English."""
    if words.language() == "en":
        return {}
    named = {entry.object_id or "" for entry in entries if entry.object_type == "message"}
    ids = [int(number) for number in named if number.isdecimal()]
    found = history.audiences(shell.engine(), ids)
    return {str(number): whom.of_audience(stored) for number, stored in found.items()}


def moment(when: datetime) -> str:
    return show.exactly(when, shell.zone())


def chain() -> None:
    """Whether the record is whole: its last entries, or all of it for those who ask."""
    last, ask = st.columns([3, 1], vertical_alignment="center")
    everything = False
    if acting.current().may(acting.Permission.MANAGE):
        with ask.container(horizontal=True, horizontal_alignment="right"):
            everything = st.button(
                _("Verify all of it"), icon=":material/verified:", type="tertiary"
            )
    found = audit_chain.verify(shell.engine(), last=None if everything else LOOKED_AT)
    if found.is_whole:
        last.caption(
            plural("The chain is whole: {n} entry.", "The chain is whole: {n} entries.",
                   found.looked)
            if everything
            else _("The chain of the last entries is whole.")
        )  # fmt: skip
        return
    last.error(
        _("The audit was changed from outside: {what}", what=show.plain(found.faults[0].what))
    )


zone = shell.zone()
actors, actions = audit.kinds(shell.engine())
actions_at = show.head(_("Audit"))
if not actors:
    nothing_yet()
    st.stop()
chosen = filters(actors, actions)
_none, total = audit.entries(shell.engine(), **chosen, limit=0)
with actions_at:
    download.menu(
        _("Download these entries"),
        "audit",
        lambda form: audit.export(
            shell.engine(), form, **chosen, words=lambda entry: audit_words.sentence(entry, zone)
        ),
    )
st.caption(plural("{n} entry", "{n} entries", total))
chain()
listed = st.container()
number = 1
if total > PAGE:
    pages = math.ceil(total / PAGE)
    number = st.pagination(pages, key="page_no", bind="query-params")
entries, _total = audit.entries(shell.engine(), **chosen, offset=(number - 1) * PAGE, limit=PAGE)
if entries:
    groups = groups_of(entries)
    lines = "".join(line(entry, groups) for entry in entries)
    listed.html(f"<div class='hsl-audit'>{lines}</div>")
else:
    listed.info(_("No entry fits. Choose less, or look for another."))
