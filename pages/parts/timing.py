"""When a message goes: now, or at a time that names its zone; and to whom, then."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st
from babel.dates import format_datetime, format_time, get_day_names

from hsl import words
from hsl.audience.cohort import Audience
from hsl.delivery import outbox, recurring
from hsl.media import lasting
from hsl.message.content import Content
from hsl.models import AudienceMode, utc_now
from hsl.words import N_, _, p_
from pages.parts import shell, show, through, whole_page

WHEN = {"now": N_("Now"), "later": N_("At a time"), "again": N_("Again and again")}
MODES = {
    AudienceMode.FROZEN: N_("As it is now"),
    AudienceMode.LIVE: N_("As it will be when it starts"),
}
MORNING, EVENING = time(10, 0), time(19, 0)  # when lessons are announced


def choose(key: str, plan: dict[str, Any], content: Content, audience: Audience) -> dict[str, Any]:
    """The plan as it is chosen now: when, date, time, zone and audience."""
    st.markdown(f"**{_('When')}**")
    can = lasting.can_be_scheduled(shell.engine(), through.settings().bot_id, content)
    when = st.radio(
        _("When"),
        list(WHEN),
        index=list(WHEN).index(plan.get("when", "now")) if can else 0,
        format_func=lambda name: _(WHEN[name]),
        key=f"{key}-when-{can}",
        on_change=whole_page.ask,
        horizontal=True,
        label_visibility="collapsed",
        disabled=not can,
    )
    if not can:
        st.caption(_(lasting.MAY_LAPSE))
    if when == "now":
        quiet = _keep_quiet(key, plan)
        return {**plan, "when": "now", "keep_quiet": quiet} if plan or quiet else {}
    chosen = _times(key, plan, again=when == "again")
    _say_when(chosen)
    if when == "again":
        st.caption(_("Each time to the people who are in the group then."))
        chosen["audience"] = AudienceMode.LIVE.value
    elif audience.is_individual:
        if not audience.is_empty:
            st.caption(_("These people were chosen by name: exactly they get it."))
        chosen["audience"] = AudienceMode.FROZEN.value
    else:
        chosen["audience"] = _mode(key, chosen["audience"])
    chosen["keep_quiet"] = _keep_quiet(key, plan)
    chosen["late_minutes"] = st.number_input(
        _("At most so many minutes late"),
        min_value=1,
        max_value=7 * 24 * 60,
        value=int(chosen["late_minutes"]),
        key=f"{key}-late",
        help=_(
            "If nothing is running at its time, it still goes out this late; later it waits "
            "as paused and asks you."
        ),
    )
    return chosen


def _times(key: str, plan: dict[str, Any], *, again: bool) -> dict[str, Any]:
    """Date or weekdays, time and zone as they are chosen now."""
    zones = sorted(available_timezones())
    here = str(plan.get("zone") or shell.zone().key)
    tomorrow = (utc_now().astimezone(ZoneInfo(here)) + timedelta(days=1)).date()
    # Kept in the session and not given as values, so that a quick choice can set them.
    st.session_state.setdefault(
        f"{key}-date", date.fromisoformat(plan["date"]) if plan.get("date") else tomorrow
    )
    st.session_state.setdefault(
        f"{key}-time", time.fromisoformat(plan["time"]) if plan.get("time") else MORNING
    )
    day: object = st.session_state[f"{key}-date"]
    days: list[int] = plan.get("weekdays", [tomorrow.weekday()])
    until: object = plan.get("until") and date.fromisoformat(plan["until"])
    if again:
        days = st.pills(
            p_("days of the week", "On"),
            list(range(len(recurring.WEEKDAYS))),
            selection_mode="multi",
            default=days,
            format_func=_weekday,
            key=f"{key}-weekdays",
        )
    else:
        quick(key, ZoneInfo(here))
    cells = st.columns([2, 2, 3])
    if again:
        until = cells[0].date_input(_("Until (may stay empty)"), until or None, key=f"{key}-until")  # type: ignore[arg-type]
    else:
        day = cells[0].date_input(_("Date"), key=f"{key}-date")
    clock = cells[1].time_input(_("Time"), key=f"{key}-time", step=60)
    zone = cells[2].selectbox(
        _("Time zone"), zones, index=zones.index(here) if here in zones else 0, key=f"{key}-zone"
    )
    return {
        "when": "again" if again else "later",
        "date": day.isoformat() if isinstance(day, date) else tomorrow.isoformat(),
        "time": (clock or MORNING).isoformat(timespec="minutes"),
        "zone": zone,
        "audience": plan.get("audience", AudienceMode.FROZEN.value),
        "late_minutes": plan.get("late_minutes", outbox.LATE_LIMIT / 60),
        "weekdays": list(days),
        "until": until.isoformat() if isinstance(until, date) else None,
    }


def quick(key: str, zone: ZoneInfo) -> None:
    """The times that are chosen most, each by one click, for the fields of date and time here."""
    with st.container(horizontal=True, gap="small"):
        for place, (label, at) in enumerate(quick_choices(utc_now().astimezone(zone))):
            st.button(label, key=f"{key}-quick-{place}", on_click=_take, args=(key, at))


def quick_choices(now: datetime) -> list[tuple[str, datetime]]:
    """Such as "Tomorrow 10:00" and "Monday 10:00", each with its time; `now` is local."""
    found: list[tuple[str, datetime]] = []
    tonight = datetime.combine(now.date(), EVENING, now.tzinfo)
    if tonight - now > timedelta(minutes=30):
        found.append((_("Today {time}", time=_clock(tonight)), tonight))
    for at in (MORNING, EVENING):
        tomorrow = datetime.combine(now.date() + timedelta(days=1), at, now.tzinfo)
        found.append((_("Tomorrow {time}", time=_clock(tomorrow)), tomorrow))
    monday = datetime.combine(now.date() + timedelta(days=7 - now.weekday()), MORNING, now.tzinfo)
    if monday not in [at for _words, at in found]:
        name = str(format_datetime(monday.replace(tzinfo=None), "EEEE", locale=words.locale()))
        found.append((f"{name[:1].upper()}{name[1:]} {_clock(monday)}", monday))
    return found


def _take(key: str, at: datetime) -> None:
    st.session_state[f"{key}-date"] = at.date()
    st.session_state[f"{key}-time"] = at.time()


def _clock(at: datetime) -> str:
    return str(format_time(at.replace(tzinfo=None), "short", locale=words.locale()))


def _weekday(number: int) -> str:
    return str(get_day_names("abbreviated", locale=words.locale())[number])


def _say_when(chosen: dict[str, Any]) -> None:
    """When that is, in words; or why it cannot be."""
    problem = problem_of(chosen)
    if problem:
        st.error(show.plain(problem), icon=":material/error:")
        return
    moment, rule = moment_of(chosen), repeat_of(chosen)
    if rule is not None:
        st.caption(_("Goes {rule}", rule=rule.sentence()))
    if moment is not None:
        when, span = show.moment(moment, shell.zone()), show.ago(moment)
        st.caption(_("First: {when}, {span}", when=when, span=span) if rule else f"{when}, {span}")


def _mode(key: str, before: str) -> str:
    chosen: str = st.radio(
        _("Audience"),
        [mode.value for mode in MODES],
        index=[mode.value for mode in MODES].index(before),
        format_func=lambda mode: _(MODES[AudienceMode(mode)]),
        key=f"{key}-mode",
        horizontal=True,
        help=_("This group may change until then."),
    )
    return chosen


def late_limit_of(plan: dict[str, Any]) -> float:
    """How late it may start, in seconds."""
    return 60 * float(plan.get("late_minutes", outbox.LATE_LIMIT / 60))


def _keep_quiet(key: str, plan: dict[str, Any]) -> bool:
    start, end = shell.settings().quiet_times
    return st.checkbox(
        _(
            "Wake nobody: from {start} to {end} it waits for their morning",
            start=f"{start:%H:%M}",
            end=f"{end:%H:%M}",
        ),
        bool(plan.get("keep_quiet", False)),
        key=f"{key}-quiet",
        on_change=whole_page.ask,
        help=_(
            "By each person's attribute time_zone, else by the school's zone, {zone}.",
            zone=shell.settings().time_zone,
        ),
    )


def moment_of(plan: dict[str, Any]) -> datetime | None:
    """The chosen time, or the first of a rule's; None for now. It names its zone."""
    rule = repeat_of(plan)
    if rule is not None:
        first = rule.after(utc_now())
        return None if first is None else first.astimezone(ZoneInfo(rule.zone))
    if plan.get("when") != "later":
        return None
    local = datetime.combine(date.fromisoformat(plan["date"]), time.fromisoformat(plan["time"]))
    return local.replace(tzinfo=ZoneInfo(plan["zone"]))


def zone_of(moment: datetime) -> ZoneInfo:
    """The zone that a plan's moment names."""
    return moment.tzinfo if isinstance(moment.tzinfo, ZoneInfo) else shell.zone()


def repeat_of(plan: dict[str, Any]) -> recurring.Repeat | None:
    """The rule of a plan that sends again and again; None for one that sends once."""
    if plan.get("when") != "again":
        return None
    return recurring.Repeat(
        tuple(sorted(plan["weekdays"])),
        time.fromisoformat(plan["time"]),
        plan["zone"],
        date.fromisoformat(plan["until"]) if plan.get("until") else None,
    )


def problem_of(plan: dict[str, Any]) -> str | None:
    """Why the chosen time cannot be; None where it can."""
    moment = moment_of(plan)
    rule = repeat_of(plan)
    if rule is not None:
        if not rule.weekdays:
            return _("No weekday is chosen. Choose at least one.")
        if moment:
            return None
        return _("No such day comes until {day}. Choose a later one.", day=str(rule.until))
    if moment is None:
        return None
    zone = ZoneInfo(plan["zone"])
    if moment <= utc_now():
        when = show.moment(moment, zone)
        return _("{time} is in the past. Choose a later time.", time=when)
    # A local time that the clocks skip comes back as another one.
    again = moment.astimezone(ZoneInfo("UTC")).astimezone(zone)
    if again.replace(tzinfo=None) != moment.replace(tzinfo=None):
        return _(
            "The clocks skip {time} on that day in {zone}. Choose another time.",
            time=plan["time"],
            zone=plan["zone"],
        )
    return None
