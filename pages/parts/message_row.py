"""One message in a list: a door to its page, its state, how far it is, and its closing sum."""

from collections.abc import Callable
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from hsl.audit import signed
from hsl.delivery import told
from hsl.delivery.history import Message
from hsl.models import MessageStatus
from hsl.words import _
from pages.parts import shell, show
from pages.parts.whom import whom

CSS = """<style>
[class*="st-key-hsl-row-"]{border-top:1px solid var(--hsl-line);padding:.5rem 0 .55rem}
[class*="st-key-hsl-row-"] .stButton button{justify-content:flex-start;text-align:left;
white-space:normal;padding:0;min-height:1.7rem}
[class*="st-key-hsl-row-"] .stButton button p{text-align:left;overflow-wrap:anywhere}
[class*="st-key-hsl-row-"] .hsl-state{font-size:.94rem}
[class*="st-key-hsl-row-"] .stColumn{gap:.3rem}
@media (max-width:640px){[class*="st-key-hsl-row-"] .stHorizontalBlock{gap:.45rem}}
</style>"""


def draw(message: Message, *, key: str, go: Callable[[], None], progress: str = "") -> None:
    """The row, within `listed()`; `go` opens the message, `progress` says how far it is by now."""
    with st.container(key=f"hsl-row-{key}-{message.id}", gap=None):
        left, right = st.columns([3, 2], vertical_alignment="center", gap="medium")
        with left.container(gap=None):
            title = f"**{show.plain(message.title)}**"
            if st.button(title, key=f"{key}-{message.id}", type="tertiary"):
                go()
            st.html(_facts(message))
        # Why some failed is on the message's own page.
        said = f'<div class="hsl-dim">{escape(progress)}</div>' if progress else ""
        right.html(_sum(message) + said)


def listed() -> DeltaGenerator:
    """The place for rows, one close below the other."""
    st.html(CSS)
    return st.container(gap=None)


def _sum(message: Message) -> str:
    """Its closing sum; before anybody was tried only to how many it goes, which is no result."""
    closing = message.closing.in_short()
    if closing.total and closing.pending == closing.total:
        return f'<div class="hsl-dim">{escape(show.people(closing.total))}</div>'
    return show.closing_bar(closing, empty=show.at_creation(message))


def _facts(message: Message) -> str:
    when = message.finished_at or message.started_at or message.scheduled_at
    said = [
        escape(_("to {whom}", whom=whom(message))),
        f'<time title="{escape(show.moment(when, shell.zone()))}">{escape(show.ago(when))}</time>',
        escape(_("by {author}", author=signed(message.author))),
    ]
    if message.status_reason and message.status in (MessageStatus.PAUSED, MessageStatus.FAILED):
        said.append(escape(told.reason(message.status_reason)))
    state = f"{show.test_mark(message)}{show.message_state(message)}"
    return f'{state} <span class="hsl-dim"> · {" · ".join(said)}</span>'
