"""What every page stands on: the database, the index of people, who is here, and the band."""

import time
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from sqlalchemy import Engine

from hsl import database, doctor
from hsl.audience import segments
from hsl.audience.snapshot import Snapshot
from hsl.delivery import history, pace
from hsl.settings import Settings, get_settings
from hsl.warehouse.store import Store
from pages.parts import asking, show

ICON = str(Path(__file__).parent / "icon.svg")
AUTHOR = "analyst"  # who works here, until there are accounts


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
    return Store(engine(), folder=found.data_dir, refresh_after=found.index_refresh)


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
    count = len(waiting) + bool(uncertain)
    return f"Overview · {count}" if count else "Overview"


def band() -> None:
    """One line on every page: sandbox, the bot's trouble, a silent scheduler."""
    if settings().is_sandbox:
        st.info(
            "Sandbox: nothing leaves this machine. "
            f"[The people's phones](http://127.0.0.1:{settings().sandbox_port})",
            icon=":material/science:",
        )
    state = pace.state(engine(), settings().bot_id)
    if state is not None and state.trouble:
        st.error(
            f"Sending has stopped. {show.plain(state.trouble)}. Mend its token in the settings and "
            "start again, or wait: Telegram is asked again by itself, and what was paused goes on.",
            icon=":material/block:",
        )
    elif state is not None and state.is_held:
        st.warning(
            "Telegram asked to wait; sending goes on by itself.", icon=":material/hourglass_top:"
        )
    if state is not None and state.paid_refusal and not state.may_pay(time.time()):
        st.warning(
            f"Telegram takes no paid broadcast ({show.plain(state.paid_refusal)}). Sending goes on "
            "at the free rate, and tries to pay again after an hour.",
            icon=":material/paid:",
        )
    silent = doctor.scheduler_silent_for(engine())
    if silent is None or silent > doctor.SILENT_AFTER:
        st.warning(
            "No scheduler is running, so nothing is sent. Start `python -m hsl scheduler`.",
            icon=":material/notifications_paused:",
        )
