"""The last look before a message goes: who, what, when, how long, and what is odd about it."""

from typing import Any

import streamlit as st

from hsl import dispatch, experiments
from hsl.audience import policy
from hsl.audience.cohort import Audience
from hsl.delivery import changes, history, outbox, pace
from hsl.message import drafts
from hsl.message.content import Content
from hsl.models import AudienceMode
from pages.parts import asking, desk, languages, shell, show, splitting, timing

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
        st.caption("Choose people, and see the message as this one or that one gets it.")
        return {}
    place = st.selectbox(
        "Preview as",
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
        "Change it in the chats" if in_chats else "Save the change",
        type="primary",
        disabled=bool(problems),
        width="stretch",
        key="send",
    )
    if back.button("Back to writing", width="stretch"):
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
    except outbox.OutboxError as refused:
        st.error(show.plain(str(refused)))
        return
    asking.close()
    st.session_state.pop("draft", None)
    st.switch_page("pages/messages.py", query_params={"message": str(message_id)})


def _reach_of_edit(message_id: int, audience: Audience, *, in_chats: bool) -> str:
    """Whom the change concerns, and how long it takes to reach them."""
    message = history.one(shell.engine(), message_id)
    if in_chats:
        count = changes.editable(shell.engine(), message_id)
        whom = f"in the {count:,} chats where it stands"
    elif message is not None and message.started_at is not None:
        count = message.closing.not_tried
        whom = f"for the {show.people(count)} who are still to get it"
    else:
        count = people_of(audience).people
        whom = f"for all {show.people(count)}"
    took = show.duration(pace.expected_seconds(count, shell.settings()))
    return f"Message {message_id} is changed {whom}; that takes about {took} at the present pace"


def draw(draft: drafts.Draft, audience: Audience) -> None:
    """The dialog's body; only here a message can be sent."""
    moment = timing.moment_of(draft.plan)
    head = st.container()
    audience = _with_cap(audience)
    found = dispatch.look(shell.engine(), shell.settings(), draft.content, audience, at=moment)
    split = draft.plan.get("split")
    problems = [problem.message for problem in found.problems]
    problems += splitting.problems_of(draft.plan, draft.content)
    problems += [late] if (late := timing.problem_of(draft.plan)) else []
    rule, keep_quiet = timing.repeat_of(draft.plan), bool(draft.plan.get("keep_quiet"))
    lost = f"; {found.unreachable:,} of them unreachable" if found.unreachable else ""
    head.text(f"{found.people:,} people: {audience.sentence()}{lost}")
    if draft.content.translations:
        head.text(languages.sentence(found.languages))
    if found.left_out:
        head.text(policy.sentence(found.left_out))
    if split:
        arms = splitting.arms_of(split, draft.content)
        shares = ", ".join(f"{arm.name} {arm.share:g} %" for arm in arms)
        st.text(f"Split at random: {shares}")
    live = draft.plan.get("audience") == AudienceMode.LIVE.value and moment is not None
    if rule is not None:
        st.text(f"It goes {rule.sentence()}")
    if moment is None:
        st.text("Now: it leaves within two seconds")
    else:
        st.text(f"{show.moment(moment, moment.tzinfo)}, {show.ago(moment)}")  # type: ignore[arg-type]
        st.text(
            "To the people who are in the group then"
            if live
            else "To the people who are in the group now"
        )
    st.text(f"It takes about {show.duration(found.seconds)} at the present pace")
    for words in problems:
        st.error(show.plain(words), icon=":material/error:")
    quiet = dispatch.quiet_warning(shell.settings(), moment, keep_quiet=keep_quiet)
    for words in [*found.warnings, *([quiet] if quiet else [])]:
        st.warning(show.plain(words), icon=":material/info:")
    example = found.longest or next(iter(_examples(audience.model_dump_json())), {})
    desk.show_preview(draft.content, example)
    label = (
        "Send all arms now"
        if split and moment is None
        else f"Send to {found.people:,} people now"
        if moment is None
        else f"Begin {show.moment(moment, moment.tzinfo)}"  # type: ignore[arg-type]
        if rule is not None
        else f"Schedule for {show.moment(moment, moment.tzinfo)}"  # type: ignore[arg-type]
    )
    go, back = st.columns(2)
    sent = go.button(label, type="primary", disabled=bool(problems), width="stretch", key="send")
    if back.button("Back to writing", width="stretch"):
        asking.close()
        st.rerun()
    if not sent:
        return
    common: dict[str, Any] = {
        "audience": audience,
        "author": shell.author(),
        "draft_id": draft.id,
        "late_limit": timing.late_limit_of(draft.plan),
        "keep_quiet": keep_quiet,
    }
    try:
        if rule is not None:
            message_id = dispatch.repeat(
                shell.engine(), shell.settings(), content=draft.content, rule=rule, **common
            )
        elif split:
            number = experiments.create(
                shell.engine(),
                shell.settings(),
                name=split["name"],
                arms=splitting.arms_of(split, draft.content),
                scheduled_at=moment,
                audience_mode=AudienceMode.LIVE if live else AudienceMode.FROZEN,
                **common,
            )
            _leave(experiment=str(number))
        else:
            message_id = dispatch.send(
                shell.engine(),
                shell.settings(),
                content=draft.content,
                scheduled_at=moment,
                audience_mode=AudienceMode.LIVE if live else AudienceMode.FROZEN,
                follows_message_id=draft.follows_message_id,
                **common,
            )
    except outbox.OutboxError as refused:
        st.error(show.plain(str(refused)))
        return
    _leave(message=str(message_id))


def _leave(**parameters: str) -> None:
    """Close the desk, and go to what was made."""
    asking.close()
    st.session_state.pop("draft", None)
    st.switch_page("pages/messages.py", query_params=parameters)


def _with_cap(audience: Audience) -> Audience:
    """The audience with the reason why the frequency cap does not hold, where one was given."""
    cap = policy.Cap.parse(shell.settings().frequency_cap)
    if cap is None or not st.checkbox(
        f"Send in spite of the frequency cap ({cap.sentence()})", key="ignore-cap"
    ):
        return audience
    reason = st.text_input("Why", key="ignore-cap-why", placeholder="the lesson is off")
    if not (reason or "").strip():
        st.caption("The cap holds until you say why it should not; the reason is audited.")
    return audience.model_copy(update={"ignore_cap": (reason or "").strip()})


def _name(person: dict[str, Any]) -> str:
    name = " ".join(str(person[k]) for k in ("first_name", "last_name") if person.get(k))
    handle = f"@{person['username']}" if person.get("username") else ""
    return " ".join(
        part for part in (name or "Without a name", handle, str(person["user_id"])) if part
    )
