"""What the draft said before, each with a way back to it."""

from html import escape

import streamlit as st

from hsl.audit import signed
from hsl.message import versions
from hsl.words import _
from pages.parts import asking, held, shell, show


def draw() -> None:
    """The dialog's body: the versions, the newest first."""
    found = versions.listing(shell.engine(), held.draft().id)
    if not found:
        st.write(
            _(
                "There is no earlier version yet. One is kept every few minutes of writing, and "
                "each time you continue or bring another one back."
            )
        )
    for version in found:
        _line(version)


def _line(version: versions.Version) -> None:
    text, act = st.columns([4, 1], vertical_alignment="center")
    when = show.exactly(version.made_at, shell.zone())
    first = version.title[:200] or _("Nothing written yet")
    by = escape(_("by {author}", author=signed(version.author)))
    text.html(
        f'<div class="hsl-line">{escape(first)}</div><div class="hsl-dim">'
        f'<span title="{escape(when)}">{escape(show.ago(version.made_at))}</span> · '
        f"{by} · {escape(_length(version))}</div>"
    )
    if asking.button(act, _("Bring back"), key=f"version-{version.id}", width="stretch"):
        held.bring_back(version)
        asking.close()
        st.toast(_("Brought back. What stood there before is a version now."))
        st.rerun()


def _length(version: versions.Version) -> str:
    return _("{count} characters", count=len(version.content.text))
