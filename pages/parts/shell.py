"""What every page stands on: the database, the index of people, who is here, and the band."""

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from sqlalchemy import Engine
from streamlit.runtime.scriptrunner import get_script_run_ctx

from hsl import database, doctor, words
from hsl.audience import segments
from hsl.audience.snapshot import Snapshot
from hsl.audience.sources import registry
from hsl.delivery import history, standing
from hsl.settings import Settings, get_settings
from hsl.warehouse.store import Store
from pages.parts import asking, bot_words

ICON = str(Path(__file__).parent / "icon.svg")
BAND = 5.0  # seconds between two looks while the bot is not well
AUTHOR = "analyst"  # who works here, until there are accounts
LOCALE_COOKIE = "hsl_locale"  # a language that was chosen here, instead of the browser's


def _locale() -> str | None:
    """The viewer's locale: as chosen here, else as the browser says; None beside a session."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    chosen = st.context.cookies.get(LOCALE_COOKIE)
    return chosen if isinstance(chosen, str) else st.context.locale


words.read_by(_locale)


def settings() -> Settings:
    """The process's settings."""
    return get_settings()


@st.cache_resource
def engine() -> Engine:
    """The one engine of this process, for all sessions."""
    return database.engine_for(get_settings())


@st.cache_resource
def _store() -> Store:
    found = get_settings()
    return Store(
        engine(),
        folder=found.data_dir,
        refresh_after=found.index_refresh,
        memory=found.index_memory,
    )


def store() -> Store:
    """The one store of people and deliveries of this process, as fresh as it promises."""
    return _store().fresh()


@st.cache_resource
def _snapshot() -> Snapshot:
    return Snapshot(_store(), expand=lambda chosen: segments.expanded(engine(), chosen))


def people() -> Snapshot:
    """The index of people, as fresh as it promises."""
    return _snapshot().fresh()


def author() -> str:
    """Who works on these pages."""
    return AUTHOR


def zone() -> ZoneInfo:
    """The viewer's time zone; the school's where the browser names none."""
    try:
        return ZoneInfo(st.context.timezone or settings().time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return settings().zone


def enter(title: str) -> None:
    """Note which page this run is of."""
    came_from = st.session_state.get("page")
    st.session_state["arrived"] = came_from != title
    if came_from != title:
        asking.close()
    st.session_state["page"] = title


def arrived() -> bool:
    """True in the first run of a page after another one, or after a reload."""
    return bool(st.session_state.get("arrived", True))


def overview_title() -> str:
    """Overview, with the number of things that wait for a person."""
    waiting, uncertain = history.needs_a_person(engine())
    count = len(waiting) + bool(uncertain) + bool(standing_of_bot().trouble)
    count += len(registry.failing(engine()))
    return f"Overview · {count}" if count else "Overview"


def standing_of_bot() -> standing.Standing:
    """How the bot stands with Telegram at this moment."""
    return standing.of_bot(engine(), settings())


def band() -> None:
    """One line on every page: sandbox, the bot's trouble, a silent scheduler."""
    if settings().is_sandbox:
        st.info(
            "Sandbox: nothing leaves this machine. "
            f"[The people's phones](http://127.0.0.1:{settings().sandbox_port})",
            icon=":material/science:",
        )
    is_well = standing_of_bot().is_well
    # What ends by itself is looked at again by itself.
    st.fragment(_band_of_bot, run_every=None if is_well else BAND)(was_well=is_well)
    silent = doctor.scheduler_silent_for(engine())
    if silent is None or silent > doctor.SILENT_AFTER:
        st.warning(
            "No scheduler is running, so nothing is sent. Start `python -m hsl scheduler`.",
            icon=":material/notifications_paused:",
        )


def _band_of_bot(*, was_well: bool) -> None:
    found = standing_of_bot()
    if found.is_well and not was_well:
        st.rerun(scope="app")
    if found.trouble:
        st.error(bot_words.trouble(found, zone()), icon=":material/block:")
    elif found.held_until:
        st.warning(bot_words.hold(found, zone()), icon=":material/hourglass_top:")
    if found.paid_refusal:
        st.warning(bot_words.paid(found, zone()), icon=":material/paid:")
