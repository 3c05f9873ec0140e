"""When a message goes: now, or at a time that names its zone; and to whom, then."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

from hsl.audience.cohort import Audience
from hsl.delivery import outbox, recurring
from hsl.media import lasting
from hsl.message.content import Content
from hsl.models import AudienceMode, utc_now
from hsl.words import _
from pages.parts import shell, show

WHEN = {"now": "Now", "later": "At a time", "again": "Again and again"}
MODES = {
    AudienceMode.FROZEN: "As it is now",
    AudienceMode.LIVE: "As it will be when it starts",
}


def choose(key: str, plan: dict[str, Any], content: Content, audience: Audience) -> dict[str, Any]:
    """The plan as it is chosen now: when, date, time, zone and audience."""
    st.markdown("**When**")
    can = lasting.can_be_scheduled(shell.engine(), shell.settings().bot_id, content)
    when = st.radio(
        "When",
        list(WHEN),
        index=list(WHEN).index(plan.get("when", "now")) if can else 0,
        format_func=lambda name: WHEN[name],
        key=f"{key}-when-{can}",
        horizontal=True,
        label_visibility="collapsed",
        disabled=not can,
    )
    if not can:
        st.caption(_(lasting.MAY_LAPSE))
    if when == "now":
        quiet = _keep_quiet(key, plan)
        return {**plan, "when": "now", "keep_quiet": quiet} if plan or quiet else {}
    zones = sorted(available_timezones())
    here = str(plan.get("zone") or shell.zone().key)
    tomorrow = (utc_now().astimezone(ZoneInfo(here)) + timedelta(days=1)).date()
    cells = st.columns([2, 2, 3])
    day: object = tomorrow
    days: list[int] = plan.get("weekdays", [tomorrow.weekday()])
    if when == "again":
        days = st.pills(
            "On",
            list(range(len(recurring.WEEKDAYS))),
            selection_mode="multi",
            default=days,
            format_func=lambda number: recurring.WEEKDAYS[number][:3],
            key=f"{key}-weekdays",
        )
        until = cells[0].date_input(
            "Until (may stay empty)",
            date.fromisoformat(plan["until"]) if plan.get("until") else None,
            key=f"{key}-until",
        )
    else:
        day = cells[0].date_input(
            "Date",
            date.fromisoformat(plan["date"]) if plan.get("date") else tomorrow,
            key=f"{key}-date",
        )
        until = None
    clock = cells[1].time_input(
        "Time",
        time.fromisoformat(plan["time"]) if plan.get("time") else time(10, 0),
        key=f"{key}-time",
        step=60,
    )
    zone = cells[2].selectbox(
        "Time zone", zones, index=zones.index(here) if here in zones else 0, key=f"{key}-zone"
    )
    chosen = {
        "when": when,
        "date": day.isoformat() if isinstance(day, date) else tomorrow.isoformat(),
        "time": clock.isoformat(timespec="minutes") if clock else "10:00",
        "zone": zone,
        "audience": plan.get("audience", AudienceMode.FROZEN.value),
        "late_minutes": plan.get("late_minutes", outbox.LATE_LIMIT / 60),
        "weekdays": list(days),
        "until": until.isoformat() if isinstance(until, date) else plan.get("until"),
    }
    if when == "again" and until is None:
        chosen["until"] = None
    problem = problem_of(chosen)
    if problem:
        st.error(problem, icon=":material/error:")
    else:
        moment = moment_of(chosen)
        rule = repeat_of(chosen)
        if rule is not None:
            st.caption(f"Goes {rule.sentence()}")
        if moment is not None:
            st.caption(
                ("First: " if rule else "")
                + f"{show.moment(moment, shell.zone())}, {show.ago(moment)}"
            )
    if when == "again":
        st.caption("Each time to the people who are in the group then.")
        chosen["audience"] = AudienceMode.LIVE.value
    elif audience.is_individual:
        if not audience.is_empty:
            st.caption("These people were chosen by name: exactly they get it.")
        chosen["audience"] = AudienceMode.FROZEN.value
    else:
        chosen["audience"] = st.radio(
            "Audience",
            [mode.value for mode in MODES],
            index=[mode.value for mode in MODES].index(chosen["audience"]),
            format_func=lambda mode: MODES[AudienceMode(mode)],
            key=f"{key}-mode",
            horizontal=True,
            help="This group may change until then.",
        )
    chosen["keep_quiet"] = _keep_quiet(key, plan)
    chosen["late_minutes"] = st.number_input(
        "At most so many minutes late",
        min_value=1,
        max_value=7 * 24 * 60,
        value=int(chosen["late_minutes"]),
        key=f"{key}-late",
        help="If nothing is running at its time, it still goes out this late; later it waits "
        "as paused and asks you.",
    )
    return chosen


def late_limit_of(plan: dict[str, Any]) -> float:
    """How late it may start, in seconds."""
    return 60 * float(plan.get("late_minutes", outbox.LATE_LIMIT / 60))


def _keep_quiet(key: str, plan: dict[str, Any]) -> bool:
    start, end = shell.settings().quiet_times
    return st.checkbox(
        f"Wake nobody: from {start:%H:%M} to {end:%H:%M} it waits for their morning",
        bool(plan.get("keep_quiet", False)),
        key=f"{key}-quiet",
        help="By each person's attribute time_zone, else by the school's zone, "
        f"{shell.settings().time_zone}.",
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
            return "No weekday is chosen. Choose at least one."
        return None if moment else f"No such day comes until {rule.until}. Choose a later one."
    if moment is None:
        return None
    zone = ZoneInfo(plan["zone"])
    if moment <= utc_now():
        return f"{show.moment(moment, zone)} is in the past. Choose a later time."
    # A local time that the clocks skip comes back as another one.
    again = moment.astimezone(ZoneInfo("UTC")).astimezone(zone)
    if again.replace(tzinfo=None) != moment.replace(tzinfo=None):
        return f"The clocks skip {plan['time']} on that day in {plan['zone']}. Choose another time."
    return None
