"""The calendar under Messages: what went and will go, by month or week, and what meets."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import streamlit as st
from babel.dates import format_datetime, format_time, get_day_names

from hsl import planned, words
from hsl.acting import Permission
from hsl.models import utc_now
from hsl.planned import Collision, Entry
from hsl.words import N_, _, language, p_, plural
from pages.parts import allowed, message_list, message_row, move, shell, show, whom
from pages.parts.period import Period, bounds

FOLDER = Path(__file__).parent / "calendar_view"
MODES = {"month": N_("Month"), "week": N_("Week")}
WINDOWS = (1, 2, 6, 24)  # hours within which two messages to the same people are told
SHOWN, MOST = 5, 25  # collisions that are told at once, and at all
PLANNED_COLOUR, PLANNED_SHAPE = "#8A8F98", "◌"

_calendar = st.components.v2.component(
    "hsl_calendar",
    html=(FOLDER / "calendar.html").read_text("utf-8"),
    css=(FOLDER / "calendar.css").read_text("utf-8"),
    js=(FOLDER / "calendar.js").read_text("utf-8"),
)


def present() -> None:
    """The whole calendar, as its address says."""
    today = utc_now().astimezone(shell.zone()).date()
    address = st.query_params
    period = Period.of(address.get("month", ""), address.get("week", ""), today)
    message_list.note_left()
    _head(period, today)
    move.say_moved()
    days = period.days()
    entries = planned.between(shell.engine(), *bounds(days, shell.zone()))
    window = timedelta(hours=int(st.session_state.get("calendar-window", 2)))
    clashes = planned.collisions(shell.engine(), entries, window=window)
    asked = _calendar(
        key="hsl-calendar",
        data=_data(period, days, today, entries, clashes),
        on_open_change=lambda: None,
        on_move_change=lambda: None,
        on_ask_change=lambda: None,
        on_week_change=lambda: None,
        on_page_change=lambda: None,
    )
    _answer(asked, period, entries)
    for entry in entries:
        if entry.id is not None and entry.can_move:
            move.ask(entry.id, entry.at)
    _collisions(clashes)


def _head(period: Period, today: date) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(period.title(), anchor=False, width="stretch")
        for name, icon, by in (
            (_("Earlier"), ":material/chevron_left:", -1),
            (_("Later"), ":material/chevron_right:", 1),
        ):
            if st.button("", icon=icon, help=name, key=f"calendar-{by}"):
                _go(period.moved(by))
        if st.button(_("Today"), key="calendar-today"):
            _go(Period.week_of(today) if period.mode == "week" else Period.month_of(today))
        mode = st.segmented_control(
            _("Period"),
            list(MODES),
            default=period.mode,
            required=True,
            format_func=lambda mode: _(MODES[mode]),
            key=f"calendar-mode-{period.mode}",
            label_visibility="collapsed",
        )
    if mode != period.mode:
        shown = period.days()
        day = today if today in shown else period.first
        _go(Period.week_of(day) if mode == "week" else Period.month_of(day))


def _go(period: Period) -> None:
    st.query_params.from_dict({"view": "calendar", **period.address})
    st.rerun()


def _open(number: int) -> None:
    st.query_params.from_dict({"message": str(number)})
    st.rerun()


def _answer(asked: Any, period: Period, entries: Sequence[Entry]) -> None:
    """Do what was clicked, dragged or pressed in it."""
    if asked.open:
        _open(int(asked.open))
    if asked.page:
        _go(period.moved(int(asked.page)))
    if asked.week:
        _go(Period.week_of(date.fromisoformat(str(asked.week))))
    by_id = {entry.id: entry for entry in entries if _may_move(entry)}
    if asked.ask and int(asked.ask) in by_id:
        move.open_for(int(asked.ask))
    if asked.move and int(asked.move["id"]) in by_id:
        entry = by_id[int(asked.move["id"])]
        clock = entry.at.astimezone(shell.zone()).time()
        moment = datetime.combine(date.fromisoformat(asked.move["day"]), clock, shell.zone())
        if move.to(int(asked.move["id"]), moment):
            st.rerun()


def _data(
    period: Period,
    days: Sequence[date],
    today: date,
    entries: Sequence[Entry],
    clashes: Sequence[Collision],
) -> dict[str, Any]:
    """Everything that the component shows, in the reader's words."""
    met = {id(entry) for clash in clashes for entry in (clash.first, clash.second)}
    shown = [_shown(entry, is_met=id(entry) in met) for entry in entries]
    counts = {day.isoformat(): 0 for day in days}
    for one in shown:
        counts[one["day"]] = counts.get(one["day"], 0) + 1
    # On a telephone what is over is folded, where the period has today in it.
    over = [day for day in days if day < today and not _is_outside(day, period)]
    earlier = sum(counts[day.isoformat()] for day in over) if today in days else 0
    names = get_day_names("abbreviated", locale=words.locale())
    return {
        "mode": period.mode,
        "today": today.isoformat(),
        "weekdays": [str(names[day.weekday()]) for day in days[:7]],
        "days": [_day(day, period, counts[day.isoformat()]) for day in days],
        "earlier": earlier,
        "entries": shown,
        "words": {
            "label": period.title(),
            "move": _("Move to…"),
            "nothing": _("Nothing goes today."),
            "earlier": plural("{n} earlier message", "{n} earlier messages", earlier),
        },
    }


def _day(day: date, period: Period, count: int) -> dict[str, Any]:
    at = datetime.combine(day, datetime.min.time())
    full = str(format_datetime(at, _("EEEE d MMMM"), locale=words.locale()))
    return {
        "iso": day.isoformat(),
        "number": str(day.day),
        "full": full[:1].upper() + full[1:],
        "outside": _is_outside(day, period),
        "count": plural("{n} message", "{n} messages", count),
        "more": plural("and {n} more", "and {n} more", max(0, count - 3)),
    }


def _is_outside(day: date, period: Period) -> bool:
    return period.mode == "month" and day.month != period.first.month


def _shown(entry: Entry, *, is_met: bool) -> dict[str, Any]:
    local = entry.at.astimezone(shell.zone())
    status = "taken_back" if entry.taken_back else entry.status
    is_planned = entry.status == planned.PLANNED
    state = _("by its rule, not made yet") if is_planned else _(show.WORDS.get(status, status))
    clock = str(format_time(local.replace(tzinfo=None), "short", locale=words.locale()))
    to = _whom(entry)
    clash = _("collides") if is_met else ""
    return {
        "id": entry.id,
        "day": local.date().isoformat(),
        "clock": clock,
        "title": entry.title,
        "shape": PLANNED_SHAPE if is_planned else show.SHAPES.get(status, "○"),
        "colour": PLANNED_COLOUR if is_planned else show.COLOURS.get(status, PLANNED_COLOUR),
        "state": state,
        "to": to,
        "clash": clash,
        "planned": is_planned,
        "movable": _may_move(entry),
        "open": None if entry.id is None else str(entry.id),
        "href": f"/messages?message={entry.id}",
        "label": " · ".join(p for p in (clock, entry.title, state, to, clash) if p),
    }


def _may_move(entry: Entry) -> bool:
    return entry.can_move and allowed.may(Permission.SEND)


def _whom(entry: Entry) -> str:
    people = show.people(entry.people) if entry.people else ""
    # What is stored of a group is English; of a test's half it names the test.
    is_said = language() != "en" and entry.audience and entry.experiment_id is None
    group = whom.of_audience(entry.audience or {}) if is_said else ""
    return ", ".join(part for part in (people, group or entry.group or "") if part)


def _collisions(clashes: Sequence[Collision]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.header(_("Collisions"), anchor=False, width="stretch")
        st.selectbox(
            p_("hours", "Within"),
            WINDOWS,
            index=WINDOWS.index(2),
            format_func=lambda hours: show.duration(3600 * hours),
            key="calendar-window",
            width=130,
        )
    if not clashes:
        st.caption(_("No two messages go to the same people so close together."))
        return
    with message_row.listed():
        for place, clash in enumerate(clashes[:SHOWN]):
            _collision(place, clash)
    more = clashes[SHOWN:MOST]
    if more:
        with st.expander(plural("{n} more", "{n} more", len(clashes) - SHOWN)):
            with message_row.listed():
                for place, clash in enumerate(more, SHOWN):
                    _collision(place, clash)
            if len(clashes) > MOST:
                left = len(clashes) - MOST
                said = plural("And {n} more of this period.", "And {n} more of this period.", left)
                st.caption(said)


def _collision(place: int, clash: Collision) -> None:
    """Both messages, each a door to its page, and who gets both."""
    with st.container(key=f"hsl-row-clash-{place}", gap=None):
        left, right = st.columns([3, 2], vertical_alignment="center", gap="medium")
        with left.container(gap=None):
            for number, entry in enumerate((clash.first, clash.second)):
                said = show.plain(f"{show.moment(entry.at, shell.zone())} · {entry.title}")
                if entry.id is None:
                    st.markdown(said)
                elif st.button(said, key=f"clash-{place}-{number}", type="tertiary"):
                    _open(entry.id)
        right.caption(show.plain(_why(clash)))


def _why(clash: Collision) -> str:
    seconds = clash.apart.total_seconds()
    span = _("{span} apart", span=show.duration(seconds)) if seconds else _("At the same time")
    if clash.people is not None:
        return plural(
            "{span}; {n} person gets both.",
            "{span}; {n} people get both.",
            clash.people,
            span=span,
        )
    if clash.streams:
        streams = ", ".join(clash.streams)
        return _("{span}; both go to {streams}.", span=span, streams=streams)
    return _("{span}; both may go to the same people.", span=span)
