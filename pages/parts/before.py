"""What a person sees before a message goes: whose messages, and what is odd about it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from hsl import looking, words
from hsl.audience.cohort import Audience
from hsl.audience.values import Sample, Why
from hsl.looking import Look, Oddity
from hsl.message.content import Content
from hsl.words import N_, _
from pages.parts import desk, shell, show, through

WHY = {
    Why.LONGEST: N_("The longest"),
    Why.GAPS: N_("With gaps"),
    Why.TYPICAL: N_("A usual one"),
    Why.SHORTEST: N_("The shortest"),
}
PAGES = {"audience": ("/audience", N_("Look at the people"))}
# Three bubbles stand beside each other only where each has room for its lines.
CSS = """<style>
@media (max-width:820px){.st-key-hsl-samples [data-testid="stColumn"]{min-width:100%}}
.st-key-hsl-samples .tg{padding:10px}
</style>"""


@st.cache_data(ttl=10, show_spinner=False)
def _look(
    content: str,
    audience: str,
    at: datetime | None,
    author: str,
    keep_quiet: bool,
    bot_id: int,
    locale: str,
) -> Look:
    return looking.look(
        shell.engine(),
        through.settings(),
        Content.model_validate_json(content),
        Audience.model_validate_json(audience),
        at=at,
        author=author,
        keep_quiet=keep_quiet,
        through=through.said(bot_id),
    )


def look(content: Content, audience: Audience, *, at: datetime | None, keep_quiet: bool) -> Look:
    """The last look as of a few seconds ago, in the reader's language."""
    return _look(
        content.model_dump_json(),
        audience.model_dump_json(),
        at,
        shell.author(),
        keep_quiet,
        through.settings().bot_id,
        str(words.locale()),
    )


def show_problems(problems: Sequence[str]) -> None:
    """What forbids sending."""
    for problem in problems:
        st.error(show.plain(problem), icon=":material/error:")


def show_oddities(oddities: Sequence[Oddity]) -> None:
    """What should be looked at once more, the weightiest first, each with its way there."""
    for oddity in oddities:
        said = show.plain(oddity.words)
        if oddity.message_id is not None:
            said += f" [{_('See that message')}](/messages?message={oddity.message_id})"
        if oddity.page is not None:
            address, label = PAGES[oddity.page]
            said += f" [{_(label)}]({address})"
        st.warning(said, icon=":material/info:")


def show_samples(samples: Sequence[Sample], content: Content, otherwise: dict[str, Any]) -> None:
    """Some people's own messages side by side; `otherwise` is anybody, where all get the same."""
    if len(samples) < 2:
        person = samples[0].person if samples else otherwise
        if person:
            st.caption(_("Everybody gets this text, such as {name}.", name=_name(person)))
        desk.show_preview(content, person)
        return
    st.html(CSS)
    with st.container(key="hsl-samples"):
        for cell, sample in zip(st.columns(len(samples)), samples, strict=True):
            with cell:
                st.markdown(f"**{_(WHY[sample.why])}** · {_name(sample.person)}")
                desk.show_preview(content, sample.person)
                if sample.missing:
                    st.caption(
                        _(
                            "No value for {names}.",
                            names=", ".join(map(show.plain, sample.missing)),
                        )
                    )


def _name(person: dict[str, Any]) -> str:
    name = " ".join(str(person[k]) for k in ("first_name", "last_name") if person.get(k))
    return show.plain(name or str(person.get("user_id", "")))
