"""What every page stands on: the database, the index of people, who is here, and the band."""

import logging
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError
from streamlit.runtime.scriptrunner import get_script_run_ctx

from hsl import acting, bots, database, doctor, models, words
from hsl.audience import segments
from hsl.audience.snapshot import Snapshot
from hsl.audience.sources import registry
from hsl.delivery import deciding, history, standing
from hsl.settings import Settings, get_settings
from hsl.warehouse.store import Store
from hsl.watch import alarms, vitals
from hsl.words import _
from pages.parts import account_menu, asking, bot_words, this_run, viewer

log = logging.getLogger("hsl.pages")

ICON = str(Path(__file__).parent / "icon.svg")
BAND = 5.0  # seconds between two looks while the bot is not well


def _locale() -> str | None:
    """The viewer's locale: as chosen here, else as the browser says; None beside a session."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    chosen = viewer.chosen_locale()
    browser = st.context.locale
    # "ru-RU" says more than the chosen "ru", such as how dates are written.
    return browser if browser and browser.partition("-")[0] == chosen else chosen or browser


# Each sentence of a page asks for it; it comes with the connection, so a run has one.
words.read_by(lambda: this_run.once("locale", _locale))


@st.cache_resource(ttl=2.0, show_spinner=False)
def _settings() -> Settings:
    return bots.speaking(engine(), get_settings())


def settings() -> Settings:
    """The process's settings, with the token of the bot in use."""
    return _settings()


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The one engine of this process, for all sessions."""
    return database.engine_for(get_settings())


@st.cache_resource(show_spinner=False)
def _vitals() -> vitals.Reading:
    return vitals.Reading(engine(), get_settings())


def alarms_of() -> list[str]:
    """What somebody must look at, in sentences; the bot's trouble is told with its messages."""
    found = _vitals().now()
    return [
        alarm.sentence(found) for alarm in alarms.standing(found) if alarm.name != "token_refused"
    ]


@st.cache_resource(show_spinner=False)
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
    return this_run.once("store", lambda: _store().fresh())


@st.cache_resource(show_spinner=False)
def _snapshot() -> Snapshot:
    return Snapshot(_store(), expand=lambda chosen: segments.expanded(engine(), chosen))


def people() -> Snapshot:
    """The index of people, as fresh as it promises."""
    store()
    return _snapshot()


def author() -> str:
    """Who works on these pages, as they sign."""
    return acting.current().name


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


def waiting_for_a_person() -> int:
    """How many things wait for a person, as Overview lists them; 0 where nobody can tell."""
    try:
        waiting, uncertain = history.needs_a_person(engine())
        failing = registry.failing(engine())
        asked_for = deciding.waiting(engine())
        trouble = standing_of_bot().trouble
    except SQLAlchemyError:
        return 0
    asked = sum(one.may_decide for one in asked_for)
    return len(waiting) + bool(uncertain) + bool(trouble) + len(failing) + asked


def choices(paths: list[str]) -> None:
    """The viewer's account and choices at the foot of the sidebar; `paths` are all pages'."""
    with st.sidebar.container(key="hsl-viewer"):
        account_menu.menu()
        viewer.choices(paths)


def live(draw: Callable[[], None], *, every: float | None) -> None:
    """Draw a part of a page that is drawn anew every so many seconds; None: only with its page.

    Where the database does not answer then, the part says so and goes on trying.
    """

    def guarded() -> None:
        try:
            draw()
        except SQLAlchemyError as fault:
            _say_without_database(fault)

    st.fragment(guarded, run_every=every)()


def without_database(fault: SQLAlchemyError) -> None:
    """Say that the database does not answer, and draw the page once it does again."""
    _say_without_database(fault)
    st.session_state["looked-for-database"] = False
    st.fragment(_look_for_database, run_every=BAND)()


def _say_without_database(fault: SQLAlchemyError) -> None:
    log.error("The database does not answer (%s)", type(fault).__name__)
    st.error(
        _(
            "The database does not answer, so nothing is shown and nothing was changed. This page "
            "comes back by itself; if it does not, ask the operator to run `python -m hsl doctor`."
        )
    )


def _look_for_database() -> None:
    if not st.session_state["looked-for-database"]:
        # The run that failed looks no sooner than the next beat.
        st.session_state["looked-for-database"] = True
        return
    try:
        with database.read_only(engine()).begin() as connection:
            connection.execute(select(models.message_history.c.id).limit(1))
    except SQLAlchemyError:
        return
    st.rerun(scope="app")


def standing_of_bot() -> standing.Standing:
    """How the bot stands with Telegram at this moment."""
    return this_run.once("standing", lambda: standing.of_bot(engine(), settings()))


def band() -> None:
    """One line on every page: sandbox, the bot's trouble, a silent scheduler."""
    if settings().is_sandbox:
        phones = f"http://127.0.0.1:{settings().sandbox_port}"
        st.info(
            _("Sandbox: nothing leaves this machine.") + f" [{_('The people’s phones')}]({phones})",
            icon=":material/science:",
        )
    is_well = standing_of_bot().is_well
    # What ends by itself is looked at again by itself.
    st.fragment(_band_of_bot, run_every=None if is_well else BAND)(was_well=is_well)
    silent = doctor.scheduler_silent_for(engine())
    if silent is None or silent > doctor.SILENT_AFTER:
        st.warning(
            _("No scheduler is running, so nothing is sent. Start `python -m hsl scheduler`."),
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
