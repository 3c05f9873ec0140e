"""The last look before a message goes: who, what, when, how long, and what is odd about it."""

from datetime import datetime
from typing import Any

import streamlit as st

from hsl import dispatch, experiments
from hsl.acting import NotAllowedError, Permission
from hsl.audience import policy
from hsl.audience.cohort import Audience
from hsl.delivery import changes, deciding, history, outbox, pace
from hsl.errors import PlainError
from hsl.message import drafts
from hsl.message.content import Content
from hsl.models import AudienceMode
from hsl.words import _, plural
from pages.parts import (
    allowed,
    approval,
    asking,
    before,
    desk,
    languages,
    shell,
    show,
    splitting,
    through,
    timing,
)

EXAMPLES = 20  # people to look as


@st.cache_data(ttl=10, show_spinner=False)
def _count(audience: str) -> dispatch.Count:
    return dispatch.count(shell.engine(), Audience.model_validate_json(audience))


@st.cache_data(ttl=30, show_spinner=False)
def _examples(audience: str) -> list[dict[str, Any]]:
    return dispatch.examples(shell.engine(), Audience.model_validate_json(audience), most=EXAMPLES)


def people_of(audience: Audience) -> dispatch.Count:
    """How many people there are in it, as of a few seconds ago."""
    return _count(audience.model_dump_json())


def look_as(audience: Audience, content: Content, *, key: str) -> dict[str, Any]:
    """The person whose message is shown, as chosen among some of the audience."""
    people = _examples(audience.model_dump_json())
    if not people:
        st.caption(_("Choose people, and see the message as this one or that one gets it."))
        return {}
    place = st.selectbox(
        _("Preview as"),
        range(len(people)),
        format_func=lambda i: _name(people[i]),
        key=key,
    )
    return people[place or 0]


def draw_edit(draft: drafts.Draft, audience: Audience) -> None:
    """The dialog's body for a change of a message; only here it is saved."""
    in_chats = bool(draft.plan.get("in_chats"))
    number = draft.edits_message_id or 0
    st.text(_reach_of_edit(number, audience, in_chats=in_chats))
    problems = draft.content.check()
    for problem in problems:
        st.error(show.plain(problem.message), icon=":material/error:")
    desk.show_preview(draft.content, next(iter(_examples(audience.model_dump_json())), {}))
    go, back = st.columns(2)
    saved = go.button(
        _("Change it in the chats") if in_chats else _("Save the change"),
        type="primary",
        **allowed.greyed(Permission.SEND, disabled=bool(problems), width="stretch", key="send"),
    )
    if back.button(_("Back to writing"), width="stretch"):
        asking.close()
        st.rerun()
    if not saved:
        return
    try:
        message_id = dispatch.save_edit(
            shell.engine(),
            message_id=number,
            content=draft.content,
            in_chats=in_chats,
            author=shell.author(),
            draft_id=draft.id,
        )
    except (outbox.OutboxError, NotAllowedError) as refused:
        st.error(show.plain(str(refused)))
        return
    approval.tell(deciding.of_message(shell.engine(), message_id))
    _leave(message=str(message_id))


def _reach_of_edit(message_id: int, audience: Audience, *, in_chats: bool) -> str:
    """Whom the change concerns, and how long it takes to reach them."""
    message = history.one(shell.engine(), message_id)
    number = str(message_id)
    if in_chats:
        count = changes.editable(shell.engine(), message_id)
        return plural(
            "Message {number} is changed in the {n} chat where it stands; that takes about {span} "
            "at the present pace",
            "Message {number} is changed in the {n} chats where it stands; that takes about {span} "
            "at the present pace",
            count, number=number, span=_takes(count),
        )  # fmt: skip
    if message is not None and message.started_at is not None:
        count = message.closing.not_tried
        return plural(
            "Message {number} is changed for the {n} person who is still to get it; that takes "
            "about {span} at the present pace",
            "Message {number} is changed for the {n} people who are still to get it; that takes "
            "about {span} at the present pace",
            count, number=number, span=_takes(count),
        )  # fmt: skip
    count = people_of(audience).people
    return plural(
        "Message {number} is changed for {n} person; that takes about {span} at the present pace",
        "Message {number} is changed for all {n} people; that takes about {span} at the present "
        "pace",
        count, number=number, span=_takes(count),
    )  # fmt: skip


def _takes(people: int) -> str:
    return show.duration(pace.expected_seconds(people, shell.settings()))


def draw(draft: drafts.Draft, audience: Audience) -> None:
    """The dialog's body; only here a message can be sent."""
    moment = timing.moment_of(draft.plan)
    keep_quiet = bool(draft.plan.get("keep_quiet"))
    head = st.container(gap=None)
    audience = _with_cap(audience)
    found = before.look(draft.content, audience, at=moment, keep_quiet=keep_quiet)
    with head:
        _say_whom_and_when(draft, audience, found.last, moment)
    problems = [problem.message for problem in found.last.problems]
    problems += [lost] if (lost := through.problem_of(draft.plan)) else []
    problems += splitting.problems_of(draft.plan, draft.content)
    problems += [late] if (late := timing.problem_of(draft.plan)) else []
    before.show_problems(problems)
    with st.container(gap="xsmall"):
        before.show_oddities(found.oddities)
    others = _examples(audience.model_dump_json())
    before.show_samples(found.last.samples, draft.content, next(iter(others), {}))
    may_go = not problems and _has_counted(found.last.people, draft)
    approval.notice(found.last)
    go, back = st.columns(2)
    label = _label(draft, found.last.people, moment)
    sent = go.button(
        label,
        type="primary",
        **allowed.greyed(Permission.SEND, disabled=not may_go, width="stretch", key="send"),
    )
    if back.button(_("Back to writing"), width="stretch"):
        asking.close()
        st.rerun()
    if sent:
        _send(draft, audience, moment)


def _say_whom_and_when(
    draft: drafts.Draft, audience: Audience, found: dispatch.LastLook, moment: datetime | None
) -> None:
    group = audience.sentence()
    whom = plural("{n} person: {group}", "{n} people: {group}", found.people, group=group)
    lost = _("{count} of them unreachable", count=found.unreachable) if found.unreachable else ""
    st.text("; ".join(part for part in (whom, lost) if part))
    if (bot := through.said(through.settings().bot_id)) is not None:
        st.text(_("Through the bot {name}", name=bot))
    if draft.content.translations:
        st.text(languages.sentence(found.languages))
    if found.left_out:
        st.text(policy.sentence(found.left_out))
    if split := draft.plan.get("split"):
        arms = splitting.arms_of(split, draft.content)
        shares = ", ".join(f"{arm.name} {arm.share:g} %" for arm in arms)
        st.text(_("Split at random: {shares}", shares=shares))
    if (rule := timing.repeat_of(draft.plan)) is not None:
        st.text(_("It goes {rule}", rule=rule.sentence()))
    if moment is None:
        wait = shell.settings().take_back_seconds
        st.text(
            _(
                "Now: it leaves after {span}, in which you can take it back",
                span=show.duration(wait),
            )
            if wait
            else _("Now: it leaves within two seconds")
        )
    else:
        st.text(f"{show.moment(moment, timing.zone_of(moment))}, {show.ago(moment)}")
        st.text(
            _("To the people who are in the group then")
            if _is_live(draft, moment)
            else _("To the people who are in the group now")
        )
    span = show.duration(found.seconds)
    st.text(_("It takes about {span} at the present pace", span=span))


def _has_counted(people: int, draft: drafts.Draft) -> bool:
    """True where so few are meant, or their number was typed: whoever types it has read it."""
    over = shell.settings().confirm_over
    if people == 0 or (over and people <= over):
        return True
    typed = st.text_input(
        _("Type the number of people, {people}, to be sure", people=people),
        key=f"hsl-count-{draft.id}",
        live=True,
        autocomplete="off",
    )
    digits = "".join(sign for sign in typed or "" if not sign.isspace() and sign not in ",.'’")
    if digits == str(people):
        return True
    if digits:
        st.caption(_("That is another number than {people}.", people=people))
    return False


def _label(draft: drafts.Draft, people: int, moment: datetime | None) -> str:
    if moment is None:
        if draft.plan.get("split"):
            return _("Send all arms now")
        return plural("Send to {n} person now", "Send to {n} people now", people)
    when = show.moment(moment, timing.zone_of(moment))
    if timing.repeat_of(draft.plan) is not None:
        return _("Begin {when}", when=when)
    return _("Schedule for {when}", when=when)


def _is_live(draft: drafts.Draft, moment: datetime | None) -> bool:
    return moment is not None and draft.plan.get("audience") == AudienceMode.LIVE.value


def _send(draft: drafts.Draft, audience: Audience, moment: datetime | None) -> None:
    """Make what was looked at, and go there; where it is refused, say why."""
    try:
        there = _made(draft, audience, moment)
    except PlainError as refused:
        st.error(show.plain(str(refused)))
    else:
        _leave(**there)


def _made(draft: drafts.Draft, audience: Audience, moment: datetime | None) -> dict[str, str]:
    """Make it, and say which page shows it. Raises OutboxError, BotError and SealError."""
    engine, settings, plan = shell.engine(), through.sender(draft.plan), draft.plan
    common: dict[str, Any] = {
        "audience": audience,
        "author": shell.author(),
        "draft_id": draft.id,
        "late_limit": timing.late_limit_of(plan),
        "keep_quiet": bool(plan.get("keep_quiet")),
    }
    if (rule := timing.repeat_of(plan)) is not None:
        number = dispatch.repeat(engine, settings, content=draft.content, rule=rule, **common)
        approval.tell(deciding.of_message(engine, number))
        return {"message": str(number)}
    common |= {
        "scheduled_at": moment,
        "audience_mode": AudienceMode.LIVE if _is_live(draft, moment) else AudienceMode.FROZEN,
        "take_back": settings.take_back_seconds,
    }
    if split := plan.get("split"):
        arms = splitting.arms_of(split, draft.content)
        number = experiments.create(engine, settings, name=split["name"], arms=arms, **common)
        approval.tell(deciding.of_experiment(engine, number))
        return {"experiment": str(number)}
    number = dispatch.send(
        engine,
        settings,
        content=draft.content,
        follows_message_id=draft.follows_message_id,
        **common,
    )
    approval.tell(deciding.of_message(engine, number))
    return {"message": str(number)}


def _leave(**parameters: str) -> None:
    """Close the desk, and go to what was made."""
    asking.close()
    st.session_state.pop("draft", None)
    st.switch_page("pages/messages.py", query_params=parameters)


def _with_cap(audience: Audience) -> Audience:
    """The audience with the reason why the frequency cap does not hold, where one was given."""
    cap = policy.Cap.parse(shell.settings().frequency_cap)
    if cap is None or not st.checkbox(
        _("Send in spite of the frequency cap ({cap})", cap=cap.sentence()), key="ignore-cap"
    ):
        return audience
    reason = st.text_input(_("Why"), key="ignore-cap-why", placeholder=_("the lesson is off"))
    if not (reason or "").strip():
        st.caption(_("The cap holds until you say why it should not; the reason is audited."))
    return audience.model_copy(update={"ignore_cap": (reason or "").strip()})


def _name(person: dict[str, Any]) -> str:
    name = " ".join(str(person[k]) for k in ("first_name", "last_name") if person.get(k))
    handle = f"@{person['username']}" if person.get("username") else ""
    return " ".join(
        part for part in (name or _("Without a name"), handle, str(person["user_id"])) if part
    )
