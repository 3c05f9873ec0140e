"""The first steps in a new house, on Overview; and the end of the sample people."""

from html import escape

import streamlit as st

from hsl import first_steps
from hsl.acting import Permission
from hsl.first_steps import Sample, Step
from hsl.words import N_, _, plural
from pages.parts import allowed, asking, shell, show

QUESTION = "sample"
TITLES = {
    Step.TOKEN: N_("Connect your bot"),
    Step.PEOPLE: N_("Bring in your people"),
    Step.TO_YOURSELF: N_("Send a message to yourself"),
    Step.FIRST_MESSAGE: N_("Write to many"),
}
WORDS = {
    Step.PEOPLE: N_(
        "A file of people is enough: CSV, Excel, Parquet or JSON lines with a column user_id. Or "
        "let them come from another database, again and again."
    ),
    Step.TO_YOURSELF: N_(
        "Start your own bot in Telegram, find yourself on the Audience page, tick your line, and "
        "write. You see it as everybody will."
    ),
    Step.FIRST_MESSAGE: N_(
        "Choose a group on the Audience page, write, and look at it once more before it goes."
    ),
}
ACTIONS = {
    Step.PEOPLE: (N_("Bring people in"), "pages/audience.py", ":material/group_add:"),
    Step.TO_YOURSELF: (N_("Find yourself"), "pages/audience.py", ":material/person_search:"),
    Step.FIRST_MESSAGE: (N_("Choose a group"), "pages/audience.py", ":material/groups:"),
}


def section() -> None:
    """The steps that lie ahead, with the one that comes next; nothing once they are over."""
    progress = first_steps.look(shell.engine(), shell.settings())
    if progress.is_over:
        return
    with st.container(border=True, gap="small", key="first-steps"):
        with show.line_with_action():
            st.header(_("First steps"), width="stretch")
            if allowed.button(
                _("Hide these"), Permission.WRITE, key="first-steps-hide", type="tertiary"
            ):
                first_steps.dismiss(shell.engine(), shell.author())
                st.rerun()
        for step in Step:
            _line(step, is_done=step in progress.done, is_next=step is progress.next)
            if step is progress.next:
                _next(step)


def _line(step: Step, *, is_done: bool, is_next: bool) -> None:
    kind, mark = ("done", "✓") if is_done else ("next", "→") if is_next else ("later", "○")
    said = {"done": _("done"), "next": _("next"), "later": _("later")}[kind]
    st.html(
        f'<div class="hsl-step {kind}"><span class="mark" role="img" aria-label="{escape(said)}">'
        f"{mark}</span><span>{escape(_(TITLES[step]))}</span></div>"
    )


def _next(step: Step) -> None:
    if step is Step.TOKEN:
        _token()
        return
    if step is Step.PEOPLE:
        sample_line()
    st.caption(_(WORDS[step]))
    words, page, icon = ACTIONS[step]
    if st.button(_(words), key=f"first-{step}", type="primary", icon=icon):
        st.switch_page(page)


def _token() -> None:
    if not shell.settings().is_sandbox:
        st.caption(_("Telegram does not take the bot’s token. Settings tell what it said."))
        if st.button(_("Look at the settings"), key="first-token"):
            st.switch_page("pages/settings.py")
        return
    st.markdown(
        _(
            "1. In Telegram, open a chat with **@BotFather** and send it `/newbot`. It asks for a "
            "name, and for a username that ends in `bot`.\n"
            "2. It answers with a token such as `123456:ABC…`. Whoever has it is your bot: show it "
            "to nobody.\n"
            "3. Write it into the file `.env` in the folder where you start the program, as the "
            "line `BOT_TOKEN=123456:ABC…`.\n"
            "4. End the program with Ctrl-C and start it again."
        )
    )
    st.caption(
        _(
            "Until then everything stays on this machine. Try it all with the made-up people "
            "first: choose some, write to them, and see what arrives."
        )
    )
    with st.container(horizontal=True):
        if st.button(_("Try it with made-up people"), key="first-try", icon=":material/science:"):
            st.switch_page("pages/audience.py")
        sample_line()


def sample_line() -> None:
    """The button that removes the sample's people, where there are any; it asks first."""
    sample = first_steps.sample(shell.engine())
    if not sample.people:
        return
    if allowed.button(
        plural("Remove {n} made-up person", "Remove {n} made-up people", sample.people),
        Permission.MANAGE,
        key="sample-remove",
        icon=":material/delete_sweep:",
    ):
        asking.open_dialog(QUESTION)
    if asking.is_open(QUESTION):
        asking.confirm(_("Remove the sample?"), _what_goes(sample), _("Remove it"), _remove_sample)


def _what_goes(sample: Sample) -> str:
    gone = [plural("{n} made-up person goes.", "{n} made-up people go.", sample.people)]
    if sample.messages:
        gone.append(
            plural(
                "So does {n} message that only they got in the sandbox, with its figures.",
                "So do {n} messages that only they got in the sandbox, with their figures.",
                sample.messages,
            )
        )
    kept = _(
        "Your own people, their messages, segments and drafts stay, and so does the audit. It "
        "cannot be undone."
    )
    return " ".join([*gone, kept])


def _remove_sample() -> None:
    try:
        removed = first_steps.remove_sample(shell.engine(), shell.author())
    except first_steps.SampleError as refused:
        st.error(show.plain(str(refused)))
        return
    shell.store().refresh()
    st.toast(plural("{n} made-up person is gone.", "{n} made-up people are gone.", removed.people))
    st.rerun(scope="app")
