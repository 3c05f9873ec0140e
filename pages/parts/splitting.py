"""Compose: an audience split into A and B, each with a text of its own, and a hold-out."""

from typing import Any

import streamlit as st

from hsl import experiments
from hsl.experiments import HOLD_OUT, MOST_ARMS, Arm
from hsl.message.content import Content
from pages.parts import desk, show

LETTERS = "ABCD"


def choose(
    key: str, before: dict[str, Any], plan: dict[str, Any], content: Content
) -> dict[str, Any]:
    """The plan with its split as it is chosen now; `before` is the plan as it was kept."""
    known: dict[str, Any] = before.get("split") or {}
    rest = {name: value for name, value in plan.items() if name != "split"}
    if plan.get("when") == "again":
        return rest
    st.markdown("**Try two or more texts**")
    if not st.toggle("Split into A and B", bool(known), key=f"{key}-on"):
        return rest
    cells = st.columns([3, 2, 2], vertical_alignment="bottom")
    name = cells[0].text_input(
        "Name of the experiment", known.get("name", "A or B"), key=f"{key}-name"
    )
    count = cells[1].number_input(
        "Arms", 2, MOST_ARMS, int(known.get("count", 2)), key=f"{key}-count"
    )
    hold_out = cells[2].number_input(
        "Hold out (%)",
        0,
        90,
        int(known.get("hold_out", 0)),
        key=f"{key}-hold",
        help="So many get no message at all, so that you can compare with doing nothing.",
    )
    texts: list[str] = list(known.get("texts", []))
    kept = []
    for place in range(1, int(count)):
        st.markdown(f"**{LETTERS[place]}**")
        text = texts[place - 1] if place <= len(texts) else content.text
        written = desk.text_field(f"{key}-text-{place}", text, caption=desk.is_file(
            content.message_type))  # fmt: skip
        kept.append(written)
        for problem in content.model_copy(update={"text": written}).check():
            if not problem.field.startswith("buttons."):
                st.error(show.plain(problem.message), icon=":material/error:")
    split = {"name": name, "count": int(count), "hold_out": int(hold_out), "texts": kept}
    shares = ", ".join(f"{arm.name} {arm.share:g} %" for arm in arms_of(split, content))
    st.caption(f"{shares}. The text above is A; kind, file and buttons are the same in all.")
    return {**rest, "split": split}


def arms_of(split: dict[str, Any], content: Content) -> tuple[Arm, ...]:
    """The arms of a split: equal shares, and the hold-out last."""
    count, hold_out = int(split["count"]), float(split["hold_out"])
    each = (100 - hold_out) // count
    shares = [100 - hold_out - each * (count - 1), *[each] * (count - 1)]
    texts = [content.text, *split["texts"]][:count]
    found = [
        Arm(LETTERS[place], shares[place], content.model_copy(update={"text": text}))
        for place, text in enumerate(texts)
    ]
    if hold_out:
        found.append(Arm(HOLD_OUT, hold_out, None))
    return tuple(found)


def shown(key: str, plan: dict[str, Any], content: Content) -> Content:
    """The content to preview: that of the arm that is chosen, where there are some."""
    if not plan.get("split"):
        return content
    arms = {a.name: a.content for a in arms_of(plan["split"], content) if a.content is not None}
    chosen = st.segmented_control(
        "Preview of", list(arms), default="A", required=True, key=key, label_visibility="collapsed"
    )
    return arms.get(str(chosen), content) or content


def problems_of(plan: dict[str, Any], content: Content) -> list[str]:
    """Why the split cannot be; each names its arm."""
    split = plan.get("split")
    if not split:
        return []
    found = [] if str(split["name"]).strip() else ["Give the experiment a name."]
    arms = arms_of(split, content)
    experiments.bounds([arm.share for arm in arms])
    return found + [
        f"{arm.name}: {problem.message}"
        for arm in arms[1:]
        if arm.content is not None
        for problem in arm.content.check()
        if not problem.field.startswith("buttons.")
    ]
