"""Through which bot the message on the desk goes, where there are several to choose from."""

from typing import Any

import streamlit as st

from hsl import bots
from hsl.bots import Speaker
from hsl.delivery import history
from hsl.errors import PlainError
from hsl.message import drafts
from hsl.settings import Settings, get_settings
from hsl.words import _
from pages.parts import shell, show, whole_page

DESK = "compose"  # the page whose choice it is, as `shell.enter` notes it
CHOSEN = "desk-bot"  # in the session: the id of the bot that is chosen there


@st.cache_resource(ttl=2.0, show_spinner=False)
def _speakers() -> list[Speaker]:
    return bots.speakers(shell.engine(), get_settings())


@st.cache_resource(ttl=2.0, show_spinner=False)
def _of(bot_id: int) -> Settings:
    return bots.of_id(shell.engine(), get_settings(), bot_id)


def settings() -> Settings:
    """The settings with the bot of the draft on the desk; elsewhere with the bot in use.

    Where that bot cannot send it is the one in use too: only `sender` is asked before sending.
    """
    bot_id = st.session_state.get(CHOSEN)
    if bot_id is None or st.session_state.get("page") != DESK:
        return shell.settings()
    try:
        return _of(bot_id)
    except PlainError:
        return shell.settings()


def sender(plan: dict[str, Any]) -> Settings:
    """The settings with the bot that sends what is planned. Raises BotError and SealError."""
    bot_id = plan.get("bot")
    if bot_id is None:
        return shell.settings()
    return bots.of_id(shell.engine(), get_settings(), bot_id)  # as it is at this moment


def problem_of(plan: dict[str, Any]) -> str | None:
    """Why the chosen bot cannot send; None where it can."""
    try:
        sender(plan)
    except PlainError as fault:
        return str(fault)
    return None


def take_up(draft: drafts.Draft) -> None:
    """Let the desk be of the draft's bot; a change of a message is of the message's."""
    bot_id = draft.plan.get("bot")
    if draft.edits_message_id is not None:
        message = history.one(shell.engine(), draft.edits_message_id)
        bot_id = None if message is None else message.bot_id
    st.session_state[CHOSEN] = bot_id


def choose(key: str, plan: dict[str, Any]) -> dict[str, Any]:
    """What a plan says of its bot, as it is chosen now; nothing where it is the one in use."""
    known = {one.bot_id: one for one in _speakers()}
    before: int | None = plan.get("bot")
    if len(known) < 2 and before in {None, *known}:
        return {} if before is None else {"bot": before}
    in_use = next((one.bot_id for one in known.values() if one.in_use), None)
    at = in_use if before is None else before
    chosen = st.selectbox(
        _("Through the bot"),
        list(known),
        index=list(known).index(at) if at in known else None,
        format_func=lambda bot_id: name_of(known[bot_id]),
        key=f"{key}-bot",
        on_change=whole_page.ask,
        placeholder=_("Choose a bot"),
        help=_("People get messages only from a bot that they have started."),
    )
    # Once chosen it stays, also where another bot is taken into use before it goes.
    keeps_to_none = before is None and chosen == in_use
    found = {} if keeps_to_none else {"bot": before if chosen is None else chosen}
    if (problem := problem_of(found)) is not None:
        st.error(show.plain(problem), icon=":material/error:")
    return found


def said(bot_id: int) -> str | None:
    """The name of a bot, where there are several; None where there is one, or it is unknown."""
    known = {one.bot_id: one for one in _speakers()}
    return name_of(known[bot_id]) if len(known) > 1 and bot_id in known else None


def name_of(one: Speaker) -> str:
    """Such as "club (@club_bot)"."""
    return f"{one.name} (@{one.username})" if one.username else one.name
