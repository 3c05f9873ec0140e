"""Settings: what is set and where from, and whether all is well."""

import re
from html import escape

import streamlit as st

from hsl import doctor, first_steps, words
from hsl.delivery import pace
from hsl.settings import Described, described
from hsl.words import N_, _
from pages.parts import account_list, api_keys, own_account, shell, show, sources
from pages.parts import first_steps as steps

NAMES = {
    "archive": N_("archive"),
    "audit": N_("audit"),
    "backup": N_("backup"),
    "bot": N_("bot"),
    "clock": N_("clock"),
    "database": N_("database"),
    "deliveries": N_("deliveries"),
    "disk": N_("disk"),
    "files": N_("files"),
    "figures": N_("figures"),
    "messages": N_("messages"),
    "migrations": N_("migrations"),
    "reports": N_("reports"),
    "retention": N_("retention"),
    "scheduler": N_("scheduler"),
    "secrets": N_("secrets"),
    "sending": N_("pace"),
    "sources": N_("sources"),
}


@st.cache_data(ttl=20, show_spinner=False)
def examined(language: str) -> list[doctor.Check]:
    """The doctor's answers; they are kept for a while, in the `language` that they were said in."""
    return doctor.examine(shell.settings())


def is_all_well() -> None:
    with show.line_with_action():
        st.header(_("Is all well?"), width="stretch")
        if st.button(_("Look again"), icon=":material/refresh:"):
            examined.clear()
    with st.spinner(_("The doctor looks …")):
        checks = examined(words.language())
    # What is not well stands first.
    lines = "".join(one_check(check) for check in sorted(checks, key=lambda check: check.ok))
    st.html(f'<div class="hsl-checks">{lines}</div>')


def one_check(check: doctor.Check) -> str:
    """HTML of one answer: how it is, what of, and what was found and is to be done."""
    name = escape(_(NAMES.get(check.name, check.name)))
    remedy = "" if check.ok else f'<b class="remedy">{with_commands(check.remedy)}</b>'
    found = f"{with_commands(check.detail)}{remedy}"
    return f"<span>{show.well(check.ok)}</span><b>{name}</b><span>{found}</span>"


def with_commands(said: str) -> str:
    """HTML of a sentence, in which commands stand between backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(said))


def what_is_set() -> None:
    st.header(_("What is set"))
    st.caption(_("Set in the environment or in a file .env beside app.py, read at the start."))
    listed = described(shell.settings())
    given = [one for one in listed if one.is_given]
    if given:
        st.html(table_of(given))
    with st.expander(_("As they are by default")):
        st.html(table_of([one for one in listed if not one.is_given]))
    rhythm = pace.Rhythm.of(shell.settings())
    seconds = pace.expected_seconds(1000, shell.settings())
    st.caption(
        _(
            "At this pace 1,000 people take about {span} ({rate} messages a second).",
            span=show.duration(seconds),
            rate=words.number(rhythm.rate, decimals=1),
        )
    )


def table_of(listed: list[Described]) -> str:
    """HTML of settings: a name, its value, where it is from, and what it is."""
    lines = "".join(
        f"<div><code>{escape(one.name)}</code></div>"
        f"<div><b>{escape(one.value) or '–'}</b> "
        f"<span class='hsl-dim'>· {escape(one.source)} · {escape(one.description)}</span></div>"
        for one in listed
    )
    return f'<div class="hsl-list">{lines}</div>'


def sample() -> None:
    if first_steps.sample(shell.engine()).people:
        st.header(_("Made-up people"))
        st.caption(_("They came with the program, to try it out. Nobody is behind them."))
        steps.sample_line()


st.title(_("Settings"))
is_all_well()
sources.section()
own_account.section()
account_list.section()
api_keys.section()
sample()
what_is_set()
